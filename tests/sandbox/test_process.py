"""The sandbox as a process: starts, stops, keeps what it holds, takes no real card, fails on demand."""

import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import requests
import stripe

from tests.sandbox.conftest import client_for
from tests.servers import Sandbox, start_sandbox

SUM: dict[str, Any] = {"amount": 110528, "currency": "usd"}
NOT_A_TEST_CARD = "4111111111111111"


def test_it_stops_in_two_seconds_and_forgets_nothing(tmp_path: Path) -> None:
    """SIGTERM: a clean end; the same folder again holds the same keys and the same money."""
    first = start_sandbox(tmp_path)
    intent = client_for(first.url, first.secret_key).v1.payment_intents.create(
        {**SUM, "confirm": True, "payment_method": "pm_card_visa"}
    )
    begun = time.monotonic()
    assert first.stop() == 0
    assert time.monotonic() - begun < 2
    second = start_sandbox(tmp_path)
    again = client_for(second.url, second.secret_key).v1.payment_intents.retrieve(intent.id)
    assert (again.status, again.client_secret) == ("succeeded", intent.client_secret)
    second.stop()


def test_it_stops_while_it_was_told_to_be_slow(tmp_path: Path) -> None:
    """No request sleeps through the end."""
    sandbox = start_sandbox(tmp_path)
    sandbox.faults(mode="slow", seconds=60)
    with pytest.raises(requests.Timeout):
        requests.get(f"{sandbox.url}/v1/account", timeout=0.2)
    begun = time.monotonic()
    assert sandbox.stop() == 0
    assert time.monotonic() - begun < 2


def test_a_taken_port_is_said_in_one_line(sandbox: Sandbox, tmp_path: Path) -> None:
    """Exit status 1 and one line."""
    port = sandbox.url.rpartition(":")[2]
    command = [sys.executable, "-m", "balancedue.sandbox", "--port", port, "--data", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "cannot listen" in ended.stderr


@pytest.mark.parametrize(("mode", "refusal"), [("down", stripe.APIError), ("reset", stripe.APIConnectionError)])
def test_it_can_be_taken_down(
    sandbox: Sandbox, client: stripe.StripeClient, mode: str, refusal: type[stripe.StripeError]
) -> None:
    """Down is 503, reset is a connection without an answer; the switch itself always works."""
    sandbox.faults(mode=mode)
    try:
        with pytest.raises(refusal):
            client.v1.payment_intents.create(SUM)
        assert sandbox.get("/healthz") == {"status": "ok"}
    finally:
        sandbox.faults(mode="none")
    assert client.v1.payment_intents.list().data == []


def test_it_can_be_slow(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    """The answer is right, only late."""
    sandbox.faults(mode="slow", seconds=0.5)
    begun = time.monotonic()
    client.v1.accounts.retrieve_current()
    sandbox.faults(mode="none")
    assert time.monotonic() - begun >= 0.5


def test_an_unknown_switch_is_refused(sandbox: Sandbox) -> None:
    """A typing error in a rehearsal is not silence."""
    with pytest.raises(urllib.error.HTTPError) as refusal:
        sandbox.faults(mode="sideways")
    assert refusal.value.code == 400
    refusal.value.close()


def test_another_site_cannot_turn_the_switch(sandbox: Sandbox) -> None:
    """A page elsewhere may not post here with a browser's help."""
    answer = requests.post(
        f"{sandbox.url}/_sandbox/faults", {"mode": "down"}, headers={"Origin": "http://evil.example"}, timeout=5
    )
    assert answer.status_code == 403
    assert sandbox.get("/_sandbox/faults")["mode"] == "none"


def test_a_number_that_is_no_test_card_is_kept_nowhere(tmp_path: Path) -> None:
    """Refused before anything is stored or logged: not in the file, its log or the process's output."""
    sandbox = start_sandbox(tmp_path)
    intent = client_for(sandbox.url, sandbox.secret_key).v1.payment_intents.create(SUM)
    card = {"number": NOT_A_TEST_CARD, "exp_month": "12", "exp_year": "2040", "cvc": "123"}
    form = {f"payment_method_data[card][{name}]": value for name, value in card.items()}
    answer = requests.post(
        f"{sandbox.url}/v1/payment_intents/{intent.id}/confirm",
        {**form, "client_secret": str(intent.client_secret)},
        headers={"Authorization": f"Bearer {sandbox.publishable_key}", "Idempotency-Key": "one"},
        timeout=5,
    )
    assert (answer.status_code, answer.json()["error"]["decline_code"]) == (402, "test_mode_live_card")
    assert "test card" in answer.json()["error"]["message"]
    sandbox.process.terminate()
    output, _ = sandbox.process.communicate(timeout=5)
    assert NOT_A_TEST_CARD not in output
    for path in (tmp_path / "sandbox").iterdir():
        assert NOT_A_TEST_CARD.encode() not in path.read_bytes()


def test_a_server_may_not_send_card_numbers(client: stripe.StripeClient) -> None:
    """As at Stripe: numbers are typed into the card form only."""
    intent = client.v1.payment_intents.create(SUM)
    data: Any = {"payment_method_data": {"type": "card", "card": {"number": "4242424242424242"}}}
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.payment_intents.confirm(intent.id, data)
    assert refusal.value.param == "payment_method_data"


def test_the_full_number_of_a_test_card_is_not_kept_either(tmp_path: Path) -> None:
    """Brand and last four digits are all that stays."""
    sandbox = start_sandbox(tmp_path)
    client_for(sandbox.url, sandbox.secret_key).v1.payment_intents.create(
        {**SUM, "confirm": True, "payment_method": "pm_card_visa"}
    )
    sandbox.stop()
    held = (tmp_path / "sandbox" / "sandbox.sqlite3").read_bytes()
    assert b"4242424242424242" not in held
    assert b'"last4": "4242"' in held


def test_keys_are_kept_for_their_owner_only(tmp_path: Path) -> None:
    """keys.json is readable by its owner."""
    sandbox = start_sandbox(tmp_path)
    sandbox.stop()
    assert (tmp_path / "sandbox" / "keys.json").stat().st_mode & 0o077 == 0


def test_a_body_that_is_too_large_is_refused(sandbox: Sandbox) -> None:
    """413, and the connection is closed."""
    answer = requests.post(f"{sandbox.url}/v1/payment_intents", data=b"x" * 1_000_001, timeout=5)
    assert answer.status_code == 413
