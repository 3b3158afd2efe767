"""Stripe, or the way to it, misbehaves."""

import socket
import time
from collections.abc import Callable, Iterator

import pytest

from balancedue.processors.base import Kind, Outcome
from balancedue.processors.stripe import SANDBOX, StripeProcessor
from balancedue.processors.stripe import deadline as deadlines
from balancedue.rules.money import Money
from tests.ports import free_port
from tests.processors.loopback import (
    Answer,
    Loopback,
    answer,
    drip_body,
    drip_head,
    error,
    half,
    loopback,
    reset,
    silence,
)
from tests.processors.objects import charge, fixture, intent, paid_intent, processor

FAULTS: dict[str, Answer] = {
    "silence": silence,
    "reset": reset,
    "half": half,
    "drip in the body": drip_body,
    "drip in the head": drip_head,
    "500": answer(500, {"error": {"type": "api_error", "message": "Sorry."}}),
    "502 in HTML": answer(502, b"<html>Bad gateway</html>"),
    "503": answer(503, {"error": {"type": "api_error"}}, Stripe_Should_Retry="false"),
    "429": answer(429, {"error": {"type": "invalid_request_error", "code": "rate_limit"}}, Retry_After="60"),
    "409": error(409, type="idempotency_error", code="idempotency_key_in_use"),
    "400 in HTML": answer(400, b"<html>Nonsense</html>"),
    "same key, other body": error(400, type="idempotency_error"),
    "garbage": answer(200, b"\xff\xfe{not json"),
    "a list": answer(200, []),
    "a string": answer(200, b'"pi_1"'),
    "null": answer(200, b"null"),
    "nothing": answer(200, b""),
    "another object": answer(200, {"id": "cus_1", "object": "customer"}),
    "an error that is a word": answer(400, {"error": "no"}),
    "not HTTP": lambda sock, over: sock.sendall(b"SSH-2.0-OpenSSH\r\n"),
}
CALLS: dict[str, Callable[[StripeProcessor], Outcome]] = {
    "start": lambda stripe: stripe.start(charge()),
    "look_up": lambda stripe: stripe.look_up("pi_1"),
    "look_up of a refund": lambda stripe: stripe.look_up("re_1"),
    "find": lambda stripe: stripe.find("att_1"),
    "cancel": lambda stripe: stripe.cancel("pi_1"),
    "refund": lambda stripe: stripe.refund("pi_1", Money(100, "USD"), "key"),
}


@pytest.fixture(scope="module")
def server() -> Iterator[Loopback]:
    with loopback() as running:
        yield running


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("fault", FAULTS)
def test_not_hearing_is_unknown_and_soon_over(server: Loopback, fault: str, call: str) -> None:
    """N14, C3: no FAILED, no exception, and the worker is free within the deadline (here 0.9 s)."""
    server.will(FAULTS[fault])
    began = time.monotonic()
    outcome = CALLS[call](processor(server.origin))
    assert outcome.kind is Kind.UNKNOWN
    assert outcome.detail
    assert time.monotonic() - began < 1.6


def test_nobody_listens() -> None:
    """N14, C3."""
    outcome = processor(f"http://127.0.0.1:{free_port()}").start(charge())
    assert outcome.kind is Kind.UNKNOWN


