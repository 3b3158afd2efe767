"""Catching up: what no webhook told us is found by asking, and a connection that is deaf is asked again and again."""

import hashlib
import hmac
import json
import time
from datetime import datetime, timedelta

import pytest
import time_machine
from django.db.models import F
from django.utils import timezone

from balancedue.actions.catch_up import catch_up_next
from balancedue.actions.receive_event import BODIES_KEPT, receive_event
from balancedue.actions.work import DEEDS, tidy, work_once
from balancedue.models import Alarm, Delivery, Payment, PaymentAttempt, ProcessorConnection, ProcessorEvent, Refund
from balancedue.rules.ids import new_id
from tests.card_shop import CardShop
from tests.makers import make_attempt, make_order

HOUR = timedelta(hours=1)


def _connection() -> ProcessorConnection:
    return ProcessorConnection.objects.get()


def _pay(shop: CardShop) -> PaymentAttempt:
    """The customer pays and comes back; no webhook is ever sent, as the sandbox knows no address."""
    begun = shop.begin()
    shop.confirm(begun.attempt.reference)
    PaymentAttempt.objects.update(next_check_at=timezone.now())
    work_once()
    return PaymentAttempt.objects.get(pk=begun.attempt.pk)


def _refund_elsewhere(shop: CardShop, attempt: PaymentAttempt, minor: int = 500) -> None:
    shop.stripe.v1.refunds.create({"payment_intent": attempt.reference, "amount": minor})


def _caught_up(moment: datetime) -> None:
    """As after an earlier look, the next one due."""
    ProcessorConnection.objects.update(caught_up_at=moment, next_catch_up_at=moment)


def _pass(span: timedelta) -> None:
    """Time passes: all that we wrote down is so much older. The processor's clock goes on as it does."""
    older = {
        PaymentAttempt: ["started_at", "ended_at"],
        ProcessorEvent: ["received_at", "next_try_at"],
        ProcessorConnection: ["caught_up_at", "next_catch_up_at"],
        Alarm: ["raised_at", "seen_at"],
    }
    for model, columns in older.items():
        model.objects.update(**{column: F(column) - span for column in columns})  # type: ignore[attr-defined]


def _webhook(shop: CardShop, attempt: PaymentAttempt) -> ProcessorEvent:
    about = {"id": attempt.reference, "object": "payment_intent", "metadata": {"attempt": attempt.public_id}}
    event = {"object": "event", "id": new_id("evt"), "type": "payment_intent.succeeded", "data": {"object": about}}
    body, moment = json.dumps(event).encode(), int(timezone.now().timestamp())
    digest = hmac.new(b"whsec_testtesttest", f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"Stripe-Signature": f"t={moment},v1={digest}"}
    return receive_event(connection=shop.connection, headers=headers, body=body)


def _listen(shop: CardShop) -> str:
    """Have the processor send to an address where nobody takes anything; the endpoint's id."""
    wanted = ["payment_intent.succeeded", "charge.refunded", "refund.created"]
    made = shop.stripe.v1.webhook_endpoints.create({"url": "http://127.0.0.1:9/", "enabled_events": wanted})
    return str(made.id)


def test_what_no_webhook_told_shows_within_a_minute(shop: CardShop) -> None:
    """R8: webhooks are switched off, a payment came in, and something else happens to it at the processor."""
    attempt = _pay(shop)
    _refund_elsewhere(shop, attempt)
    for _ in range(6):
        _pass(timedelta(seconds=10))
        work_once()
    assert (Refund.objects.get().state, Refund.objects.get().made_elsewhere) == ("succeeded", True)
    assert Alarm.objects.get().kind == "webhooks_missing"


