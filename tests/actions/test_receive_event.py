"""Webhooks: verified, kept once, and looked into whatever their order, number and content."""

import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
import stripe
from django.utils import timezone

from balancedue.actions.check_books import check_books
from balancedue.actions.look_again import look_again
from balancedue.actions.raise_alarm import raise_alarm
from balancedue.actions.receive_event import RETRY, UNHEARD_TRIES, process_next_event, receive_event
from balancedue.actions.work import work_once
from balancedue.models import (
    Alarm,
    Delivery,
    Event,
    Payment,
    PaymentAttempt,
    ProcessorConnection,
    ProcessorEvent,
    read_balance,
)
from balancedue.processors.reports import BadSignature
from balancedue.rules.ids import new_id
from tests.card_shop import CardShop
from tests.makers import make_account, make_attempt, make_connection, make_order

SECRET = "whsec_testtesttest"


def _body(reference: str = "", attempt: str = "", kind: str = "payment_intent.succeeded", event_id: str = "") -> bytes:
    about = {"id": reference, "object": "payment_intent", "metadata": {"attempt": attempt} if attempt else {}}
    event = {"object": "event", "id": event_id or new_id("evt"), "type": kind, "data": {"object": about}}
    return json.dumps(event).encode()


def _hear(connection: ProcessorConnection, body: bytes, secret: str = SECRET) -> ProcessorEvent:
    moment = int(timezone.now().timestamp())
    digest = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return receive_event(connection=connection, headers={"Stripe-Signature": f"t={moment},v1={digest}"}, body=body)


def _look_again() -> None:
    """Let the next try come, as time would."""
    ProcessorEvent.objects.filter(status="new").update(next_try_at=timezone.now())
    process_next_event()


def test_a_webhook_settles_the_payment(shop: CardShop) -> None:
    """M2, D3: kept first, then looked into; what counts is what the processor says when asked."""
    begun = shop.begin()
    shop.confirm(begun.attempt.reference)
    event = _hear(shop.connection, _body(begun.attempt.reference, begun.attempt.public_id))
    assert event.status == "new"
    assert not Payment.objects.exists()
    assert process_next_event()
    event.refresh_from_db()
    assert (event.status, event.tries, event.lease) == ("done", 1, "")
    assert read_balance(shop.fresh()).due.minor == 0
    assert Event.objects.get(kind="payment_succeeded").by == "processor"
    assert not process_next_event()


def test_the_same_webhook_a_hundred_times_has_one_effect(shop: CardShop) -> None:
    """D1, M3: each is taken, one row is kept."""
    begun = shop.begin()
    shop.confirm(begun.attempt.reference)
    body = _body(begun.attempt.reference)
    for _ in range(50):
        _hear(shop.connection, body)
    work_once()
    for _ in range(50):
        _hear(shop.connection, body)
    work_once()
    assert (ProcessorEvent.objects.count(), Payment.objects.count()) == (1, 1)


def test_many_webhooks_about_one_payment_have_one_effect(shop: CardShop) -> None:
    """M3, D7: other events, any order; the success is claimed before it happened and after."""
    begun = shop.begin()
    reference = begun.attempt.reference
    _hear(shop.connection, _body(reference, kind="payment_intent.succeeded"))  # a lie, so far
    work_once()
    assert not Payment.objects.exists()
    shop.confirm(reference)
    for kind in ("payment_intent.payment_failed", "payment_intent.created", "payment_intent.succeeded"):
        _hear(shop.connection, _body(reference, kind=kind))
    work_once()
    assert Payment.objects.count() == 1
    assert Event.objects.filter(kind="payment_succeeded").count() == 1


def test_the_stand_ins_own_webhook_is_understood(shop: CardShop) -> None:
    """D1: the event as the processor makes it, not as we imagine it."""
    begun = shop.begin()
    shop.confirm(begun.attempt.reference)
    made = [event for event in shop.stripe.v1.events.list({"limit": 20}).data if "succeeded" in event.type]
    for event in made:
        _hear(shop.connection, json.dumps(event.to_dict()).encode())
    assert made
    work_once()
    assert Payment.objects.count() == 1


