"""The life of a dispute: the payer's bank takes money back, the shop may answer, the bank decides.

An inquiry (the statuses that begin with `warning_`) moves no money and leaves the charge refundable; it ends by itself
or becomes a dispute. A dispute takes its amount and a fee at once, and blocks refunds until it is won.
"""

import time
from typing import Any

from balancedue.sandbox.balances import dispute_fee, enter, enter_late
from balancedue.sandbox.cards import BY_TOKEN, Afterwards
from balancedue.sandbox.currencies import MOST
from balancedue.sandbox.errors import ApiError, parameter
from balancedue.sandbox.events import record
from balancedue.sandbox.ids import new_id
from balancedue.sandbox.store import Page, Stored, Transaction

EVIDENCE = (
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
)
FIRST_STATUSES = ("needs_response", "warning_needs_response")
_DAYS_TO_ANSWER = 7
_BLOCKING = ("needs_response", "under_review", "lost")
_CLOSED = ("won", "lost", "warning_closed", "charge_refunded")
_REASON_CODES = {"fraudulent": "10.4", "product_not_received": "13.1", "general": "12.5"}
_SAYS_WON, _SAYS_LOST, _SAYS_ESCALATE = "winning_evidence", "losing_evidence", "escalate_inquiry_evidence"


def open_dispute(
    tx: Transaction,
    charge: Stored,
    *,
    amount: int | None = None,
    reason: str = "fraudulent",
    status: str = "needs_response",
    due_by: int | None = None,
) -> Stored:
    """The bank disputes a charge, whole or in part. Raises ApiError 400 if it cannot be disputed (again) now."""
    if charge.body["status"] != "succeeded":
        raise ApiError(400, f"Charge {charge.id} did not succeed: there is nothing to dispute.", param="charge")
    if any(one.body["status"] not in _CLOSED for one in _of(tx, charge)):
        raise ApiError(400, f"Charge {charge.id} has a dispute that is still open.", param="charge")
    amount = charge.body["amount"] if amount is None else amount
    if not 1 <= amount <= MOST:
        raise parameter("amount", "Invalid positive integer", "parameter_invalid_integer")
    enter_late(tx, charge)
    due_by = due_by or (int(time.time()) // 86400 + _DAYS_TO_ANSWER + 1) * 86400 - 1
    dispute = tx.add("dispute", charge.account, _body(charge.body, amount, reason, status, due_by), parent=charge.id)
    charge.body["disputed"] = True
    tx.save(charge)
    tx.appoint(dispute.id, due_by)
    withdrawn = not _is_inquiry(dispute) and _withdraw(tx, dispute)
    tx.save(dispute)
    record(tx, dispute, "charge.dispute.created")
    if withdrawn:
        record(tx, dispute, "charge.dispute.funds_withdrawn")
    return dispute


def after_payment(tx: Transaction, charge: Stored) -> None:
    """What follows a payment a moment later: its fee, and the dispute its test card stands for."""
    enter_late(tx, charge)
    card = BY_TOKEN[tx.get("payment_method", charge.body["payment_method"]).private["token"]]
    if charge.body["disputed"]:
        return
    if card.afterwards is Afterwards.INQUIRY:
        open_dispute(tx, charge, reason="general", status="warning_needs_response")
    elif card.afterwards in (Afterwards.DISPUTE_FRAUDULENT, Afterwards.DISPUTE_NOT_RECEIVED):
        open_dispute(tx, charge, reason=card.afterwards.value)


def answer(
    tx: Transaction,
    dispute: Stored,
    *,
    evidence: dict[str, str | None],
    metadata: dict[str, str],
    submit: bool,
    settle_seconds: float,
) -> None:
    """Keep evidence and, if told to, send it to the bank. Raises ApiError 400 once the dispute waits for no answer."""
    if (evidence or submit) and dispute.body["status"] not in FIRST_STATUSES:
        raise _too_late(dispute)
    dispute.body["metadata"] = metadata
    dispute.body["evidence"].update(evidence)
    details = dispute.body["evidence_details"]
    details["has_evidence"] = any(dispute.body["evidence"].values())
    if submit:
        details["submission_count"] += 1
        dispute.body["status"] = "warning_under_review" if _is_inquiry(dispute) else "under_review"
        tx.dismiss(dispute.id)
        if _decisive(dispute):
            tx.appoint(dispute.id, time.time() + settle_seconds)
    tx.save(dispute)
    record(tx, dispute, "charge.dispute.updated")


def close(tx: Transaction, dispute: Stored) -> None:
    """The shop gives in. Raises ApiError 400 if it no longer can."""
    if dispute.body["status"] not in FIRST_STATUSES:
        raise _too_late(dispute)
    decide(tx, dispute, won=False)


def decide(tx: Transaction, dispute: Stored, *, won: bool) -> None:
    """The bank's decision. Raises ApiError 400 if it was made already."""
    if dispute.body["status"] in _CLOSED:
        raise _too_late(dispute)
    reinstated = won and not _is_inquiry(dispute)
    dispute.body["status"] = "warning_closed" if _is_inquiry(dispute) else "won" if won else "lost"
    dispute.body["is_charge_refundable"] = dispute.body["status"] != "lost"
    if reinstated:
        _enter(tx, dispute, dispute.body["amount"], category="dispute_reversal")
    tx.save(dispute)
    tx.dismiss(dispute.id)
    record(tx, dispute, "charge.dispute.closed")
    if reinstated:
        record(tx, dispute, "charge.dispute.funds_reinstated")


def escalate(tx: Transaction, dispute: Stored) -> None:
    """An inquiry becomes a dispute: the money goes now. Raises ApiError 400 if it is none, or over."""
    if not _is_inquiry(dispute) or dispute.body["status"] in _CLOSED:
        raise _too_late(dispute)
    dispute.body.update(status="needs_response", is_charge_refundable=False)
    _withdraw(tx, dispute)
    tx.save(dispute)
    tx.appoint(dispute.id, dispute.body["evidence_details"]["due_by"])
    record(tx, dispute, "charge.dispute.updated")
    record(tx, dispute, "charge.dispute.funds_withdrawn")


def settle_now(tx: Transaction, dispute: Stored) -> None:
    """The clock: what was sent decides; what was not answered in time is lost."""
    if dispute.body["status"] in FIRST_STATUSES:
        dispute.body["evidence_details"]["past_due"] = True
        decide(tx, dispute, won=False)
    elif dispute.body["status"] in ("under_review", "warning_under_review"):
        said = _decisive(dispute)
        if said == _SAYS_ESCALATE and _is_inquiry(dispute):
            escalate(tx, dispute)
        elif said:
            decide(tx, dispute, won=said == _SAYS_WON)


def check_refundable(tx: Transaction, charge: Stored) -> None:
    """Raises ApiError 400 `charge_disputed` while a dispute stands in the way."""
    if any(one.body["status"] in _BLOCKING for one in _of(tx, charge)):
        raise ApiError(400, f"Charge {charge.id} has been charged back; cannot issue a refund.", code="charge_disputed")


def refunded(tx: Transaction, charge: Stored) -> None:
    """A charge that went back in full has nothing left to inquire about."""
    if charge.body["refunded"]:
        for dispute in _of(tx, charge):
            if _is_inquiry(dispute) and dispute.body["status"] not in _CLOSED:
                decide(tx, dispute, won=True)


def _of(tx: Transaction, charge: Stored) -> list[Stored]:
    return tx.list("dispute", None, Page(limit=100), "parent = ?", (charge.id,))[0]


def _is_inquiry(dispute: Stored) -> bool:
    return str(dispute.body["status"]).startswith("warning_")


def _decisive(dispute: Stored) -> str | None:
    """The word of Stripe's test mode that the evidence holds, if it holds one."""
    text = dispute.body["evidence"]["uncategorized_text"] or ""
    return text if text in (_SAYS_WON, _SAYS_LOST, _SAYS_ESCALATE) else None


def _withdraw(tx: Transaction, dispute: Stored) -> bool:
    fee = dispute_fee(dispute.body["currency"])
    _enter(tx, dispute, -dispute.body["amount"], category="dispute", fee=fee)
    return True


def _enter(tx: Transaction, dispute: Stored, amount: int, *, category: str, fee: int = 0) -> None:
    words = "Chargeback reversal" if amount > 0 else "Chargeback withdrawal"
    description = f"{words} for {dispute.body['charge']}"
    entry = enter(tx, dispute, type="adjustment", category=category, amount=amount, fee=fee, description=description)
    dispute.body["balance_transactions"].append(entry.body)


def _too_late(dispute: Stored) -> ApiError:
    return ApiError(400, f"This dispute cannot be changed like this because its status is {dispute.body['status']}.")


def _body(charge: dict[str, Any], amount: int, reason: str, status: str, due_by: int) -> dict[str, Any]:
    brand = charge["payment_method_details"]["card"]["brand"]
    inquiry = status.startswith("warning_")
    return {
        "id": new_id("dp"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": int(time.time()),
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(EVIDENCE), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": due_by,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": inquiry,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "card": {
                "brand": brand,
                "case_type": "inquiry" if inquiry else "chargeback",
                "network": brand,
                "network_reason_code": _REASON_CODES.get(reason, _REASON_CODES["general"]),
            },
            "type": "card",
        },
        "reason": reason,
        "status": status,
    }