def test_deaf_we_ask_every_half_minute_and_alarm_once(shop: CardShop) -> None:
    """R8: the owner gets one letter, however long it lasts."""
    attempt = _pay(shop)
    _pass(timedelta(seconds=60))
    work_once()
    for count in range(1, 6):
        _refund_elsewhere(shop, attempt, 100 + count)
        _pass(timedelta(seconds=31))
        work_once()
        assert Refund.objects.count() == count
    assert Delivery.objects.filter(kind="alarm").count() == 1
    assert Alarm.objects.get().facts == {"processor": "Test processor"}


def test_a_quiet_shop_stays_deaf_until_a_webhook_comes(shop: CardShop) -> None:
    """R8: refunds and disputes come long after the payment that gave the deafness away."""
    attempt = _pay(shop)
    _pass(timedelta(seconds=60))
    work_once()
    _pass(timedelta(days=5))
    work_once()
    _refund_elsewhere(shop, attempt)
    _pass(timedelta(seconds=31))
    work_once()
    assert Refund.objects.count() == 1
    assert Alarm.objects.get().over_at is None
    _webhook(shop, attempt)
    _pass(timedelta(seconds=31))
    work_once()
    assert Alarm.objects.get().over_at is not None


def test_what_was_found_by_asking_is_no_webhook_heard(shop: CardShop) -> None:
    """R8: else one look would end the deafness, and the next refund would wait for an hour."""
    attempt = _pay(shop)
    for _ in range(3):
        _pass(timedelta(seconds=31))
        work_once()
    assert {(event.listed, event.status) for event in ProcessorEvent.objects.all()} == {(True, "done")}
    assert Alarm.objects.get().over_at is None
    event = ProcessorEvent.objects.filter(reference=attempt.reference).latest("pk")
    _hear_again(shop, event)
    _pass(timedelta(seconds=31))
    work_once()
    event.refresh_from_db()
    assert (event.listed, event.status) == (False, "done")
    assert Alarm.objects.get().over_at is not None


def test_what_was_not_sent_before_we_noticed_is_found_later_too(shop: CardShop) -> None:
    """R8: hourly we had asked what was not delivered, of a processor that had no address left to deliver to."""
    attempt = _pay(shop)
    _refund_elsewhere(shop, attempt)
    PaymentAttempt.objects.update(ended_at=timezone.now() - timedelta(minutes=2))
    time.sleep(1.1)  # events have whole seconds
    after_it_all = timezone.now() + timedelta(seconds=1)
    shop.sandbox.faults(mode="reset")
    _caught_up(after_it_all)
    ProcessorConnection.objects.update(next_catch_up_at=timezone.now())
    work_once()
    assert not Alarm.objects.exists()
    shop.sandbox.faults(mode="none")
    _caught_up(after_it_all)
    ProcessorConnection.objects.update(next_catch_up_at=timezone.now())
    work_once()
    assert Refund.objects.count() == 1
    assert Alarm.objects.get().kind == "webhooks_missing"


