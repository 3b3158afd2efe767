"""Disputes by API: on the order and on its payment, and in the way of refunds."""

from datetime import datetime
from typing import Any

from balancedue.actions.settle import settle
from balancedue.models import Order, PaymentAttempt
from balancedue.processors.base import Kind, Outcome
from balancedue.rules.actor import PROCESSOR
from balancedue.rules.money import Money
from tests.makers import make_attempt, make_dispute
from tests.web.api.caller import Caller


def _paid(program: Caller) -> PaymentAttempt:
    program.order(number="9")
    attempt = make_attempt(Order.objects.get(account=program.account, number="9"), state="waiting")
    return settle(attempt, Outcome(Kind.PAID, received=attempt.amount), by=PROCESSOR)


def _order(program: Caller) -> Any:
    return program.get("/orders/9")[1]


def test_an_order_and_its_payment_say_what_is_disputed(program: Caller) -> None:
    """Requirements.md 3.27: still paid, and nothing can be refunded."""
    attempt = _paid(program)
    assert _order(program)["disputes"] == []
    dispute = make_dispute(attempt, reason="not_received", reference="dp_7")
    told = _order(program)
    [listed] = told["disputes"]
    assert told["payments"][0]["disputes"] == [listed]
    assert (told["balance_due"], told["payments"][0]["refundable"]) == (0, 0)
    assert dispute.due_at is not None
    assert datetime.fromisoformat(listed.pop("due_at")) == dispute.due_at
    assert datetime.fromisoformat(listed.pop("opened_at")) == dispute.opened_at
    assert listed == {
        "id": dispute.public_id,
        "payment_id": told["payments"][0]["id"],
        "order_id": told["id"],
        "status": "needs_response",
        "amount": 110_528,
        "currency": "USD",
        "withdrawn": 110_528,
        "reason": "not_received",
        "blocks_refunds": True,
        "evidence_sent": False,
        "processor_reference": "dp_7",
        "does_not_fit": "",
        "closed_at": None,
    }
    path = f"/payments/{told['payments'][0]['id']}/refunds"
    status, problem = program.post(path, {"reason": "other", "amount": 5})
    assert (status, problem["code"]) == (409, "payment_disputed")


def test_a_lost_dispute_is_due_again(program: Caller) -> None:
    attempt = _paid(program)
    make_dispute(attempt, state="lost", withdrawn=Money(40_000, "USD"), amount=Money(40_000, "USD"))
    told = _order(program)
    assert (told["balance_due"], told["amount_paid"], told["disputes"][0]["status"]) == (40_000, 70_528, "lost")
    assert told["disputes"][0]["closed_at"] is not None


def test_what_does_not_fit_says_so(program: Caller) -> None:
    make_dispute(_paid(program), state="lost", amount=Money(7, "EUR"), withdrawn=Money(7, "EUR"))
    told = _order(program)
    assert (told["balance_due"], told["disputes"][0]["currency"]) == (0, "EUR")
    assert told["disputes"][0]["does_not_fit"] == "it is about 0.07 EUR, the payment in USD"
