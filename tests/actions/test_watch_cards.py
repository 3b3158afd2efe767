"""Tries of cards, counted over real rows: links, addresses, cards, accounts, and the breaker (K1, K2)."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
import time_machine
from django.db import connection, connections
from django.utils import timezone

from balancedue.actions.ask_processor import check_attempt
from balancedue.actions.reconcile import reconcile_next
from balancedue.actions.rest_cards import end_next_rest, let_cards_go_on
from balancedue.actions.settle import settle
from balancedue.actions.watch_cards import (
    forget_old_tries,
    hide_address,
    must_close,
    refuse_to_pay,
    what_is_seen,
)
from balancedue.actions.work import work_once
from balancedue.models import Alarm, CardTry, Delivery, Order, PaymentAttempt, PaymentRequest
from balancedue.processors.base import Kind, Outcome
from balancedue.rules.actor import COMMAND, CUSTOMER, PROCESSOR
from balancedue.rules.card_testing import Ended
from balancedue.rules.errors import Refused
from balancedue.rules.limits import MAX_TRIES_PER_ACCOUNT
from tests.card_shop import CardShop
from tests.makers import make_account, make_attempt, make_connection, make_order, make_request, make_tries, make_user
from tests.rules.card_crowd import START, Till

DECLINED = "pm_card_visa_chargeDeclined"


@pytest.fixture
def orders(db: None) -> list[Order]:
    """Forty orders of one account, no processor running."""
    account = make_account()
    make_connection(account)
    make_user(account)
    return [make_order(account) for _ in range(40)]


def decline(attempt: PaymentAttempt, card: str = "", *, pressed: bool = True) -> PaymentAttempt:
    """A card is sent through the form, and the processor tells us that it was declined."""
    if pressed:
        press(attempt)
    told = Outcome(Kind.DECLINED, code="declined", retryable=True, fingerprint=card)
    return settle(attempt, told, by=PROCESSOR)


def pay(attempt: PaymentAttempt) -> PaymentAttempt:
    return settle(attempt, Outcome(Kind.PAID, reference=attempt.reference, received=attempt.amount), by=PROCESSOR)


def refusal(order: Order, address: str = "") -> str:
    try:
        refuse_to_pay(order, address=address)
    except Refused as refused:
        return refused.code if "No money was taken." in refused.sentence else refused.sentence
    return ""


def test_ten_declines_rest_a_link_for_exactly_an_hour(orders: list[Order]) -> None:
    """K1: at most ten per link in any hour, wherever the hour begins."""
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(5):
            make_tries(orders[0], 2)
            clock.shift(timedelta(minutes=10))
        assert refusal(orders[0]) == "too_many_tries"
        assert refusal(orders[1]) == ""
        clock.shift(timedelta(minutes=9, seconds=59))
        assert refusal(orders[0]) == "too_many_tries"
        clock.shift(timedelta(seconds=1))
        assert refusal(orders[0]) == ""


def test_an_address_rests_when_most_of_its_cards_are_declined_and_is_kept_as_a_hash(orders: list[Order]) -> None:
    """K1, K2."""
    shop, there = orders[0].account, "203.0.113.7"
    for order in orders[:12]:
        attempt = make_attempt(order, state="waiting")
        press(attempt, there)
        settle(attempt, Outcome(Kind.DECLINED, code="declined", retryable=True), by=PROCESSOR)
        if order == orders[8]:
            assert refusal(orders[20], there) == ""
    assert refusal(orders[20], there) == "too_many_tries"
    assert refusal(orders[20], "203.0.113.8") == ""
    assert there not in json.dumps(list(CardTry.objects.values()), default=str)
    elsewhere = make_account()
    make_connection(elsewhere)
    assert shop != elsewhere
    assert refusal(make_order(elsewhere), there) == "", "what one shop suffers closes no other"


def test_a_school_of_honest_customers_behind_one_address_is_let_through(orders: list[Order]) -> None:
    """K2: many declines, and more payments."""
    make_tries(orders[0], 9, address=hide_address("203.0.113.7"))
    make_tries(orders[1], 9, address=hide_address("203.0.113.7"))
    make_tries(orders[2], 30, declined=False, address=hide_address("203.0.113.7"))
    assert refusal(orders[20], "203.0.113.7") == ""


def test_one_card_declined_on_many_orders_rests_them_all_and_closes_their_forms(orders: list[Order]) -> None:
    """K1: card fingerprint."""
    attempts = [decline(make_attempt(order, state="waiting"), "card-a") for order in orders[:3]]
    assert [refusal(order) for order in orders[:3]] == ["", "", ""]
    assert not any(must_close(fresh(attempt), timezone.now()) for attempt in attempts)
    PaymentAttempt.objects.update(next_check_at=timezone.now() + timedelta(hours=1))
    attempts.append(decline(make_attempt(orders[3], state="waiting"), "card-a"))
    assert [refusal(order) for order in orders[:5]] == ["too_many_tries"] * 4 + [""]
    assert all(must_close(fresh(attempt), timezone.now()) for attempt in attempts)
    assert PaymentAttempt.objects.filter(next_check_at__lte=timezone.now()).count() == 4


def test_a_card_without_a_fingerprint_is_no_card_of_many_orders(orders: list[Order]) -> None:
    for order in orders[:6]:
        decline(make_attempt(order, state="waiting"))
    assert refusal(orders[0]) == ""


def test_mostly_declines_rest_the_account_and_tell_its_owners_once(orders: list[Order]) -> None:
    """K1: the breaker, more than half of at least twenty."""
    account = orders[0].account
    make_tries(orders[30], 9, declined=False)
    for order in orders[:10]:
        decline(make_attempt(order, state="waiting"))
    assert refusal(orders[39]) == "", "19 tries are too few"
    idle = make_attempt(orders[11], state="waiting")
    decline(make_attempt(orders[10], state="waiting"))
    account.refresh_from_db()
    assert account.cards_rest_until is not None
    assert timedelta(minutes=9) < account.cards_rest_until - timezone.now() <= timedelta(minutes=10)
    assert {refusal(order) for order in orders} == {"cards_rest"}
    alarm = Alarm.objects.get(kind="card_testing", over_at=None)
    assert (alarm.facts["declined"], alarm.facts["tries"]) == (11, 20)
    letter = Delivery.objects.get(alarm=alarm)
    assert letter.next_try_at <= timezone.now()
    assert fresh(idle).next_check_at <= timezone.now()
    decline(make_attempt(orders[12], state="waiting"))
    assert Alarm.objects.count() == 1


def test_after_the_rest_counting_begins_anew_and_the_next_is_twice_as_long(orders: list[Order]) -> None:
    account = orders[0].account
    lengths = []
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for round_ in range(3):
            make_tries(orders[20], 19)
            decline(make_attempt(orders[round_], state="waiting"))
            account.refresh_from_db()
            assert account.cards_rest_until is not None
            lengths.append(account.cards_rest_until - timezone.now())
            assert not end_next_rest()
            clock.shift(lengths[-1])
            assert end_next_rest()
            assert not end_next_rest()
            assert refusal(orders[39]) == ""
            decline(make_attempt(orders[10 + round_], state="waiting"))
            assert refusal(orders[39]) == "", "one decline after the rest is one decline"
            clock.shift(timedelta(minutes=31))
    assert [length.total_seconds() / 60 for length in lengths] == [10, 20, 40]
    assert Alarm.objects.filter(kind="card_testing").count() == 3


def test_staff_let_cards_go_on_and_are_not_overruled_at_once(orders: list[Order]) -> None:
    """They were customers after all."""
    account = orders[0].account
    assert not let_cards_go_on(account=account, by=COMMAND)
    make_tries(orders[20], 19)
    make_tries(orders[21], 45)
    decline(make_attempt(orders[0], state="waiting"))
    assert refusal(orders[39]) == "cards_rest"
    assert let_cards_go_on(account=account, by=COMMAND)
    assert refusal(orders[39]) == ""
    assert not Alarm.objects.filter(over_at=None).exists()
    decline(make_attempt(orders[1], state="waiting"))
    assert refusal(orders[39]) == ""
    account.refresh_from_db()
    assert account.cards_rests == 0


def test_presses_under_way_count_until_payments_outnumber_them(orders: list[Order]) -> None:
    """K1: a thousand links at once cannot overshoot; a busy shop is not held up."""
    account = orders[0].account
    for order in orders[:30]:
        attempt = make_attempt(order, state="waiting")
        make_tries(order, 2, attempt=attempt, ended_at=None, declined=False)
    assert what_is_seen(orders[39], address="", now=timezone.now()).under_way == MAX_TRIES_PER_ACCOUNT
    assert refusal(orders[39]) == "cards_rest"
    make_tries(orders[38], 60, declined=False)
    assert refusal(orders[39]) == ""
    account.refresh_from_db()
    assert account.cards_rest_until is None


def test_on_the_processors_own_page_a_form_left_open_counts_for_ten_minutes(orders: list[Order]) -> None:
    for order in orders[:30]:
        make_attempt(order, state="waiting", hosted=True)
    now = timezone.now()
    assert what_is_seen(orders[39], address="", now=now).under_way == 30
    assert what_is_seen(orders[39], address="", now=now + timedelta(minutes=11)).under_way == 0


def test_a_form_used_without_pressing_pay_is_closed(orders: list[Order]) -> None:
    """K1: our page presses Pay before every try; whoever does not is no customer. On the processor's page people do."""
    attempt = decline(make_attempt(orders[0], state="waiting"))
    assert not must_close(fresh(attempt), timezone.now())
    decline(attempt, pressed=False)
    assert must_close(fresh(attempt), timezone.now())
    assert fresh(attempt).next_check_at <= timezone.now()
    hosted = decline(make_attempt(orders[1], state="waiting", hosted=True))
    decline(hosted, pressed=False)
    assert not must_close(fresh(hosted), timezone.now())


