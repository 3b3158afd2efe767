"""The life of a refund: money that goes back to the card it came from.

Refunds of a charge together never exceed it, pending ones included: a refund that fails or is cancelled gives its part
back. Every function runs inside the caller's write transaction.
"""

import time
from typing import Any

from balancedue.sandbox import disputes
from balancedue.sandbox.balances import enter, enter_late
from balancedue.sandbox.cards import BY_TOKEN, Afterwards
from balancedue.sandbox.currencies import CURRENCIES, as_text
from balancedue.sandbox.errors import ApiError, parameter
from balancedue.sandbox.events import record
from balancedue.sandbox.ids import new_id
from balancedue.sandbox.store import Page, Stored, Transaction

REASONS = ("duplicate", "fraudulent", "requested_by_customer")
_OPEN = ("pending", "requires_action")
_FIRST_STATUS = {
    Afterwards.REFUND_PENDS: ("pending", "processing"),
    Afterwards.REFUND_PENDS_AND_FAILS: ("pending", "processing"),
    Afterwards.REFUND_WAITS_FOR_FUNDS: ("pending", "insufficient_funds"),
    Afterwards.REFUND_ASKS: ("requires_action", None),
}
_LATER = {
    Afterwards.REFUND_PENDS: "succeeded",
    Afterwards.REFUND_FAILS: "failed",
    Afterwards.REFUND_PENDS_AND_FAILS: "failed",
}
_MAY_BECOME = {
    "pending": ("succeeded", "failed", "canceled"),
    "requires_action": ("succeeded", "failed", "canceled"),
    "succeeded": ("failed",),
}
_ANSWER_WITHIN = 14 * 86400


def create(
    tx: Transaction,
    charge: Stored,
    *,
    amount: int | None,
    reason: str | None,
    metadata: dict[str, str],
    settle_seconds: float,
) -> Stored:
    """Give back `amount`, in minor units, or all that is left. Raises ApiError 400 if that is not possible."""
    disputes.check_refundable(tx, charge)
    amount = _checked(charge.body, amount)
    enter_late(tx, charge)
    card = BY_TOKEN[tx.get("payment_method", charge.body["payment_method"]).private["token"]]
    status, why = _FIRST_STATUS.get(card.afterwards, ("succeeded", None))
    refund = tx.add(
        "refund",
        charge.account,
        _body(charge.body, amount, reason, metadata, status),
        parent=charge.id,
        private={"later": _LATER.get(card.afterwards)},
    )
    if why:
        refund.body["pending_reason"] = why
    if status == "requires_action":
        refund.body["next_action"] = _ask(charge.body)
    if why != "insufficient_funds":
        _withdraw(tx, refund)
    tx.save(refund)
    _count(tx, charge, amount)
    if refund.private["later"]:
        tx.appoint(refund.id, time.time() + settle_seconds)
    record(tx, refund, "refund.created")
    record(tx, charge, "charge.refunded")
    disputes.refunded(tx, charge)
    return refund


def finish(tx: Transaction, refund: Stored, status: str, reason: str = "expired_or_canceled_card") -> None:
    """Bring a refund to an end: succeeded, failed or canceled. Raises ApiError 400 if it cannot come to that one."""
    if status not in _MAY_BECOME.get(refund.body["status"], ()):
        raise ApiError(400, f"This refund cannot become {status} because its status is {refund.body['status']}.")
    refund.body["status"] = status
    refund.body.pop("pending_reason", None)
    refund.body.pop("next_action", None)
    if status == "succeeded" and refund.body["balance_transaction"] is None:
        _withdraw(tx, refund)
    if status != "succeeded":
        _give_back(tx, refund, reason if status == "failed" else None)
    tx.save(refund)
    tx.dismiss(refund.id)
    record(tx, refund, "refund.updated")
    record(tx, refund, "charge.refund.updated")
    if status == "failed":
        record(tx, refund, "refund.failed")


