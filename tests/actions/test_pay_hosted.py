"""Paying on the processor's own page: the same attempts, the same rules, another object at the processor."""

import hashlib
import hmac
import json
import urllib.request
from datetime import timedelta

import pytest
import stripe
from django.utils import timezone

from balancedue.actions.ask_processor import check_attempt
from balancedue.actions.pay import Begun
from balancedue.actions.receive_event import process_next_event, receive_event
from balancedue.actions.reconcile import reconcile_next
from balancedue.actions.refund import refund_payment
from balancedue.models import Payment, PaymentAttempt, ProcessorConnection, ProcessorEvent, read_balance
from balancedue.rules.actor import CUSTOMER, WORKER
from balancedue.rules.errors import Refused
from balancedue.rules.money import Money
from tests.card_shop import CardShop
from tests.makers import make_payment


@pytest.fixture(autouse=True)
def elsewhere(shop: CardShop) -> None:
    """The shop wants no card field on its page."""
    hosted(shop, on=True)


def hosted(shop: CardShop, *, on: bool) -> None:
    ProcessorConnection.objects.filter(pk=shop.connection.pk).update(hosted=on)


def session(shop: CardShop, begun: Begun) -> stripe.checkout.Session:
    return shop.stripe.v1.checkout.sessions.retrieve(begun.attempt.reference)


def pay(shop: CardShop, begun: Begun, card: str = "pm_card_visa") -> str:
    """What the customer does on the processor's page."""
    urllib.request.urlopen(urllib.request.Request(begun.go_to, b"", method="POST"), timeout=10).close()
    return shop.confirm(str(session(shop, begun).payment_intent), card)


def test_it_leads_to_the_processors_page_and_back_without_the_links_token(shop: CardShop) -> None:
    """I3, N3: the exact balance, for this attempt; the way back names the attempt alone."""
    begun = shop.begin(payer_email="dana@riverside-hs.example")
    made = session(shop, begun)
    assert begun.go_to == made.url
    assert begun.client_secret == ""
    assert begun.attempt.hosted
    assert (made.amount_total, made.currency, made.client_reference_id) == (110_528, "usd", begun.attempt.public_id)
    assert made.customer_email == "dana@riverside-hs.example"
    for way_back in (made.success_url, made.cancel_url):
        assert str(way_back).endswith(f"/i/back/{begun.attempt.public_id}/")
        assert shop.request.token not in str(way_back)


def test_paid_there_is_paid_here_and_can_be_given_back(shop: CardShop) -> None:
    """S29, S30, F5: the session is the attempt's object, the intent behind it holds the money."""
    begun = shop.begin()
    assert pay(shop, begun) == "succeeded"
    attempt = check_attempt(begun.attempt, by=CUSTOMER)
    assert (attempt.state, attempt.reference[:3], attempt.money_reference[:3]) == ("succeeded", "cs_", "pi_")
    assert attempt.fingerprint
    assert read_balance(shop.fresh()).due == Money(0, "USD")
    payment = Payment.objects.get()
    assert (payment.amount_minor, payment.card) == (110_528, "Visa ending 4242")
    refund = refund_payment(payment=payment, amount=Money(10_000, "USD"), reason="other", by=shop.owner.actor)
    assert refund.state == "succeeded"


def test_a_second_press_takes_up_the_same_page(shop: CardShop) -> None:
    """C11, N4: coming back and pressing again is no second charge."""
    first, second = shop.begin("tab-one"), shop.begin("tab-two")
    assert (first.attempt.pk, first.go_to) == (second.attempt.pk, second.go_to)
    assert pay(shop, first) == "succeeded"
    with pytest.raises(Refused) as refusal:
        shop.begin("tab-two")
    assert refusal.value.code == "payment_in_progress"
    assert PaymentAttempt.objects.get().state == "succeeded"
    assert len(shop.charges()) == 1


def test_an_answer_that_was_lost_is_asked_for_again(shop: CardShop) -> None:
    """C1, C2: made, but not heard of: the same key, the same session."""
    shop.sandbox.faults(plan=[{"operation": "POST /v1/checkout/sessions", "fault": "reset_after", "times": 2}])
    with pytest.raises(Refused) as refusal:
        shop.begin()
    assert refusal.value.code == "payment_in_progress"
    shop.sandbox.faults(plan=[])
    begun = shop.begin()
    assert PaymentAttempt.objects.get() == begun.attempt
    assert [one.id for one in shop.stripe.v1.checkout.sessions.list().data] == [begun.attempt.reference]


