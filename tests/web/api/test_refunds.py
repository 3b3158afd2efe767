"""Refunds by API."""

from typing import Any

import pytest

from balancedue.actions.settle import settle
from balancedue.actions.settle_refund import settle_refund
from balancedue.models import Account, Order, Payment, Refund
from balancedue.processors.base import Kind, Outcome
from balancedue.rules.actor import PROCESSOR
from tests.makers import make_attempt, make_payment
from tests.web.api.caller import Caller, fields

BODY = {"reason": "requested_by_customer"}


def _order(program: Caller) -> Order:
    program.order(number="9")
    return Order.objects.select_related("account").get(account=program.account, number="9")


def _cash(program: Caller, minor: int = 40_000) -> Payment:
    return make_payment(_order(program), minor, method="cash")


def _card(program: Caller) -> Payment:
    """Paid by card, at a processor that answers nobody."""
    attempt = make_attempt(_order(program), state="waiting")
    settle(attempt, Outcome(Kind.PAID, received=attempt.amount), by=PROCESSOR)
    return Payment.objects.get()


def test_a_part_is_refunded_and_due_again(program: Caller) -> None:
    """Requirements.md 3.10, M1: total - paid = due, and paid is net of what was refunded."""
    payment = _cash(program)
    status, told = program.post(f"/payments/{payment.public_id}/refunds", BODY | {"amount": 15_000, "note": "Late"})
    assert status == 201
    assert told["payment_id"] == payment.public_id
    assert (told["status"], told["amount"], told["currency"], told["reason"], told["note"]) == (
        "succeeded", 15_000, "USD", "requested_by_customer", "Late",
    )  # fmt: skip
    _, order = program.get("/orders/9")
    assert (order["total"], order["amount_paid"], order["balance_due"]) == (110_528, 25_000, 85_528)
    assert order["payments"][0]["refunds"] == [told]
    assert order["payments"][0]["refundable"] == 25_000


def test_without_an_amount_all_that_is_left_goes_back(program: Caller) -> None:
    """Contract.md."""
    path = f"/payments/{_cash(program).public_id}/refunds"
    program.post(path, BODY | {"amount": 15_000})
    assert program.post(path, BODY)[1]["amount"] == 25_000
    status, problem = program.post(path, BODY)
    assert (status, problem["code"], problem["detail"]) == (409, "more_than_refundable", "This payment is refunded.")


def test_the_order_is_reduced_where_asked(program: Caller) -> None:
    """Requirements.md 3.10."""
    payment = _cash(program, 110_528)
    _, told = program.post(f"/payments/{payment.public_id}/refunds", BODY | {"amount": 528, "reduce_order": True})
    assert told["reduces_order"] is True
    _, order = program.get("/orders/9")
    assert (order["total"], order["amount_paid"], order["balance_due"]) == (110_000, 110_000, 0)


def test_the_same_key_refunds_once(program: Caller) -> None:
    """S41, E7."""
    path = f"/payments/{_cash(program).public_id}/refunds"
    first = program.post(path, BODY | {"amount": 100}, key="k")
    assert program.post(path, BODY | {"amount": 100}, key="k") == first
    assert Refund.objects.count() == 1
    assert program.post(path, BODY | {"amount": 200}, key="k")[1]["code"] == "idempotency_conflict"


def test_more_than_was_paid_is_refused(program: Caller) -> None:
    """N9: in words, with the field."""
    status, problem = program.post(f"/payments/{_cash(program).public_id}/refunds", BODY | {"amount": 40_001})
    assert (status, problem["code"], list(fields(problem))) == (409, "more_than_refundable", ["amount"])
    assert problem["detail"] == "At most $400.00 of this payment can be refunded."


def test_a_reversed_payment_is_refused(program: Caller) -> None:
    payment = _cash(program)
    program.post(f"/payments/{payment.public_id}/reversal", {"reason": "Bounced"})
    status, problem = program.post(f"/payments/{payment.public_id}/refunds", BODY | {"amount": 1})
    assert (status, problem["code"]) == (409, "not_refundable")


def test_a_refunded_payment_is_not_reversed(program: Caller) -> None:
    payment = _cash(program)
    program.post(f"/payments/{payment.public_id}/refunds", BODY | {"amount": 1})
    status, problem = program.post(f"/payments/{payment.public_id}/reversal", {"reason": "Bounced"})
    assert (status, problem["code"]) == (409, "not_reversible")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": 0}, "amount"),
        ({"amount": -1}, "amount"),
        ({"amount": 1.5}, "amount"),
        ({"reason": ""}, "reason"),
        ({"reason": "fun"}, "reason"),
        ({"reduce_order": "yes"}, "reduce_order"),
        ({"note": "x" * 501}, "note"),
        ({"to": "me"}, "to"),
    ],
)
def test_what_is_wrong_is_said_field_by_field(program: Caller, change: dict[str, Any], field: str) -> None:
    """M8."""
    status, problem = program.post(f"/payments/{_cash(program).public_id}/refunds", BODY | change)
    assert (status, list(fields(problem))) == (422, [field])
    assert not Refund.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_processor_that_does_not_answer_leaves_it_unknown(program: Caller) -> None:
    """N14: 201, and the status says what is known; later it says more."""
    payment = _card(program)
    status, told = program.post(f"/payments/{payment.public_id}/refunds", BODY | {"amount": 500})
    assert (status, told["status"], told["ended_at"]) == (201, "unknown", None)
    settle_refund(Refund.objects.get(), Outcome(Kind.PENDING, reference="re_1"), by=PROCESSOR)
    _, order = program.get("/orders/9")
    assert order["payments"][0]["refunds"][0]["status"] == "pending"
    assert order["balance_due"] == 500


@pytest.mark.django_db(transaction=True)
def test_a_refund_the_processor_refuses_is_a_problem(program: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing moved; the same call may be sent again once the cause is gone."""
    payment = _card(program)
    no = Outcome(Kind.REFUSED, code="processor_refused", detail="charge disputed")
    path = f"/payments/{payment.public_id}/refunds"
    with monkeypatch.context() as refusing:
        refusing.setattr("balancedue.actions.refund.start_refund", lambda refund: no)
        status, problem = program.post(path, BODY, key="k")
    assert (status, problem["code"]) == (409, "not_refundable")
    assert "charge disputed" in problem["detail"]
    assert program.post(path, BODY, key="k")[0] == 201


def test_another_shops_payment_is_not_there(program: Caller, stranger: Caller) -> None:
    """N12."""
    payment = _cash(program)
    assert stranger.post(f"/payments/{payment.public_id}/refunds", BODY)[0] == 404
    assert Account.objects.count() == 2
    assert not Refund.objects.exists()
