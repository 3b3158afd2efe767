"""Payment methods and charges: the objects a confirmation leaves behind."""

import time
from typing import Any

from balancedue.sandbox.accounts import by_id
from balancedue.sandbox.cards import Decline, TestCard
from balancedue.sandbox.ids import new_id
from balancedue.sandbox.store import Stored, Transaction

_NO_ADDRESS = {"city": None, "country": None, "line1": None, "line2": None, "postal_code": None, "state": None}


def billing_details(given: dict[str, Any]) -> dict[str, Any]:
    """Name, address and the like as typed; whatever is missing is null."""
    address = given.get("address") or {}
    return {
        "address": {name: address.get(name) or None for name in _NO_ADDRESS},
        "email": given.get("email") or None,
        "name": given.get("name") or None,
        "phone": given.get("phone") or None,
        "tax_id": None,
    }


def new_payment_method(
    tx: Transaction, account: str, card: TestCard, expiry: tuple[int, int], billing: dict[str, Any]
) -> Stored:
    """What a card looks like from outside. The number itself is not kept; `token` names the row of the table."""
    body = {
        "id": new_id("pm"),
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": billing_details(billing),
        "card": {
            "brand": card.brand,
            "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
            "country": "US",
            "display_brand": card.brand,
            "exp_month": expiry[0],
            "exp_year": expiry[1],
            "fingerprint": card.fingerprint(account),
            "funding": "credit",
            "generated_from": None,
            "last4": card.last4,
            "networks": {"available": [card.brand], "preferred": None},
            "three_d_secure_usage": {"supported": True},
            "wallet": None,
        },
        "created": int(time.time()),
        "customer": None,
        "livemode": False,
        "metadata": {},
        "type": "card",
    }
    return tx.add("payment_method", account, body, private={"token": card.token})


def new_charge(
    tx: Transaction,
    intent: dict[str, Any],
    method: Stored,
    *,
    status: str,
    decline: Decline | None,
    authenticated: bool,
) -> Stored:
    """One try to take the intent's amount. `status`: succeeded, pending or failed.

    Raises sqlite3.IntegrityError if the intent already has a charge that succeeded or may still do so.
    """
    paid = status != "failed"
    body = {
        "id": new_id("ch"),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if status == "succeeded" else 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": method.body["billing_details"],
        "calculated_statement_descriptor": by_id(tx, method.account).on_statement(intent),
        "captured": status == "succeeded",
        "created": int(time.time()),
        "currency": intent["currency"],
        "customer": None,
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": decline.code if decline else None,
        "failure_message": decline.message if decline else None,
        "fraud_details": {},
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "on_behalf_of": None,
        "outcome": outcome(decline),
        "paid": paid,
        "payment_intent": intent["id"],
        "payment_method": method.id,
        "payment_method_details": {"type": "card", "card": _card_details(intent, method, status, authenticated)},
        "receipt_email": intent["receipt_email"],
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": intent["shipping"],
        "source": None,
        "source_transfer": None,
        "statement_descriptor": intent["statement_descriptor"],
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "status": status,
        "transfer_data": None,
        "transfer_group": None,
    }
    return tx.add("charge", method.account, body, parent=intent["id"])


def settle(charge: Stored, decline: Decline | None) -> None:
    """Turn a pending charge into its end; the caller saves it."""
    charge.body.update(
        {
            "status": "failed" if decline else "succeeded",
            "paid": decline is None,
            "captured": decline is None,
            "amount_captured": 0 if decline else charge.body["amount"],
            "failure_code": decline.code if decline else None,
            "failure_message": decline.message if decline else None,
            "outcome": outcome(decline),
        }
    )


def outcome(decline: Decline | None) -> dict[str, Any]:
    """The bank's word on the charge."""
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "declined_by_network" if decline else "approved_by_network",
        "reason": (decline.decline_code or decline.code) if decline else None,
        "risk_level": "normal",
        "seller_message": "The bank declined this charge." if decline else "Payment complete.",
        "type": "issuer_declined" if decline else "authorized",
    }


def _card_details(intent: dict[str, Any], method: Stored, status: str, authenticated: bool) -> dict[str, Any]:
    card = method.body["card"]
    secure = {
        "authentication_flow": "challenge",
        "electronic_commerce_indicator": "05",
        "exemption_indicator": None,
        "result": "authenticated",
        "result_reason": None,
        "transaction_id": None,
        "version": "2.2.0",
    }
    return {
        "amount_authorized": intent["amount"] if status == "succeeded" else None,
        "authorization_code": None,
        "brand": card["brand"],
        "checks": card["checks"],
        "country": card["country"],
        "exp_month": card["exp_month"],
        "exp_year": card["exp_year"],
        "extended_authorization": {"status": "disabled"},
        "fingerprint": card["fingerprint"],
        "funding": card["funding"],
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "last4": card["last4"],
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network": card["brand"],
        "network_token": {"used": False},
        "network_transaction_id": None,
        "overcapture": {"maximum_amount_capturable": intent["amount"], "status": "unavailable"},
        "regulated_status": None,
        "three_d_secure": secure if authenticated else None,
        "transaction_link_id": None,
        "wallet": None,
    }