def test_a_payment_ends_a_try_too(orders: list[Order]) -> None:
    attempt = make_attempt(orders[0], state="waiting")
    press(attempt, "203.0.113.7")
    pay(attempt)
    assert what_is_seen(orders[1], address="203.0.113.7", now=timezone.now()).from_address == Ended(0, 1)


def test_tries_are_forgotten_after_a_day(orders: list[Order]) -> None:
    attempt = make_tries(orders[0], 1, at=timezone.now() - timedelta(hours=25))
    make_tries(orders[0], 1, attempt=attempt, pressed_at=None, at=timezone.now() - timedelta(hours=25))
    make_tries(orders[0], 1, attempt=attempt)
    forget_old_tries()
    assert CardTry.objects.count() == 1


def test_an_attack_on_many_links_is_stopped_at_the_processor(shop: CardShop) -> None:
    """K1, incidents 12 and 51: end to end. The forms already open stop, and nobody's money moves."""
    requests = [make_request(make_order(shop.account), by=shop.owner) for _ in range(24)]
    held = shop.begin(request=requests[0])
    assert [_try_card(shop, request) for request in requests[1:]] == ["card_declined"] * 20 + ["cards_rest"] * 3
    while reconcile_next():
        pass
    assert set(PaymentAttempt.objects.values_list("state", flat=True)) == {"cancelled"}
    with pytest.raises(Exception, match="canceled"):
        shop.confirm(held.attempt.reference)
    assert shop.charges() == []


