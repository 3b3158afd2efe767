"""Stripe's own example object of each kind, read without loss; and changed at random, never misread (N14).

Every kind that the adapter reads goes through the adapter itself and the SDK, over a client that answers from memory.
"""

import copy
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balancedue.processors.base import Kind, Outcome
from balancedue.processors.reports import Concern, DisputeReport, HookNote, PayoutReport, TransactionReport
from balancedue.processors.stripe import StripeProcessor
from balancedue.processors.stripe.amounts import CHARGEABLE, from_wire
from balancedue.processors.stripe.deadline import DeadlineClient
from balancedue.rules.errors import Refused
from balancedue.rules.money import Money
from balancedue.rules.states import DISPUTE_STATES, PAYOUT_STATES
from tests.processors.objects import HOOK_SECRET, KEYS, fixture, paid_intent
from tests.stripe_schema import fixtures, published

THEN = datetime.fromtimestamp(1234567890, UTC)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
TEXTS = {"reference", "client_secret", "go_to", "card", "payer_name", "payer_email", "statement", "detail", "code"}


class FromMemory(DeadlineClient):
    """Answers what it is given, in turn; the last again and again."""

    def __init__(self, *answers: Any) -> None:
        super().__init__()
        self._answers = [json.dumps(one).encode() for one in answers]

    def request(  # type: ignore[override]
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """The next answer."""
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0], 200, {}


def _told(*answers: Any) -> StripeProcessor:
    """The adapter, hearing these."""
    keys = {**KEYS, "webhook_secret": HOOK_SECRET, "api_base": "http://127.0.0.1:1"}
    return StripeProcessor(keys, label="Stripe", sandbox=True, http=FromMemory(*answers))


def _listed(*rows: Any) -> dict[str, Any]:
    return {"object": "list", "url": "/v1/things", "has_more": False, "data": list(rows)}


def _session(**changes: Any) -> dict[str, Any]:
    """Stripe's example is of a session without lines; ours always has a sum."""
    return fixture("checkout.session", **{"amount_total": 1099, "currency": "usd"} | changes)