def _hear_again(shop: CardShop, event: ProcessorEvent) -> None:
    body, moment = event.body.encode(), int(timezone.now().timestamp())
    digest = hmac.new(b"whsec_testtesttest", f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    receive_event(connection=shop.connection, headers={"Stripe-Signature": f"t={moment},v1={digest}"}, body=body)


def test_while_webhooks_come_only_what_was_not_delivered_is_asked_for_hourly(shop: CardShop) -> None:
    """Incident 39: one webhook among many was lost on its way; within the hour it is found."""
    _listen(shop)
    attempt = _pay(shop)
    _webhook(shop, attempt)
    work_once()
    _refund_elsewhere(shop, attempt)
    for _ in range(11):
        _pass(timedelta(minutes=5))
        ProcessorConnection.objects.update(next_catch_up_at=timezone.now())
        work_once()
    assert not Refund.objects.exists()
    _pass(timedelta(minutes=4))
    work_once()
    assert Refund.objects.get().state == "succeeded"
    assert not Alarm.objects.exists()


def test_the_first_look_goes_back_to_when_the_connection_was_made(shop: CardShop) -> None:
    """R8: on the worker's first start, and after an upgrade."""
    attempt = _pay(shop)
    _refund_elsewhere(shop, attempt)
    ProcessorConnection.objects.update(caught_up_at=None, next_catch_up_at=None)
    ProcessorConnection.objects.update(created_at=timezone.now() - timedelta(days=4))
    work_once()
    assert Refund.objects.count() == 1
    assert _connection().caught_up_at is not None


def test_a_worker_that_was_off_asks_as_soon_as_it_is_back(shop: CardShop) -> None:
    """R8: not an hour later."""
    _listen(shop)
    attempt = _pay(shop)
    _webhook(shop, attempt)
    work_once()
    _refund_elsewhere(shop, attempt)
    _caught_up(timezone.now() - timedelta(minutes=10))
    work_once()
    assert Refund.objects.count() == 1


def test_after_three_days_off_everything_is_caught_up_in_one_round(shop: CardShop) -> None:
    """R8: 30 payments, a decline, refunds, one payment abandoned; no webhook came and no worker ran."""
    orders = [make_order(shop.account, total_minor=1000 + number) for number in range(30)]
    attempts = [
        make_attempt(order, state="waiting", connection=shop.connection, reference="", next_check_at=timezone.now())
        for order in orders
    ]
    for number, attempt in enumerate(attempts):
        made = shop.stripe.v1.payment_intents.create(
            {"amount": attempt.amount_minor, "currency": "usd", "metadata": {"attempt": attempt.public_id}}
        )
        PaymentAttempt.objects.filter(pk=attempt.pk).update(reference=made.id, money_reference=made.id)
        if number < 28:
            shop.confirm(made.id)
        elif number == 28:
            shop.confirm(made.id, "pm_card_visa_chargeDeclined")
        if number < 5:
            shop.stripe.v1.refunds.create({"payment_intent": made.id, "amount": 100})
    _caught_up(timezone.now() - timedelta(hours=1))
    with time_machine.travel(timezone.now() + timedelta(days=3), tick=True):
        work_once()
    states = list(PaymentAttempt.objects.order_by("pk").values_list("state", flat=True))
    assert states[:28] == ["succeeded"] * 28
    assert set(states[28:]) <= {"cancelled", "waiting"}  # asked about a moment ago: abandoned at the next look
    assert Payment.objects.count() == 28
    assert Refund.objects.filter(state="succeeded").count() == 5


def test_attempts_are_asked_about_for_thirty_days(shop: CardShop) -> None:
    """R8, N10: every six hours, for as long as the processor cannot be heard."""
    begun = shop.begin()
    shop.confirm(begun.attempt.reference)
    shop.sandbox.faults(mode="down")
    start = timezone.now()
    reconcile = next(deed for deed in DEEDS if deed.__name__ == "reconcile_next")
    for day in (0, 15, 30):
        with time_machine.travel(start + timedelta(days=day, hours=7), tick=True):
            assert reconcile()
            attempt = PaymentAttempt.objects.get()
            assert attempt.is_active
            assert attempt.next_check_at is not None
            assert attempt.next_check_at - timezone.now() <= timedelta(hours=6)
    shop.sandbox.faults(mode="none")
    with time_machine.travel(start + timedelta(days=31), tick=True):
        work_once()
    assert Payment.objects.count() == 1


def test_more_than_one_answer_holds_is_taken_in_part_by_part(shop: CardShop, monkeypatch: pytest.MonkeyPatch) -> None:
    """R8: bounded rounds, each from where the one before ended, until nothing is left."""
    monkeypatch.setattr("balancedue.processors.stripe.events._PAGE", 2)
    monkeypatch.setattr("balancedue.processors.stripe.events._PAGES", 1)
    attempt = _pay(shop)
    for minor in (101, 102, 103):
        _refund_elsewhere(shop, attempt, minor)
    _pass(timedelta(seconds=60))
    work_once()
    assert sorted(Refund.objects.values_list("amount_minor", flat=True)) == [101, 102, 103]
    assert not ProcessorEvent.objects.exclude(status="done").exists()
    listed = {event.id for event in shop.stripe.v1.events.list({"limit": 100, "types": ["refund.created"]}).data}
    assert listed <= set(ProcessorEvent.objects.values_list("external_id", flat=True))


def test_a_processor_that_cannot_be_asked_raises_an_alarm_before_it_forgets(shop: CardShop) -> None:
    """R8: it says what happened for 30 days; after 25 of silence the owner is told, once, until it is heard again."""
    start = timezone.now()
    _caught_up(start)
    shop.sandbox.faults(mode="down")
    for days, alarms in ((24, 0), (26, 1), (27, 1)):
        with time_machine.travel(start + timedelta(days=days), tick=False):
            assert catch_up_next()
            assert _connection().caught_up_at == start
            assert Alarm.objects.filter(kind="webhooks_gap", over_at=None).count() == alarms
    assert Delivery.objects.filter(kind="alarm").count() == 1
    assert set(Alarm.objects.get().facts) == {"processor", "since"}
    shop.sandbox.faults(mode="none")
    with time_machine.travel(start + timedelta(days=28), tick=False):
        assert catch_up_next()
    assert not Alarm.objects.filter(over_at=None).exists()


def test_silence_is_asked_again_soon_and_not_at_once(shop: CardShop) -> None:
    """C3: a processor that is down costs a call every two minutes, not every round."""
    shop.sandbox.faults(mode="down")
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        assert catch_up_next()
        assert not catch_up_next()
        assert _connection().next_catch_up_at == now + timedelta(minutes=2)


def test_a_connection_without_a_signing_secret_is_asked_and_alarms_nobody(shop: CardShop) -> None:
    """R8: nobody promised webhooks; that the page of processors says so is enough."""
    credentials = {name: value for name, value in shop.connection.credentials.items() if name != "webhook_secret"}
    shop.connection.credentials = credentials
    shop.connection.save()
    attempt = _pay(shop)
    _refund_elsewhere(shop, attempt)
    _pass(timedelta(seconds=31))
    work_once()
    assert Refund.objects.count() == 1
    assert not Alarm.objects.exists()


def test_two_workers_never_ask_for_one_connection_at_once(shop: CardShop) -> None:
    """Architecture.md 7: whoever looks while it is taken finds nothing due; a dead worker's place is taken."""
    now = timezone.now()
    ProcessorConnection.objects.update(next_catch_up_at=now + timedelta(minutes=5), catch_up_lease="lease_other")
    assert not catch_up_next()
    with time_machine.travel(now + timedelta(minutes=6), tick=False):
        assert catch_up_next()
    assert _connection().catch_up_lease == ""


def test_removed_and_archived_connections_are_left_alone(shop: CardShop) -> None:
    """S8: nobody is asked with keys that a shop took away."""
    ProcessorConnection.objects.update(is_enabled=False, removed_at=timezone.now())
    assert not catch_up_next()
    ProcessorConnection.objects.update(is_enabled=True, removed_at=None)
    type(shop.account).objects.update(archived_at=timezone.now())
    assert not catch_up_next()


def test_the_body_of_a_webhook_is_forgotten_after_ninety_days_and_its_id_is_not(shop: CardShop) -> None:
    """L6: it names people. What still waits for somebody is kept."""
    attempt = _pay(shop)
    done, parked = _webhook(shop, attempt), _webhook(shop, attempt)
    work_once()
    ProcessorEvent.objects.filter(pk=parked.pk).update(status="parked")
    with time_machine.travel(timezone.now() + BODIES_KEPT - HOUR, tick=False):
        tidy()
        done.refresh_from_db()
        assert done.body
    with time_machine.travel(timezone.now() + BODIES_KEPT + HOUR, tick=False):
        tidy()
    done.refresh_from_db()
    parked.refresh_from_db()
    assert done.body == ""
    assert parked.body
    assert done.external_id
    parked.delete()