def test_nothing_is_at_the_processor_before_a_press_and_a_refused_press_makes_nothing(shop: CardShop) -> None:
    """K1: no object without a gesture."""
    make_tries(shop.order, 10)
    with pytest.raises(Refused):
        shop.begin()
    assert shop.stripe.v1.payment_intents.list().data == []


def test_a_processor_that_would_not_begin_is_no_try(shop: CardShop) -> None:
    shop.sandbox.faults(plan=[{"operation": "POST /v1/payment_intents", "fault": "error", "status": 401}])
    for _ in range(12):
        with pytest.raises(Refused) as refused:
            shop.begin()
        assert refused.value.code in ("processor_refused", "processor_broken")
    assert not CardTry.objects.exists()
    shop.sandbox.faults(plan=[])


def test_presses_at_the_same_moment_do_not_overlook_each_other(shop: CardShop) -> None:
    """K1: the limit holds to the press, however many come at once."""
    make_tries(shop.order, MAX_TRIES_PER_ACCOUNT - 3, ended_at=timezone.now())
    requests = [make_request(make_order(shop.account), by=shop.owner) for _ in range(8)]

    def begin(request: PaymentRequest) -> str:
        try:
            shop.begin(request=request)
        except Refused as refused:
            return refused.code
        finally:
            connections.close_all()
        return "begun"

    with ThreadPoolExecutor(8) as presses:
        answers = sorted(presses.map(begin, requests))
    assert answers == ["begun"] * 3 + ["cards_rest"] * 5, connection.vendor


