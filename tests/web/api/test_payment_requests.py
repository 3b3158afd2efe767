"""Payment requests by API: sent, looked at, withdrawn, refused."""

from typing import Any

import pytest
from django.test import Client

from balancedue.models import Delivery, PaymentRequest, ProcessorConnection
from tests import makers
from tests.web.api.caller import Caller, fields


def test_a_request_goes_to_the_contact_for_the_whole_balance(program: Caller) -> None:
    """S2, S11, S19, M5: without `to` the contact's address, without `notify` nobody."""
    order = program.order(number="9")
    status, told = program.post("/orders/9/payment-requests")
    assert status == 201
    assert (told["order_id"], told["amount_at_sending"], told["currency"]) == (order["id"], 110_528, "USD")
    assert (told["to"], told["cc"], told["notify"]) == (["dana@riverside-hs.example"], [], [])
    assert [(row["to"], row["status"]) for row in told["deliveries"]] == [("dana@riverside-hs.example", "waiting")]
    assert told["status"] == "holding"
    assert program.last.headers["Location"] == f"/api/v1/payment-requests/{told['id']}"
    assert program.get(f"/payment-requests/{told['id']}") == (200, told)
    assert program.get("/orders/9")[1]["payment_requests"] == [told]
    assert PaymentRequest.objects.get().sent_by_key == program.key


def test_copies_message_and_notification_are_kept(program: Caller) -> None:
    """S12-S14, S16-S18, M5."""
    program.order(number="9")
    body: dict[str, Any] = {
        "to": ["dana@riverside-hs.example", "DANA@riverside-hs.example"],
        "cc": ["pat@riverside-hs.example", "sam@riverside-hs.example"],
        "message": "The balance\nbefore we print.",
        "notify": ["priya@foxgloveprint.example"],
    }
    _, told = program.post("/orders/9/payment-requests", body)
    assert told["to"] == ["dana@riverside-hs.example"]
    assert {name: told[name] for name in ("cc", "message", "notify")} == {
        n: body[n] for n in ("cc", "message", "notify")
    }
    assert [row["to"] for row in told["deliveries"]] == [*told["to"], *told["cc"]]


def test_the_link_opens_that_invoice_and_no_other(program: Caller) -> None:
    """M4, S23."""
    order = program.order(number="9")
    _, told = program.post("/orders/9/payment-requests")
    path = told["invoice_url"].removeprefix("http://localhost:8000")
    opened = Client().get(path)
    assert opened.status_code == 200
    assert f"INV-{order['number']}" in opened.content.decode()
    assert Client().get(path[:-2] + ("A/" if path[-2] != "A" else "B/")).status_code == 404


def test_no_amount_can_be_asked_but_the_balance(program: Caller) -> None:
    """S30: no deposit, no lesser amount."""
    program.order(number="9")
    for body in ({"amount": 5000}, {"deposit": 5000}, {"percent": 50}):
        status, told = program.post("/orders/9/payment-requests", body)
        assert (status, list(fields(told))) == (422, list(body))
    assert not PaymentRequest.objects.exists()
    program.post("/orders/9/payments", {"amount": 40_000, "method": "cash"})
    assert program.post("/orders/9/payment-requests")[1]["amount_at_sending"] == 70_528


def test_a_part_paid_order_qualifies(program: Caller) -> None:
    """S3, S9: what remains is what counts."""
    program.order(number="9")
    program.post("/orders/9/payments", {"amount": 110_000, "method": "cash"})
    _, told = program.get("/orders/9")
    assert (told["balance_due"], told["can_request_payment"], told["why_not"]) == (528, True, None)
    assert program.post("/orders/9/payment-requests")[0] == 201


def _nothing_due(program: Caller) -> None:
    program.post("/orders/9/payments", {"amount": 110_528, "method": "cash"})


def _overpaid(program: Caller) -> None:
    program.post("/orders/9/payments", {"amount": 110_529, "method": "cash"})


def _cancelled(program: Caller) -> None:
    program.post("/orders/9/cancellation")


def _no_processor(program: Caller) -> None:
    ProcessorConnection.objects.update(is_enabled=False)


def _paypal_only(program: Caller) -> None:
    ProcessorConnection.objects.update(is_enabled=False)
    makers.make_connection(program.account, kind="paypal_express")


def _below_minimum(program: Caller) -> None:
    program.post("/orders/9/payments", {"amount": 110_500, "method": "cash"})


def _broken(program: Caller) -> None:
    ProcessorConnection.objects.update(broken_at="2026-11-20T10:00:00Z")


