"""What Stripe's objects come to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balancedue.processors.base import Kind
from balancedue.processors.stripe.outcome import read_intent, read_refund, safe
from balancedue.rules.declines import REASONS
from balancedue.rules.money import Money
from tests.processors.objects import fixture, intent, paid_intent


def test_a_success_says_what_was_received_and_from_whom() -> None:
    """N3, F3: amount, currency, mode, card and payer as Stripe saw them."""
    charge = fixture("charge")
    charge["billing_details"] |= {"name": "Jenny  Rosen\n", "email": "jenny@shopper.example"}
    outcome = read_intent(paid_intent(amount_received=1000, latest_charge=charge))
    assert outcome.kind is Kind.PAID
    assert outcome.amount == Money(1099, "USD")
    assert outcome.received == Money(1000, "USD")
    assert outcome.livemode is False
    assert outcome.attempt_id == "att_1"
    assert outcome.card == "Visa ending 4242"
    assert (outcome.payer_name, outcome.payer_email) == ("Jenny Rosen", "jenny@shopper.example")
    assert outcome.client_secret == ""


def test_a_success_without_its_charge_is_still_a_success() -> None:
    """M3."""
    for charge in (None, "ch_1", [], {"payment_method_details": 7, "billing_details": "x"}):
        outcome = read_intent(paid_intent(latest_charge=charge))
        assert (outcome.kind, outcome.card, outcome.payer_email) == (Kind.PAID, "", "")


@pytest.mark.parametrize(
    ("status", "kind", "needs_action"),
    [
        ("requires_payment_method", Kind.NEEDS_CUSTOMER, False),
        ("requires_confirmation", Kind.NEEDS_CUSTOMER, False),
        ("requires_action", Kind.NEEDS_CUSTOMER, True),
        ("processing", Kind.PENDING, False),
        ("requires_capture", Kind.PENDING, False),
        ("canceled", Kind.CANCELLED, False),
        ("requires_prayer", Kind.UNKNOWN, False),
    ],
)
def test_every_status_has_its_kind(status: str, kind: Kind, needs_action: bool) -> None:
    """N14: a status that is not known yet is not a failure."""
    outcome = read_intent(intent(status=status))
    assert (outcome.kind, outcome.needs_action) == (kind, needs_action)
    assert outcome.reference.startswith("pi_")
    assert bool(outcome.client_secret) is (kind is Kind.NEEDS_CUSTOMER)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ({"type": "card_error", "code": "card_declined", "decline_code": "generic_decline"}, "declined"),
        ({"type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds"}, "insufficient_funds"),
        ({"type": "card_error", "code": "card_declined", "decline_code": "stolen_card"}, "lost_or_stolen"),
        ({"type": "card_error", "code": "card_declined", "decline_code": "fraudulent"}, "suspected_fraud"),
        ({"type": "card_error", "code": "card_declined", "decline_code": "a_new_one"}, "declined"),
        ({"type": "card_error", "code": "a_new_one"}, "declined"),
        ({"type": "card_error", "code": "expired_card"}, "expired_card"),
        ({"type": "card_error", "code": "incorrect_cvc", "decline_code": "incorrect_cvc"}, "wrong_code"),
        ({"type": "card_error", "code": "processing_error"}, "processing_error"),
        (
            {"type": "invalid_request_error", "code": "payment_intent_authentication_failure"},
            "authentication_failed",
        ),
        ({"type": "api_error"}, "processing_error"),
        ({"type": "card_error", "code": 7, "decline_code": ["x"]}, "declined"),
    ],
)
def test_a_decline_keeps_the_same_object_and_has_our_own_reason(error: dict[str, object], code: str) -> None:
    """N4: the same intent can be tried again; ux.md 3.8: reasons are our own."""
    outcome = read_intent(intent(last_payment_error=error))
    assert (outcome.kind, outcome.retryable, outcome.code) == (Kind.DECLINED, True, code)
    assert outcome.client_secret
    assert code in REASONS


def test_one_failed_try_is_told_from_the_next() -> None:
    """C5: by its charge; without one, by its card."""
    card = {"type": "card_error", "payment_method": {"id": "pm_1"}}
    assert read_intent(intent(last_payment_error={**card, "charge": "ch_1"})).try_reference == "ch_1"
    assert read_intent(intent(last_payment_error=card)).try_reference == "pm_1"
    assert read_intent(intent(last_payment_error={"type": "api_error"})).try_reference == ""


def test_stripes_own_fixture_is_read() -> None:
    """C3: the published object, as it is."""
    outcome = read_intent(fixture("payment_intent"))
    assert (outcome.kind, outcome.amount) == (Kind.DECLINED, Money(1099, "USD"))


@pytest.mark.parametrize(
    "thing",
    [
        None,
        [],
        "pi_1",
        {},
        {"id": "pi_1"},
        intent(amount="1099"),
        intent(amount=10.99),
        intent(amount=True),
        intent(amount=-5),
        intent(currency="zzz"),
        intent(currency="ugx"),
        intent(currency=None),
        intent(status=None),
        intent(id=None),
        paid_intent(amount_received=0),
        paid_intent(amount_received=None),
    ],
)
def test_what_cannot_be_read_is_unknown(thing: object) -> None:
    """N14, N5."""
    outcome = read_intent(thing)
    assert outcome.kind is Kind.UNKNOWN
    assert outcome.detail


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_names = st.sampled_from(sorted(paid_intent()))


@given(st.dictionaries(_names, _json, max_size=4))
def test_no_object_makes_it_raise_or_leak(changes: dict[str, object]) -> None:
    """N14, R14."""
    thing = paid_intent(**changes)
    outcome = read_intent(thing)
    assert isinstance(outcome.kind, Kind)
    assert "_secret_" not in repr(outcome)
    read_refund(thing)


def test_a_client_secret_never_shows_in_words() -> None:
    """R20."""
    outcome = read_intent(intent())
    assert outcome.client_secret
    assert outcome.client_secret not in repr(outcome)
    said = safe("pi_1Pgafy_secret_Dm43xiq sk_test_4eC39Hq rk_live_abc whsec_abcdef pk_test_abc\nend")
    for secret in ("Dm43xiq", "4eC39Hq", "abc", "abcdef"):
        assert secret not in said
    assert said.endswith("end")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("succeeded", Kind.PAID),
        ("pending", Kind.PENDING),
        ("requires_action", Kind.PENDING),
        ("failed", Kind.DECLINED),
        ("canceled", Kind.CANCELLED),
        ("strange", Kind.UNKNOWN),
    ],
)
def test_every_state_of_a_refund_has_its_kind(status: str, kind: Kind) -> None:
    """F5."""
    outcome = read_refund(fixture("refund", status=status))
    assert (outcome.kind, outcome.amount) == (kind, Money(100, "USD"))
    assert outcome.received == (Money(100, "USD") if kind is Kind.PAID else None)


@pytest.mark.parametrize(
    ("details", "words"),
    [
        ({"type": "card", "card": {"brand": "amex", "last4": "0005"}}, "American Express ending 0005"),
        ({"type": "card", "card": {"brand": "cartes_bancaires", "last4": "x"}}, "Cartes bancaires"),
        ({"type": "us_bank_account", "us_bank_account": {"last4": "6789"}}, "US bank account ending 6789"),
        ({"type": "link"}, "Link"),
        ({}, ""),
        (None, ""),
    ],
)
def test_the_means_of_payment_is_named(details: object, words: str) -> None:
    """ux.md 3.9."""
    charge = fixture("charge", payment_method_details=details)
    assert read_intent(paid_intent(latest_charge=charge)).card == words


@pytest.mark.parametrize(
    "email", ["a b@x.example", "a@x.example\r\nBcc: b@y.example", "nobody", "a@b@c", "é@x.example"]
)
def test_an_address_that_is_none_is_left_out(email: str) -> None:
    """H4: nothing from outside reaches a mail header unread."""
    charge = fixture("charge")
    charge["billing_details"]["email"] = email
    assert read_intent(paid_intent(latest_charge=charge)).payer_email == ""
