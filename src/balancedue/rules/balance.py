"""The balance of an order: the only place it is worked out (M1)."""

from collections.abc import Iterable
from dataclasses import dataclass

from .money import Money


@dataclass(frozen=True, slots=True)
class Balance:
    """What an order comes to, what has been paid, and what is left.

    total    what the customer owes for the order altogether
    settled  money that is in, less what was reversed or refunded
    pending  at a processor and not yet certain: neither paid nor payable (requirements.md 3.13)
    version  goes up with every journal entry of the order, those apart from it (rules.ledger.APART)
    """

    total: Money
    settled: Money
    pending: Money
    version: int

    @property
    def remaining(self) -> Money:
        """The sum of the receivable postings: total less settled; negative when overpaid."""
        return self.total - self.settled

    @property
    def due(self) -> Money:
        """What remains to be paid, never below zero."""
        return max(self.remaining, Money(0, self.total.currency))

    @property
    def credit(self) -> Money:
        """What was paid beyond the total, never below zero."""
        return max(-self.remaining, Money(0, self.total.currency))

    @property
    def payable(self) -> Money:
        """What may be asked of a card right now: due less what is already on its way."""
        return max(self.due - self.pending, Money(0, self.total.currency))

    @property
    def is_paid(self) -> bool:
        """Something was owed and nothing is any more."""
        return self.total.minor > 0 and self.remaining.minor <= 0


def balance_of(
    receivable: Iterable[tuple[str, int]], *, currency: str, version: int, pending_minor: int = 0
) -> Balance:
    """Work the balance out from an order's receivable postings.

    `receivable`: (kind of entry, signed minor units) for each posting to the receivable account.
    Entries that place, change, cancel, reduce or write off the order make its total; all others are money that moved.
    """
    total = settled = 0
    for kind, minor in receivable:
        if kind in CHARGES:
            total += minor
        else:
            settled -= minor
    return Balance(Money(total, currency), Money(settled, currency), Money(pending_minor, currency), version)


STATED = frozenset({"order_placed", "order_changed", "order_cancelled"})  # what the order's own lines come to
CHARGES = STATED | {"order_reduced", "write_off"}
