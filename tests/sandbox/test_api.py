"""What the sandbox's API does, seen through Stripe's own SDK."""

from typing import Any

import pytest
import stripe

from tests.sandbox.conftest import client_for
from tests.servers import Sandbox

SUM: dict[str, Any] = {"amount": 110528, "currency": "usd", "automatic_payment_methods": {"enabled": True}}


def test_an_intent_waits_for_a_card(client: stripe.StripeClient) -> None:
    """An intent as made by a shop: opaque metadata, a secret for the browser, nothing charged."""
    intent = client.v1.payment_intents.create({**SUM, "metadata": {"attempt": "att_1", "order": "ord_1"}})
    assert intent.id.startswith("pi_")
    assert intent.client_secret is not None
    assert intent.client_secret.startswith(f"{intent.id}_secret_")
    assert (intent.status, intent.amount, intent.amount_received) == ("requires_payment_method", 110528, 0)
    assert intent.metadata.to_dict() == {"attempt": "att_1", "order": "ord_1"}
    assert intent.livemode is False


def test_answers_carry_a_request_id_and_echo_the_version(client: stripe.StripeClient) -> None:
    """What Stripe's support would ask for."""
    intent = client.v1.payment_intents.create(SUM, {"stripe_version": "2025-10-29.clover"})
    assert intent.last_response.headers["Request-Id"].startswith("req_")
    assert intent.last_response.headers["Stripe-Version"] == "2025-10-29.clover"


def test_the_account_says_who_it_is(client: stripe.StripeClient, account: dict[str, str]) -> None:
    """GET /v1/account, for Check connection."""
    found = client.v1.accounts.retrieve_current()
    assert (found.id, found.country, found.default_currency) == (account["id"], "US", "usd")
    assert found.charges_enabled is True


@pytest.mark.parametrize("key", ["sk_test_nobody", "sk_live_nobody", "pk_test_nobody"])
def test_an_unknown_key_is_refused_without_being_repeated(sandbox: Sandbox, key: str) -> None:
    """401, and the key is not in the message."""
    with pytest.raises(stripe.AuthenticationError) as refusal:
        client_for(sandbox.url, key).v1.accounts.retrieve_current()
    assert refusal.value.http_status == 401
    assert key not in str(refusal.value)


def test_a_publishable_key_cannot_list_or_make(sandbox: Sandbox, account: dict[str, str]) -> None:
    """A browser's key looks up and confirms, both with the client secret, and nothing else."""
    browser = client_for(sandbox.url, account["publishable_key"])
    for call in (lambda: browser.v1.payment_intents.create(SUM), lambda: browser.v1.payment_intents.list()):
        with pytest.raises(stripe.PermissionError):
            call()


def test_a_browser_sees_an_intent_only_with_its_secret_and_without_metadata(
    sandbox: Sandbox, account: dict[str, str], client: stripe.StripeClient
) -> None:
    """money-safety.md 1: metadata is hidden from publishable-key reads."""
    intent = client.v1.payment_intents.create({**SUM, "metadata": {"order": "ord_1"}})
    browser = client_for(sandbox.url, account["publishable_key"])
    with pytest.raises(stripe.AuthenticationError):
        browser.v1.payment_intents.retrieve(intent.id)
    with pytest.raises(stripe.InvalidRequestError):
        browser.v1.payment_intents.retrieve(intent.id, {"client_secret": f"{intent.id}_secret_guess"})
    seen = browser.v1.payment_intents.retrieve(intent.id, {"client_secret": str(intent.client_secret)})
    assert seen.status == "requires_payment_method"
    assert "metadata" not in seen.to_dict()


