"""A shop in a virtual hour: crowds of payers and testers of stolen cards at the doors of rules.card_testing.

Counts what the product counts, from its own lists instead of a database; tests/actions/test_watch_cards.py holds the
two to the same answers.
"""

import heapq
import random
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

from balancedue.rules import card_testing
from balancedue.rules.card_testing import Ended, Seen

START = datetime(2026, 11, 23, 9, tzinfo=UTC)
CLOSING = 0.4  # seconds the worker takes to cancel one open form at the processor
ABANDONED = 3600.0


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@dataclass
class Tries:
    """When tries ended, in order."""

    declined: list[float] = field(default_factory=list)
    paid: list[float] = field(default_factory=list)

    def since(self, moment: float) -> Ended:
        return Ended(*(len(ended) - bisect_right(ended, moment) for ended in (self.declined, self.paid)))


@dataclass
class Till:
    """One account: what it has seen, and whether the next press may pass."""

    account: Tries = field(default_factory=Tries)
    orders: dict[int, Tries] = field(default_factory=lambda: defaultdict(Tries))
    addresses: dict[str, Tries] = field(default_factory=lambda: defaultdict(Tries))
    cards: dict[str, list[tuple[float, int]]] = field(default_factory=lambda: defaultdict(list))  # declined, by card
    cards_of: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    open: dict[int, list[float]] = field(default_factory=dict)  # order -> presses of its open form not yet ended
    pressed: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))  # likewise, of forms closed too
    rest_until: float | None = None
    rests: int = 0

    def seen(self, now: float, order: int, address: str) -> Seen:
        rested = -1.0 if self.rest_until is None else self.rest_until
        return Seen(
            rest_until=None if self.rest_until is None else at(self.rest_until),
            declined_on_order=self.orders[order].since(_back(now, card_testing.LINK_WINDOW)).declined,
            orders_of_card=self.orders_of_card(now, order),
            from_address=self.addresses[address].since(_back(now, card_testing.ADDRESS_WINDOW)) if address else Ended(),
            on_account=self.account.since(max(_back(now, card_testing.ACCOUNT_WINDOW), rested)),
            pressed_on_order=sum(when > _back(now, card_testing.LINK_WINDOW) for when in self.pressed[order]),
            under_way=sum(max(1, len(presses)) for presses in self.open.values()),
        )

    def orders_of_card(self, now: float, order: int) -> int:
        since = _back(now, card_testing.CARD_WINDOW)
        by_card = ({other for when, other in self.cards[card] if when > since} for card in self.cards_of[order])
        return max((len(orders) for orders in by_card if order in orders), default=0)

    def end(self, now: float, order: int, address: str, card: str, *, declined: bool) -> bool:
        """One try ended; whether the breaker tripped."""
        for presses in (self.open.get(order), self.pressed[order]):
            if presses:
                presses.pop(0)
        for tries in (self.account, self.orders[order], self.addresses[address]):
            (tries.declined if declined else tries.paid).append(now)
        if not declined:
            self.open.pop(order, None)
            return False
        if card:
            self.cards[card].append((now, order))
            self.cards_of[order].add(card)
        rested = -1.0 if self.rest_until is None else self.rest_until
        if rested > now:
            return False
        if not card_testing.trips(self.account.since(max(_back(now, card_testing.BREAKER_WINDOW), rested))):
            return False
        known = None if self.rest_until is None else at(self.rest_until)
        rest = card_testing.next_rest(at(now), known, self.rests)
        self.rest_until, self.rests = (rest.until - START).total_seconds(), rest.number
        return True


def _back(now: float, window: timedelta) -> float:
    return now - window.total_seconds()


