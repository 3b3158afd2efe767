"""Webhooks as they come in: kept once, and answered only then."""

import hashlib
import hmac
import json
import time
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from balancedue.models import ProcessorConnection, ProcessorEvent
from tests import makers
from tests.processors.loopback import loopback, silence

pytestmark = pytest.mark.django_db

SECRET = makers.KEYS["webhook_secret"]


@pytest.fixture
def connection() -> ProcessorConnection:
    credentials = makers.KEYS | {"webhook_secret": "whsec_testtesttest"}
    return makers.make_connection(makers.make_account(), credentials=credentials)


def event(number: int = 1, **changed: object) -> bytes:
    """One event of the processor, as it writes them."""
    intent = {"id": "pi_1", "object": "payment_intent", "metadata": {"attempt": "att_1"}}
    body = {
        "id": f"evt_{number}", "object": "event", "type": "payment_intent.succeeded", "livemode": False,
        "data": {"object": intent}, "created": 1,
    }  # fmt: skip
    return json.dumps(body | changed).encode()


def sign(body: bytes, *, secret: str = "whsec_testtesttest", at: int | None = None, scheme: str = "v1") -> str:
    at = int(time.time()) if at is None else at
    mac = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},{scheme}={mac}"


def send(client: Client, connection: ProcessorConnection, body: bytes, signature: str | None = None) -> Any:
    headers = {} if signature == "" else {"Stripe-Signature": signature or sign(body)}
    path = f"/hooks/{connection.public_id}/"
    return client.post(path, body, content_type="application/json", headers=headers)


def test_an_event_is_kept_and_answered(client: Client, connection: ProcessorConnection) -> None:
    """D2: nothing is asked or booked before the answer."""
    assert send(client, connection, event()).status_code == 200
    kept = ProcessorEvent.objects.get()
    assert (kept.external_id, kept.reference, kept.attempt_public_id, kept.status) == ("evt_1", "pi_1", "att_1", "new")


def test_the_processor_is_not_asked_before_the_answer(client: Client) -> None:
    """D2, incident 37: however slow it is, the door answers; bench/webhook_intake.py says how fast."""
    with loopback() as slow:
        slow.will(silence)
        credentials = makers.KEYS | {"webhook_secret": "whsec_testtesttest", "api_base": slow.origin}
        connection = makers.make_connection(makers.make_account(), credentials=credentials)
        before = time.monotonic()
        for number in range(20):
            assert send(client, connection, event(number)).status_code == 200
        assert time.monotonic() - before < 10  # a silence alone takes longer
        assert slow.asked == []
    assert ProcessorEvent.objects.filter(status=ProcessorEvent.NEW, tries=0).count() == 20


def test_the_same_event_again_is_kept_once(client: Client, connection: ProcessorConnection) -> None:
    """D1, M3."""
    assert {send(client, connection, event()).status_code for _ in range(10)} == {200}
    assert ProcessorEvent.objects.count() == 1


def test_an_event_that_could_not_be_dealt_with_is_taken_up_again(
    client: Client, connection: ProcessorConnection
) -> None:
    """D3: seen but failed is no duplicate."""
    send(client, connection, event())
    ProcessorEvent.objects.update(status=ProcessorEvent.PARKED, tries=8, next_try_at=timezone.now())
    assert send(client, connection, event()).status_code == 200
    assert ProcessorEvent.objects.get().status == ProcessorEvent.NEW


def test_an_event_about_something_unknown_is_kept_too(client: Client, connection: ProcessorConnection) -> None:
    """D5: no 5xx loop."""
    assert send(client, connection, event(data={"object": {"id": "pi_unknown"}})).status_code == 200


@pytest.mark.parametrize("wrong", ["secret", "changed", "missing", "old", "v0", "rewritten", "nonsense"])
def test_what_is_not_signed_for_us_is_refused(client: Client, connection: ProcessorConnection, wrong: str) -> None:
    """D8."""
    body = event()
    signature = {
        "secret": sign(body, secret="whsec_otherotherother"),
        "changed": sign(event(2)),
        "missing": "",
        "old": sign(body, at=int(time.time()) - 301),
        "v0": sign(body, scheme="v0"),
        "rewritten": sign(body),
        "nonsense": "t=,v1=",
    }[wrong]
    if wrong == "rewritten":
        body = json.dumps(json.loads(body), indent=1).encode()
    assert send(client, connection, body, signature).status_code == 400
    assert ProcessorEvent.objects.count() == 0


def test_one_right_signature_of_two_is_enough(client: Client, connection: ProcessorConnection) -> None:
    """D8: while a secret is being rolled there are two."""
    body = event()
    signature = f"{sign(body, secret='whsec_otherotherother')},v1={sign(body).split('v1=')[1]}"
    assert send(client, connection, body, signature).status_code == 200


def test_another_accounts_connection_does_not_take_it(client: Client, connection: ProcessorConnection) -> None:
    """D6."""
    other = makers.make_connection(
        makers.make_account(), credentials=makers.KEYS | {"webhook_secret": "whsec_otherotherother"}
    )
    assert send(client, other, event()).status_code == 400


def test_an_unknown_connection_is_not_there(client: Client, connection: ProcessorConnection) -> None:
    body = event()
    answer = client.post(
        "/hooks/pc_nothing/", body, content_type="application/json", headers={"Stripe-Signature": sign(body)}
    )
    assert answer.status_code == 404


def test_a_removed_connection_still_hears_of_its_payments(client: Client, connection: ProcessorConnection) -> None:
    ProcessorConnection.objects.update(removed_at=timezone.now(), is_enabled=False)
    assert send(client, connection, event()).status_code == 200


def test_an_event_is_not_taken_while_our_key_is_missing(client: Client, connection: ProcessorConnection) -> None:
    """D5: the processor sends it again later."""
    ProcessorConnection.objects.update(credentials_sealed="gone:AAAA")
    assert send(client, connection, event()).status_code == 503


def test_too_long_a_body_is_refused(client: Client, connection: ProcessorConnection) -> None:
    assert send(client, connection, event(padding="x" * 1_000_001)).status_code == 413
    assert send(client, connection, event(padding="x" * 3_000_001)).status_code == 413


def test_only_post_is_heard(client: Client, connection: ProcessorConnection) -> None:
    assert client.get(f"/hooks/{connection.public_id}/").status_code == 405


def test_paypal_express_sends_none(client: Client) -> None:
    paypal = makers.make_connection(makers.make_account(), kind="paypal_express")
    assert send(client, paypal, event()).status_code == 400


def test_no_csrf_token_is_asked_for(connection: ProcessorConnection) -> None:
    assert send(Client(enforce_csrf_checks=True), connection, event()).status_code == 200
