"""Add Payment, and taking a payment back."""

from typing import Any

import pytest

from balancedue.actions.settle import settle
from balancedue.models import Payment, read_balance
from balancedue.processors.base import Kind, Outcome
from balancedue.rules.actor import PROCESSOR
from tests.makers import make_account, make_attempt, make_order, make_payment, make_sent_request, make_user

from .desk import Desk, inputs, words

GOOD = {"amount": "500.00", "method": "check", "received_on": "2026-01-05", "reference": "1187"}


def test_the_form_is_filled_in_with_the_balance(desk: Desk) -> None:
    """S32."""
    order = make_order(desk.account)
    shown = inputs(desk.get(f"orders/{order.number}/add-payment/"))
    assert shown["amount"] == "1105.28"
    assert shown["received_on"]


def test_a_deposit_is_taken_and_lowers_the_balance(desk: Desk) -> None:
    """S32, S33."""
    order = make_order(desk.account)
    answer = desk.post(f"orders/{order.number}/payments/", GOOD)
    assert answer.status_code == 302
    assert read_balance(order).due.minor == 60_528
    read = words(desk.order(order))
    assert "$605.28" in read
    assert "Jan 5, 2026 · Check 1187" in read


def test_paid_in_full_by_hand_leaves_nothing_to_request(desk: Desk) -> None:
    """S34."""
    order = make_order(desk.account)
    make_sent_request(order, by=desk.user)
    desk.post(f"orders/{order.number}/payments/", GOOD | {"amount": "1,105.28"}, htmx=True)
    assert "Nothing is due on this order." in words(desk.order(order))
    assert order.requests.get().status == "paid"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"amount": ""}, "Enter an amount"),
        ({"amount": "0"}, "Enter an amount above 0"),
        ({"amount": "-5"}, "Enter an amount above 0"),
        ({"amount": "ten"}, "Enter an amount like 1105.28"),
        ({"method": "gold"}, "Choose how the money came in"),
        ({"method": "card"}, "Choose how the money came in"),
        ({"received_on": ""}, "Enter the day the money came in"),
        ({"received_on": "soon"}, "Enter a date like 2026-11-22"),
        ({"received_on": "2099-01-01"}, "Enter today or an earlier day"),
    ],
)
def test_what_cannot_be_a_payment_is_said_at_its_field(desk: Desk, typed: dict[str, str], said: str) -> None:
    """M8."""
    order = make_order(desk.account)
    answer = desk.post(f"orders/{order.number}/payments/", GOOD | {"note": "Keep me"} | typed)
    assert answer.status_code == 422
    assert said in words(answer)
    assert "Keep me" in answer.content.decode()
    assert not Payment.objects.exists()


def test_amounts_are_read_as_the_shop_writes_them(desk: Desk) -> None:
    account = make_account(locale="de-DE", currency="EUR")
    desk.client.force_login(make_user(account))
    order = make_order(account, number="9")
    tail = f"/{account.slug}/orders/9/payments/"
    assert inputs(desk.client.get(f"/{account.slug}/orders/9/add-payment/"))["amount"] == "1105,28"
    desk.client.post(tail, GOOD | {"amount": "1.000,28"})
    assert read_balance(order).due.minor == 10_500


def test_more_than_is_due_becomes_a_credit(desk: Desk) -> None:
    """requirements.md 2.7."""
    order = make_order(desk.account, total_minor=10_000)
    desk.post(f"orders/{order.number}/payments/", GOOD | {"amount": "140"})
    assert "The customer has paid $40.00 too much." in words(desk.order(order))


def test_the_same_form_sent_twice_is_one_payment(desk: Desk) -> None:
    order = make_order(desk.account)
    for _ in range(2):
        assert desk.post(f"orders/{order.number}/payments/", GOOD | {"form_key": "k1"}).status_code == 302
    assert order.payments.count() == 1


def test_one_just_like_another_is_asked_about(desk: Desk) -> None:
    """E4."""
    order = make_order(desk.account)
    desk.post(f"orders/{order.number}/payments/", GOOD | {"form_key": "k1"})
    answer = desk.post(f"orders/{order.number}/payments/", GOOD | {"form_key": "k2"}, htmx=True)
    assert answer.status_code == 422
    assert "There is already a payment just like this one, received Jan 5, 2026." in words(answer)
    assert "Add it again" in words(answer)
    again = GOOD | {"form_key": "k2", "anyway": inputs(answer)["anyway"]}
    desk.post(f"orders/{order.number}/payments/", again)
    assert order.payments.count() == 2


def test_a_receipt_goes_out_when_asked_for(desk: Desk) -> None:
    order = make_order(desk.account)
    desk.post(f"orders/{order.number}/payments/", GOOD | {"receipt": "on"})
    assert list(order.deliveries.values_list("kind", "to")) == [("receipt", "dana@riverside-hs.example")]


@pytest.mark.django_db(transaction=True)
def test_while_a_card_payment_is_on_its_way_nothing_is_added(desk: Desk) -> None:
    order = make_order(desk.account)
    make_attempt(order, state="pending")
    assert "A card payment is in progress." in words(desk.get(f"orders/{order.number}/add-payment/"))
    answer = desk.post(f"orders/{order.number}/payments/", GOOD)
    assert answer.status_code == 422
    assert "A card payment is in progress and cannot be stopped now." in words(answer)
    assert not Payment.objects.exists()


def test_a_viewer_adds_nothing(desk: Desk) -> None:
    """requirements.md 2.10."""
    order = make_order(desk.account)
    desk.client.force_login(make_user(desk.account, role="viewer", name="Vic"))
    assert desk.post(f"orders/{order.number}/payments/", GOOD).status_code == 403
    assert not Payment.objects.exists()


def reversal(desk: Desk, payment: Any, **typed: str) -> Any:
    return desk.post(f"orders/{payment.order.number}/payments/{payment.public_id}/reverse/", typed)


def test_a_payment_is_reversed_with_a_reason_and_both_lines_stay(desk: Desk) -> None:
    """requirements.md 2.15."""
    order = make_order(desk.account)
    payment = make_payment(order, 50_000)
    assert payment.public_id in desk.order(order).content.decode()
    assert reversal(desk, payment, reason="The check bounced").status_code == 302
    assert read_balance(order).due.minor == 110_528
    read = words(desk.order(order))
    assert "Priya reversed the payment of $500.00: The check bounced" in read
    assert "reversed" in read
    assert "Reverse a payment" not in read


def test_a_reversal_needs_a_reason(desk: Desk) -> None:
    payment = make_payment(make_order(desk.account), 50_000)
    answer = reversal(desk, payment, reason=" ")
    assert answer.status_code == 422
    assert "Say why, in at most 300 characters" in words(answer)


def test_a_card_payment_is_not_reversed(desk: Desk) -> None:
    order = make_order(desk.account)
    attempt = make_attempt(order, state="waiting")
    settle(attempt, Outcome(Kind.PAID, reference=attempt.reference, received=attempt.amount), by=PROCESSOR)
    payment = order.payments.get()
    answer = reversal(desk, payment, reason="oh")
    assert answer.status_code == 422
    assert "A card payment cannot be reversed." in words(answer)


def test_a_payment_of_another_order_is_not_found(desk: Desk) -> None:
    payment = make_payment(make_order(desk.account), 50_000)
    other = make_order(desk.account)
    assert desk.get(f"orders/{other.number}/payments/{payment.public_id}/reverse/").status_code == 404
