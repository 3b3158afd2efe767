"""Reconcile: whatever was lost on the way, the processor is asked until nothing is in doubt."""

import contextlib
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone

from balancedue.actions.ask_processor import check_attempt
from balancedue.actions.change_order import change_order
from balancedue.actions.order_lines import NewLine, OrderDraft
from balancedue.actions.pay import begin_payment
from balancedue.actions.reconcile import reconcile_next
from balancedue.actions.settle import settle
from balancedue.actions.work import work_once
from balancedue.models import Delivery, Payment, PaymentAttempt, read_balance
from balancedue.processors.base import Kind, Outcome
from balancedue.rules.actor import CUSTOMER, WORKER
from balancedue.rules.errors import Refused
from balancedue.rules.ids import new_id
from tests.card_shop import CardShop


def _due(**facts: object) -> None:
    """Let the time of the next check come."""
    PaymentAttempt.objects.update(next_check_at=timezone.now(), **facts)


def _only() -> PaymentAttempt:
    return PaymentAttempt.objects.get()


def test_a_lost_webhook_costs_half_a_minute(shop: CardShop) -> None:
    """C1, R8, N10: nobody told us; we ask."""
    begun = shop.begin()
    shop.confirm(begun.attempt.reference)
    assert begun.attempt.next_check_at is not None
    assert begun.attempt.next_check_at <= timezone.now() + timedelta(minutes=2)
    assert not reconcile_next()
    _due()
    assert reconcile_next()
    assert (_only().state, _only().next_check_at) == ("succeeded", None)
    assert read_balance(shop.fresh()).due.minor == 0
    assert not reconcile_next()


def test_an_answer_that_was_lost_is_found_by_our_own_id(shop: CardShop) -> None:
    """C1, C2: made at the processor, never heard of here; one charge."""
    begun = shop.begin()
    shop.confirm(begun.attempt.reference)
    _due(reference="", state="unknown")
    work_once()
    assert (_only().state, _only().reference) == ("succeeded", begun.attempt.reference)
    assert len(shop.charges()) == 1


def test_an_attempt_in_doubt_always_has_a_next_check(shop: CardShop) -> None:
    """N10, R8: 30 s, 2 m, 5 m, 15 m, 1 h, then 6-hourly, each a little earlier (C3); each waits longer."""
    attempt = shop.begin().attempt
    shop.sandbox.faults(mode="down")
    waits = []
    for _ in range(7):
        now = timezone.now()
        attempt = settle(attempt, Outcome(Kind.UNKNOWN), by=WORKER)
        assert attempt.next_check_at is not None
        waits.append((attempt.next_check_at - now).total_seconds())
    planned = [120, 300, 900, 3600, 21_600, 21_600, 21_600]
    assert all(plan * 0.8 <= wait <= plan + 1 for wait, plan in zip(waits, planned, strict=True)), waits


def test_asking_in_vain_puts_no_check_off(shop: CardShop) -> None:
    """C1, R8: a payer's page may ask every two seconds; the worker still comes within half a minute of the last."""
    attempt = shop.begin().attempt
    shop.sandbox.faults(mode="down")
    for by in (WORKER, WORKER, WORKER, *[CUSTOMER] * 20):
        attempt = settle(attempt, Outcome(Kind.UNKNOWN), by=by)
    assert attempt.next_check_at is not None
    assert attempt.next_check_at <= timezone.now() + timedelta(seconds=30)


def test_a_processor_that_is_down_is_asked_again(shop: CardShop) -> None:
    """N14, C3: not heard is no news; the claim is given back."""
    shop.begin()
    shop.sandbox.faults(mode="down")
    _due(state="unknown")
    assert reconcile_next()
    attempt = _only()
    assert (attempt.state, attempt.lease, attempt.leased_until) == ("unknown", "", None)
    assert attempt.next_check_at is not None
    assert attempt.next_check_at > timezone.now()


def test_an_abandoned_confirmation_is_cancelled_by_asking(shop: CardShop) -> None:
    """C11, requirements.md 3.24: 3-D Secure left open blocks nobody for ever; seen cancelled at the processor."""
    begun = shop.begin()
    assert shop.confirm(begun.attempt.reference, "pm_card_authenticationRequired") == "requires_action"
    attempt = check_attempt(begun.attempt, by=CUSTOMER)
    assert (attempt.state, attempt.needs_action) == ("waiting", True)
    _due(started_at=timezone.now() - timedelta(minutes=61))
    work_once()
    assert _only().state == "cancelled"
    assert shop.stripe.v1.payment_intents.retrieve(begun.attempt.reference).status == "canceled"
    assert shop.begin().attempt.pk != begun.attempt.pk


