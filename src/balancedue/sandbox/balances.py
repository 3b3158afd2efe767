"""The account's balance: one transaction for each movement, with its fee.

Each currency has a balance of its own and nothing is converted; what comes in can be paid out at once. Fees are those
of Stripe's standard price in the United States: 2.9 % and 30 for a card payment, 1,500 for a dispute, in minor units.
A fee is not given back, whatever becomes of the payment.
"""

import time

from balancedue.sandbox.currencies import places
from balancedue.sandbox.events import record
from balancedue.sandbox.ids import new_id
from balancedue.sandbox.store import Page, Stored, Transaction

_SHARE_PER_MILLE = 29
_FIXED_CENTS = 30
_DISPUTE_CENTS = 1500


def charge_fee(amount: int, currency: str) -> int:
    """What a card payment costs, in minor units, halves rounded up; never more than the payment."""
    return min((amount * _SHARE_PER_MILLE + 500) // 1000 + _in_minor_units(_FIXED_CENTS, currency), amount)


def dispute_fee(currency: str) -> int:
    """What a dispute costs, in minor units."""
    return _in_minor_units(_DISPUTE_CENTS, currency)


def enter(
    tx: Transaction,
    source: Stored,
    *,
    type: str,
    amount: int,
    category: str = "",
    fee: int = 0,
    description: str | None = None,
) -> Stored:
    """Move `amount`, in minor units of the source's currency: below zero when it leaves the balance."""
    now, currency = int(time.time()), source.body["currency"]
    detail = {"amount": fee, "application": None, "currency": currency, "description": "Fees", "type": "stripe_fee"}
    body = {
        "id": new_id("txn"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": now,
        "balance_type": "payments",
        "created": now,
        "currency": currency,
        "description": description,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [detail] if fee else [],
        "net": amount - fee,
        "reporting_category": category or type,
        "source": source.id,
        "status": "available",
        "type": type,
    }
    return tx.add("balance_transaction", source.account, body, parent=source.id)


def enter_charge(tx: Transaction, charge: Stored) -> bool:
    """Put a charge that succeeded on the balance, once; whether this was the time. The caller's `charge` is saved."""
    if charge.body["balance_transaction"] is not None or charge.body["status"] != "succeeded":
        return False
    amount, currency = charge.body["amount"], charge.body["currency"]
    entry = enter(
        tx,
        charge,
        type="charge",
        amount=amount,
        fee=charge_fee(amount, currency),
        description=charge.body["description"],
    )
    charge.body["balance_transaction"] = entry.id
    tx.save(charge)
    return True


def enter_late(tx: Transaction, charge: Stored) -> None:
    """As Stripe does when it captures asynchronously: the fee is known a moment after the payment, and told."""
    if enter_charge(tx, charge):
        record(tx, charge, "charge.updated")


def enter_all(tx: Transaction, account: str) -> None:
    """Put on the balance whatever still waits for its moment."""
    waiting = "status = 'succeeded' AND json_extract(body, '$.balance_transaction') IS NULL"
    for charge in tx.list("charge", account, Page(limit=100_000), waiting)[0]:
        enter_late(tx, charge)


def unpaid(tx: Transaction, account: str) -> dict[str, int]:
    """What has not been paid out yet, in minor units, by currency."""
    rows = tx.db.execute(
        "SELECT json_extract(body, '$.currency') AS currency, SUM(json_extract(body, '$.net')) AS net FROM object"
        " WHERE kind = 'balance_transaction' AND account = ? AND json_extract(private, '$.payout') IS NULL"
        " GROUP BY 1 ORDER BY 1",
        (account,),
    )
    return {row["currency"]: row["net"] for row in rows}


def _in_minor_units(cents: int, currency: str) -> int:
    """The same figure in a currency with other decimals: 30 cents are 30 yen and 300 fils."""
    return cents * 10 if places(currency) == 3 else cents