def test_a_processor_that_is_down_leaves_the_webhook_to_be_tried_again(shop: CardShop) -> None:
    """D3: "seen but failed" is not a duplicate."""
    begun = shop.begin()
    shop.confirm(begun.attempt.reference)
    PaymentAttempt.objects.update(state="unknown")
    shop.sandbox.faults(mode="down")
    body = _body(begun.attempt.reference)
    event = _hear(shop.connection, body)
    process_next_event()
    event.refresh_from_db()
    assert (event.status, event.tries, event.next_try_at > timezone.now()) == ("new", 1, True)
    shop.sandbox.faults(mode="none")
    _hear(shop.connection, body)
    _look_again()
    event.refresh_from_db()
    assert event.status == "done"
    assert Payment.objects.count() == 1


def test_a_webhook_before_the_answer_that_named_the_object(shop: CardShop) -> None:
    """D5, tried.md A: our own id in the metadata finds the attempt."""
    begun = shop.begin()
    reference = begun.attempt.reference
    shop.confirm(reference)
    PaymentAttempt.objects.update(reference="", state="started")
    _hear(shop.connection, _body(reference, begun.attempt.public_id))
    work_once()
    attempt = PaymentAttempt.objects.get()
    assert (attempt.state, attempt.reference) == ("succeeded", reference)


def test_a_webhook_before_our_row_is_tried_again_and_then_applied(shop: CardShop) -> None:
    """D5: the row commits a moment later."""
    attempt_id, reference = new_id("att"), "pi_not_written_yet"
    event = _hear(shop.connection, _body(reference, attempt_id))
    process_next_event()
    event.refresh_from_db()
    assert (event.status, event.tries) == ("new", 1)
    assert not process_next_event()  # not due yet
    begun = shop.begin()
    ProcessorEvent.objects.update(reference=begun.attempt.reference)
    shop.confirm(begun.attempt.reference)
    _look_again()
    assert Payment.objects.count() == 1


def test_a_webhook_about_a_row_that_is_gone_is_parked_and_told(shop: CardShop) -> None:
    """D5, N10, incident 10: it carries our id, so it should be ours; no endless loop, and a person is told, once."""
    events = [_hear(shop.connection, _body(f"pi_{number}", f"att_gone{number}")) for number in (1, 2)]
    for _ in range(len(RETRY) + 1):
        _look_again()
        _look_again()
    for event in events:
        event.refresh_from_db()
        assert (event.status, event.tries) == ("parked", len(RETRY) + 1)
        assert "no attempt" in event.error
    assert not process_next_event()
    alarm = Alarm.objects.get(kind="webhook_put_aside")
    assert alarm.facts == {"processor": "Test processor", "event": "payment_intent.succeeded"}
    assert Delivery.objects.filter(kind="alarm").count() == 1
    assert _hear(shop.connection, _body("pi_1", "att_gone1", event_id=events[0].external_id)).status == "new"
    ProcessorEvent.objects.all().delete()


def test_the_alarm_is_over_once_all_that_was_put_aside_was_dealt_with(shop: CardShop) -> None:
    """D4: "Look again" alone ends no alarm, and raises no second one."""
    begun = shop.begin()
    shop.confirm(begun.attempt.reference)
    events = [_hear(shop.connection, _body(begun.attempt.reference)), _hear(shop.connection, _body("pi_x", "att_x"))]
    ProcessorEvent.objects.update(status="parked", error="something", tries=8)
    raise_alarm(shop.account, "webhook_put_aside", about=shop.connection.public_id, processor="x", event="y")
    assert look_again(account=shop.account, event=events[0].pk) == 1
    process_next_event()
    assert Payment.objects.count() == 1
    assert Alarm.objects.get().over_at is None  # the other one
    PaymentAttempt.objects.update(public_id="att_x")
    assert look_again(account=shop.account) == 1
    assert Alarm.objects.get().over_at is None
    process_next_event()
    assert Alarm.objects.get().over_at is not None
    assert not ProcessorEvent.objects.exclude(status="done").exists()


@pytest.mark.parametrize("kind", ["payment_intent.succeeded", "charge.refunded", "charge.dispute.created"])
def test_a_payment_that_was_never_ours_is_kept_and_troubles_nobody(shop: CardShop, kind: str) -> None:
    """D5: the shop takes other payments with the same account at its processor; the object itself says so."""
    stranger = shop.stripe.v1.payment_intents.create({"amount": 700, "currency": "usd"}).id
    event = _hear(shop.connection, _about(stranger, kind))
    process_next_event()
    event.refresh_from_db()
    assert (event.status, event.tries) == ("new", 1)  # our own row may commit a moment later
    alike = _hear(shop.connection, _about(stranger, kind))
    _look_again()
    for one in (event, alike):
        one.refresh_from_db()
        assert one.status == "foreign"
    assert not Alarm.objects.exists()
    assert check_books(shop.account) == []