def test_a_confirmation_under_way_is_left_alone(shop: CardShop) -> None:
    """C11: an hour to find the bank's app."""
    begun = shop.begin()
    shop.confirm(begun.attempt.reference, "pm_card_authenticationRequired")
    _due(started_at=timezone.now() - timedelta(minutes=59))
    work_once()
    assert _only().state == "waiting"


def test_nothing_is_cancelled_without_asking(shop: CardShop) -> None:
    """R8, money-safety.md 6.8: unreachable means postponed."""
    shop.begin()
    shop.sandbox.faults(mode="down")
    _due(started_at=timezone.now() - timedelta(days=3))
    work_once()
    assert _only().is_active


def test_a_payment_made_in_the_last_moment_is_not_aged_out(shop: CardShop) -> None:
    """Requirements.md 3.19: it is asked first, and was paid."""
    begun = shop.begin()
    shop.confirm(begun.attempt.reference)
    _due(started_at=timezone.now() - timedelta(days=3))
    work_once()
    assert _only().state == "succeeded"


def test_a_card_form_for_another_balance_is_closed(shop: CardShop) -> None:
    """N4, F2: the balance moved on without us seeing the attempt."""
    begun = shop.begin()
    PaymentAttempt.objects.update(balance_version=0)
    _due()
    work_once()
    assert _only().state == "cancelled"
    assert shop.stripe.v1.payment_intents.retrieve(begun.attempt.reference).status == "canceled"


def test_a_changed_order_closes_the_card_form_at_once(shop: CardShop) -> None:
    """E5: nobody can pay the old figure."""
    begun = shop.begin()
    draft = OrderDraft("USD", [NewLine("Hoodie", Decimal(1), 90_000)], False, contact=shop.order.contact)
    change_order(order=shop.order, draft=draft, by=shop.owner.actor)
    assert _only().state == "cancelled"
    assert shop.stripe.v1.payment_intents.retrieve(begun.attempt.reference).status == "canceled"


def test_what_was_never_made_is_given_up_after_the_key_is_forgotten(shop: CardShop) -> None:
    """C5: within 23 hours the answer may still come; later the processor says there is none, and that is believed."""
    shop.sandbox.faults(mode="down")
    with contextlib.suppress(Refused):
        shop.begin()
    shop.sandbox.faults(mode="none")
    for hours, state in ((22, "unknown"), (24, "cancelled")):
        _due(started_at=timezone.now() - timedelta(hours=hours))
        work_once()
        assert _only().state == state, hours
    assert _only().code == "never_made"


def test_a_late_retry_looks_and_does_not_send(shop: CardShop) -> None:
    """C5: 24 hours and a second later the key may make a second object; so nothing is sent."""
    shop.sandbox.faults(mode="down")
    with contextlib.suppress(Refused):
        shop.begin()
    shop.sandbox.faults(mode="none")
    PaymentAttempt.objects.update(started_at=timezone.now() - timedelta(hours=24, seconds=1))
    with pytest.raises(Refused, match="still being checked"):
        shop.begin()
    made = shop.stripe.v1.payment_intents.list({"limit": 10}).data
    assert made == []


def test_a_dead_workers_check_is_taken_up_again(shop: CardShop) -> None:
    """Architecture.md 7."""
    begun = shop.begin()
    shop.confirm(begun.attempt.reference)
    _due(lease="lease_dead", leased_until=timezone.now() + timedelta(seconds=60))
    assert not reconcile_next()
    _due(leased_until=timezone.now() - timedelta(seconds=1))
    assert reconcile_next()
    assert Payment.objects.count() == 1


def test_after_three_days_of_silence_all_is_caught_up(shop: CardShop) -> None:
    """R8: the processor was unreachable for three days; one round after its return the payment is in, told once."""
    begun = shop.begin(payer_email="dana@riverside-hs.example")
    shop.confirm(begun.attempt.reference)
    shop.sandbox.faults(mode="down")
    start = timezone.now()
    _silence(start)
    shop.sandbox.faults(mode="none")
    with time_machine.travel(start + timedelta(days=3, hours=7), tick=True):
        work_once()
    assert _only().state == "succeeded"
    assert Delivery.objects.filter(kind="payment_notice").count() == 1
    assert len(shop.charges()) == 1


def _silence(start: datetime) -> None:
    for hours in (1, 24, 72):
        with time_machine.travel(start + timedelta(hours=hours), tick=True):
            reconcile_next()
        assert _only().is_active


def test_the_payer_who_comes_back_goes_on_where_they_were(shop: CardShop) -> None:
    """C11, E2: reload, back button, another tab: the same object."""
    first = shop.begin()
    shop.confirm(first.attempt.reference, "pm_card_authenticationRequired")
    check_attempt(first.attempt, by=CUSTOMER)
    again = begin_payment(request=shop.request, page_key=new_id("page"), shown=first.attempt.amount)
    assert (again.attempt.pk, again.client_secret) == (first.attempt.pk, first.client_secret)
