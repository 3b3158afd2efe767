"""May a payment be requested here and now? One answer for button, page, form and API (S3-S9, requirements.md 2.1)."""

from collections.abc import Callable
from dataclasses import dataclass

from .balance import Balance
from .money import Money

# Roles, weakest first (requirements.md 2.10).
VIEWER, STAFF, MANAGER, OWNER = "viewer", "staff", "manager", "owner"
ROLES = {VIEWER: "Viewer", STAFF: "Staff", MANAGER: "Manager", OWNER: "Owner"}
_RANK = {role: rank for rank, role in enumerate(ROLES)}


def at_least(role: str, needed: str) -> bool:
    """Whether `role` may do what `needed` may."""
    return _RANK[role] >= _RANK[needed]


@dataclass(frozen=True, slots=True)
class ProcessorFact:
    """What the gate needs to know of one enabled processor connection."""

    label: str
    can_request: bool
    why_not: str  # its own sentence, when it cannot
    smallest_minor: int | None  # the least it charges in the order's currency; None: not in that currency
    broken: str = ""  # a sentence, when it stopped accepting our key
    unfit: str = ""  # why it cannot charge what is due: a code of _UNFIT


_UNFIT = {
    "above_maximum": "{due} is more than a card can be charged at once. Add a payment for part of it.",
    "amount_not_chargeable": "A card cannot be charged {due} to the last unit. Add a payment for the odd part.",
}


@dataclass(frozen=True, slots=True)
class Gate:
    """The answer. When closed: a stable code, the reason, and the fix as (label, name of the page it is on)."""

    code: str = ""
    sentence: str = ""
    fix: str = ""  # words on the link
    fix_page: str = ""  # "processors" or ""

    @property
    def is_open(self) -> bool:
        return not self.code


OPEN = Gate()


def may_request(
    *,
    status: str,
    balance: Balance,
    in_progress_since: str,
    processors: list[ProcessorFact],
    role: str,
    owner_name: Callable[[], str],
    locale: str,
) -> Gate:
    """Decide from facts alone. The order of the tests is the order of what a person should hear first.

    `in_progress_since` is a time of day when a card payment is under way, "" otherwise.
    """
    if not at_least(role, STAFF):
        return Gate("not_allowed", "Your role can view orders but not request payments.")
    if status == "cancelled":
        return Gate("order_cancelled", "This order was cancelled.")
    if balance.credit.minor > 0:
        return Gate("nothing_due", f"The customer has paid {balance.credit.show(locale)} too much.")
    if balance.due.minor == 0:
        return Gate("nothing_due", "Nothing is due on this order.")
    if in_progress_since or balance.payable.minor == 0:
        return Gate("payment_in_progress", "Wait for the payment in progress, about a minute.")
    return _processors_allow(balance.due, processors, role, owner_name, locale)


def may_pay(balance: Balance, processors: list[ProcessorFact], locale: str) -> Gate:
    """May the customer pay by card right now, as far as processors and the amount go (M10)?"""
    return _processors_allow(balance.payable, processors, OWNER, str, locale)


def _processors_allow(
    due: Money, processors: list[ProcessorFact], role: str, owner_name: Callable[[], str], locale: str
) -> Gate:
    may_connect = at_least(role, OWNER)
    if not processors:
        sentence = "Connect a card processor to request payments."
        if not may_connect:
            return Gate("no_processor", f"Ask {owner_name() or 'the owner'} to connect a card processor.")
        return Gate("no_processor", sentence, "Connect Stripe", "processors")
    able = [p for p in processors if p.can_request]
    if not able:
        fix = ("Add Stripe", "processors") if may_connect else ("", "")
        return Gate("processor_not_compatible", processors[0].why_not, *fix)
    working = [p for p in able if not p.broken]
    if not working:
        fix = (f"Check {able[0].label} settings", "processors") if may_connect else ("", "")
        return Gate("processor_broken", able[0].broken, *fix)
    charging = [p for p in working if p.smallest_minor is not None]
    smallest = [p.smallest_minor for p in charging if p.smallest_minor is not None]
    if not smallest:
        return Gate("currency_not_supported", f"{working[0].label} cannot charge in {due.currency}.")
    if due.minor < min(smallest):
        least = Money(min(smallest), due.currency).show(locale)
        return Gate(
            "below_minimum", f"{due.show(locale)} is less than a card can be charged ({least}). Add a payment instead."
        )
    if all(p.unfit for p in charging):
        return Gate(charging[0].unfit, _UNFIT[charging[0].unfit].format(due=due.show(locale)))
    return OPEN