def _hook(event: Any) -> HookNote:
    body, moment = json.dumps(event).encode(), int(time.time())
    mac = hmac.new(HOOK_SECRET.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return _told({}).read_hook({"Stripe-Signature": f"t={moment},v1={mac}"}, body)


# --- As they are ------------------------------------------------------------------------------------------------------


def test_a_payment_intent_is_read_field_by_field() -> None:
    """C3: the example failed once, with nothing but a type, and can be tried again."""
    theirs = fixture("payment_intent")
    assert _told(theirs).look_up(theirs["id"]) == Outcome(
        kind=Kind.DECLINED,
        reference=theirs["id"],
        amount=Money(theirs["amount"], theirs["currency"].upper()),
        livemode=theirs["livemode"],
        code="processing_error",
        detail=theirs["last_payment_error"]["type"],
        retryable=True,
        client_secret=theirs["client_secret"],
    )


def test_a_charge_is_read_field_by_field() -> None:
    """C3, K1: as the latest of a payment that is in."""
    charge = fixture("charge", calculated_statement_descriptor="FOXGLOVE* INV-2047")
    card = charge["payment_method_details"]["card"]
    theirs = paid_intent(latest_charge=charge)
    assert _told(theirs).look_up(theirs["id"]) == Outcome(
        kind=Kind.PAID,
        reference=theirs["id"],
        amount=Money(1099, "USD"),
        received=Money(1099, "USD"),
        livemode=False,
        attempt_id="att_1",
        card=f"{card['brand'].capitalize()} ending {card['last4']}",
        payer_name=charge["billing_details"]["name"],
        fingerprint=card["fingerprint"],
        statement="FOXGLOVE* INV-2047",
    )


def test_a_refund_is_read_field_by_field() -> None:
    """E7, F5."""
    theirs = fixture("refund")
    read = Outcome(
        kind=Kind.PAID,
        reference=theirs["id"],
        amount=Money(theirs["amount"], "USD"),
        received=Money(theirs["amount"], "USD"),
    )
    assert _told(theirs).look_up(theirs["id"]) == read
    assert _told(_listed(theirs)).refunds_of("pi_1") == [read]


def test_a_dispute_is_read_field_by_field() -> None:
    """An inquiry: nothing taken, refunds still possible."""
    theirs = fixture("dispute")
    assert _told(_listed(theirs)).disputes_of("pi_1") == [
        DisputeReport(
            reference=theirs["id"],
            state="inquiry",
            amount=Money(theirs["amount"], "USD"),
            withdrawn=Money(0, "USD"),
            reason="general",
            blocks_refunds=False,
            evidence_sent=theirs["evidence_details"]["submission_count"] > 0,
            due_at=datetime.fromtimestamp(theirs["evidence_details"]["due_by"], UTC),
            opened_at=THEN,
            livemode=theirs["livemode"],
        )
    ]


def test_a_payout_is_read_field_by_field() -> None:
    """With its day, and that it can be taken apart."""
    theirs = fixture("payout")
    read = PayoutReport(
        reference=theirs["id"],
        state=theirs["status"],
        amount=Money(theirs["amount"], "USD"),
        arrives_on=THEN.date(),
        made_at=THEN,
        is_itemised=theirs["automatic"],
    )
    assert _told(theirs).payout(theirs["id"]) == read
    assert _told(_listed(theirs)).payouts_since(LONG_AGO) == [read]


def test_a_balance_transaction_is_read_field_by_field() -> None:
    """Sum, fee and what moved it."""
    theirs = fixture("balance_transaction")
    [read] = _told(_listed(theirs)).in_payout("po_1") or []
    assert read == TransactionReport(
        reference=theirs["id"],
        kind="payment",
        amount=Money(theirs["amount"], "USD"),
        fee=Money(theirs["fee"], "USD"),
        source=theirs["source"],
        at=THEN,
    )
    assert (read.amount - read.fee).minor == theirs["net"]


def test_a_checkout_session_is_read_field_by_field() -> None:
    """Open, with the intent behind it not shown; the example as it is has no sum, so it is not understood."""
    theirs = _session(metadata={"attempt": "att_1"})
    assert _told(theirs).look_up(theirs["id"]) == Outcome(
        kind=Kind.NEEDS_CUSTOMER,
        reference=theirs["id"],
        amount=Money(1099, "USD"),
        livemode=theirs["livemode"],
        attempt_id="att_1",
        money_reference=theirs["payment_intent"],
        go_to=theirs["url"],
    )
    bare = _told(fixture("checkout.session")).look_up(theirs["id"])
    assert (bare.kind, bare.reference) == (Kind.UNKNOWN, theirs["id"])


def test_an_event_is_read_field_by_field() -> None:
    """D5: of a kind that is no business of ours, and of one that is."""
    theirs = fixture("event")
    note = HookNote(theirs["id"], theirs["type"], "", "", theirs["livemode"], concern=Concern.OTHER)
    assert _hook(theirs) == note
    paid = paid_intent()
    ours = fixture("event", type="payment_intent.succeeded", account="acct_1") | {"data": {"object": paid}}
    read = HookNote(theirs["id"], "payment_intent.succeeded", paid["id"], "att_1", False, "acct_1")
    assert _hook(ours) == read
    missed = _told(_listed(ours)).events_since(LONG_AGO, undelivered=False)
    assert missed is not None
    assert {(one.note, one.created_at) for one in missed.events} == {(read, THEN)}
    assert all(json.loads(one.body) == ours for one in missed.events)


def test_an_account_and_a_webhook_endpoint_are_read_field_by_field() -> None:
    """ux.md 3.6."""
    account, endpoint = fixture("account"), fixture("webhook_endpoint", secret="whsec_1234567890")
    assert _told(account, _listed()).account_of_keys() == account["id"]
    hook = _told(_listed(), endpoint).set_up_hook(endpoint["url"])
    assert (hook.reference, hook.secret) == (endpoint["id"], endpoint["secret"])


def test_every_status_that_is_published_is_one_we_know() -> None:
    """N14: what the schema names today is understood today."""
    schemas = published()["components"]["schemas"]

    def listed(kind: str, name: str = "status") -> list[str]:
        found = schemas[kind]["properties"][name]
        return next(part["enum"] for part in (found, *found.get("anyOf", [])) if "enum" in part)

    for status in listed("payment_intent"):
        assert _told(paid_intent(status=status)).look_up("pi_1").kind is not Kind.UNKNOWN, status
    for status in listed("dispute"):
        assert _told(_listed(fixture("dispute", status=status))).disputes_of("pi_1"), status
    for status in ("succeeded", "pending", "failed", "canceled", "requires_action"):  # plain text in the schema
        assert _told(fixture("refund", status=status)).look_up("re_1").kind is not Kind.UNKNOWN, status
    for status in ("paid", "pending", "in_transit", "canceled", "failed"):  # likewise
        assert _told(fixture("payout", status=status)).payout("po_1"), status
    for status in listed("checkout.session"):
        told = _told(_session(status=status, payment_status="unpaid")).look_up("cs_1")
        assert told.kind in (Kind.NEEDS_CUSTOMER, Kind.PENDING, Kind.CANCELLED), status


# --- Changed at random ---------------------------------------------------------------------------------------------

GONE = object()
VALUES = st.one_of(
    st.just(GONE),
    st.none(),
    st.booleans(),
    st.integers(-(10**19), 10**19),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
    st.sampled_from(["paid", "Succeeded", "succeeded ", "failed", "USD", "xxx", "ugx", "1099", "pi_1", "\x00"]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.sampled_from(["id", "status", "amount", "type"]), st.integers() | st.text(max_size=5)),
)


def _places(thing: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    parts = thing.items() if isinstance(thing, dict) else enumerate(thing) if isinstance(thing, list) else ()
    for name, part in parts:
        yield (*here, name)
        yield from _places(part, (*here, name))


def _changed(theirs: Any) -> st.SearchStrategy[Any]:
    """The object with one to three of its fields, at any depth, missing, null or something else."""
    change = st.tuples(st.sampled_from(list(_places(theirs))), VALUES)
    top = st.tuples(st.sampled_from([(name,) for name in theirs]), VALUES)
    return st.lists(change | top, min_size=1, max_size=3).map(lambda changes: _apply(theirs, changes))


def _apply(theirs: Any, changes: list[tuple[tuple[Any, ...], Any]]) -> Any:
    mutated = copy.deepcopy(theirs)
    for place, value in changes:
        inner = mutated
        try:
            for name in place[:-1]:
                inner = inner[name]
            if value is GONE:
                del inner[place[-1]]
            else:
                inner[place[-1]] = value
        except (KeyError, IndexError, TypeError, AttributeError):
            continue  # an earlier change took its place away
    return mutated


PAID_INTENT = paid_intent(metadata={"attempt": "att_1"})
many = settings(max_examples=150)


def _is_sound(outcome: Outcome) -> None:
    """Whatever it says, each part is of the kind it must be."""
    assert all(isinstance(getattr(outcome, field.name), str) for field in fields(Outcome) if field.name in TEXTS)
    assert outcome.amount is None or outcome.amount.currency in CHARGEABLE
    assert outcome.livemode in (None, True, False)
    assert outcome.kind is not Kind.REFUSED  # a look-up never says that nothing was made


@many
@given(st.sampled_from([PAID_INTENT, fixture("payment_intent")]).flatmap(_changed))
def test_no_changed_intent_is_paid_or_failed_by_mistake(theirs: Any) -> None:
    """N14: paid only where it says succeeded and a sum; failed only where it says so."""
    outcome = _told(theirs).look_up("pi_1")
    _is_sound(outcome)
    if outcome.kind is Kind.PAID:
        assert theirs["status"] == "succeeded"
        assert outcome.received is not None
        assert outcome.received.minor > 0
        currency = theirs["currency"].upper()
        assert outcome.amount == from_wire(theirs["amount"], currency)
        assert outcome.received == from_wire(theirs["amount_received"], currency)
    if outcome.kind is Kind.DECLINED:
        assert theirs["status"] == "requires_payment_method"
        assert outcome.retryable
    assert (outcome.kind is Kind.CANCELLED) <= (theirs.get("status") == "canceled")


@many
@given(_changed(fixture("refund")))
def test_no_changed_refund_is_done_or_failed_by_mistake(theirs: Any) -> None:
    """N14, N9."""
    status = theirs.get("status")
    for outcome in (_told(theirs).look_up("re_1"), *(_told(_listed(theirs)).refunds_of("pi_1") or [])):
        _is_sound(outcome)
        assert (outcome.kind is Kind.PAID) <= (status == "succeeded")
        assert (outcome.kind is Kind.DECLINED) <= (status == "failed")
        assert (outcome.kind is Kind.CANCELLED) <= (status == "canceled")


@many
@given(
    st.sampled_from(
        [_session(), _session(status="complete", payment_status="paid", payment_intent=PAID_INTENT)]
    ).flatmap(_changed)
)
def test_no_changed_session_is_paid_or_failed_by_mistake(theirs: Any) -> None:
    """N14: the money is what the intent behind it says."""
    outcome = _told(theirs).look_up("cs_test_1")
    _is_sound(outcome)
    if outcome.kind is Kind.PAID and outcome.received:
        assert theirs["payment_intent"]["status"] == "succeeded"
    assert outcome.kind is not Kind.DECLINED or theirs["payment_intent"]["status"] == "requires_payment_method"


REPORTS: dict[str, Callable[[Any], Any]] = {
    "dispute": lambda theirs: _told(_listed(theirs)).disputes_of("pi_1"),
    "payout": lambda theirs: _told(_listed(theirs)).payouts_since(LONG_AGO),
    "balance_transaction": lambda theirs: _told(_listed(theirs)).in_payout("po_1"),
}


@pytest.mark.parametrize("kind", REPORTS)
@many
@given(data=st.data())
def test_no_changed_report_raises_or_says_what_was_not_said(kind: str, data: Any) -> None:
    """N14: not understood is not heard; a state is one of ours or the answer counts for nothing."""
    theirs = data.draw(_changed(fixtures()[kind]))
    for report in REPORTS[kind](theirs) or []:
        assert report.amount.currency in CHARGEABLE
        if kind == "dispute":
            assert report.state in DISPUTE_STATES
            assert report.withdrawn.minor >= 0
            assert (report.state == "lost") <= (theirs["status"] == "lost")
        if kind == "payout":
            assert report.state in PAYOUT_STATES
            assert (report.state in ("paid", "failed")) <= (theirs["status"] == report.state)


@many
@given(_changed(fixture("event", type="payment_intent.succeeded", data={"object": PAID_INTENT})))
def test_no_changed_event_raises(theirs: Any) -> None:
    """D4: it is an event, or it is put aside; listed, it is one or none."""
    note = _hook(theirs)
    assert all(isinstance(part, str) for part in (note.event_id, note.type, note.reference, note.attempt_id))
    missed = _told(_listed(theirs)).events_since(LONG_AGO, undelivered=True)
    assert missed is None or all(one.note == note for one in missed.events)


@many
@given(account=_changed(fixture("account")), endpoint=_changed(fixture("webhook_endpoint", secret="whsec_12345678")))
def test_no_changed_account_or_endpoint_raises_anything_but_words(account: Any, endpoint: Any) -> None:
    """ux.md 3.6: refused, with a sentence for the form."""
    with suppress(Refused):
        assert isinstance(_told(account, _listed()).account_of_keys(), str)
    with suppress(Refused):
        hook = _told(_listed(), endpoint).set_up_hook("https://shop.example/hooks/")
        assert hook.secret == endpoint["secret"] != ""
