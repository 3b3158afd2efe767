"""Disputes as Stripe makes them (money-safety.md 1), seen through Stripe's own SDK."""

import time
import urllib.error
from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from tests.sandbox.conftest import until
from tests.servers import Sandbox, start_sandbox

SUM: dict[str, Any] = {"amount": 110528, "currency": "usd", "confirm": True}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One where "later" is soon."""
    running = start_sandbox(tmp_path_factory.mktemp("sandbox"), settle_seconds=0.1)
    yield running
    assert running.stop() == 0


def _charge(client: stripe.StripeClient, token: str = "pm_card_visa") -> str:
    return str(client.v1.payment_intents.create({**SUM, "payment_method": token}).latest_charge)


def _only_dispute(client: stripe.StripeClient, charge: str) -> stripe.Dispute:
    until(lambda: client.v1.disputes.list({"charge": charge}).data != [])
    [dispute] = client.v1.disputes.list({"charge": charge}).data
    return dispute


def _types(client: stripe.StripeClient) -> list[str]:
    return [event.type for event in client.v1.events.list({"type": "charge.dispute.*"}).data][::-1]


def _moved(dispute: stripe.Dispute) -> list[tuple[int, int]]:
    return [(entry.amount, entry.fee) for entry in dispute.balance_transactions]


@pytest.mark.parametrize(
    ("token", "reason"),
    [("pm_card_createDispute", "fraudulent"), ("pm_card_createDisputeProductNotReceived", "product_not_received")],
)
def test_a_test_card_is_disputed_right_after_payment(client: stripe.StripeClient, token: str, reason: str) -> None:
    """Money and fee go at once; the charge is disputed and cannot be refunded."""
    charge = _charge(client, token)
    dispute = _only_dispute(client, charge)
    assert (dispute.status, dispute.reason, dispute.amount) == ("needs_response", reason, 110528)
    assert dispute.is_charge_refundable is False
    assert _moved(dispute) == [(-110528, 1500)]
    assert dispute.evidence_details.due_by is not None
    assert 6 * 86400 < dispute.evidence_details.due_by - time.time() < 9 * 86400
    assert client.v1.charges.retrieve(charge).disputed is True
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.refunds.create({"charge": charge})
    assert refusal.value.code == "charge_disputed"
    assert _types(client) == ["charge.dispute.created", "charge.dispute.funds_withdrawn"]


@pytest.mark.parametrize(("evidence", "status"), [("winning_evidence", "won"), ("losing_evidence", "lost")])
def test_evidence_decides_as_in_stripes_test_mode(client: stripe.StripeClient, evidence: str, status: str) -> None:
    """Staged first, then sent; under review, then won with the money back, or lost. The fee stays."""
    dispute = _only_dispute(client, _charge(client, "pm_card_createDispute"))
    staged = client.v1.disputes.update(dispute.id, {"evidence": {"customer_name": "Dana"}, "submit": False})
    assert (staged.status, staged.evidence_details.has_evidence) == ("needs_response", True)
    sent = client.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": evidence}})
    assert (sent.status, sent.evidence_details.submission_count) == ("under_review", 1)
    assert sent.evidence.customer_name == "Dana"
    until(lambda: client.v1.disputes.retrieve(dispute.id).status == status)
    ended = client.v1.disputes.retrieve(dispute.id)
    assert _moved(ended) == [(-110528, 1500)] + [(110528, 0)] * (status == "won")
    told = ["charge.dispute.updated"] * 2 + ["charge.dispute.closed"]
    told += ["charge.dispute.funds_reinstated"] * (status == "won")
    assert _types(client)[2:] == told
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": "more"}})
    if status == "won":
        assert client.v1.refunds.create({"charge": str(dispute.charge)}).status == "succeeded"


def test_an_inquiry_takes_no_money_and_ends_with_a_refund(client: stripe.StripeClient) -> None:
    """warning_needs_response leaves the charge refundable."""
    charge = _charge(client, "pm_card_createDisputeInquiry")
    dispute = _only_dispute(client, charge)
    assert (dispute.status, dispute.is_charge_refundable) == ("warning_needs_response", True)
    assert _moved(dispute) == []
    client.v1.refunds.create({"charge": charge, "amount": 500})
    assert client.v1.disputes.retrieve(dispute.id).status == "warning_needs_response"
    client.v1.refunds.create({"charge": charge})
    assert client.v1.disputes.retrieve(dispute.id).status == "warning_closed"
    assert _types(client) == ["charge.dispute.created", "charge.dispute.closed"]


def test_an_inquiry_may_become_a_dispute(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    """By the evidence of Stripe's test mode, or by word of the rehearsal: then the money goes."""
    dispute = _only_dispute(client, _charge(client, "pm_card_createDisputeInquiry"))
    client.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": "escalate_inquiry_evidence"}})
    until(lambda: client.v1.disputes.retrieve(dispute.id).status == "needs_response")
    assert _moved(client.v1.disputes.retrieve(dispute.id)) == [(-110528, 1500)]
    assert _types(client)[-1] == "charge.dispute.funds_withdrawn"
    other = sandbox.dispute(_charge(client), status="warning_needs_response")
    sandbox.end(other, "escalated")
    assert client.v1.disputes.retrieve(other).is_charge_refundable is False


def test_giving_in_loses(client: stripe.StripeClient) -> None:
    """POST close, once."""
    dispute = _only_dispute(client, _charge(client, "pm_card_createDispute"))
    assert client.v1.disputes.close(dispute.id).status == "lost"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.disputes.close(dispute.id)


def test_a_rehearsal_disputes_any_charge_in_part(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    """The amount may differ from the charge's; one open dispute at a time; the outcome is chosen."""
    charge = _charge(client)
    dispute = sandbox.dispute(charge, amount=50000, reason="duplicate")
    assert _moved(client.v1.disputes.retrieve(dispute)) == [(-50000, 1500)]
    with pytest.raises(urllib.error.HTTPError) as refusal:
        sandbox.dispute(charge)
    refusal.value.close()
    sandbox.end(dispute, "won")
    assert _moved(client.v1.disputes.retrieve(dispute)) == [(-50000, 1500), (50000, 0)]
    again = sandbox.dispute(charge)
    sandbox.end(again, "lost")
    assert [one.status for one in client.v1.disputes.list({"charge": charge}).data] == ["lost", "won"]


def test_an_answer_that_does_not_come_in_time_is_a_lost_dispute(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    """due_by passes."""
    dispute = sandbox.dispute(_charge(client), due_by=int(time.time()))
    until(lambda: client.v1.disputes.retrieve(dispute).status == "lost")
    assert client.v1.disputes.retrieve(dispute).evidence_details.past_due is True


def test_what_stripe_does_not_know_is_refused(client: stripe.StripeClient) -> None:
    """A typing error in the evidence is not silence."""
    dispute = _only_dispute(client, _charge(client, "pm_card_createDispute"))
    evidence: Any = {"custommer_name": "Dana"}
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.disputes.update(dispute.id, {"evidence": evidence})
    assert refusal.value.code == "parameter_unknown"
