"""The same processor against the stand-in, over HTTP."""

import json
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from uuid import uuid4

import pytest

from balancedue.processors import registry
from balancedue.processors.base import Charge, Kind, Outcome, Processor
from balancedue.rules.money import Money
from tests.processors.objects import charge
from tests.servers import Sandbox, start_sandbox


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    running = start_sandbox(Path(tmp_path_factory.mktemp("sandbox")), "http://localhost:1")
    yield running
    running.stop()


@pytest.fixture
def calm(sandbox: Sandbox) -> Iterator[Sandbox]:
    yield sandbox
    sandbox.faults(mode="none", webhooks="on")


@pytest.fixture
def connection(sandbox: Sandbox) -> Processor:
    maker = registry.maker("sandbox")
    credentials = {
        "secret_key": sandbox.secret_key,
        "publishable_key": sandbox.publishable_key,
        "api_base": sandbox.url,
    }
    assert maker.problems(credentials) == {}
    return maker.open(credentials)


def _new(minor: int = 1099, currency: str = "USD") -> Charge:
    attempt = f"att_{uuid4().hex}"
    return charge(minor, currency, attempt_id=attempt, key=f"acc_1:ord_1:1:{attempt}:start")


def _pay(sandbox: Sandbox, outcome: Outcome, card: str = "pm_card_visa") -> None:
    """What the payer's browser does."""
    form = urllib.parse.urlencode({"payment_method": card, "return_url": "http://localhost:1/back"})
    address = f"{sandbox.url}/v1/payment_intents/{outcome.reference}/confirm"
    request = urllib.request.Request(address, form.encode(), {"Authorization": f"Bearer {sandbox.secret_key}"})
    try:
        status = urllib.request.urlopen(request, timeout=10).status
    except urllib.error.HTTPError as refused:
        status = refused.code
        refused.close()
    assert status in (200, 402)


def test_a_payment_from_start_to_success(sandbox: Sandbox, connection: Processor) -> None:
    """C3: amount, mode, ids, card and payer as the processor saw them."""
    asked = _new()
    started = connection.start(asked)
    assert (started.kind, started.amount, started.livemode) == (Kind.NEEDS_CUSTOMER, asked.amount, False)
    assert started.client_secret.startswith(started.reference)
    assert started.attempt_id == asked.attempt_id
    _pay(sandbox, started)
    paid = connection.look_up(started.reference)
    assert (paid.kind, paid.received, paid.card) == (Kind.PAID, Money(1099, "USD"), "Visa ending 4242")
    assert paid.attempt_id == asked.attempt_id


@pytest.mark.parametrize(
    ("card", "code"),
    [
        ("pm_card_visa_chargeDeclined", "declined"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "insufficient_funds"),
        ("pm_card_visa_chargeDeclinedStolenCard", "lost_or_stolen"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card"),
        ("pm_card_chargeDeclinedIncorrectCvc", "wrong_code"),
        ("pm_card_chargeDeclinedProcessingError", "processing_error"),
    ],
)
def test_declined_then_paid_with_another_card(sandbox: Sandbox, connection: Processor, card: str, code: str) -> None:
    """C5, N4: the same object, and the second card is not poisoned by the first."""
    started = connection.start(_new())
    _pay(sandbox, started, card)
    declined = connection.look_up(started.reference)
    assert (declined.kind, declined.code, declined.retryable) == (Kind.DECLINED, code, True)
    assert declined.client_secret == started.client_secret
    assert declined.try_reference == connection.look_up(started.reference).try_reference != ""
    _pay(sandbox, started)
    assert connection.look_up(started.reference).kind is Kind.PAID


def test_three_d_secure_waits_for_the_payer(sandbox: Sandbox, connection: Processor) -> None:
    """C11: abandoned, it can be cancelled."""
    started = connection.start(_new())
    _pay(sandbox, started, "pm_card_authenticationRequired")
    waiting = connection.look_up(started.reference)
    assert (waiting.kind, waiting.needs_action) == (Kind.NEEDS_CUSTOMER, True)
    assert connection.cancel(started.reference).kind is Kind.CANCELLED


def test_a_slow_card_is_pending_then_paid(sandbox: Sandbox, connection: Processor) -> None:
    """N6: pending is not paid, and cannot be cancelled any more."""
    started = connection.start(_new())
    _pay(sandbox, started, "pm_card_sandboxPending")
    assert connection.look_up(started.reference).kind is Kind.PENDING
    assert connection.cancel(started.reference).kind in (Kind.PENDING, Kind.PAID)
    end = time.monotonic() + 10
    while connection.look_up(started.reference).kind is Kind.PENDING and time.monotonic() < end:
        time.sleep(0.1)
    assert connection.look_up(started.reference).kind is Kind.PAID


def test_too_late_to_cancel(sandbox: Sandbox, connection: Processor) -> None:
    """Design rule 7: the truth, not an error."""
    started = connection.start(_new())
    _pay(sandbox, started)
    assert connection.cancel(started.reference).kind is Kind.PAID
    other = connection.start(_new())
    assert [connection.cancel(other.reference).kind for _ in range(2)] == [Kind.CANCELLED] * 2


def test_the_same_key_makes_one_object(connection: Processor) -> None:
    """C2: eight at once."""
    asked = _new()
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(connection.start, [asked] * 8))
    heard = {outcome.reference for outcome in outcomes if outcome.kind is Kind.NEEDS_CUSTOMER}
    assert len(heard) == 1
    assert {outcome.kind for outcome in outcomes} <= {Kind.NEEDS_CUSTOMER, Kind.UNKNOWN}


