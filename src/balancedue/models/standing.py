"""How an order stands: its balance, what moved it, and the attempt under way. Read from the journal (M1)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Sum

from balancedue.rules.balance import CHARGES, Balance, balance_of
from balancedue.rules.ledger import RECEIVABLE, Postings
from balancedue.rules.money import Money
from balancedue.rules.states import ACTIVE_ATTEMPT, PENDING

from .attempts import PaymentAttempt
from .journal import Posting
from .orders import Order


@dataclass(frozen=True, slots=True)
class Move:
    """One entry's effect on what remains: positive adds to the debt, negative takes from it."""

    entry_id: int
    kind: str
    amount: Money
    version: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """An order's balance, with every move that led to it and the attempt under way, if any."""

    balance: Balance
    moves: tuple[Move, ...]
    attempt: PaymentAttempt | None

    def since(self, version: int) -> tuple[Move, ...]:
        """What changed the balance after `version`."""
        return tuple(move for move in self.moves if move.version > version)


def read_standing(order: Order) -> Standing:
    """How `order` stands now, in two queries. Read under the order's lock it is the truth."""
    return read_standings([order])[order.pk]


def read_standings(orders: Sequence[Order]) -> dict[int, Standing]:
    """How each of `orders` stands, by primary key, in two queries however many they are."""
    moves: dict[int, list[Move]] = {order.pk: [] for order in orders}
    known = {order.pk: order for order in orders}
    rows = (
        Posting.objects.filter(order__in=moves, ledger=RECEIVABLE)
        .order_by("entry__version")
        .values_list("order_id", "entry_id", "entry__kind", "amount_minor", "entry__version", "entry__at")
    )
    for order_id, entry_id, kind, minor, version, at in rows:
        moves[order_id].append(Move(entry_id, kind, Money(minor, known[order_id].currency), version, at))
    attempts = {}
    for attempt in PaymentAttempt.objects.filter(order__in=moves, state__in=ACTIVE_ATTEMPT):  # one each at most (N4)
        attempt.order = known[attempt.order_id]
        attempts[attempt.order_id] = attempt
    return {order.pk: _standing(order, tuple(moves[order.pk]), attempts.get(order.pk)) for order in orders}


def _standing(order: Order, moves: tuple[Move, ...], attempt: PaymentAttempt | None) -> Standing:
    balance = balance_of(
        ((move.kind, move.amount.minor) for move in moves),
        currency=order.currency,
        version=order.balance_version,
        pending_minor=attempt.amount_minor if attempt is not None and attempt.state == PENDING else 0,
    )
    return Standing(balance, moves, attempt)


def read_balance(order: Order) -> Balance:
    """The balance of `order` as the journal has it now."""
    return read_standing(order).balance


def charged(order: Order, kinds: Collection[str] = CHARGES) -> Postings:
    """What the journal holds for the order itself, payments aside: ledger account -> signed minor units."""
    rows = (
        Posting.objects.filter(order=order, entry__kind__in=kinds)
        .order_by()
        .values_list("ledger")
        .annotate(minor=Sum("amount_minor"))
    )
    return {ledger: minor for ledger, minor in rows if minor}