def test_the_worker_ends_the_rest_and_sends_the_letter(shop: CardShop) -> None:
    make_tries(make_order(shop.account), 19)
    decline(make_attempt(make_order(shop.account), state="waiting", reference=""))
    work_once()
    assert Delivery.objects.get(kind="alarm").tries == 1
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        assert end_next_rest()


def _try_card(shop: CardShop, request: PaymentRequest) -> str:
    try:
        begun = shop.begin(request=request)
    except Refused as refused:
        return refused.code
    answer = shop.confirm(begun.attempt.reference, DECLINED)
    check_attempt(begun.attempt, by=CUSTOMER)
    return answer


def press(attempt: PaymentAttempt, address: str = "") -> None:
    make_tries(attempt.order, 1, attempt=attempt, ended_at=None, declined=False, address=hide_address(address))


def fresh(attempt: PaymentAttempt) -> PaymentAttempt:
    return PaymentAttempt.objects.select_related("order__account").get(pk=attempt.pk)


@pytest.mark.parametrize("seed", range(3))
def test_rows_count_like_the_crowds_that_the_limits_were_tried_with(orders: list[Order], seed: int) -> None:
    """K1, K2: tests/rules/card_crowd.py counts from lists what the product counts from rows; both see the same."""
    chance, till, start = Random(seed), Till(), START
    attempts = {number: make_attempt(orders[number], state="waiting") for number in range(6)}
    till.open.update({number: [] for number in attempts})
    addresses, cards = [f"203.0.113.{n}" for n in range(3)], ["card-a", "card-b", ""]
    for _ in range(120):
        start += timedelta(seconds=chance.uniform(1, 90))
        now, number, address = (start - START).total_seconds(), chance.randrange(6), chance.choice(addresses)
        with time_machine.travel(start, tick=False):
            seen = what_is_seen(orders[number], address=address, now=start)
            expected = till.seen(now, number, address)
            assert replace(seen, rest_until=None) == replace(expected, rest_until=None)
            assert (seen.rest_until is None) == (expected.rest_until is None)
            if chance.random() < 0.5:
                press(attempts[number], address)
                till.open[number].append(now)
                till.pressed[number].append(now)
            elif (begun := CardTry.objects.filter(attempt=attempts[number], ended_at=None).first()) is not None:
                card, there = chance.choice(cards), next(one for one in addresses if hide_address(one) == begun.address)
                decline(attempts[number], card, pressed=False)
                till.end(now, number, there, card, declined=True)
