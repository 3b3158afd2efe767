"""Payouts: heard by webhook or by asking every hour, with everything they hold; one that fails raises an alarm."""

import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

from django.db.models import F, Sum
from django.utils import timezone

from balancedue.actions.ask_processor import check_attempt
from balancedue.actions.receive_event import process_next_event, receive_event
from balancedue.actions.take_in_fees import hear_fees
from balancedue.actions.take_in_payouts import LISTED_WITHIN, hear_payout, look_at_next_payout, sweep_next_payouts
from balancedue.models import Alarm, BalanceTransaction, PaymentAttempt, Payout, ProcessorConnection, ProcessorEvent
from balancedue.rules.actor import CUSTOMER
from balancedue.rules.ids import new_id
from tests.card_shop import CardShop
from tests.makers import make_connection
from tests.sandbox.conftest import until

FEE = 3235


def _pay(shop: CardShop) -> PaymentAttempt:
    begun = shop.begin()
    shop.confirm(begun.attempt.reference)
    return check_attempt(begun.attempt, by=CUSTOMER)


def _pay_out(shop: CardShop, **more: str) -> str:
    account = shop.stripe.v1.accounts.retrieve_current().id
    return shop.sandbox.pay_out(account, **more)


def _pay_at_the_till(shop: CardShop, amount: int) -> None:
    """The shop takes money with the same keys elsewhere."""
    shop.stripe.v1.payment_intents.create(
        {"amount": amount, "currency": "usd", "confirm": True, "payment_method": "pm_card_visa"}
    )


def _webhook(shop: CardShop, reference: str, kind: str = "payout.paid") -> ProcessorEvent:
    about = {"id": reference, "object": "payout"}
    event = {"object": "event", "id": new_id("evt"), "type": kind, "livemode": False, "data": {"object": about}}
    body, moment = json.dumps(event).encode(), int(timezone.now().timestamp())
    digest = hmac.new(b"whsec_testtesttest", f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"Stripe-Signature": f"t={moment},v1={digest}"}
    return receive_event(connection=shop.connection, headers=headers, body=body)


def _look_again() -> None:
    """Let the next look at each come, as time would."""
    Payout.objects.filter(next_check_at__isnull=False).update(next_check_at=timezone.now())
    while look_at_next_payout():
        pass


def _sweep() -> bool:
    ProcessorConnection.objects.filter(next_payouts_at__isnull=False).update(next_payouts_at=timezone.now())
    return sweep_next_payouts()


def _status(shop: CardShop, reference: str) -> str:
    return shop.stripe.v1.payouts.retrieve(reference).status


def test_a_webhook_brings_a_payout_and_the_worker_what_it_holds(shop: CardShop) -> None:
    """D3, N8: the state from the object as fetched; the lines come to the amount; other activity has no order."""
    attempt = _pay(shop)
    _pay_at_the_till(shop, 5000)
    reference = _pay_out(shop)
    event = _webhook(shop, reference, "payout.created")
    assert process_next_event()
    event.refresh_from_db()
    assert event.status == "done"
    payout = Payout.objects.get()
    assert (payout.reference, payout.amount_minor, payout.is_listed) == (reference, 110_528 - FEE + 5000 - 175, False)
    assert look_at_next_payout()
    payout.refresh_from_db()
    lines = list(payout.balance_transactions.order_by("-amount_minor"))
    assert [(line.kind, line.amount_minor, line.fee_minor) for line in lines] == [
        ("payment", 110_528, FEE),
        ("payment", 5000, 175),
    ]
    assert [line.payment for line in lines] == [attempt.payment, None]
    assert payout.is_listed
    assert sum(line.net.minor for line in lines) == payout.amount_minor


def test_a_payout_that_comes_first_books_the_fees_it_shows(shop: CardShop) -> None:
    """With webhooks lost and the fee never asked for, the payout's lines say all of it; and nothing is booked twice."""
    attempt = _pay(shop)
    hear_payout(shop.connection, _pay_out(shop))
    look_at_next_payout()
    hear_fees(attempt)
    fees = shop.order.entries.filter(kind="fee")
    assert [entry.postings.get(ledger="fees").amount_minor for entry in fees] == [FEE]
    attempt.payment.refresh_from_db()
    assert attempt.payment.next_check_at is None


def test_a_payout_is_looked_at_until_it_has_arrived(shop: CardShop) -> None:
    """N10: open ones have a next check, and one that is over and listed has none."""
    _pay(shop)
    reference = _pay_out(shop)
    hear_payout(shop.connection, reference)
    look_at_next_payout()
    payout = Payout.objects.get()
    if payout.state == "in_transit":
        assert payout.next_check_at is not None
    until(lambda: _status(shop, reference) == "paid")
    _look_again()
    payout.refresh_from_db()
    assert (payout.state, payout.is_listed, payout.next_check_at, payout.lease) == ("paid", True, None, "")
    assert not look_at_next_payout()


