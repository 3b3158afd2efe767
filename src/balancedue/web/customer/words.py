"""Words of the customer's pages that depend on how things stand (ux.md 3.7, 3.8, 4)."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _later

from balancedue.models import PaymentRequest, Standing
from balancedue.rules.money import Money

from .link import Link

MOVES = {
    "order_placed": _later("Order placed"),
    "order_changed": _later("Order changed"),
    "order_cancelled": _later("Order cancelled"),
    "write_off": _later("Taken off by the shop"),
    "payment": _later("Payment"),
    "reversal": _later("Payment reversed"),
    "refund": _later("Refund"),
    "dispute_lost": _later("Card dispute"),
    "dispute_regained": _later("Card dispute"),
}
"""What moved a balance, by kind of journal entry. A kind that is not here is a plain "Change"."""

_MINUS = "\u2212"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that moved the balance since the email: "Payment", "−", $100.00."""

    words: str
    sign: str
    amount: Money


def changes_since(request: PaymentRequest, standing: Standing) -> list[Change]:
    """What moved the balance since the email, oldest first; empty when it asks for what is due now."""
    if request.amount_at_sending == standing.balance.due:
        return []
    return [
        Change(str(MOVES.get(move.kind, _("Change"))), "+" if move.amount.minor > 0 else _MINUS, abs(move.amount))
        for move in standing.since(request.version_at_sending)
    ]


@dataclass(frozen=True, slots=True)
class Mark:
    """The state tag beside the invoice number: words, kind and shape as `{% tag %}` takes them."""

    words: str
    kind: str = ""
    shape: str = ""


def mark_of(link: Link, now: datetime) -> Mark:
    """Worst or most final first."""
    invoice, balance = link.invoice, link.standing.balance
    if link.order.is_cancelled:
        return Mark(_("Cancelled"), "", "struck")
    if balance.is_paid:
        return Mark(_("Paid"), "pos")
    if balance.due.minor == 0:
        return Mark(_("Nothing to pay"), "", "ring")
    if link.in_progress:
        return Mark(_("Payment processing"), "info", "ring")
    if invoice.due_on is not None and invoice.due_on < now.astimezone(link.account.zone).date():
        return Mark(_("Past due"), "crit")
    if balance.settled.minor > 0:
        return Mark(_("Part paid"), "warn", "half")
    return Mark(_("Not paid yet"), "", "ring")


@dataclass(frozen=True, slots=True)
class Stop:
    """Why there is nothing to pay, or no way to pay, here and now. `code` chooses what the page adds."""

    code: str
    heading: str
    words: str = ""


def stop_of(link: Link) -> Stop | None:
    """What stands in the place of Pay; None when the balance can be paid by card."""
    balance = link.standing.balance
    if link.order.is_cancelled:
        return Stop("cancelled", _("This order was cancelled"), _("There is nothing to pay."))
    if balance.is_paid:
        return Stop("paid", _("This invoice is paid"), _("You do not owe anything."))
    if balance.due.minor == 0:
        return Stop("nothing", _("Nothing to pay"), _("Nothing is owed on this invoice."))
    if link.in_progress:
        return Stop(
            "in_progress",
            _("A payment is being checked"),
            _("Please wait for it so that you do not pay twice."),
        )
    if not link.gate.is_open:
        return closed(link.gate.code)
    return None


def closed(code: str) -> Stop:
    """No card can be charged, in words for the payer: why is the shop's business (M10)."""
    heading = _("Online payment is not available right now")
    words = {
        "below_minimum": _("This amount is too small to pay by card. Nothing was charged."),
        "above_maximum": _("This amount is too large to pay by card. Nothing was charged."),
        "amount_not_chargeable": _("This amount cannot be paid by card. Nothing was charged."),
        "currency_not_supported": _("This shop cannot take cards in this currency. Nothing was charged."),
    }
    if code in words:
        return Stop("unavailable", _("This invoice cannot be paid by card"), words[code])
    return Stop("unavailable", heading, _("Nothing was charged."))
