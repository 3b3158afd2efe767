"""Card testing is stopped, and honest payers are not (K1, K2, R18): crowds in virtual hours, at the pure rules."""

import sys
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balancedue.rules import card_testing
from balancedue.rules.card_testing import CARDS_REST, TOO_MANY_TRIES, Ended, Seen, next_rest, trips, why_not
from balancedue.rules.limits import (
    MAX_DECLINES_PER_LINK_HOUR,
    MAX_ORDERS_PER_DECLINED_CARD,
    MAX_TRIES_PER_ACCOUNT,
    MIN_DECLINES_TO_REST_ADDRESS,
)
from tests.rules.card_crowd import START, World, attack, honest

TEN_MINUTES, HOUR = 600, 3600
TRIES = 10_000


def say(figures: str) -> None:
    """For whoever runs these with -s: a limit that holds says little without how far from it."""
    sys.stdout.write(f"{figures}\n")


@pytest.mark.parametrize("seconds", [1, TEN_MINUTES, HOUR], ids=["at once", "ten minutes", "an hour"])
@pytest.mark.parametrize("links", [1, 1000])
@pytest.mark.parametrize("addresses", [1, 100, 5000])
def test_ten_thousand_tries_come_to_almost_nothing(addresses: int, links: int, seconds: int) -> None:
    """K1: at most 10 per link and hour and 60 per account and ten minutes reach the processor; the owners hear within
    the minute."""
    for paid in (0.0, 0.05, 0.2):
        world = World(seed=addresses + links + seconds)
        attack(world, TRIES, addresses=addresses, links=links, seconds=seconds, paid=paid)
        world.run()
        assert 0 < world.most_on_a_link() <= 10
        assert 0 < world.most_within(TEN_MINUTES) <= 60
        if min(addresses, links) > 1:  # else the address or the link rests long before
            assert world.trips[0] - world.reached[19][0] < 60
        say(f"{TRIES} tries, {paid:.0%} paid: {len(world.reached)} reached, {len(world.trips)} rests")


def test_an_open_form_used_again_and_again_is_closed_before_long() -> None:
    """K1: the processor takes whatever an open form sends until we have cancelled it. This is how much that can be."""
    world = World(seed=1)
    attack(world, TRIES, addresses=5000, links=1000, seconds=1, paid=0.02, again=20)
    world.run()
    say(f"{world.most_within(TEN_MINUTES)} tries within ten minutes through forms that were already open")
    assert world.most_within(TEN_MINUTES) <= 300


@pytest.mark.parametrize("hours", [100, pytest.param(500, marks=pytest.mark.prove)])
@pytest.mark.parametrize("again", [0.1, 0.5], ids=["another card", "stubborn"])
def test_honest_customers_behind_one_address_are_not_blocked(again: float, hours: int) -> None:
    """K2, R18: 200 in an hour with 10% declines; at most one in a thousand is turned away."""
    customers = blocked = declined = tries = 0
    for seed in range(hours):
        world = World(seed=seed)
        crowd = honest(world, 200, again=again)
        world.run()
        customers, blocked = customers + crowd.customers, blocked + crowd.blocked
        declined, tries = declined + crowd.declined, tries + crowd.declined + crowd.paid
    say(f"{blocked} of {customers} blocked; {declined} of {tries} tries declined")
    assert customers == 200 * hours
    assert declined / tries >= 0.09
    assert blocked / customers <= 0.001


@pytest.mark.parametrize("customers", [20, 1000, 5000])
def test_busy_shops_and_quiet_ones_are_left_alone(customers: int) -> None:
    """K2: nothing counts presses, so no number of payers is too many."""
    blocked = 0
    for seed in range(5):
        world = World(seed=seed)
        crowd = honest(world, customers)
        world.run()
        blocked += crowd.blocked
    assert blocked / (5 * customers) <= 0.001


def test_an_attack_among_honest_customers_is_stopped_as_well() -> None:
    """K1: what pays does not hide what does not; and the shop takes cards again once the attack is over."""
    world = World(seed=3)
    attack(world, 2000, addresses=500, links=300, seconds=TEN_MINUTES, paid=0.05)
    before = honest(world, 50, seconds=TEN_MINUTES)
    world.later(3 * HOUR, lambda: None)
    world.run()
    assert world.trips
    assert sum(order < 1000 for _, order in world.reached) <= 120
    after = honest(world, 100, address="elsewhere", first_order=2_000_000)
    world.run()
    say(f"{before.blocked} of 50 turned away during the attack, {after.blocked} of 100 after it")
    assert after.blocked == 0


def test_the_rest_doubles_up_to_two_hours_and_is_forgotten_after_a_quiet_day() -> None:
    now, until, rests, lengths = START, None, 0, []
    for _ in range(7):
        rest = next_rest(now, until, rests)
        lengths.append((rest.until - now).total_seconds() / 60)
        until, rests = rest.until, rest.number
        now = until + timedelta(minutes=5)
    assert lengths == [10, 20, 40, 80, 120, 120, 120]
    assert next_rest(now + timedelta(days=1), until, rests).number == 1


counts = st.integers(0, 200)
ended = st.builds(Ended, counts, counts)


@given(ended, counts)
def test_where_payments_outnumber_the_rest_nothing_is_overrun(tries: Ended, forms: int) -> None:
    overrun = card_testing.is_overrun(tries, forms)
    assert overrun == (tries.tries + forms >= MAX_TRIES_PER_ACCOUNT and tries.declined + forms > tries.paid)
    if tries.paid >= tries.declined + forms:
        assert not overrun


@given(ended)
def test_the_breaker_needs_twenty_tries_and_more_declines_than_payments(tries: Ended) -> None:
    assert trips(tries) == (tries.declined + tries.paid >= 20 and tries.declined * 2 > tries.tries)


@given(
    st.builds(
        Seen, declined_on_order=counts, orders_of_card=counts, from_address=ended, on_account=ended, under_way=counts
    )
)
def test_more_payments_never_close_a_door(seen: Seen) -> None:
    """K2: whoever may pay may still pay after one more payment from the same place."""
    more = Seen(
        seen.rest_until,
        seen.declined_on_order,
        seen.pressed_on_order,
        seen.orders_of_card,
        Ended(seen.from_address.declined, seen.from_address.paid + 1),
        seen.on_account,
        seen.under_way,
    )
    if not why_not(seen, START):
        assert not why_not(more, START)


@given(counts, counts, counts)
def test_each_limit_answers_by_itself(declined: int, cards: int, at_address: int) -> None:
    seen = Seen(declined_on_order=declined, orders_of_card=cards, from_address=Ended(at_address, 0))
    refused = (
        declined >= MAX_DECLINES_PER_LINK_HOUR
        or cards > MAX_ORDERS_PER_DECLINED_CARD
        or at_address >= MIN_DECLINES_TO_REST_ADDRESS
    )
    assert why_not(seen, START) == (TOO_MANY_TRIES if refused else "")


def test_a_resting_account_rests_until_its_time_and_no_longer() -> None:
    seen = Seen(rest_until=START)
    assert why_not(seen, START - timedelta(seconds=1)) == CARDS_REST
    assert why_not(seen, START) == ""
