"""Stripe's webhooks: who sent them, and what they are about."""

import hashlib
import hmac
import json
from typing import Any

import pytest
import stripe

from balancedue.processors.reports import BadSignature, HookNote
from balancedue.processors.stripe.hooks import read_hook
from tests.processors.objects import HOOK_SECRET, fixture, intent, processor

NOW = 1_790_000_000
OLD_SECRET = "whsec_old_old_old_old"


def _body(kind: str = "payment_intent.succeeded", thing: Any = None, **changes: Any) -> bytes:
    event = fixture("event", type=kind, **changes)
    event["data"] = {"object": thing if thing is not None else intent()}
    return json.dumps(event, indent=2).encode()


def _mac(body: bytes, secret: str = HOOK_SECRET, moment: int = NOW) -> str:
    return hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()


def _read(header: str | None, body: bytes, *secrets: str, now: float = NOW) -> HookNote:
    headers = {} if header is None else {"Stripe-Signature": header}
    return read_hook(headers, body, secrets=secrets or (HOOK_SECRET,), now=now)


def test_a_good_signature_is_taken() -> None:
    """D8."""
    body = _body(livemode=True, account="acct_1")
    note = _read(f"t={NOW},v1={_mac(body)}", body)
    assert (note.type, note.attempt_id, note.livemode) == ("payment_intent.succeeded", "att_1", True)
    assert note.reference == intent()["id"]
    assert note.event_id.startswith("evt_")
    assert note.account == "acct_1"


def test_the_sdk_signs_the_same_way() -> None:
    """D8: against Stripe's own code."""
    body = _body()
    header = stripe.WebhookSignature.generate_signature_header(body.decode(), HOOK_SECRET, timestamp=NOW)
    assert _read(header, body).reference


@pytest.mark.parametrize("away", [0, 300, -300])
def test_the_window_holds_both_ways(away: int) -> None:
    """D8."""
    body = _body()
    assert _read(f"t={NOW},v1={_mac(body)}", body, now=NOW + away).event_id


BODY = _body()
GOOD = _mac(BODY)
BAD_HEADERS = {
    "missing": None,
    "empty": "",
    "wrong secret": f"t={NOW},v1={_mac(BODY, 'whsec_someone_elses')}",
    "tampered": f"t={NOW},v1={_mac(BODY + b' ')}",
    "re-serialised": f"t={NOW},v1={_mac(json.dumps(json.loads(BODY)).encode())}",
    "v0 only": f"t={NOW},v0={GOOD}",
    "no time": f"v1={GOOD}",
    "two times": f"t={NOW},t={NOW + 1},v1={GOOD}",
    "another time": f"t={NOW + 1},v1={GOOD}",
    "a word for a time": f"t=now,v1={GOOD}",
    "other digits": f"t=١٢٣,v1={GOOD}",
    "not ASCII": f"t={NOW},v1=é{GOOD}",
    "old by 301 s": f"t={NOW - 301},v1={_mac(BODY, moment=NOW - 301)}",
    "early by 301 s": f"t={NOW + 301},v1={_mac(BODY, moment=NOW + 301)}",
    "endless": "t=1," * 5000,
    "garbage": ",,=,==,t",
}


@pytest.mark.parametrize("case", BAD_HEADERS)
def test_anything_else_is_refused(case: str) -> None:
    """D8."""
    with pytest.raises(BadSignature):
        _read(BAD_HEADERS[case], BODY)


def test_without_a_secret_nothing_is_trusted() -> None:
    """D8: an empty secret signs nothing."""
    body = _body()
    with pytest.raises(BadSignature):
        _read(f"t={NOW},v1={_mac(body, '')}", body, "")


def test_two_signatures_of_which_one_fits_are_taken() -> None:
    """D8: Stripe signs with both while a secret is rolled."""
    body = _body()
    assert _read(f"t={NOW},v1={_mac(body, OLD_SECRET)},v1={_mac(body)},v0=x", body).event_id


def test_the_secret_before_is_taken_while_it_is_stored() -> None:
    """D8, J12: rolled with no webhook lost."""
    body = _body()
    assert _read(f"t={NOW},v1={_mac(body, OLD_SECRET)}", body, HOOK_SECRET, OLD_SECRET).event_id


def test_a_body_that_is_not_text_can_be_signed() -> None:
    """D8: raw bytes are verified, before they are read."""
    body = b"\xff\xfe\x00"
    note = _read(f"t={NOW},v1={_mac(body)}", body)
    assert (note.type, note.reference) == ("unreadable", "")


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"object":"event"}', b'{"object":"event","id":1,"type":2}', b"[" * 9999]
)
def test_a_signed_body_that_is_no_event_is_put_aside(body: bytes) -> None:
    """D4: the same one twice has the same id."""
    first, second = (_read(f"t={NOW},v1={_mac(body)}", body) for _ in range(2))
    assert first == second
    assert first.event_id.startswith("unreadable_")


@pytest.mark.parametrize(
    ("kind", "thing", "reference"),
    [
        ("charge.succeeded", {"id": "ch_1", "payment_intent": "pi_9"}, "pi_9"),
        ("charge.succeeded", {"id": "ch_1", "payment_intent": {"id": "pi_9"}}, "pi_9"),
        ("charge.succeeded", {"id": "ch_1", "payment_intent": None}, ""),
        ("charge.dispute.created", {"id": "dp_1", "payment_intent": "pi_9"}, "pi_9"),
        ("refund.updated", {"id": "re_1", "payment_intent": "pi_9"}, "pi_9"),
        ("payout.paid", {"id": "po_1"}, "po_1"),
        ("checkout.session.completed", {"id": "cs_1", "payment_intent": "pi_9"}, "cs_1"),
        ("payment_intent.succeeded", {"id": 7, "metadata": []}, ""),
        ("payment_intent.succeeded", [], ""),
        ("a.new.type", {"id": "pi_1"}, ""),
    ],
)
def test_the_note_names_the_payment_it_concerns(kind: str, thing: Any, reference: str) -> None:
    """D5: what is looked up is ours to choose, by id only."""
    body = _body(kind, thing)
    note = _read(f"t={NOW},v1={_mac(body)}", body)
    assert (note.type, note.reference, note.attempt_id) == (kind, reference, "")


def test_header_names_have_no_case() -> None:
    """D8."""
    header = stripe.WebhookSignature.generate_signature_header(BODY.decode(), HOOK_SECRET)
    connection = processor("http://127.0.0.1:1")
    for name in ("stripe-signature", "STRIPE-SIGNATURE"):
        assert connection.read_hook({name: header}, BODY).event_id
    with pytest.raises(BadSignature):
        connection.read_hook({}, BODY)
