"""Idempotency-Key: sent twice, done once."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from balancedue.models import Order, Payment, PaymentRequest, SavedAnswer
from tests.web.api.caller import Caller

LINES = [{"description": "Hoodie", "quantity": 1, "unit_price": 2500}]


def test_every_post_needs_a_key(program: Caller) -> None:
    """And says so in words."""
    for key in ("", None):
        headers = {} if key is None else {"Idempotency-Key": key}
        status, told = program.call(
            "POST", "/orders", data='{"lines": [{"description": "x", "quantity": 1, "unit_price": 1}]}', headers=headers
        )
        assert (status, told["code"], told["errors"][0]["field"]) == (400, "invalid", "Idempotency-Key")
    assert not Order.objects.exists()


def test_the_same_call_gets_the_same_answer(program: Caller) -> None:
    """M3."""
    first = program.post("/orders", {"lines": LINES}, key="one")
    assert "Idempotency-Replayed" not in program.last.headers
    again = program.post("/orders", {"lines": LINES}, key="one")
    assert (first[0], again) == (201, first)
    assert program.last.headers["Idempotency-Replayed"] == "true"
    assert Order.objects.count() == 1


def test_a_replay_is_the_answer_of_then_not_of_now(program: Caller) -> None:
    _, first = program.post("/orders", {"lines": LINES}, key="one")
    program.patch(f"/orders/{first['id']}", {"discount": 100})
    assert program.post("/orders", {"lines": LINES}, key="one")[1] == first


@pytest.mark.parametrize("body", [{"lines": LINES, "discount": 1}, {"lines": LINES * 2}])
def test_other_content_under_the_same_key_is_a_conflict(program: Caller, body: dict[str, Any]) -> None:
    program.post("/orders", {"lines": LINES}, key="one")
    status, told = program.post("/orders", body, key="one")
    assert (status, told["code"]) == (409, "idempotency_conflict")
    assert Order.objects.count() == 1


def test_another_address_under_the_same_key_is_a_conflict(program: Caller) -> None:
    program.order(number="1")
    program.order(number="2")
    assert program.post("/orders/1/cancellation", key="one")[0] == 200
    assert program.post("/orders/2/cancellation", key="one")[1]["code"] == "idempotency_conflict"


def test_a_key_is_the_accounts_own(program: Caller, stranger: Caller) -> None:
    """N12."""
    mine = program.post("/orders", {"lines": LINES}, key="one")[1]
    theirs = stranger.post("/orders", {"lines": LINES}, key="one")[1]
    assert mine["id"] != theirs["id"]


@pytest.mark.parametrize("key", ["x" * 256, "a\tb"])
def test_a_key_that_is_none_is_refused(program: Caller, key: str) -> None:
    status, told = program.post("/orders", {"lines": LINES}, key=key)
    assert (status, told["errors"][0]["field"]) == (422, "Idempotency-Key")


def test_a_refusal_is_not_kept(program: Caller) -> None:
    """The same key may be sent again once the cause is gone."""
    program.order(number="9")
    program.post("/orders/9/payments", {"amount": 110_528, "method": "cash"})
    assert program.post("/orders/9/payment-requests", key="one")[1]["code"] == "nothing_due"
    program.patch("/orders/9", {"shipping": 5000})
    assert program.post("/orders/9/payment-requests", key="one")[0] == 201


def test_a_call_still_at_work_is_not_done_a_second_time(program: Caller) -> None:
    program.post("/orders", {"lines": LINES}, key="one")
    SavedAnswer.objects.filter(key="one").update(status=None, body="", created_at=timezone.now())
    status, told = program.post("/orders", {"lines": LINES}, key="one")
    assert (status, told["code"]) == (409, "idempotency_conflict")
    assert Order.objects.count() == 1


def test_what_was_done_before_we_died_is_found_again(program: Caller) -> None:
    """The deed was written, the answer was not: sent again, each deed is recognised."""

    def die_before_answering() -> None:
        SavedAnswer.objects.exclude(status=201, fingerprint="").update(
            status=None, body="", created_at=timezone.now() - timedelta(hours=1)
        )

    calls: list[tuple[str, Any]] = [
        ("/orders", {"number": "", "lines": LINES}),
        ("/orders/1001/payments", {"amount": 5, "method": "cash"}),
        ("/orders/1001/payment-requests", {"to": ["a@b.example"]}),
    ]
    calls[0] = ("/orders", {"lines": LINES})
    for path, body in calls:
        first = program.post(path, body, key=path)
        die_before_answering()
        again = program.post(path, body, key=path)
        assert (first[0], again[0], again[1]["id"]) == (201, 201, first[1]["id"])
    assert (Order.objects.count(), Payment.objects.count(), PaymentRequest.objects.count()) == (1, 1, 1)