@dataclass
class World:
    """A till, a clock, and what reached the processor."""

    seed: int = 0
    till: Till = field(default_factory=Till)
    now: float = 0.0
    reached: list[tuple[float, int]] = field(default_factory=list)  # tries, by when and on which order
    trips: list[float] = field(default_factory=list)
    _queue: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _number: "count[int]" = field(default_factory=count)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def later(self, seconds: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (self.now + seconds, next(self._number), what))

    def run(self) -> None:
        while self._queue:
            self.now, _, what = heapq.heappop(self._queue)
            what()

    def press(self, order: int, address: str) -> bool:
        """Pay is pressed; whether the form may be used."""
        if self.till.orders[order].paid or card_testing.why_not(self.till.seen(self.now, order, address), at(self.now)):
            return False
        if order not in self.till.open:
            self.till.open[order] = []
            self._close(order, ABANDONED)
        self.till.open[order].append(self.now)
        self.till.pressed[order].append(self.now)
        return True

    def confirm(
        self, order: int, address: str, card: str, *, declined: bool, takes: float = 1, heard: Callable[[], None]
    ) -> None:
        """A card goes from the browser to the processor; we hear a little later, if the form was still open."""

        def reach() -> None:
            if order not in self.till.open:
                return
            self.reached.append((self.now, order))
            self.later(self.random.uniform(0.5, 3), hear)

        def hear() -> None:
            driven = not self.till.pressed[order]  # nobody pressed Pay for this one
            if self.till.end(self.now, order, address, card, declined=declined):
                self.trips.append(self.now)
                for place, other in enumerate(list(self.till.open), 1):
                    self._close(other, 1 + CLOSING * place)
            elif declined and (driven or self._rests(order)):
                self._close(order, 1 + CLOSING)
            heard()

        self.later(takes, reach)

    def _rests(self, order: int) -> bool:
        declined = self.till.orders[order].since(_back(self.now, card_testing.LINK_WINDOW)).declined
        return card_testing.order_rests(declined, self.till.orders_of_card(self.now, order))

    def _close(self, order: int, seconds: float) -> None:
        form = self.till.open.get(order)

        def close() -> None:
            if form is not None and self.till.open.get(order) is form:
                del self.till.open[order]

        self.later(seconds, close)

    def most_within(self, seconds: float, order: int | None = None) -> int:
        """The most tries that reached the processor within any so many seconds, of one order or of all."""
        times = sorted(when for when, other in self.reached if order is None or other == order)
        return max((bisect_right(times, when + seconds - 1e-6) - place for place, when in enumerate(times)), default=0)

    def most_on_a_link(self) -> int:
        """The most tries that reached the processor through one link within any hour."""
        by_order = defaultdict(list)
        for when, order in self.reached:
            by_order[order].append(when)
        return max(
            (
                bisect_right(times, when + 3600 - 1e-6) - place
                for times in map(sorted, by_order.values())
                for place, when in enumerate(times)
            ),
            default=0,
        )


def attack(
    world: World, tries: int, *, addresses: int, links: int, seconds: float, paid: float, again: int = 0
) -> None:
    """`tries` stolen cards, of which `paid` work, spread over `seconds`, many links and many addresses.

    `again`: so many further cards are sent through the same open form without pressing Pay, each as soon as the
    processor has answered.
    """

    def one(number: int) -> None:
        order, address = number % links, f"address {world.random.randrange(addresses)}"
        if world.press(order, address):
            send(order, address, number * 100, again)

    def send(order: int, address: str, card: int, left: int) -> None:
        declined = world.random.random() >= paid
        world.confirm(order, address, f"card {card}", declined=declined, heard=lambda: None)
        if left:
            world.later(1.5, lambda: send(order, address, card + 1, left - 1))

    for number in range(tries):
        world.later(world.random.uniform(0, seconds), lambda number=number: one(number))  # type: ignore[misc]


@dataclass
class Crowd:
    """How it went for honest customers."""

    customers: int = 0
    blocked: int = 0
    declined: int = 0
    paid: int = 0


def honest(
    world: World, customers: int, *, seconds: float = 3600, address: str = "school", declined: float = 0.1,
    again: float = 0.1, tries: int = 4, first_order: int = 1_000_000,
) -> Crowd:  # fmt: skip
    """Customers with an order each, behind one address. A decline is followed by another card, up to `tries` in all;
    `again`: how often that one is declined too. Every third is asked by the bank, which takes up to a minute."""
    crowd = Crowd(customers)

    def arrive(order: int, chance: float, left: int) -> None:
        if not world.press(order, address):
            crowd.blocked += 1
            return
        fails = world.random.random() < chance
        takes = world.random.uniform(5, 60) if world.random.random() < 1 / 3 else 2

        def heard() -> None:
            crowd.declined += fails
            crowd.paid += not fails
            if fails and left > 1:
                world.later(world.random.uniform(15, 60), lambda: arrive(order, again, left - 1))

        world.confirm(order, address, f"card of {order}", declined=fails, takes=takes, heard=heard)

    for order in range(first_order, first_order + customers):
        world.later(world.random.uniform(0, seconds), lambda order=order: arrive(order, declined, tries))  # type: ignore[misc]
    return crowd
