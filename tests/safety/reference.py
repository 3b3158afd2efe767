"""What an order should come to, in plain Python: nothing here is shared with the product (A1)."""

from dataclasses import dataclass, field

CARD_MINIMUM = 50


@dataclass
class Paid:
    """Money that came in."""

    minor: int
    card: bool
    reversed: bool = False


@dataclass
class Try:
    """A card attempt: what it was for, and how it ended ("" while it has not)."""

    minor: int
    version: int
    state: str = "started"
    surplus: bool = False

    @property
    def is_open(self) -> bool:
        return self.state in ("started", "waiting", "pending", "unknown")


@dataclass
class ReferenceOrder:
    """One order, its payments, attempts and requests."""

    total: int
    cancelled: bool = False
    version: int = 0
    payments: list[Paid] = field(default_factory=list)
    tries: list[Try] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.version = 1 if self.total else 0

    @property
    def settled(self) -> int:
        return sum(payment.minor for payment in self.payments if not payment.reversed)

    @property
    def remaining(self) -> int:
        return self.total - self.settled

    @property
    def open_try(self) -> Try | None:
        return next((one for one in self.tries if one.is_open), None)

    def change(self, total: int) -> None:
        if total != self.total:
            self.total, self.version = total, self.version + 1
            self._end_request_if_paid()

    def cancel(self) -> None:
        if not self.cancelled:
            self.cancelled = True
            self.version += 1 if self.total else 0
            self.total = 0

    def add(self, minor: int, *, card: bool = False) -> None:
        self.payments.append(Paid(minor, card))
        self.version += 1
        self._end_request_if_paid()

    def reverse(self, index: int) -> None:
        self.payments[index].reversed = True
        self.version += 1

    def _end_request_if_paid(self) -> None:
        if self.total > 0 and self.remaining <= 0 and self.requests and self.requests[-1] == "holding":
            self.requests[-1] = "paid"

    def why_not_request(self) -> str:
        if self.cancelled:
            return "order_cancelled"
        if self.remaining <= 0:
            return "nothing_due"
        if self.open_try is not None and self.open_try.state in ("pending", "unknown"):
            return "payment_in_progress"
        return "below_minimum" if self.remaining < CARD_MINIMUM else ""

    def request(self) -> None:
        if self.requests and self.requests[-1] == "holding":
            self.requests[-1] = "superseded"
        self.requests.append("holding")

    def start(self) -> None:
        self.tries.append(Try(self.remaining, self.version))

    def hear(self, one: Try, news: str) -> None:
        """News of one attempt; what it says of one that ended counts only when it says that money came."""
        if one.state == "succeeded" or (not one.is_open and news != "paid"):
            return
        if news == "paid":
            rivals = [other for other in self.tries if other is not one and other.version == one.version]
            one.surplus = any(other.is_open or other.state == "succeeded" for other in rivals)
            one.state = "succeeded"
            self.add(one.minor, card=True)
        elif news == "unknown":
            one.state = "unknown" if one.state in ("started", "unknown") else one.state
        else:
            one.state = {
                "needs_customer": "waiting", "try_another_card": "waiting", "declined": "declined",
                "pending": "pending", "cancelled": "cancelled", "refused": "declined",
            }[news]  # fmt: skip