def test_a_payout_that_fails_days_after_it_was_paid_raises_one_alarm(shop: CardShop) -> None:
    """The words of the bank are kept. A later payout that arrives takes the alarm back."""
    _pay(shop)
    reference = _pay_out(shop)
    until(lambda: _status(shop, reference) == "paid")
    hear_payout(shop.connection, reference)
    assert not Alarm.objects.exists()
    shop.sandbox.end(reference, "failed")
    for _ in range(2):
        _webhook(shop, reference, "payout.failed")
        assert process_next_event()
    payout = Payout.objects.get()
    assert (payout.state, payout.detail) == ("failed", "The bank account has been closed")
    alarm = Alarm.objects.get()
    assert (alarm.kind, alarm.about, alarm.over_at) == ("payout_failed", payout.public_id, None)
    assert alarm.facts == {"amount": "$1,072.93", "processor": "Test processor"}
    Payout.objects.update(made_at=F("made_at") - timedelta(days=1))
    again = _pay_out(shop)
    until(lambda: _status(shop, again) == "paid")
    hear_payout(shop.connection, again)
    _look_again()
    alarm.refresh_from_db()
    assert alarm.over_at is not None
    later = Payout.objects.get(reference=again)
    assert [(line.kind, line.amount_minor) for line in later.balance_transactions.all()] == [("payout", 107_293)]
    assert later.is_listed


def test_an_answer_that_comes_late_takes_nothing_back(shop: CardShop) -> None:
    """D2: what failed is not on its way again, because somebody asked earlier and was answered later."""
    _pay(shop)
    reference = _pay_out(shop)
    hear_payout(shop.connection, reference)
    Payout.objects.update(state="failed")
    hear_payout(shop.connection, reference)
    assert Payout.objects.get().state == "failed"


def test_every_hour_each_connection_is_asked_for_its_payouts(shop: CardShop) -> None:
    """Without any webhook the result is the same. It begins with the first movement of a payment of ours."""
    assert not sweep_next_payouts()
    attempt = _pay(shop)
    until(lambda: bool(hear_fees(attempt) and BalanceTransaction.objects.exists()))
    assert sweep_next_payouts()
    assert not Payout.objects.exists()
    assert not sweep_next_payouts()
    reference = _pay_out(shop)
    assert _sweep()
    assert look_at_next_payout()
    payout = Payout.objects.get()
    assert (payout.reference, payout.is_listed) == (reference, True)
    shop.connection.refresh_from_db()
    assert shop.connection.next_payouts_at is not None
    assert timedelta(minutes=55) < shop.connection.next_payouts_at - timezone.now() <= timedelta(hours=1)


def test_a_sweep_notices_what_became_of_payouts_known_before(shop: CardShop) -> None:
    """The overlap: a failure days after a payout was paid, whose webhook was lost."""
    attempt = _pay(shop)
    until(lambda: bool(hear_fees(attempt) and BalanceTransaction.objects.exists()))
    reference = _pay_out(shop)
    until(lambda: _status(shop, reference) == "paid")
    _sweep()
    _look_again()
    shop.sandbox.end(reference, "failed")
    _sweep()
    assert Payout.objects.get().state == "failed"
    assert Alarm.objects.get().kind == "payout_failed"


def test_a_processor_that_is_not_heard_is_asked_again(shop: CardShop) -> None:
    """N14: nothing heard changes nothing; the webhook stays open, and the sweep comes sooner."""
    attempt = _pay(shop)
    until(lambda: bool(hear_fees(attempt) and BalanceTransaction.objects.exists()))
    reference = _pay_out(shop)
    shop.sandbox.faults(plan=[{"operation": "GET /v1/payouts*", "fault": "error", "status": 400}])
    event = _webhook(shop, reference)
    process_next_event()
    event.refresh_from_db()
    assert event.status == "new"
    _sweep()
    shop.connection.refresh_from_db()
    assert shop.connection.next_payouts_at is not None
    assert shop.connection.next_payouts_at - timezone.now() <= timedelta(minutes=5)
    assert not Payout.objects.exists()
    shop.sandbox.faults(plan=[])
    _sweep()
    assert Payout.objects.get().reference == reference
    ProcessorEvent.objects.all().delete()


def test_what_a_payout_holds_is_asked_for_again_until_it_adds_up(shop: CardShop) -> None:
    """Nothing is listed that does not come to the amount; some weeks later nobody asks any more."""
    _pay(shop)
    reference = _pay_out(shop)
    until(lambda: _status(shop, reference) == "paid")
    hear_payout(shop.connection, reference)
    shop.sandbox.faults(plan=[{"operation": "GET /v1/balance_transactions", "fault": "error", "status": 400}])
    _look_again()
    payout = Payout.objects.get()
    assert (payout.state, payout.is_listed) == ("paid", False)
    assert payout.next_check_at is not None
    shop.sandbox.faults(plan=[])
    Payout.objects.update(amount_minor=1)
    _look_again()
    assert not Payout.objects.get().is_listed
    Payout.objects.update(made_at=F("made_at") - LISTED_WITHIN)
    _look_again()
    payout.refresh_from_db()
    assert (payout.is_listed, payout.next_check_at) == (False, None)
    assert payout.balance_transactions.aggregate(sum=Sum("amount_minor"))["sum"] == 110_528


def test_a_removed_connection_is_asked_for_another_month(shop: CardShop) -> None:
    """What was taken before is paid out still."""
    now = timezone.now()
    ProcessorConnection.objects.update(next_payouts_at=now, removed_at=now - timedelta(days=29))
    assert _sweep()
    assert ProcessorConnection.objects.get().next_payouts_at is not None
    ProcessorConnection.objects.update(removed_at=now - timedelta(days=31))
    assert _sweep()
    assert ProcessorConnection.objects.get().next_payouts_at is None


def test_a_processor_that_tells_of_no_payouts_is_not_asked(shop: CardShop) -> None:
    silent: Any = make_connection(shop.account, kind="paypal_express")
    assert hear_payout(silent, "po_1")
    assert not Payout.objects.exists()
