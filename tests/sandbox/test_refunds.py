"""Refunds as Stripe makes them (money-safety.md 1), seen through Stripe's own SDK."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import stripe

from tests.sandbox.conftest import until
from tests.servers import Sandbox, start_sandbox

SUM: dict[str, Any] = {"amount": 110528, "currency": "usd", "confirm": True}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One where "later" is soon."""
    running = start_sandbox(tmp_path_factory.mktemp("sandbox"), settle_seconds=0.5)
    yield running
    assert running.stop() == 0


def _paid(client: stripe.StripeClient, token: str = "pm_card_visa", **more: Any) -> Any:
    return client.v1.payment_intents.create({**SUM, "payment_method": token, **more})


def _charge(client: stripe.StripeClient, intent: Any) -> Any:
    return client.v1.charges.retrieve(str(intent.latest_charge), {"expand": ["refunds", "balance_transaction"]})


def _types(client: stripe.StripeClient, *types: str) -> list[str]:
    listed = client.v1.events.list({"types": list(types), "limit": 100})  # type: ignore[typeddict-item]
    return [event.type for event in listed.data][::-1]


def _status(client: stripe.StripeClient, id: str) -> str:
    return str(client.v1.refunds.retrieve(id).status)


def test_a_payment_goes_back_in_parts_until_nothing_is_left(client: stripe.StripeClient) -> None:
    """Several parts with reasons and metadata; the last takes what is left; the charge counts them."""
    intent = _paid(client)
    first = client.v1.refunds.create(
        {"payment_intent": intent.id, "amount": 10000, "reason": "requested_by_customer", "metadata": {"by": "usr_1"}}
    )
    assert (first.status, first.amount, first.reason, first.metadata["by"]) == (  # type: ignore[index]
        "succeeded",
        10000,
        "requested_by_customer",
        "usr_1",
    )
    assert (first.charge, first.payment_intent) == (intent.latest_charge, intent.id)
    assert (_charge(client, intent).amount_refunded, _charge(client, intent).refunded) == (10000, False)
    rest = client.v1.refunds.create({"charge": str(intent.latest_charge)})
    assert rest.amount == 100528
    charge = _charge(client, intent)
    assert (charge.amount_refunded, charge.refunded) == (110528, True)
    assert [one.id for one in charge.refunds.data] == [rest.id, first.id]
    assert [one.id for one in client.v1.refunds.list({"payment_intent": intent.id}).data] == [rest.id, first.id]
    assert [one.id for one in client.v1.refunds.list({"charge": charge.id, "limit": 1}).data] == [rest.id]
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.refunds.create({"payment_intent": intent.id})
    assert refusal.value.code == "charge_already_refunded"
    assert _types(client, "refund.*", "charge.refunded") == ["refund.created", "charge.refunded"] * 2


@pytest.mark.parametrize(
    ("change", "param", "code"),
    [
        ({"amount": 110529}, "amount", None),
        ({"amount": 0}, "amount", "parameter_invalid_integer"),
        ({"amount": -1}, "amount", "parameter_invalid_integer"),
        ({"amount": "1.5"}, "amount", "parameter_invalid_integer"),
        ({"reason": "expired_uncaptured_charge"}, "reason", None),
        ({"reason": "changed_my_mind"}, "reason", None),
        ({"amuont": 5}, "amuont", "parameter_unknown"),
        ({"charge": "ch_none"}, "charge", None),
        ({"payment_intent": "pi_none"}, "payment_intent", "resource_missing"),
        ({"payment_intent": ""}, "charge", None),
        ({"reverse_transfer": True}, "reverse_transfer", "sandbox_unsupported"),
    ],
)
def test_what_stripe_would_refuse_is_refused(
    client: stripe.StripeClient, change: dict[str, Any], param: str, code: str | None
) -> None:
    """Never above the charge, never a part of a cent, no reason of one's own; nothing is made."""
    intent = _paid(client)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.refunds.create({"payment_intent": intent.id, **change})  # type: ignore[typeddict-item]
    assert (refusal.value.param, refusal.value.code) == (param, code)
    assert client.v1.refunds.list().data == []


def test_what_was_never_paid_cannot_go_back(client: stripe.StripeClient) -> None:
    """An open intent, a declined one, and another account's."""
    waiting = client.v1.payment_intents.create({"amount": 500, "currency": "usd"})
    with pytest.raises(stripe.InvalidRequestError, match="successful charge"):
        client.v1.refunds.create({"payment_intent": waiting.id})
    with pytest.raises(stripe.CardError) as decline:
        client.v1.payment_intents.confirm(waiting.id, {"payment_method": "pm_card_visa_chargeDeclined"})
    with pytest.raises(stripe.InvalidRequestError, match="cannot be refunded"):
        client.v1.refunds.create({"charge": decline.value.error.charge})  # type: ignore[union-attr]


def test_a_refund_keeps_to_the_steps_of_its_currency(client: stripe.StripeClient) -> None:
    """money-safety.md 1: fractional refunds of ISK are rejected."""
    intent = _paid(client, amount=500000, currency="isk")
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.refunds.create({"payment_intent": intent.id, "amount": 10050})
    assert refusal.value.code == "invalid_charge_amount_no_decimal_compatible"
    assert client.v1.refunds.create({"payment_intent": intent.id, "amount": 10000}).amount == 10000


