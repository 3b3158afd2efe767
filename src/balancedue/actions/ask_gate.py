"""Ask the gate: may payment of this order be requested, or made, here and now? The one answer everybody uses."""

from dataclasses import dataclass

from balancedue.models import Account, Order, ProcessorConnection, Standing
from balancedue.models.sealing import CannotUnseal
from balancedue.processors.base import Can, Processor
from balancedue.processors.registry import maker_or_missing
from balancedue.rules import gate
from balancedue.rules.clock_words import day_words, time_words
from balancedue.rules.errors import Refused
from balancedue.rules.gate import Gate, ProcessorFact
from balancedue.rules.money import Money

from .open_processor import open_processor


@dataclass(frozen=True, slots=True)
class Processors:
    """An account's processors that are switched on, read once per page."""

    connections: tuple[ProcessorConnection, ...]

    @property
    def for_requests(self) -> ProcessorConnection | None:
        """The one that takes payment requests: the default, or else the first that can."""
        able = [connection for connection in self.connections if Can.REQUEST in maker_or_missing(connection.kind).can]
        return next((connection for connection in able if connection.is_default), able[0] if able else None)

    @property
    def test_mode(self) -> bool:
        chosen = self.for_requests
        return chosen is not None and not chosen.livemode

    def facts(self, amount: Money, account: Account) -> list[ProcessorFact]:
        """What the gate needs to know of each, were it to charge `amount`."""
        return [_fact(connection, amount, account) for connection in self.connections]


def read_processors(account: Account) -> Processors:
    """The account's processors, in one query."""
    return Processors(tuple(account.connections.filter(is_enabled=True, removed_at=None)))


def request_gate(order: Order, standing: Standing, processors: Processors, *, role: str) -> Gate:
    """May a person of this role request payment of `order`?"""
    account = order.account
    attempt = standing.attempt if standing.attempt is not None and _holds_up(standing) else None
    return gate.may_request(
        status=order.status,
        balance=standing.balance,
        in_progress_since=time_words(attempt.started_at, account.locale, account.zone) if attempt else "",
        processors=processors.facts(standing.balance.due, account),
        role=role,
        owner_name=lambda: account.owner_name,
        locale=account.locale,
    )


def pay_gate(order: Order, standing: Standing, processors: Processors, *, locale: str) -> Gate:
    """May the customer pay by card right now, as far as processors and the amount go (M10)?"""
    return gate.may_pay(standing.balance, processors.facts(standing.balance.payable, order.account), locale)


def _holds_up(standing: Standing) -> bool:
    """Only money that may be on its way holds a request up; an open card form does not."""
    return standing.attempt is not None and (standing.attempt.is_in_flight or standing.attempt.needs_action)


def _fact(connection: ProcessorConnection, amount: Money, account: Account) -> ProcessorFact:
    kind = maker_or_missing(connection.kind)
    can_request = Can.REQUEST in kind.can
    broken = ""
    if connection.broken_at is not None:
        on = day_words(connection.broken_at.astimezone(account.zone).date(), account.locale)
        at = time_words(connection.broken_at, account.locale, account.zone)
        broken = f"{kind.label} stopped accepting our key on {on} at {at}. Customers cannot pay until it is fixed."
    smallest, unfit = None, ""
    try:
        if can_request:
            processor = open_processor(connection)
            smallest = processor.smallest(amount.currency)
            unfit = _unfit(processor, amount) if smallest is not None and amount.minor >= smallest else ""
    except CannotUnseal:  # another field key than the one they were sealed with
        broken = broken or f"The keys of {kind.label} cannot be opened. Customers cannot pay until you enter them."
    return ProcessorFact(kind.label, can_request, kind.why_not, smallest, broken, unfit)


def _unfit(processor: Processor, amount: Money) -> str:
    """Why this amount, of a currency it charges and no less than it charges, cannot be charged; "" when it can."""
    try:
        processor.amount_in_page(amount)
    except Refused as refusal:
        return "above_maximum" if refusal.code == "above_maximum" else "amount_not_chargeable"
    return ""