def test_the_worker_finds_a_session_whose_name_was_never_heard(shop: CardShop) -> None:
    """C1: by our own id, among the sessions."""
    shop.sandbox.faults(plan=[{"operation": "POST /v1/checkout/sessions", "fault": "reset_after", "times": 2}])
    with pytest.raises(Refused):
        shop.begin()
    shop.sandbox.faults(plan=[])
    [made] = shop.stripe.v1.checkout.sessions.list().data
    attempt = check_attempt(PaymentAttempt.objects.get(), by=WORKER)
    assert (attempt.state, attempt.reference) == ("waiting", made.id)


def test_a_decline_there_is_counted_here_and_another_card_pays(shop: CardShop) -> None:
    """C5, K1: told once, with our own reason; the attempt waits on."""
    begun = shop.begin()
    pay(shop, begun, "pm_card_visa_chargeDeclinedInsufficientFunds")
    for _ in range(2):
        attempt = check_attempt(begun.attempt, by=CUSTOMER)
    assert (attempt.state, attempt.code, attempt.declines) == ("waiting", "insufficient_funds", 1)
    assert attempt.fingerprint
    assert shop.begin().go_to == begun.go_to
    assert pay(shop, begun) == "succeeded"
    assert check_attempt(attempt, by=CUSTOMER).state == "succeeded"


def test_a_page_whose_time_ran_out_is_followed_by_a_new_one(shop: CardShop) -> None:
    """C11: whoever presses again pays; the old page takes nothing."""
    begun = shop.begin()
    shop.stripe.v1.checkout.sessions.expire(begun.attempt.reference)
    again = shop.begin()
    assert again.attempt.pk != begun.attempt.pk
    assert PaymentAttempt.objects.get(pk=begun.attempt.pk).state == "cancelled"
    assert pay(shop, again) == "succeeded"
    check_attempt(again.attempt, by=CUSTOMER)
    assert len(shop.charges()) == 1


def test_left_open_it_is_ended(shop: CardShop) -> None:
    """C11: the worker expires what nobody came back to, in the middle of 3-D Secure too."""
    begun = shop.begin()
    pay(shop, begun, "pm_card_authenticationRequired")
    assert check_attempt(begun.attempt, by=CUSTOMER).needs_action
    long_ago = timezone.now() - timedelta(hours=2)
    PaymentAttempt.objects.update(started_at=long_ago, next_check_at=long_ago)
    assert reconcile_next()
    assert PaymentAttempt.objects.get().state == "cancelled"
    assert session(shop, begun).status == "expired"


def test_cash_ends_the_open_page_first(shop: CardShop) -> None:
    """S32, S33, E6: ended, and seen ended at the processor."""
    begun = shop.begin()
    make_payment(shop.order, 10_000)
    assert session(shop, begun).status == "expired"
    assert shop.begin().attempt.amount_minor == 100_528


@pytest.mark.parametrize("first", [True, False])
def test_an_open_attempt_of_the_other_kind_is_ended_first(shop: CardShop, first: bool) -> None:
    """N4: one object at a time, whichever page the shop wants now."""
    hosted(shop, on=first)
    old = shop.begin()
    hosted(shop, on=not first)
    new = shop.begin()
    assert (new.attempt.hosted, bool(new.go_to), bool(new.client_secret)) == (not first, not first, first)
    assert PaymentAttempt.objects.get(pk=old.attempt.pk).state == "cancelled"


def test_webhooks_of_the_session_and_of_its_payment_lead_to_it(shop: CardShop) -> None:
    """D1, D2: by the session's name, by our metadata on the intent, and by the intent's name once it is known."""
    begun = shop.begin()
    pay(shop, begun)
    heard = ("checkout.session.completed", "payment_intent.succeeded", "charge.succeeded")
    for event in shop.stripe.v1.events.list().data:
        if event.type in heard:
            body, moment = json.dumps(event.to_dict()).encode(), int(timezone.now().timestamp())
            digest = hmac.new(b"whsec_testtesttest", f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
            receive_event(
                connection=shop.connection, headers={"Stripe-Signature": f"t={moment},v1={digest}"}, body=body
            )
    assert ProcessorEvent.objects.count() == len(heard)
    while process_next_event():
        pass
    assert PaymentAttempt.objects.get().state == "succeeded"
    assert Payment.objects.count() == 1
    assert not ProcessorEvent.objects.exclude(status="done").exists()
