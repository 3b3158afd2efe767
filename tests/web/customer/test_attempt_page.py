"""One page for each state of an attempt to pay, and the receipt."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from balancedue.actions.cancel_order import cancel_order
from balancedue.actions.reverse_payment import reverse_payment
from balancedue.models import Event, Payment, PaymentAttempt, PaymentRequest
from balancedue.rules.actor import COMMAND
from balancedue.rules.declines import payer_sentence
from balancedue.rules.states import ACTIVE_ATTEMPT, ATTEMPT_STATES, SUCCEEDED
from balancedue.web.customer.attempt_page import PAGES
from tests import makers
from tests.web.customer.seen import words

pytestmark = pytest.mark.django_db

SAYS = {
    "started": "This payment is not finished",
    "waiting": "This payment is not finished",
    "pending": "Checking with your bank",
    "unknown": "Checking with your bank",
    "declined": "This payment did not go through",
    "cancelled": "No money was taken.",
    "put_aside": "Please do not pay again before you have spoken to them.",
    "succeeded": "Paid. Thank you, Dana",
}


def url(request: PaymentRequest, attempt: PaymentAttempt, rest: str = "") -> str:
    return f"/i/{request.token}/pay/{attempt.public_id}/{rest}"


def test_every_state_has_a_page() -> None:
    assert set(PAGES) == set(SAYS) == set(ATTEMPT_STATES)


@pytest.mark.parametrize("state", ATTEMPT_STATES)
def test_each_state_is_told_and_looking_changes_nothing(
    client: Client, sent: PaymentRequest, settled: Any, state: str
) -> None:
    """C8: whatever the address claims beside the attempt's id."""
    attempt = makers.make_attempt(sent.order, state="pending" if state == SUCCEEDED else state, request=sent)
    if state == SUCCEEDED:
        attempt = settled(attempt)
    before = Event.objects.count()
    forged = {"payment_intent": "pi_other", "redirect_status": "succeeded", "payment_intent_client_secret": "x"}
    seen = client.get(url(sent, attempt), forged)
    assert seen.status_code == 200
    assert SAYS[state] in words(seen)
    assert not seen.cookies
    attempt.refresh_from_db()
    assert attempt.state == state
    assert Event.objects.count() == before
    assert ("data-check=" in seen.content.decode()) == (state in ACTIVE_ATTEMPT)


def test_an_attempt_of_another_order_is_not_here(client: Client, account: Any, sent: PaymentRequest) -> None:
    """M4, I2."""
    other = makers.make_attempt(makers.make_order(account), state="declined")
    for rest in ("", "receipt.pdf"):
        assert client.get(url(sent, other, rest)).status_code == 404
    assert client.post(url(sent, other, "check/")).status_code == 404
    assert client.get(f"/i/{sent.token}/pay/att_nothing/").status_code == 404


def test_a_decline_is_told_in_our_own_words(client: Client, sent: PaymentRequest) -> None:
    attempt = makers.make_attempt(sent.order, state="waiting", code="insufficient_funds")
    assert payer_sentence("insufficient_funds") in words(client.get(url(sent, attempt)))


@pytest.mark.parametrize("code", ["lost_or_stolen", "suspected_fraud"])
def test_a_thief_learns_nothing(client: Client, sent: PaymentRequest, code: str) -> None:
    attempt = makers.make_attempt(sent.order, state="declined", code=code)
    text = words(client.get(url(sent, attempt)))
    assert payer_sentence("declined") in text
    assert "stolen" not in text
    assert "fraud" not in text


def test_checking_goes_on_by_itself_and_says_so_after_a_minute(client: Client, sent: PaymentRequest) -> None:
    """U15."""
    attempt = makers.make_attempt(sent.order, state="pending", payer_email="dana@riverside-hs.example")
    assert '<meta http-equiv="refresh" content="3">' in client.get(url(sent, attempt)).content.decode()
    PaymentAttempt.objects.filter(pk=attempt.pk).update(changed_at=timezone.now() - timedelta(seconds=61))
    told = "Still checking. We will email dana@riverside-hs.example when it is done. You do not need to pay again."
    assert told in words(client.get(url(sent, attempt)))