def test_a_name_look_up_that_hangs_is_cut_too(server: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    """C3: the system's look-up knows no timeout."""
    monkeypatch.setattr(deadlines.socket, "getaddrinfo", lambda *_, **__: time.sleep(2) or [])
    began = time.monotonic()
    assert processor(server.origin).start(charge()).kind is Kind.UNKNOWN
    assert time.monotonic() - began < 1.6


def test_the_real_deadlines_leave_a_worker_free_within_13_s() -> None:
    """C3."""
    assert deadlines.CONNECT_S == 3
    assert deadlines.READ_S == 10
    assert deadlines.TOTAL_S <= 13


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (error(401), "processor_key_rejected"),
        (error(403), "processor_key_rejected"),
        (error(400, code="amount_too_small", param="amount"), "below_minimum"),
        (error(400, code="amount_too_large", param="amount"), "above_maximum"),
        (error(400, param="currency"), "currency_not_supported"),
        (error(400, code="parameter_unknown", param="colour"), "processor_refused"),
        (error(404), "processor_refused"),
    ],
)
def test_a_clear_no_at_the_start_is_a_refusal(server: Loopback, said: Answer, code: str) -> None:
    """C3: nothing was made, and we know it."""
    server.will(said)
    outcome = processor(server.origin).start(charge())
    assert (outcome.kind, outcome.code) == (Kind.REFUSED, code)
    assert "req_told" in outcome.detail


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (error(400, code="charge_already_refunded"), "already_refunded"),
        (error(400, code="charge_disputed"), "payment_disputed"),
        (error(400, param="amount"), "more_than_refundable"),
        (error(401), "processor_key_rejected"),
        (error(404, code="resource_missing"), "processor_refused"),
    ],
)
def test_a_clear_no_to_a_refund_is_a_refusal(server: Loopback, said: Answer, code: str) -> None:
    """E7."""
    server.will(said)
    outcome = processor(server.origin).refund("pi_1", Money(100, "USD"), "key")
    assert (outcome.kind, outcome.code) == (Kind.REFUSED, code)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (error(401), "processor_key_rejected"),
        (error(403), "processor_key_rejected"),
        (error(404, code="resource_missing"), "not_found"),
    ],
)
def test_a_no_to_a_look_up_leaves_the_money_in_doubt(server: Loopback, said: Answer, code: str) -> None:
    """N14, requirements.md 3.28: a rolled key says nothing about the payment."""
    server.will(said)
    outcome = processor(server.origin).look_up("pi_1")
    assert (outcome.kind, outcome.code, outcome.reference) == (Kind.UNKNOWN, code, "")


def test_a_lost_first_answer_is_asked_for_again_with_the_same_key(server: Loopback) -> None:
    """C2: the key is ours, stored before the call."""
    server.asked.clear()
    server.will(reset, answer(200, intent()))
    stripe = processor(server.origin, read_s=3, total_s=6)
    assert stripe.start(charge()).kind is Kind.NEEDS_CUSTOMER
    assert [asked.headers["idempotency-key"] for asked in server.asked] == [charge().key] * 2


def test_told_to_come_back_it_does_once(server: Loopback) -> None:
    """C3."""
    server.asked.clear()
    server.will(answer(429, {"error": {"type": "invalid_request_error", "code": "rate_limit"}}), answer(200, intent()))
    assert processor(server.origin, read_s=3, total_s=6).start(charge()).kind is Kind.NEEDS_CUSTOMER
    assert len(server.asked) == 2


def test_told_when_to_come_back_it_waits_as_long(server: Loopback) -> None:
    """C3: Retry-After within what the deadline leaves is kept."""
    server.asked.clear()
    busy = answer(429, {"error": {"type": "invalid_request_error", "code": "rate_limit"}}, Retry_After="1")
    server.will(busy, answer(200, intent()))
    began = time.monotonic()
    assert processor(server.origin, read_s=3, total_s=6).start(charge()).kind is Kind.NEEDS_CUSTOMER
    assert time.monotonic() - began >= 1


