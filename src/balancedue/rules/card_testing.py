"""Card testing: when cards are no longer taken, decided from counts alone (K1, K2; requirements.md 3.36).

Whoever tries stolen cards is declined far more often than paid; a crowd of honest payers never is, however large, and
however many of them share one address. So beyond a first allowance nothing counts presses: what counts is whether
declines outnumber payments. The numbers, and why they are what they are, stand in rules.limits.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from .limits import (
    MAX_DECLINES_PER_LINK_HOUR,
    MAX_ORDERS_PER_DECLINED_CARD,
    MAX_TRIES_PER_ACCOUNT,
    MIN_DECLINES_TO_REST_ADDRESS,
    MIN_TRIES_TO_REST_CARDS,
)

LINK_WINDOW = ADDRESS_WINDOW = CARD_WINDOW = timedelta(hours=1)
ACCOUNT_WINDOW = timedelta(minutes=10)
BREAKER_WINDOW = timedelta(minutes=30)
FIRST_REST, LONGEST_REST = timedelta(minutes=10), timedelta(hours=2)
REMEMBERED = timedelta(hours=24)  # after so long a quiet the next rest is a first one again

CARDS_REST, TOO_MANY_TRIES = "cards_rest", "too_many_tries"


@dataclass(frozen=True, slots=True)
class Ended:
    """Tries of cards that ended within some window."""

    declined: int = 0
    paid: int = 0

    @property
    def tries(self) -> int:
        return self.declined + self.paid

    @property
    def mostly_declined(self) -> bool:
        return self.declined > self.paid


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known when somebody presses Pay. Windows end now; the press itself is in none of the counts."""

    rest_until: datetime | None = None
    declined_on_order: int = 0  # in LINK_WINDOW
    pressed_on_order: int = 0  # in LINK_WINDOW: presses of Pay whose end we have not heard
    orders_of_card: int = 0  # in CARD_WINDOW: orders that one card was declined on, this one among them
    from_address: Ended = Ended()  # in ADDRESS_WINDOW, from where Pay is pressed now
    on_account: Ended = Ended()  # in ACCOUNT_WINDOW, since the last rest
    under_way: int = 0  # on the account: such presses on forms that are open, and each open form once at the least


def why_not(seen: Seen, now: datetime) -> str:
    """Why no card is taken for this press: CARDS_REST for the whole account, TOO_MANY_TRIES here, or ""."""
    if is_resting(seen.rest_until, now) or is_overrun(seen.on_account, seen.under_way):
        return CARDS_REST
    address = seen.from_address
    if order_rests(seen.declined_on_order + seen.pressed_on_order, seen.orders_of_card) or (
        address.declined >= MIN_DECLINES_TO_REST_ADDRESS and address.mostly_declined
    ):
        return TOO_MANY_TRIES
    return ""


def is_resting(rest_until: datetime | None, now: datetime) -> bool:
    """Whether the breaker is open: nobody pays this account by card."""
    return rest_until is not None and rest_until > now


def is_overrun(ended: Ended, under_way: int) -> bool:
    """Whether so much is under way that one more could be too many, and payments do not speak for the rest of it."""
    unpaid = ended.declined + under_way
    return unpaid + ended.paid >= MAX_TRIES_PER_ACCOUNT and unpaid > ended.paid


def order_rests(tries: int, orders_of_card: int) -> bool:
    """Whether too many cards were declined, or may yet be, on one order, or one card on too many orders."""
    return tries >= MAX_DECLINES_PER_LINK_HOUR or orders_of_card > MAX_ORDERS_PER_DECLINED_CARD


def trips(ended: Ended) -> bool:
    """Whether the tries that ended in BREAKER_WINDOW, since the last rest, look like card testing."""
    return ended.tries >= MIN_TRIES_TO_REST_CARDS and ended.mostly_declined


@dataclass(frozen=True, slots=True)
class Rest:
    """The whole account takes no cards until then; `number` in a row."""

    until: datetime
    number: int


def next_rest(now: datetime, rested_until: datetime | None, rests: int) -> Rest:
    """The rest that begins now, twice as long as the one before it; `rests` in a row ended at `rested_until`."""
    again = rested_until is not None and now - rested_until < REMEMBERED
    number = rests + 1 if again else 1
    length = FIRST_REST * 2 ** min(number - 1, 10)
    return Rest(now + min(length, LONGEST_REST), number)
