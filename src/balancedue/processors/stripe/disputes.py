"""Reading Stripe's disputes: which of our states, what is taken, and until when the bank waits for evidence.

docs.stripe.com/disputes. Eight statuses of the published schema and three newer ones of the SDK.
"""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import stripe

from balancedue.processors.reports import DisputeReport
from balancedue.processors.stripe.amounts import from_wire
from balancedue.processors.stripe.deadline import DeadlineClient
from balancedue.processors.stripe.errors import not_heard
from balancedue.rules.money import Money

_STATES = {
    "warning_needs_response": "inquiry",
    "warning_under_review": "inquiry_answered",
    "warning_closed": "closed",
    "charge_refunded": "closed",
    "prevented": "closed",
    "needs_response": "needs_response",
    "appeal_needs_response": "needs_response",
    "under_review": "under_review",
    "appeal_under_review": "under_review",
    "won": "won",
    "lost": "lost",
}
_BLOCKING = frozenset({"needs_response", "under_review", "lost"})  # of our states
_REASONS = {
    "fraudulent": "not_authorised",
    "debit_not_authorized": "not_authorised",
    "unrecognized": "not_recognised",
    "product_not_received": "not_received",
    "product_unacceptable": "not_as_described",
    "credit_not_processed": "refund_missing",
    "duplicate": "paid_twice",
    "subscription_canceled": "subscription_cancelled",
    "bank_cannot_process": "bank_trouble",
    "check_returned": "bank_trouble",
    "incorrect_account_details": "bank_trouble",
    "insufficient_funds": "bank_trouble",
    "noncompliant": "network_rules",
}
_PAGES = 5

log = logging.getLogger(__name__)


def disputes_of(client: stripe.StripeClient, http: DeadlineClient, reference: str) -> list[DisputeReport] | None:
    """Every dispute of the PaymentIntent `reference`, within one deadline; None when not heard, or not to its end."""
    params: Any = {"payment_intent": reference, "limit": 100}
    found: list[DisputeReport] = []
    try:
        with http.one_deadline():
            for _ in range(_PAGES):
                page = client.v1.disputes.list(params).to_dict()
                found += [read_dispute(row) for row in page["data"]]
                if not page["has_more"]:
                    return found
                params = {**params, "starting_after": page["data"][-1]["id"]}
    except Exception as exc:
        log.info("disputes of %s not heard: %s", reference, not_heard(exc).detail)
    return None


def read_dispute(dispute: Mapping[str, Any]) -> DisputeReport:
    """A Dispute, as plain JSON. LookupError, TypeError, AttributeError or Refused where it cannot be understood."""
    currency = dispute["currency"].upper()
    amount = from_wire(dispute["amount"], currency)
    state = _STATES[dispute["status"]]
    details = dispute["evidence_details"]
    due_by, livemode = details.get("due_by"), dispute.get("livemode")
    return DisputeReport(
        reference=dispute["id"],
        state=state,
        amount=amount,
        withdrawn=_withdrawn(dispute["balance_transactions"], amount),
        reason=_REASONS.get(dispute["reason"], "general"),
        blocks_refunds=state in _BLOCKING and dispute.get("is_charge_refundable") is not True,
        evidence_sent=details["submission_count"] > 0,
        due_at=datetime.fromtimestamp(due_by, UTC) if due_by else None,
        opened_at=datetime.fromtimestamp(dispute["created"], UTC),
        livemode=livemode if isinstance(livemode, bool) else None,
    )


def _withdrawn(moves: list[Mapping[str, Any]], amount: Money) -> Money:
    """What is taken now. Fees are apart from these amounts.

    A balance in another currency says only whether it is taken: what comes back is converted at another day's rate.
    """
    if all(move["currency"].upper() == amount.currency for move in moves):
        return from_wire(max(0, -sum(move["amount"] for move in moves)), amount.currency)
    latest = max(moves, key=lambda move: move["created"])
    return amount if latest["amount"] < 0 else Money(0, amount.currency)
