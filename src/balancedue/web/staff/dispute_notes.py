"""What staff read about disputes on an order: what happened, what to do, and by when (ux.md 4, Dispute)."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from balancedue.models import Account, Dispute
from balancedue.processors.registry import maker_or_missing
from balancedue.rules.clock_words import moment_words
from balancedue.rules.disputes import INQUIRY, REASONS
from balancedue.rules.states import ASKS_FOR_EVIDENCE


@dataclass(frozen=True, slots=True)
class DisputeNote:
    """One note on the payment card. `tone` as `{% note %}` takes it; `act` is what to do, "" when nothing is."""

    tone: str
    words: str
    act: str = ""


def dispute_notes(account: Account, disputes: Iterable[Dispute], *, is_owed: bool) -> list[DisputeNote]:
    """Open disputes; those lost while something is owed, or lately; those won lately; and what could not be booked."""
    return [note for dispute in disputes if (note := _note(account, dispute, is_owed)) is not None]


def caution(account: Account, disputes: Iterable[Dispute]) -> str:
    """The line in the Request Payment window while a bank has not decided; "" without an open dispute."""
    about = next((dispute for dispute in disputes if dispute.is_open), None)
    if about is None:
        return ""
    return f"A payment of {about.amount.show(account.locale)} on this order is disputed, and the bank has not decided."


def _note(account: Account, dispute: Dispute, is_owed: bool) -> DisputeNote | None:
    amount, lately = dispute.amount.show(account.locale), dispute.next_check_at is not None
    if dispute.detail and (dispute.is_open or lately):
        words = f"A payment is disputed, and what the processor reports does not fit: {dispute.detail}."
        return DisputeNote("crit", f"{words} Nothing was booked for it.", _where(account, dispute))
    if dispute.is_open:
        return DisputeNote("crit", _open_words(dispute, amount), _act(account, dispute))
    if dispute.state == "lost" and (is_owed or lately):
        return DisputeNote("crit", f"A dispute was lost: {amount} stays with the payer and is owed again.")
    if dispute.state == "won" and lately:
        money = "is on its way back to you" if dispute.withdrawn_minor else "is with you again"
        return DisputeNote("", f"The dispute about {amount} was won. The money {money}.")
    return None


def _open_words(dispute: Dispute, amount: str) -> str:
    says = f"The customer's bank says: {REASONS[dispute.reason].words}."
    if dispute.state in INQUIRY:
        return f"The bank asks about {amount}. {says} No money was taken so far."
    taken = " The money was taken back for now." if dispute.withdrawn_minor else ""
    return f"Disputed: {amount}. {says}{taken}"


def _act(account: Account, dispute: Dispute) -> SafeString:
    if dispute.state not in ASKS_FOR_EVIDENCE:
        return SafeString("Your answer is with the bank. It may take 2 to 3 months to decide.")
    helps = REASONS[dispute.reason].evidence
    return format_html("{} What helps: {}.", _where(account, dispute), helps)


def _where(account: Account, dispute: Dispute) -> SafeString:
    """Where it is answered and until when. Its page there has no address that we could know to be right."""
    due = dispute.due_at
    if due is not None and due < timezone.now():
        until = f" The time for it ended {moment_words(due, account.locale, account.zone)}."
    else:
        until = f" It must be there by {moment_words(due, account.locale, account.zone)}." if due else ""
    label = maker_or_missing(dispute.connection.kind).label
    return format_html("Answer at {}, dispute <bdi>{}</bdi>.{}", label, dispute.reference, until)
