"""Balance transactions, fees and payouts."""

import urllib.error
from typing import Any

import pytest
import stripe

from balancedue.sandbox.balances import charge_fee, dispute_fee
from tests.sandbox.conftest import until
from tests.servers import Sandbox

SUM: dict[str, Any] = {"amount": 110528, "currency": "usd", "confirm": True, "payment_method": "pm_card_visa"}


@pytest.mark.parametrize(
    ("amount", "currency", "fee"),
    [(110528, "usd", 3235), (1000, "jpy", 59), (10000, "kwd", 590), (50, "usd", 31), (20, "usd", 20)],
)
def test_a_card_payment_costs_a_share_and_a_fixed_part(amount: int, currency: str, fee: int) -> None:
    """2.9 % and 30, in minor units of any exponent, never more than the payment."""
    assert charge_fee(amount, currency) == fee


def test_a_dispute_costs_the_same_figure_in_every_currency() -> None:
    """1,500, with three decimals 15,000."""
    assert [dispute_fee(code) for code in ("usd", "jpy", "kwd")] == [1500, 1500, 15000]


def test_the_fee_is_known_a_moment_after_the_payment(client: stripe.StripeClient) -> None:
    """With asynchronous capture, the default, a confirmation's charge has no balance transaction yet, as at Stripe."""
    intent = client.v1.payment_intents.create({**SUM, "expand": ["latest_charge"]})
    charge: Any = intent.latest_charge
    assert charge.balance_transaction is None
    until(lambda: client.v1.charges.retrieve(charge.id).balance_transaction is not None)
    expand: list[Any] = ["latest_charge.balance_transaction"]
    entry: Any = client.v1.payment_intents.retrieve(intent.id, {"expand": expand}).latest_charge
    entry = entry.balance_transaction
    assert (entry.type, entry.amount, entry.fee, entry.net) == ("charge", 110528, 3235, 107293)
    assert [(one.amount, one.type) for one in entry.fee_details] == [(3235, "stripe_fee")]
    assert client.v1.balance_transactions.retrieve(entry.id).source == charge.id
    assert [event.type for event in client.v1.events.list({"type": "charge.updated"}).data] == ["charge.updated"]


def test_with_synchronous_capture_the_fee_is_there_at_once(client: stripe.StripeClient) -> None:
    """capture_method automatic."""
    expand: list[Any] = ["latest_charge.balance_transaction"]
    intent: Any = client.v1.payment_intents.create({**SUM, "capture_method": "automatic", "expand": expand})
    assert intent.latest_charge.balance_transaction.fee == 3235


def test_every_movement_is_on_the_balance_once(
    sandbox: Sandbox, client: stripe.StripeClient, account: dict[str, str]
) -> None:
    """Payment, refund, refund that failed, dispute, reinstatement: the sum is what can be paid out."""
    charge = str(client.v1.payment_intents.create(SUM).latest_charge)
    refund = client.v1.refunds.create({"charge": charge, "amount": 500})
    sandbox.end(refund.id, "failed")
    client.v1.refunds.create({"charge": charge, "amount": 1000})
    dispute = sandbox.dispute(charge, amount=2000)
    sandbox.end(dispute, "won")
    entries = client.v1.balance_transactions.list({"limit": 100}).data[::-1]
    assert [(one.type, one.reporting_category, one.net) for one in entries] == [
        ("charge", "charge", 107293),
        ("refund", "refund", -500),
        ("refund_failure", "refund_failure", 500),
        ("refund", "refund", -1000),
        ("adjustment", "dispute", -3500),
        ("adjustment", "dispute_reversal", 2000),
    ]
    assert sandbox.get("/_sandbox/books")["balances"][account["id"]] == {"usd": 104793}
    assert [one.net for one in client.v1.balance_transactions.list({"source": dispute}).data] == [2000, -3500]
    assert len(client.v1.balance_transactions.list({"type": "refund"}).data) == 2


def test_a_payout_holds_what_came_in(sandbox: Sandbox, client: stripe.StripeClient, account: dict[str, str]) -> None:
    """All of one currency, with its transactions to be listed by payout; then the bank has it."""
    charges = {str(client.v1.payment_intents.create(SUM).latest_charge) for _ in range(2)}
    client.v1.payment_intents.create({**SUM, "currency": "eur"})
    until(lambda: len(client.v1.balance_transactions.list().data) == 3)
    payout = client.v1.payouts.retrieve(sandbox.pay_out(account["id"]), {"expand": ["balance_transaction"]})
    assert (payout.amount, payout.currency, payout.status) == (214586, "usd", "in_transit")
    assert payout.balance_transaction.net == -214586  # type: ignore[union-attr]
    held = client.v1.balance_transactions.list({"payout": payout.id, "expand": ["data.source"]}).data
    assert {one.source.id for one in held} == charges | {payout.id}  # type: ignore[union-attr]
    assert sum(one.net for one in held) == 0
    until(lambda: client.v1.payouts.retrieve(payout.id).status == "paid")
    assert [one.id for one in client.v1.payouts.list({"status": "paid"}).data] == [payout.id]
    events = client.v1.events.list({"type": "payout.*"}).data
    assert [event.type for event in events] == ["payout.paid", "payout.created"]
    with pytest.raises(urllib.error.HTTPError) as refusal:
        sandbox.pay_out(account["id"])
    refusal.value.close()
    assert client.v1.payouts.retrieve(sandbox.pay_out(account["id"], currency="eur")).currency == "eur"


def test_a_payout_may_come_back(sandbox: Sandbox, client: stripe.StripeClient, account: dict[str, str]) -> None:
    """Failed on the way or days after it was paid: the money is on the balance again."""
    client.v1.payment_intents.create({**SUM, "capture_method": "automatic"})
    first = sandbox.pay_out(account["id"], outcome="failed")
    until(lambda: client.v1.payouts.retrieve(first).status == "failed")
    second = sandbox.pay_out(account["id"])
    sandbox.end(second, "paid")
    sandbox.end(second, "failed")
    failed = client.v1.payouts.retrieve(second)
    assert (failed.status, failed.failure_code, failed.amount) == ("failed", "account_closed", 107293)
    assert sandbox.get("/_sandbox/books")["balances"][account["id"]] == {"usd": 107293}
    kinds = {one.type for one in client.v1.balance_transactions.list().data}
    assert kinds == {"charge", "payout", "payout_failure"}