@pytest.mark.parametrize("told", ["60", "99999999999", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_told_to_come_back_much_later_it_does_not_wait(server: Loopback, told: str) -> None:
    """C3: the worker is free at once; a date, which Stripe never sends, counts as not said."""
    server.asked.clear()
    busy = answer(503, {"error": {"type": "api_error"}}, Retry_After=told)
    server.will(busy)
    assert processor(server.origin, read_s=3, total_s=6).start(charge()).kind is Kind.UNKNOWN
    assert len(server.asked) == (1 if told.isdigit() else 2)


def test_a_peer_without_tls_is_unknown(server: Loopback) -> None:
    """C3: the handshake fails, within the deadline."""
    server.will(answer(200, intent()))
    began = time.monotonic()
    assert processor(server.origin.replace("http://", "https://")).start(charge()).kind is Kind.UNKNOWN
    assert time.monotonic() - began < 1.6


def test_a_name_that_nobody_knows_is_unknown(server: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    """C3: DNS says no."""

    def not_known(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "not known")

    monkeypatch.setattr(deadlines.socket, "getaddrinfo", not_known)
    outcome = processor(server.origin).start(charge())
    assert (outcome.kind, outcome.code) == (Kind.UNKNOWN, "")


def test_too_late_to_cancel_says_what_it_is_instead(server: Loopback) -> None:
    """Design rule 7: other money paths stop when the payment went through."""
    server.will(error(400, code="payment_intent_unexpected_state"), answer(200, paid_intent()))
    outcome = processor(server.origin).cancel("pi_1")
    assert (outcome.kind, outcome.received) == (Kind.PAID, Money(1099, "USD"))


def test_a_cancelled_object_is_cancelled(server: Loopback) -> None:
    """N4."""
    server.will(answer(200, intent(status="canceled", cancellation_reason="abandoned")))
    assert processor(server.origin).cancel("pi_1").kind is Kind.CANCELLED


def _page(*intents: dict[str, object], has_more: bool = False) -> Answer:
    return answer(200, {"object": "list", "url": "/v1/payment_intents", "data": list(intents), "has_more": has_more})


def test_an_object_is_found_by_our_own_id_on_a_later_page(server: Loopback) -> None:
    """C1: the reference was never heard."""
    server.asked.clear()
    other = intent(id="pi_other") | {"metadata": {"attempt": "att_other"}}
    server.will(_page(other, has_more=True), _page(intent()), answer(200, paid_intent()))
    outcome = processor(server.origin).find("att_1")
    assert (outcome.kind, outcome.attempt_id) == (Kind.PAID, "att_1")
    assert ("starting_after", "pi_other") in server.asked[1].pairs


def test_an_object_that_is_not_listed_is_unknown_not_absent(server: Loopback) -> None:
    """N14."""
    server.will(_page(fixture("payment_intent")))
    outcome = processor(server.origin).find("att_1")
    assert (outcome.kind, outcome.code) == (Kind.UNKNOWN, "not_found")


def test_a_list_without_end_is_given_up(server: Loopback) -> None:
    """C3."""
    server.will(_page(fixture("payment_intent"), has_more=True))
    outcome = processor(server.origin, read_s=3, total_s=6).find("att_1")  # time for every page, on a busy machine too
    assert (outcome.kind, outcome.code) == (Kind.UNKNOWN, "search_incomplete")


def test_no_secret_is_in_what_staff_and_logs_see(server: Loopback, caplog: pytest.LogCaptureFixture) -> None:
    """R20."""
    caplog.set_level("DEBUG")
    secret = intent()["client_secret"].partition("_secret_")[2]
    server.will(answer(200, intent()), answer(500, intent()), error(400, message=intent()["client_secret"]))
    stripe = processor(server.origin)
    outcomes = [stripe.start(charge()) for _ in range(3)]
    seen = repr(outcomes) + repr(stripe) + caplog.text
    assert secret not in seen
    assert "sk_test_4eC39" not in seen


def test_what_is_no_key_is_not_put_into_a_header(server: Loopback) -> None:
    """C3: it ends like a rolled key."""
    server.asked.clear()
    server.will(error(401))
    stripe = SANDBOX.open({"secret_key": "sk_test_ü\r\nX-Evil: y", "api_base": server.origin})
    outcome = stripe.start(charge())
    assert (outcome.kind, outcome.code) == (Kind.REFUSED, "processor_key_rejected")
    assert "x-evil" not in server.asked[0].headers
    assert server.asked[0].headers["authorization"] == "Bearer sk_test_missing"