@pytest.mark.parametrize(
    ("token", "first", "reason", "last"),
    [
        ("pm_card_pendingRefund", "pending", "processing", "succeeded"),
        ("pm_card_refundFail", "succeeded", None, "failed"),
        ("pm_card_sandboxRefundPendsAndFails", "pending", "processing", "failed"),
    ],
)
def test_a_refund_may_end_later(
    client: stripe.StripeClient, token: str, first: str, reason: str | None, last: str
) -> None:
    """F5: pending is not done, and done may still fail; what failed can be refunded again."""
    intent = _paid(client, token)
    refund = client.v1.refunds.create({"payment_intent": intent.id})
    assert (refund.status, refund.to_dict().get("pending_reason")) == (first, reason)
    assert _charge(client, intent).amount_refunded == 110528
    until(lambda: _status(client, refund.id) == last)
    ended = client.v1.refunds.retrieve(refund.id)
    assert "pending_reason" not in ended.to_dict()
    changed = ["refund.updated", "charge.refund.updated"] + ["refund.failed"] * (last == "failed")
    assert _types(client, "refund.updated", "refund.failed", "charge.refund.updated") == changed
    charge = _charge(client, intent)
    assert (charge.amount_refunded, charge.refunded) == ((110528, True) if last == "succeeded" else (0, False))
    if last == "failed":
        assert ended.failure_reason == "expired_or_canceled_card"
        assert ended.failure_balance_transaction is not None
        assert client.v1.refunds.create({"payment_intent": intent.id}).amount == 110528


def test_a_refund_may_wait_for_funds(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    """insufficient_funds: nothing left the balance yet; a rehearsal says when it goes on."""
    intent = _paid(client, "pm_card_sandboxRefundWaitsForFunds")
    refund = client.v1.refunds.create({"payment_intent": intent.id, "amount": 500})
    assert refund.to_dict()["pending_reason"] == "insufficient_funds"
    assert refund.balance_transaction is None
    sandbox.end(refund.id, "succeeded")
    ended = client.v1.refunds.retrieve(refund.id, {"expand": ["balance_transaction"]})
    assert ended.status == "succeeded"
    assert ended.balance_transaction.net == -500  # type: ignore[union-attr]


def test_only_a_refund_that_waits_for_the_customer_can_be_cancelled(client: stripe.StripeClient) -> None:
    """requires_action, then canceled: the money is the shop's again."""
    asks = client.v1.refunds.create({"payment_intent": _paid(client, "pm_card_sandboxRefundAsks").id})
    assert asks.status == "requires_action"
    assert asks.next_action is not None
    cancelled = client.v1.refunds.cancel(asks.id)
    assert cancelled.status == "canceled"
    assert client.v1.charges.retrieve(str(asks.charge)).amount_refunded == 0
    done = client.v1.refunds.create({"payment_intent": _paid(client).id})
    with pytest.raises(stripe.InvalidRequestError, match="succeeded"):
        client.v1.refunds.cancel(done.id)


def test_sixteen_refunds_at_once_never_exceed_the_charge(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    """N9, E7: ten of 10,000 fit into 105,280, whoever comes first."""
    intent = _paid(client, amount=105280)
    together = threading.Barrier(16)

    def refund(_: int) -> str:
        together.wait()
        try:
            return str(client.v1.refunds.create({"payment_intent": intent.id, "amount": 10000}).status)
        except stripe.InvalidRequestError as refusal:
            return str(refusal.param)

    with ThreadPoolExecutor(16) as pool:
        assert sorted(pool.map(refund, range(16))) == ["amount"] * 6 + ["succeeded"] * 10
    assert _charge(client, intent).amount_refunded == 100000
    own = [one for one in sandbox.get("/_sandbox/books")["refunds"] if one["payment_intent"] == intent.id]
    assert sum(one["amount"] for one in own) == 100000


def test_the_same_key_refunds_once(client: stripe.StripeClient) -> None:
    """A second press and a retry give the first answer."""
    intent = _paid(client)
    made = [
        client.v1.refunds.create({"payment_intent": intent.id, "amount": 500}, {"idempotency_key": "r1"}).id
        for _ in range(3)
    ]
    assert len(set(made)) == 1
    with pytest.raises(stripe.IdempotencyError):
        client.v1.refunds.create({"payment_intent": intent.id, "amount": 501}, {"idempotency_key": "r1"})
    assert _charge(client, intent).amount_refunded == 500


def test_only_metadata_can_be_changed(client: stripe.StripeClient) -> None:
    """As at Stripe."""
    refund = client.v1.refunds.create({"payment_intent": _paid(client).id, "metadata": {"a": "1"}})
    changed = client.v1.refunds.update(refund.id, {"metadata": {"b": "2"}})
    assert changed.metadata is not None
    assert changed.metadata.to_dict() == {"a": "1", "b": "2"}
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.update(refund.id, {"amount": 5})  # type: ignore[typeddict-unknown-key]


def test_a_refund_can_be_made_elsewhere(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    """As in the processor's dashboard: the shop hears of it by event only."""
    intent = _paid(client)
    made = sandbox.post("/_sandbox/refunds", {"charge": intent.latest_charge, "amount": 700, "reason": "duplicate"})
    assert client.v1.refunds.retrieve(made["id"]).amount == 700
    assert client.v1.events.list({"type": "charge.refunded"}).data[0].request.id is None  # type: ignore[union-attr]
    sandbox.end(made["id"], "failed")
    assert _status(client, made["id"]) == "failed"