def test_the_same_key_with_another_amount_is_unknown(connection: Processor) -> None:
    """N14: something exists under that key, so it is no refusal."""
    asked = _new()
    connection.start(asked)
    again = connection.start(
        charge(2000, "USD", attempt_id=asked.attempt_id, key=asked.key),
    )
    assert (again.kind, again.code) == (Kind.UNKNOWN, "idempotency_conflict")


def test_an_unheard_object_is_found_by_our_id(sandbox: Sandbox, connection: Processor) -> None:
    """C1: the answer was lost after the effect."""
    asked = _new()
    started = connection.start(asked)
    _pay(sandbox, started)
    found = connection.find(asked.attempt_id, since=datetime.now(UTC))
    assert (found.kind, found.reference) == (Kind.PAID, started.reference)
    assert connection.find("att_never_made").code == "not_found"


@pytest.mark.parametrize(
    ("minor", "currency", "code"),
    [
        (49, "USD", "below_minimum"),
        (10_000_000_000, "USD", "above_maximum"),
        (123_456, "UZS", "currency_not_supported"),
    ],
)
def test_refusals_have_our_codes(connection: Processor, minor: int, currency: str, code: str) -> None:
    """F1, F4."""
    outcome = connection.start(_new(minor, currency))
    assert (outcome.kind, outcome.code) == (Kind.REFUSED, code)


@pytest.mark.parametrize(
    ("minor", "currency"), [(500, "JPY"), (500, "ISK"), (17500, "HUF"), (5120, "KWD"), (99, "EUR")]
)
def test_amounts_come_back_as_they_went(connection: Processor, minor: int, currency: str) -> None:
    """F1."""
    assert connection.start(_new(minor, currency)).amount == Money(minor, currency)


def test_a_wrong_key(sandbox: Sandbox, connection: Processor) -> None:
    """requirements.md 3.28: new payments are refused, old ones stay in doubt."""
    started = connection.start(_new())
    rolled = registry.maker("sandbox").open({"secret_key": "sk_test_rolledrolled", "api_base": sandbox.url})
    refused, unknown = rolled.start(_new()), rolled.look_up(started.reference)
    assert (refused.kind, refused.code) == (Kind.REFUSED, "processor_key_rejected")
    assert (unknown.kind, unknown.code) == (Kind.UNKNOWN, "processor_key_rejected")


@pytest.mark.parametrize("mode", ["down", "reset"])
def test_trouble_is_unknown_until_it_is_over(calm: Sandbox, connection: Processor, mode: str) -> None:
    """N14."""
    asked = _new()
    calm.faults(mode=mode)
    assert connection.start(asked).kind is Kind.UNKNOWN
    assert connection.find(asked.attempt_id).kind is Kind.UNKNOWN
    calm.faults(mode="none")
    assert connection.start(asked).kind is Kind.NEEDS_CUSTOMER


class _Inbox(BaseHTTPRequestHandler):
    """Takes webhooks."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append((dict(self.headers), body))  # type: ignore[attr-defined]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


def test_webhooks_are_set_up_signed_and_name_the_attempt(sandbox: Sandbox, connection: Processor) -> None:
    """D5, D8: a signed webhook names the object and our own attempt."""
    with HTTPServer(("127.0.0.1", 0), _Inbox) as inbox:
        inbox.taken = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=inbox.serve_forever, daemon=True)
        thread.start()
        try:
            secret = connection.set_up_hook(f"http://127.0.0.1:{inbox.server_port}/hooks/con_1/").secret
            asked = _new()
            started = connection.start(asked)
            _pay(sandbox, started)
            end = time.monotonic() + 10
            while not _types(inbox) & {"payment_intent.succeeded"} and time.monotonic() < end:
                time.sleep(0.05)
        finally:
            inbox.shutdown()
            thread.join(5)
        taken = list(inbox.taken)  # type: ignore[attr-defined]
    signed = registry.maker("sandbox").open({"webhook_secret": secret, "api_base": sandbox.url})
    notes = [signed.read_hook(headers, body) for headers, body in taken]
    mine = [note for note in notes if note.attempt_id == asked.attempt_id]
    assert {note.reference for note in mine} == {started.reference}
    assert "payment_intent.succeeded" in {note.type for note in mine}
    assert {note.livemode for note in mine} == {False}


def _types(inbox: HTTPServer) -> set[str]:
    return {json.loads(body)["type"] for _, body in inbox.taken}  # type: ignore[attr-defined]


def test_the_script_of_the_payment_page_is_served(connection: Processor) -> None:
    """J4: the one outside script is there."""
    page = connection.pay_page()
    with urllib.request.urlopen(page.script_src, timeout=10) as answer:
        assert b"function" in answer.read()
