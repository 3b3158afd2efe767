"""Every request we make is one that Stripe publishes.

Known differences between the published schema (2025-10-15) and what is sent or read:
- `webhook_endpoints.api_version`: the schema's list of versions is masked by its build time, so the parameter cannot be
  held to it; we do not send it. Webhooks then carry the account's version, and nothing but ids and metadata is read.
- `refund.failed` is newer than the schema's list of events; `charge.refund.updated` and `refund.updated` say the same.
- The fixtures hold `managed_payments` and a masked `last_payment_error.type`; neither matters to what is read.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from balancedue.processors.stripe import StripeProcessor
from balancedue.processors.stripe.hooks import EVENTS
from balancedue.processors.stripe.processor import API_VERSION, statement_suffix
from balancedue.rules.money import Money
from tests.processors.contract import breaches, published
from tests.processors.loopback import Asked, Loopback, answer, loopback
from tests.processors.objects import charge, fixture, paid_intent, processor


@pytest.fixture
def server() -> Iterator[Loopback]:
    with loopback() as running:
        yield running


def _ask_everything(stripe: StripeProcessor, server: Loopback) -> list[Asked]:
    listed = {"object": "list", "url": "/v1/payment_intents", "has_more": True, "data": [fixture("payment_intent")]}
    last = {**listed, "has_more": False, "data": [paid_intent()]}
    server.will(
        answer(200, paid_intent()),
        answer(200, paid_intent()),
        answer(200, listed),
        answer(200, last),
        answer(200, paid_intent()),
        answer(200, paid_intent(status="canceled")),
        answer(200, fixture("refund")),
        answer(200, fixture("refund")),
        answer(200, {**last, "data": []}),
        answer(200, fixture("webhook_endpoint", secret="whsec_1234567890")),
    )
    stripe.start(charge(statement_suffix="INV-2047"))
    stripe.look_up("pi_1")
    stripe.find("att_1", since=datetime(2026, 1, 2, tzinfo=UTC))
    stripe.cancel("pi_1")
    stripe.refund("pi_1", Money(100, "USD"), "refund-key")
    stripe.look_up("re_1")
    assert stripe.set_up_hook("https://shop.example/hooks/con_1/").secret == "whsec_1234567890"
    return server.asked


def test_every_request_is_valid_against_the_published_schema(server: Loopback) -> None:
    """C3: unknown parameters refused."""
    asked = _ask_everything(processor(server.origin), server)
    assert len(asked) == 10
    assert [breach for one in asked for breach in breaches(one)] == []


def test_every_request_names_one_version_and_carries_no_telemetry(server: Loopback) -> None:
    """One pinned version, whatever the SDK's own is."""
    for one in _ask_everything(processor(server.origin), server):
        assert one.headers["stripe-version"] == API_VERSION == "2025-09-30.clover"
        assert "x-stripe-client-telemetry" not in one.headers
        assert one.headers["authorization"].startswith("Bearer sk_test_")
        if one.method == "POST":
            assert one.headers["idempotency-key"]


def test_what_a_payment_carries_and_what_it_does_not(server: Loopback) -> None:
    """C2, requirements.md 3.16: our key; opaque ids only; the receipt is ours."""
    sent = _ask_everything(processor(server.origin), server)[0]
    assert sent.headers["idempotency-key"] == charge().key
    assert dict(sent.pairs) == {
        "amount": "1099",
        "currency": "usd",
        "automatic_payment_methods[enabled]": "true",
        "description": "Invoice INV-2047",
        "metadata[attempt]": "att_1",
        "metadata[order]": "ord_1",
        "metadata[account]": "acc_1",
        "statement_descriptor_suffix": "INV-2047",
        "expand[0]": "latest_charge",
    }


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"amount=1099", b"amount=10.99"),
        (b"amount=1099", b"amont=1099"),
        (b"amount=1099&", b""),
        (b"[enabled]=true", b"[enabled]=maybe"),
        (b"[enabled]=true", b"[enabeld]=true"),
        (b"description=", b"capture_method="),
        (b"metadata[attempt]=att_1", b"metadata=att_1"),
    ],
)
def test_a_mutated_request_makes_the_check_fail(server: Loopback, old: bytes, new: bytes) -> None:
    """The check itself: a typo, a float, a missing field, a wrong word."""
    sent = _ask_everything(processor(server.origin), server)[0]
    assert old in sent.body
    metadata_gone = sent.body.replace(b"&metadata[order]=ord_1&metadata[account]=acc_1", b"")
    body = (metadata_gone if b"metadata" in old else sent.body).replace(old, new)
    assert breaches(replace(sent, body=body))


def test_every_event_we_ask_for_is_published() -> None:
    """D5."""
    operation = published()["paths"]["/v1/webhook_endpoints"]["post"]
    schema = operation["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    assert set(EVENTS) <= set(schema["properties"]["enabled_events"]["items"]["enum"])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("INV-2047", "INV-2047"),
        ("  INV   7 ", "INV 7"),
        ("INV-2047-ABCDEF", "INV-2047-A"),
        ("<b>'\"*\\", "b"),
        ("12345", ""),
        ("注文", ""),
        ("", ""),
    ],
)
def test_what_may_stand_on_a_card_statement(text: str, shown: str) -> None:
    """ux.md 3.9: Latin letters, no markup signs, short enough beside the shop's own name."""
    assert statement_suffix(text) == shown