def _about(reference: str, kind: str) -> bytes:
    """An event about a payment, as its kind names it."""
    about = {"id": reference} if kind.startswith("payment_intent.") else {"id": "x_1", "payment_intent": reference}
    event = {"object": "event", "id": new_id("evt"), "type": kind, "data": {"object": about}}
    return json.dumps(event).encode()


def test_a_refund_of_ours_whose_payment_is_gone_is_no_strangers(shop: CardShop) -> None:
    """D5: the refund names no attempt, but the payment behind it does; only the processor can say so."""
    made = shop.stripe.v1.payment_intents.create(
        {"amount": 700, "currency": "usd", "metadata": {"attempt": "att_gone"}}
    )
    event = _hear(shop.connection, _about(made.id, "charge.refunded"))
    for _ in range(len(RETRY) + 1):
        _look_again()
    event.refresh_from_db()
    assert event.status == "parked"
    event.delete()


def test_a_payment_the_processor_does_not_know_is_parked(shop: CardShop) -> None:
    """D5: well signed, about an object that is not there: a person should know."""
    event = _hear(shop.connection, _about("pi_nowhere", "charge.refunded"))
    for _ in range(len(RETRY) + 1):
        _look_again()
    event.refresh_from_db()
    assert (event.status, event.tries) == ("parked", len(RETRY) + 1)
    event.delete()


def test_a_processor_that_is_silent_for_long_is_not_held_against_the_webhook(shop: CardShop) -> None:
    """D3, N14: it is tried every hour for three days, and only then given to a person."""
    begun = shop.begin()
    shop.confirm(begun.attempt.reference)
    PaymentAttempt.objects.update(state="unknown", next_check_at=None)
    shop.sandbox.faults(mode="reset")
    event = _hear(shop.connection, _body(begun.attempt.reference))
    for tries in (len(RETRY) + 1, UNHEARD_TRIES - 1):
        ProcessorEvent.objects.update(tries=tries)
        _look_again()
        event.refresh_from_db()
        assert (event.status, event.tries) == ("new", tries + 1)
    _look_again()
    event.refresh_from_db()
    assert event.status == "parked"
    shop.sandbox.faults(mode="none")
    look_again(account=shop.account)
    process_next_event()
    assert Payment.objects.count() == 1


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"livemode": True}, "live mode"),
        ({"account": "acct_other"}, "another processor account"),
        ({"livemode": True, "account": "acct_other"}, "live mode"),
    ],
)
def test_news_of_another_mode_or_account_is_put_aside_and_nothing_is_asked(
    shop: CardShop, said: dict[str, Any], problem: str
) -> None:
    """D6, N3: well signed, about a payment of ours, and not for this connection."""
    begun = shop.begin()
    shop.confirm(begun.attempt.reference)
    ProcessorConnection.objects.update(processor_account="acct_ours")
    shop.sandbox.faults(mode="down")  # whoever asked would hear nothing, and try again
    event = _hear(shop.connection, json.dumps(json.loads(_body(begun.attempt.reference)) | said).encode())
    process_next_event()
    event.refresh_from_db()
    assert event.status == "parked"
    assert problem in event.error
    assert not Payment.objects.exists()
    assert Alarm.objects.get().kind == "webhook_put_aside"
    event.delete()


@pytest.mark.parametrize("said", [{"livemode": False}, {"livemode": False, "account": "acct_ours"}])
def test_news_that_names_our_own_mode_and_account_is_taken(shop: CardShop, said: dict[str, Any]) -> None:
    """D6: the check refuses only what differs."""
    begun = shop.begin()
    shop.confirm(begun.attempt.reference)
    ProcessorConnection.objects.update(processor_account="acct_ours")
    _hear(shop.connection, json.dumps(json.loads(_body(begun.attempt.reference)) | said).encode())
    process_next_event()
    assert Payment.objects.count() == 1


