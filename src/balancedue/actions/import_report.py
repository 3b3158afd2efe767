"""What an import did, or would do: counted order by order."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from balancedue.rules.money import Money

from .import_orders import Outcome, Result


@dataclass
class ImportReport:
    """Counts over the orders of a file. `totals` are minor units by currency, of the orders taken in."""

    orders: Counter[str] = field(default_factory=Counter)
    totals: dict[str, int] = field(default_factory=dict)
    lines: int = 0
    unnamed_lines: int = 0
    without_contact: int = 0
    zero: int = 0

    def add(self, result: Result) -> None:
        """Count one order."""
        self.orders[str(result.outcome)] += 1
        self.lines += result.lines
        self.unnamed_lines += result.unnamed_lines
        if result.total is not None:
            currency = result.total.currency
            self.totals[currency] = self.totals.get(currency, 0) + result.total.minor
            self.zero += not result.total
            self.without_contact += not result.has_contact

    @property
    def taken(self) -> int:
        return self.orders[Outcome.IMPORTED]

    @property
    def there(self) -> int:
        return self.orders[Outcome.ALREADY_THERE]

    @property
    def refused(self) -> int:
        return self.orders[Outcome.REFUSED]

    @property
    def sums(self) -> list[Money]:
        """What the orders taken in come to, currency by currency."""
        return [Money(minor, currency) for currency, minor in sorted(self.totals.items())]

    def stored(self) -> dict[str, Any]:
        """The counts as JSON keeps them."""
        return {**vars(self), "orders": dict(self.orders)}

    @classmethod
    def read(cls, stored: dict[str, Any]) -> "ImportReport":
        """A report as it was `stored`; a new one where there is none."""
        return cls(**{**stored, "orders": Counter(stored["orders"])}) if stored else cls()