@pytest.mark.parametrize(
    ("bring_about", "code"),
    [
        (_nothing_due, "nothing_due"),
        (_overpaid, "nothing_due"),
        (_cancelled, "order_cancelled"),
        (_no_processor, "no_processor"),
        (_paypal_only, "processor_not_compatible"),
        (_below_minimum, "below_minimum"),
        (_broken, "processor_broken"),
    ],
)
def test_a_closed_gate_refuses_with_the_code_the_order_told(program: Caller, bring_about: Any, code: str) -> None:
    """S4, S5, S6, S7: one answer for button and API."""
    program.order(number="9")
    bring_about(program)
    _, order = program.get("/orders/9")
    assert (order["can_request_payment"], order["why_not"]) == (False, code)
    status, told = program.post("/orders/9/payment-requests")
    assert (status, told["code"]) == (409, code)
    assert told["detail"].endswith(".")
    assert not PaymentRequest.objects.exists()
    assert not Delivery.objects.filter(kind="payment_request").exists()


def test_stripe_beside_paypal_express_makes_it_usable(program: Caller) -> None:
    """S8."""
    makers.make_connection(program.account, kind="paypal_express")
    assert program.order(number="9")["can_request_payment"] is True


def test_an_order_that_comes_to_zero_owes_nothing(program: Caller) -> None:
    """Requirements 3.8."""
    order = program.order(number="9", lines=[{"description": "Sample", "quantity": 1, "unit_price": 0}])
    assert (order["total"], order["why_not"]) == (0, "nothing_due")
    assert program.post("/orders/9/payment-requests")[1]["code"] == "nothing_due"


def test_bad_addresses_are_all_named_and_nothing_is_sent(program: Caller) -> None:
    """M8."""
    program.order(number="9")
    body = {"to": ["dana@riverside"], "cc": ["x", "pat@riverside-hs.example"], "notify": ["@y.example"]}
    status, told = program.post("/orders/9/payment-requests", body)
    assert (status, set(fields(told))) == (422, {"to", "cc", "notify"})
    assert "dana@riverside" in fields(told)["to"]
    assert not PaymentRequest.objects.exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"to": []}, "to"),
        ({"to": "dana@riverside-hs.example"}, "to"),
        ({"to": [f"{n}@b.example" for n in range(6)]}, "to"),
        ({"cc": [f"{n}@b.example" for n in range(11)]}, "cc"),
        ({"notify": [f"{n}@b.example" for n in range(6)]}, "notify"),
        ({"to": ["a@b.example\r\nBcc: c@d.example"]}, "to.0"),
        ({"to": [7]}, "to.0"),
        ({"message": "x" * 2001}, "message"),
        ({"message": "\x07"}, "message"),
        ({"subject": "Pay"}, "subject"),
    ],
)
def test_a_request_that_cannot_be_is_named(program: Caller, body: dict[str, Any], field: str) -> None:
    """M8, S14: 1-5 addresses, 10 copies, 5 notices, 2,000 characters."""
    program.order(number="9")
    status, told = program.post("/orders/9/payment-requests", body)
    assert (status, list(fields(told))) == (422, [field])


def test_an_order_without_a_customer_asks_for_an_address(program: Caller) -> None:
    program.order(number="9", contact=None)
    status, told = program.post("/orders/9/payment-requests")
    assert (status, list(fields(told))) == (422, ["to"])
    assert program.post("/orders/9/payment-requests", {"to": ["a@b.example"], "notify": []})[0] == 201


def test_a_second_request_supersedes_the_first(program: Caller) -> None:
    """Requirements 2.4."""
    program.order(number="9")
    _, first = program.post("/orders/9/payment-requests")
    _, second = program.post("/orders/9/payment-requests")
    _, told = program.get("/orders/9")
    assert [(row["id"], row["status"]) for row in told["payment_requests"]] == [
        (second["id"], "holding"), (first["id"], "superseded"),
    ]  # fmt: skip


def test_a_withdrawn_link_opens_nothing(program: Caller) -> None:
    program.order(number="9")
    _, told = program.post("/orders/9/payment-requests")
    status, withdrawn = program.post(f"/payment-requests/{told['id']}/withdrawal")
    assert (status, withdrawn["status"], withdrawn["invoice_url"]) == (200, "withdrawn", None)
    assert [row["status"] for row in withdrawn["deliveries"]] == ["dropped"]
    assert Client().get(told["invoice_url"].removeprefix("http://localhost:8000")).status_code == 404
    assert program.post(f"/payment-requests/{told['id']}/withdrawal", {}) == (200, withdrawn)
