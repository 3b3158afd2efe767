"""Payouts: what is on the balance goes to the shop's bank, and may come back."""

import time

from balancedue.sandbox import balances
from balancedue.sandbox.errors import ApiError
from balancedue.sandbox.events import record
from balancedue.sandbox.ids import new_id
from balancedue.sandbox.store import Stored, Transaction

_MAY_BECOME = {"in_transit": ("paid", "failed"), "paid": ("failed",)}
_CLOSED_ACCOUNT = "The bank account has been closed"


def create(tx: Transaction, account: str, currency: str, *, later: str, settle_seconds: float) -> Stored:
    """Pay out everything in that currency; `later`: paid or failed. Raises ApiError 400 if there is nothing to pay."""
    balances.enter_all(tx, account)
    amount = balances.unpaid(tx, account).get(currency, 0)
    if amount <= 0:
        raise ApiError(400, f"There is nothing to pay out in {currency}.", code="balance_insufficient")
    now = int(time.time())
    body = {
        "id": new_id("po"),
        "object": "payout",
        "amount": amount,
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": now,
        "automatic": True,
        "balance_transaction": None,
        "created": now,
        "currency": currency,
        "description": "STRIPE PAYOUT",
        "destination": "ba_" + account.removeprefix("acct_"),
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "original_payout": None,
        "payout_method": None,
        "reconciliation_status": "completed",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": None,
        "status": "in_transit",
        "trace_id": None,
        "type": "bank_account",
    }
    payout = tx.add("payout", account, body, private={"later": later})
    body["balance_transaction"] = balances.enter(tx, payout, type="payout", amount=-amount).id
    tx.db.execute(
        "UPDATE object SET private = json_set(private, '$.payout', ?) WHERE kind = 'balance_transaction'"
        " AND account = ? AND json_extract(body, '$.currency') = ? AND json_extract(private, '$.payout') IS NULL",
        (payout.id, account, currency),
    )
    tx.save(payout)
    tx.appoint(payout.id, time.time() + settle_seconds)
    record(tx, payout, "payout.created")
    return payout


def finish(tx: Transaction, payout: Stored, status: str) -> None:
    """The bank took it, or sent it back: also days after it took it. Raises ApiError 400 if that cannot be."""
    if status not in _MAY_BECOME.get(payout.body["status"], ()):
        raise ApiError(400, f"This payout cannot become {status} because its status is {payout.body['status']}.")
    payout.body["status"] = status
    if status == "failed":
        entry = balances.enter(tx, payout, type="payout_failure", amount=payout.body["amount"])
        payout.body.update(
            failure_balance_transaction=entry.id, failure_code="account_closed", failure_message=_CLOSED_ACCOUNT
        )
    tx.save(payout)
    tx.dismiss(payout.id)
    record(tx, payout, f"payout.{status}")


def settle_now(tx: Transaction, payout: Stored) -> None:
    """The end it was made for; too late if somebody ended it otherwise."""
    if payout.body["status"] == "in_transit":
        finish(tx, payout, payout.private["later"])
