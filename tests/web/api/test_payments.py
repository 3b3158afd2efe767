"""Payments by API: added, reversed."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from balancedue.models import Payment
from balancedue.rules.limits import MAX_AMOUNT_MINOR
from tests import makers
from tests.web.api.caller import Caller, fields


def test_a_payment_lowers_what_remains(program: Caller) -> None:
    """S32, S33, M1."""
    order = program.order(number="9")
    body = {
        "amount": 40_000,
        "method": "check",
        "reference": "#104",
        "received_on": "2026-11-20",
        "note": "Deposit\nby Sam",
    }
    status, told = program.post("/orders/9/payments", body)
    assert status == 201
    assert {name: told[name] for name in body} == body
    assert (told["order_id"], told["currency"], told["status"]) == (order["id"], "USD", "received")
    _, after = program.get("/orders/9")
    assert (after["amount_paid"], after["balance_due"], after["payments"]) == (40_000, 70_528, [told])
    assert after["can_request_payment"] is True


def test_the_last_payment_leaves_nothing_due_and_more_becomes_credit(program: Caller) -> None:
    """S5, S34."""
    program.order(number="9")
    program.post("/orders/9/payments", {"amount": 110_528, "method": "cash"})
    _, told = program.get("/orders/9")
    assert (told["balance_due"], told["can_request_payment"], told["why_not"]) == (0, False, "nothing_due")
    program.post("/orders/9/payments", {"amount": 1, "method": "cash"})
    _, told = program.get("/orders/9")
    assert (told["balance_due"], told["credit"]) == (0, 1)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": 0}, "amount"),
        ({"amount": -5}, "amount"),
        ({"amount": 0.005}, "amount"),
        ({"amount": 100.0}, "amount"),
        ({"amount": 1e5}, "amount"),
        ({"amount": "100"}, "amount"),
        ({"amount": "1.000,50"}, "amount"),
        ({"amount": "\u0661\u0660"}, "amount"),
        ({"amount": True}, "amount"),
        ({"amount": None}, "amount"),
        ({"amount": [1]}, "amount"),
        ({"amount": MAX_AMOUNT_MINOR + 1}, "amount"),
        ({"currency": "EUR"}, "currency"),
        ({"method": "card"}, "method"),
        ({"method": "bitcoin"}, "method"),
        ({"received_on": "2999-01-01"}, "received_on"),
        ({"received_on": "yesterday"}, "received_on"),
        ({"reference": "x" * 121}, "reference"),
        ({"note": "x" * 2001}, "note"),
        ({"note": "\x00"}, "note"),
        ({"tip": 5}, "tip"),
    ],
)
def test_a_payment_that_cannot_be_is_named(program: Caller, change: dict[str, Any], field: str) -> None:
    """N5."""
    program.order(number="9")
    status, told = program.post("/orders/9/payments", {"amount": 100, "method": "cash"} | change)
    assert (status, told["code"], list(fields(told))) == (422, "invalid", [field])
    assert not Payment.objects.exists()


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1" * 5000])
def test_numbers_that_are_none_are_not_read(program: Caller, number: str) -> None:
    program.order(number="9")
    status, told = program.post("/orders/9/payments", raw=f'{{"amount": {number}, "method": "cash"}}')
    assert (status, told["code"]) == (400, "invalid")
    assert not Payment.objects.exists()


def test_the_same_check_is_not_added_twice_by_mistake(program: Caller) -> None:
    """E4: told by its reference; said on purpose, it is added."""
    program.order(number="9")
    check = {"amount": 100, "method": "check", "reference": "#104"}
    assert program.post("/orders/9/payments", check)[0] == 201
    status, told = program.post("/orders/9/payments", check)
    assert (status, told["code"]) == (409, "looks_repeated")
    assert program.post("/orders/9/payments", check | {"even_if_alike": True})[0] == 201
    cash = {"amount": 100, "method": "cash"}
    assert [program.post("/orders/9/payments", cash)[0] for _ in range(2)] == [201, 201]


def test_a_reversal_needs_a_reason_and_keeps_both_lines(program: Caller) -> None:
    """Requirements 2.15, N6."""
    program.order(number="9")
    _, payment = program.post("/orders/9/payments", {"amount": 40_000, "method": "check"})
    path = f"/payments/{payment['id']}/reversal"
    assert program.post(path)[0] == 422
    assert list(fields(program.post(path, {"reason": " "})[1])) == ["reason"]
    assert list(fields(program.post(path, {"reason": "x", "amount": 1})[1])) == ["amount"]
    assert list(fields(program.post(path, {"reason": "x", "reduce_order": True})[1])) == ["reduce_order"]
    status, told = program.post(path, {"reason": "The check bounced", "amount": 40_000})
    assert (status, told["status"], told["reversal_reason"]) == (200, "reversed", "The check bounced")
    assert program.post(path, {"reason": "Again"}) == (200, told)
    _, order = program.get("/orders/9")
    assert (order["amount_paid"], order["balance_due"], order["payments"]) == (0, 110_528, [told])


def test_a_card_payment_cannot_be_reversed(program: Caller) -> None:
    order = makers.make_order(program.account)
    payment = makers.make_payment(order, 100)
    Payment.objects.filter(pk=payment.pk).update(method="card")
    status, told = program.post(f"/payments/{payment.public_id}/reversal", {"reason": "Mistake"})
    assert (status, told["code"]) == (409, "not_reversible")


def test_money_on_its_way_holds_a_payment_up(transactional_db: None, program: Caller) -> None:
    """Requirements 3.13: pending is neither paid nor payable."""
    order = makers.make_order(program.account)
    makers.make_attempt(order, state="pending", next_check_at=timezone.now() + timedelta(hours=1))
    status, told = program.post(f"/orders/{order.number}/payments", {"amount": 100, "method": "cash"})
    assert (status, told["code"]) == (409, "payment_in_progress")
    _, seen = program.get(f"/orders/{order.number}")
    assert (seen["amount_pending"], seen["why_not"]) == (110_528, "payment_in_progress")