def describe(tx: Transaction, refund: Stored, metadata: dict[str, str]) -> None:
    """Change the metadata; nothing else of a refund can be changed."""
    refund.body["metadata"] = metadata
    tx.save(refund)
    record(tx, refund, "refund.updated")
    record(tx, refund, "charge.refund.updated")


def cancel(tx: Transaction, refund: Stored) -> None:
    """End a refund that waits for the customer. Raises ApiError 400 for any other."""
    if refund.body["status"] != "requires_action":
        raise ApiError(400, f"This refund cannot be canceled because its status is {refund.body['status']}.")
    finish(tx, refund, "canceled")


def settle_now(tx: Transaction, refund: Stored) -> None:
    """The end that the test card stands for; too late if somebody ended it otherwise."""
    later = refund.private["later"]
    if later in _MAY_BECOME.get(refund.body["status"], ()):
        finish(tx, refund, later)


def of_charge(tx: Transaction, charge: str) -> list[Stored]:
    """All refunds of a charge, newest first."""
    return tx.list("refund", None, Page(limit=1000), "parent = ?", (charge,))[0]


def charge_of(tx: Transaction, intent: Stored) -> Stored:
    """The charge that paid an intent. Raises ApiError 400 if none did."""
    charge = tx.find("charge", intent.body["latest_charge"] or "")
    if charge is None or charge.body["status"] != "succeeded":
        raise ApiError(
            400,
            "This PaymentIntent does not have a successful charge to refund.",
            code="payment_intent_unexpected_state",
            param="payment_intent",
        )
    return charge


def _checked(charge: dict[str, Any], amount: int | None) -> int:
    if charge["status"] != "succeeded":
        raise ApiError(400, f"Charge {charge['id']} did not succeed and cannot be refunded.", param="charge")
    left = int(charge["amount"] - charge["amount_refunded"])
    if left == 0:
        raise ApiError(400, f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if amount is None:
        return left
    currency = charge["currency"]
    if amount < 1:
        raise parameter("amount", "Invalid positive integer", "parameter_invalid_integer")
    if amount > left:
        raise parameter(
            "amount",
            f"Refund amount ({as_text(amount, currency)}) is greater than unrefunded amount on charge "
            f"({as_text(left, currency)})",
        )
    if amount % CURRENCIES[currency].step:
        raise parameter(
            "amount",
            f"Amount must be a multiple of {CURRENCIES[currency].step}.",
            "invalid_charge_amount_no_decimal_compatible",
        )
    return amount


def _body(
    charge: dict[str, Any], amount: int, reason: str | None, metadata: dict[str, str], status: str
) -> dict[str, Any]:
    return {
        "id": new_id("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": int(time.time()),
        "currency": charge["currency"],
        "customer": None,
        "customer_account": None,
        "destination_details": {"card": {"reference_status": "pending", "type": "refund"}, "type": "card"},
        "metadata": metadata,
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": status,
        "transfer_reversal": None,
    }


def _ask(charge: dict[str, Any]) -> dict[str, Any]:
    now = int(time.time())
    sent = {"email_sent_at": now, "email_sent_to": charge["billing_details"]["email"] or "payer@balancedue.example"}
    return {"type": "display_details", "display_details": {"email_sent": sent, "expires_at": now + _ANSWER_WITHIN}}


def _withdraw(tx: Transaction, refund: Stored) -> None:
    entry = enter(tx, refund, type="refund", amount=-refund.body["amount"])
    refund.body["balance_transaction"] = entry.id


def _give_back(tx: Transaction, refund: Stored, reason: str | None) -> None:
    if refund.body["balance_transaction"] is not None:
        entry = enter(tx, refund, type="refund_failure", amount=refund.body["amount"])
        refund.body["failure_balance_transaction"] = entry.id
    if reason:
        refund.body["failure_reason"] = reason
    charge = tx.get("charge", refund.body["charge"])
    _count(tx, charge, -refund.body["amount"])
    record(tx, charge, "charge.updated")


def _count(tx: Transaction, charge: Stored, amount: int) -> None:
    total = charge.body["amount_refunded"] + amount
    charge.body.update(amount_refunded=total, refunded=total == charge.body["amount"])
    tx.save(charge)