def test_another_account_sees_nothing(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    """Objects belong to the account whose key made them."""
    intent = client.v1.payment_intents.create(SUM)
    other = sandbox.post("/_sandbox/accounts", {"secret_key": "sk_test_somebody_else"})
    stranger = client_for(sandbox.url, other["secret_key"])
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        stranger.v1.payment_intents.retrieve(intent.id)
    assert (refusal.value.http_status, refusal.value.code) == (404, "resource_missing")
    assert stranger.v1.payment_intents.list().data == []


@pytest.mark.parametrize(
    ("change", "param", "code"),
    [
        ({"amount": 0}, "amount", "amount_too_small"),
        ({"amount": 49}, "amount", "amount_too_small"),
        ({"amount": -100}, "amount", "amount_too_small"),
        ({"amount": 100_000_000}, "amount", "amount_too_large"),
        ({"amount": "10.5"}, "amount", "parameter_invalid_integer"),
        ({"amount": "1e5"}, "amount", "parameter_invalid_integer"),
        ({"amount": "١٠٠"}, "amount", "parameter_invalid_integer"),
        ({"amount": 10050, "currency": "isk"}, "amount", "invalid_charge_amount_no_decimal_compatible"),
        ({"amount": 10005, "currency": "kwd"}, "amount", "invalid_charge_amount_no_decimal_compatible"),
        ({"currency": "ugx"}, "currency", None),
        ({"currency": "dollars"}, "currency", None),
        ({"ammount": 5}, "ammount", "parameter_unknown"),
        ({"customer": "cus_1"}, "customer", "sandbox_unsupported"),
        ({"payment_method_types": ["klarna"], "automatic_payment_methods": ""}, "payment_method_types", None),
        ({"metadata": {"k" * 41: "x"}}, "metadata", None),
        ({"metadata": {"k": "x" * 501}}, "metadata", None),
        ({"capture_method": "manual"}, "capture_method", None),
    ],
)
def test_what_stripe_would_refuse_is_refused(
    client: stripe.StripeClient, change: dict[str, Any], param: str, code: str | None
) -> None:
    """A typing error, a float or a currency not in the table never becomes an intent."""
    given = {name: value for name, value in {**SUM, **change}.items() if value != ""}
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.payment_intents.create(given)
    assert (refusal.value.http_status, refusal.value.param, refusal.value.code) == (400, param, code)
    assert client.v1.payment_intents.list().data == []


def test_a_missing_sum_is_named(client: stripe.StripeClient) -> None:
    """parameter_missing names what is missing."""
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.payment_intents.create({"currency": "usd"})  # type: ignore[typeddict-item]
    assert (refusal.value.code, refusal.value.param) == ("parameter_missing", "amount")


def test_an_intent_is_found_by_the_time_it_was_made(client: stripe.StripeClient) -> None:
    """Reconcile by list, not by search (money-safety.md 1): newest first, in pages, with metadata."""
    made = [client.v1.payment_intents.create({**SUM, "metadata": {"n": str(number)}}) for number in range(5)]
    since = {"gte": made[0].created, "lte": made[-1].created}
    first = client.v1.payment_intents.list({"limit": 2, "created": since})
    assert [one.metadata["n"] for one in first.data] == ["4", "3"]
    assert first.has_more is True
    assert [one.metadata["n"] for one in first.auto_paging_iter()] == ["4", "3", "2", "1", "0"]
    assert client.v1.payment_intents.list({"created": {"gt": made[-1].created}}).data == []
    before = client.v1.payment_intents.list({"limit": 2, "ending_before": made[0].id})
    assert [one.metadata["n"] for one in before.data] == ["2", "1"]


def test_the_sum_can_change_until_it_is_paid(client: stripe.StripeClient) -> None:
    """money-safety.md 1, Lifecycle: the amount only in the first three statuses."""
    intent = client.v1.payment_intents.create({**SUM, "metadata": {"a": "1", "b": "2"}})
    changed = client.v1.payment_intents.update(intent.id, {"amount": 125528, "metadata": {"a": "", "c": "3"}})
    assert changed.amount == 125528
    assert changed.metadata.to_dict() == {"b": "2", "c": "3"}
    client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.payment_intents.update(intent.id, {"amount": 100})
    assert refusal.value.code == "payment_intent_unexpected_state"


def test_cancelling_ends_it_and_cannot_undo_a_payment(client: stripe.StripeClient) -> None:
    """Cancel and see `canceled`, or be told that money was taken."""
    intent = client.v1.payment_intents.create(SUM)
    cancelled = client.v1.payment_intents.cancel(intent.id, {"cancellation_reason": "abandoned"})
    assert (cancelled.status, cancelled.cancellation_reason) == ("canceled", "abandoned")
    assert cancelled.canceled_at is not None
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    assert refusal.value.code == "payment_intent_unexpected_state"
    paid = client.v1.payment_intents.create({**SUM, "confirm": True, "payment_method": "pm_card_visa"})
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.payment_intents.cancel(paid.id)
    assert refusal.value.error is not None
    assert refusal.value.error.payment_intent is not None
    assert refusal.value.error.payment_intent.status == "succeeded"


def test_the_charge_shows_card_and_payer(client: stripe.StripeClient) -> None:
    """expand[]=latest_charge gives brand and last four digits; the charge is also found by itself."""
    intent = client.v1.payment_intents.create(
        {**SUM, "confirm": True, "payment_method": "pm_card_amex", "expand": ["latest_charge"]}
    )
    charge: Any = intent.latest_charge
    assert (charge.status, charge.amount_captured) == ("succeeded", 110528)
    assert (charge.payment_method_details.card.brand, charge.payment_method_details.card.last4) == ("amex", "0005")
    assert client.v1.charges.retrieve(charge.id).payment_intent == intent.id
    listed = client.v1.payment_intents.list({"expand": ["data.latest_charge"]})
    assert listed.data[0].latest_charge.id == charge.id  # type: ignore[union-attr]
    assert [one.id for one in client.v1.charges.list({"payment_intent": intent.id}).data] == [charge.id]


def test_what_cannot_be_expanded_is_said(client: stripe.StripeClient) -> None:
    """A wrong expand path is an error, not silence."""
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        client.v1.payment_intents.list({"expand": ["data.invoice"]})


def test_an_address_stripe_does_not_have_is_404(client: stripe.StripeClient) -> None:
    """Unrecognized request URL."""
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.raw_request("get", "/v1/nothing_here")
    assert refusal.value.http_status == 404