def test_back_from_3d_secure_it_is_checked(client: Client, sent: PaymentRequest) -> None:
    attempt = makers.make_attempt(sent.order, state="waiting", needs_action=True)
    assert "Checking with your bank" in words(client.get(url(sent, attempt)))


def test_the_receipt_tells_what_was_paid_and_what_comes_next(
    client: Client, sent: PaymentRequest, settled: Any
) -> None:
    """M6, S29."""
    attempt = settled(makers.make_attempt(sent.order, request=sent))
    text = words(client.get(url(sent, attempt)))
    for told in ("$1,105.28", "Visa ending 4242", "Balance due $0.00", "We print within 2 days.", "dana@riverside"):
        assert told in text


def test_the_receipt_comes_as_pdf_once_there_is_a_payment(client: Client, sent: PaymentRequest, settled: Any) -> None:
    attempt = makers.make_attempt(sent.order, request=sent)
    assert client.get(url(sent, attempt, "receipt.pdf")).status_code == 404
    settled(attempt)
    seen = client.get(url(sent, attempt, "receipt.pdf"))
    assert seen.content.startswith(b"%PDF-")
    assert f"Receipt-INV-{sent.order.number}-Foxglove" in seen.headers["Content-Disposition"]


def test_paid_twice_is_explained(client: Client, sent: PaymentRequest, settled: Any) -> None:
    """M3: the second one is said to come back."""
    late = makers.make_attempt(sent.order, state="cancelled", request=sent)
    settled(makers.make_attempt(sent.order, request=sent))
    late = settled(late)
    assert late.surplus
    text = words(client.get(url(sent, late)))
    assert "This invoice was paid twice." in text
    assert "will return it" in text


def test_paid_after_cancellation_is_explained(client: Client, sent: PaymentRequest, settled: Any) -> None:
    """M7, requirements 3.25."""
    attempt = makers.make_attempt(sent.order, state="cancelled", request=sent)
    cancel_order(order=sent.order, by=COMMAND)
    attempt = settled(attempt)
    assert "has been told about your payment and will return it." in words(client.get(url(sent, attempt)))


def test_a_reversed_payment_says_so_on_its_receipt(client: Client, sent: PaymentRequest, settled: Any) -> None:
    attempt = settled(makers.make_attempt(sent.order, request=sent))
    payment = Payment.objects.get(attempt=attempt)
    Payment.objects.filter(pk=payment.pk).update(method="check")
    reverse_payment(payment=Payment.objects.get(pk=payment.pk), reason="bounced", by=COMMAND)
    assert "This payment was reversed on" in words(client.get(url(sent, attempt)))


def test_the_receipt_outlives_the_link_that_led_to_it(client: Client, sent: PaymentRequest, settled: Any) -> None:
    """S29: the same address for ever."""
    attempt = settled(makers.make_attempt(sent.order, request=sent))
    PaymentRequest.objects.filter(pk=sent.pk).update(status="expired")
    assert "Thank you, Dana" in words(client.get(url(sent, attempt)))


@pytest.mark.parametrize("state", ["declined", "cancelled", "put_aside"])
def test_check_of_one_that_ended_asks_nobody(client: Client, sent: PaymentRequest, state: str) -> None:
    attempt = makers.make_attempt(sent.order, state=state, code="declined")
    told = client.post(url(sent, attempt, "check/")).json()
    assert told["state"] == state
    assert ("go" in told) == (state != "declined")


def test_the_way_back_from_a_bank_knows_nothing(client: Client) -> None:
    """C8, I3."""
    seen = client.get("/i/back/att_anything/", {"redirect_status": "succeeded"})
    assert "Checking with your bank" in words(seen)
    assert seen.headers["Referrer-Policy"] == "no-referrer"