def test_one_answer_is_about_all_that_was_told_before(shop: CardShop) -> None:
    """R8: after an outage there are many webhooks about each payment; the processor is asked once for all of them."""
    begun = shop.begin()
    shop.confirm(begun.attempt.reference)
    earlier = [_hear(shop.connection, _body(begun.attempt.reference)) for _ in range(3)]
    refunded = _hear(shop.connection, _about(begun.attempt.reference, "charge.refunded"))  # asks for more
    other = _hear(shop.connection, _body("pi_other", "att_other"))
    process_next_event()
    statuses = [ProcessorEvent.objects.get(pk=event.pk).status for event in [*earlier, refunded, other]]
    assert statuses == ["done", "done", "done", "new", "new"]
    assert Payment.objects.count() == 1
    other.delete()


def test_poison_among_a_thousand_good_ones_harms_none_of_them(shop: CardShop) -> None:
    """D4: shapes nobody expects, anywhere in the queue; all payments are booked, all poison is with a person."""
    attempts = []
    for number in range(20):
        order = make_order(shop.account, total_minor=1_000 + number)
        attempt = make_attempt(order, state="waiting", connection=shop.connection, next_check_at=timezone.now())
        made = shop.stripe.v1.payment_intents.create(
            {"amount": 1_000 + number, "currency": "usd", "metadata": {"attempt": attempt.public_id}}
        )
        shop.confirm(made.id)
        PaymentAttempt.objects.filter(pk=attempt.pk).update(reference=made.id, money_reference=made.id)
        attempts.append((made.id, attempt.public_id))
    poison = [b"[]", b"{", b"\xff\xfe", b"[" * 9_999, b'{"object":"event","id":7}', b'{"object":"event","type":[]}']
    for number in range(1_000):
        reference, public_id = attempts[number % 20]
        _hear(shop.connection, _body(reference, public_id, ["payment_intent.succeeded", "charge.updated"][number % 2]))
        if number % 166 == 100:
            _hear(shop.connection, poison.pop())
    assert ProcessorEvent.objects.count() == 1_006
    work_once()
    assert poison == []
    assert Payment.objects.count() == 20
    assert ProcessorEvent.objects.filter(status="done").count() == 1_000
    assert ProcessorEvent.objects.filter(status="parked", type="unreadable").count() == 6
    assert Alarm.objects.filter(kind="webhook_put_aside").count() == 1
    ProcessorEvent.objects.filter(status="parked").delete()


def test_a_webhook_that_speaks_of_no_payment_is_done_with(shop: CardShop) -> None:
    """D5: other kinds of event are none of our business."""
    body = json.dumps({"object": "event", "id": "evt_1", "type": "customer.created", "data": {"object": {}}}).encode()
    event = _hear(shop.connection, body)
    process_next_event()
    event.refresh_from_db()
    assert event.status == "done"


@pytest.mark.parametrize(
    "body",
    [
        b"[]", b"{", b"", b'"text"', b'{"object": "event"}', b"\x00\x00", b"\xff\xfe{}", b"[" * 5_000,
        b'{"object":"event","id":7,"type":"x"}',
    ],
)  # fmt: skip
def test_a_signed_body_that_is_no_event_is_put_aside_for_a_person(shop: CardShop, body: bytes) -> None:
    """D4: kept, parked, shown by check-books; the others go on."""
    begun = shop.begin()
    shop.confirm(begun.attempt.reference)
    poison = _hear(shop.connection, body)
    _hear(shop.connection, _body(begun.attempt.reference))
    work_once()
    poison.refresh_from_db()
    assert poison.status == "parked"
    assert Payment.objects.count() == 1
    poison.delete()


@pytest.mark.parametrize(
    "event",
    [
        {"id": "evt_" + "x" * 300, "type": "payment_intent.succeeded"},
        {"id": "evt_\x00", "type": "payment_intent.\x00"},
        {"id": "evt_1", "type": "t" * 500, "data": {"object": {"id": "p" * 500, "metadata": {"attempt": "a" * 500}}}},
        {"id": "evt_1", "type": "payment_intent.x", "data": {"object": {"id": "\x00", "metadata": {"attempt": []}}}},
        {"id": "evt_1", "type": "payment_intent.x", "data": []},
        {"id": "evt_1", "type": "charge.succeeded", "data": {"object": {"payment_intent": {"id": 5}}}},
    ],
)
def test_an_event_of_unexpected_shape_is_kept_and_harms_nobody(shop: CardShop, event: dict[str, Any]) -> None:
    """D4: too long, not text, or with characters a database refuses."""
    _hear(shop.connection, json.dumps({"object": "event"} | event).encode())
    work_once()
    assert ProcessorEvent.objects.count() == 1
    ProcessorEvent.objects.all().delete()


