"""Idempotency keys as Stripe keeps them (money-safety.md 1)."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import stripe

SUM: dict[str, Any] = {"amount": 110528, "currency": "usd"}


def test_eight_threads_with_one_key_make_one_intent(client: stripe.StripeClient) -> None:
    """The second to eighth get the first one's answer."""
    together = threading.Barrier(8)

    def create(_: int) -> tuple[str, str | None]:
        together.wait()
        intent = client.v1.payment_intents.create(SUM, {"idempotency_key": "one"})
        return intent.id, intent.last_response.headers.get("Idempotent-Replayed")

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(create, range(8)))
    assert len({id for id, _ in answers}) == 1
    assert sorted(str(replayed) for _, replayed in answers) == ["None"] + ["true"] * 7
    assert len(client.v1.payment_intents.list().data) == 1


def test_the_same_key_with_another_sum_is_refused(client: stripe.StripeClient) -> None:
    """Same key, other parameters: an error, and nothing is made."""
    client.v1.payment_intents.create(SUM, {"idempotency_key": "key"})
    with pytest.raises(stripe.IdempotencyError):
        client.v1.payment_intents.create({**SUM, "amount": 500}, {"idempotency_key": "key"})
    assert len(client.v1.payment_intents.list().data) == 1


def test_a_refused_request_does_not_use_up_its_key(client: stripe.StripeClient) -> None:
    """A validation error is not stored."""
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.create({**SUM, "amount": 1}, {"idempotency_key": "key"})
    assert client.v1.payment_intents.create(SUM, {"idempotency_key": "key"}).amount == 110528


def test_a_decline_is_stored(client: stripe.StripeClient) -> None:
    """The same key answers the same decline again; no second charge is tried."""
    intent = client.v1.payment_intents.create(SUM)
    for _ in range(2):
        with pytest.raises(stripe.CardError) as decline:
            client.v1.payment_intents.confirm(
                intent.id, {"payment_method": "pm_card_visa_chargeDeclined"}, {"idempotency_key": "try 1"}
            )
    assert decline.value.headers is not None
    assert decline.value.headers["Idempotent-Replayed"] == "true"
    assert len(client.v1.charges.list({"payment_intent": intent.id}).data) == 1


def test_keys_of_two_accounts_do_not_meet(client: stripe.StripeClient, sandbox: Any) -> None:
    """A key belongs to its account."""
    other = sandbox.post("/_sandbox/accounts", {"secret_key": "sk_test_keys_do_not_meet"})
    first = client.v1.payment_intents.create(SUM, {"idempotency_key": "shared"})
    second = client.v1.payment_intents.create(SUM, {"idempotency_key": "shared", "api_key": other["secret_key"]})
    assert first.id != second.id


def test_a_key_that_is_too_long_is_refused(client: stripe.StripeClient) -> None:
    """Keys hold up to 255 characters."""
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.create(SUM, {"idempotency_key": "k" * 256})