def test_a_webhook_that_cannot_be_dealt_with_ends_parked_and_holds_nobody_up(shop: CardShop) -> None:
    """D4: whatever goes wrong inside is counted, and ends with a person."""
    begun = shop.begin()
    shop.confirm(begun.attempt.reference)
    order = make_order(shop.account)
    broken = make_attempt(order, state="waiting", connection=shop.connection, next_check_at=timezone.now())
    type(shop.order).objects.filter(pk=order.pk).update(balance_version=7)  # its books do not fit: posting is refused
    other = shop.stripe.v1.payment_intents.create(
        {"amount": 110_528, "currency": "usd", "metadata": {"attempt": broken.public_id}}
    )
    shop.confirm(other.id)
    PaymentAttempt.objects.filter(pk=broken.pk).update(reference=other.id, next_check_at=None)
    poison = _hear(shop.connection, _body(other.id))
    _hear(shop.connection, _body(begun.attempt.reference))
    assert process_next_event()
    assert process_next_event()
    assert Payment.objects.count() == 1
    for _ in range(len(RETRY)):
        _look_again()
    poison.refresh_from_db()
    assert (poison.status, poison.tries) == ("parked", len(RETRY) + 1)
    assert "log" in poison.error
    poison.delete()
    type(shop.order).objects.filter(pk=order.pk).update(balance_version=1)
    PaymentAttempt.objects.filter(pk=broken.pk).update(next_check_at=timezone.now())
    work_once()


def test_another_account_cannot_speak_for_this_one(shop: CardShop) -> None:
    """D6, N12: well signed by its own processor, naming our attempt; nothing is touched."""
    stranger = make_connection(make_account(), credentials=shop.connection.credentials | {"webhook_secret": "whsec_x"})
    begun = shop.begin()
    shop.confirm(begun.attempt.reference)
    event = _hear(stranger, _body(begun.attempt.reference, begun.attempt.public_id), "whsec_x")
    process_next_event()
    event.refresh_from_db()
    assert (event.status, Payment.objects.count()) == ("new", 0)


def test_metadata_that_names_another_attempt_books_nothing_there(shop: CardShop) -> None:
    """D6, N3: bound by our own row; the money of one order is never another's."""
    other = make_order(shop.account, total_minor=110_528)
    mine = shop.begin().attempt
    stray = make_attempt(other, state="unknown", connection=shop.connection, reference="", next_check_at=timezone.now())
    shop.confirm(mine.reference)
    _hear(shop.connection, _body(mine.reference, stray.public_id))
    work_once()
    stray.refresh_from_db()
    assert not other.payments.exists()
    assert read_balance(shop.fresh()).due.minor == 0
    assert stray.state in ("unknown", "put_aside")


@pytest.mark.parametrize(
    "fault", ["wrong secret", "changed body", "no header", "too old", "from the future", "v0 only"]
)
def test_what_is_not_signed_for_us_is_not_kept(shop: CardShop, fault: str) -> None:
    """D8."""
    body = _body("pi_1")
    moment = int(timezone.now().timestamp()) + {"too old": -301, "from the future": 600}.get(fault, 0)
    secret = "whsec_other" if fault == "wrong secret" else SECRET
    header = stripe.WebhookSignature.generate_signature_header(body.decode(), secret, timestamp=moment)
    headers = {} if fault == "no header" else {"Stripe-Signature": header}
    if fault == "v0 only":
        headers = {"Stripe-Signature": header.replace("v1=", "v0=")}
    if fault == "changed body":
        body = body.replace(b"pi_1", b"pi_2")
    with pytest.raises(BadSignature):
        receive_event(connection=shop.connection, headers=headers, body=body)
    assert not ProcessorEvent.objects.exists()


def test_a_worker_that_died_over_a_webhook_is_replaced(shop: CardShop) -> None:
    """Architecture.md 7: after its lease, not before."""
    begun = shop.begin()
    shop.confirm(begun.attempt.reference)
    _hear(shop.connection, _body(begun.attempt.reference))
    ProcessorEvent.objects.update(lease="lease_dead", leased_until=timezone.now() + timedelta(seconds=30))
    assert not process_next_event()
    ProcessorEvent.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert process_next_event()
    assert Payment.objects.count() == 1
