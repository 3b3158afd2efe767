"""Checkout Sessions: what is paid on the sandbox's own page, and how that ends.

A session is open, then complete or expired. It is complete as soon as its payment was submitted; `payment_status`
says whether the money is there.
"""

import time
from typing import Any

from balancedue.sandbox.errors import ApiError
from balancedue.sandbox.events import record
from balancedue.sandbox.ids import letters, new_id
from balancedue.sandbox.store import Stored, Transaction

_TOTAL = {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0}


def create(
    tx: Transaction,
    account: str,
    *,
    currency: str,
    lines: list[dict[str, Any]],
    fields: dict[str, Any],
    intent_fields: dict[str, Any],
    origin: str,
) -> Stored:
    """An open session. `lines` are its items, `intent_fields` go onto the intent made when the payer presses Pay."""
    id = f"cs_test_{letters(58)}"
    total = sum(line["amount_total"] for line in lines)
    body: dict[str, Any] = {
        "id": id,
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": False},
        "after_expiration": None,
        "allow_promotion_codes": None,
        "amount_subtotal": total,
        "amount_total": total,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "billing_address_collection": None,
        "cancel_url": None,
        "client_reference_id": None,
        "client_secret": None,
        "collected_information": None,
        "consent": None,
        "consent_collection": None,
        "created": int(time.time()),
        "currency": currency,
        "currency_conversion": None,
        "custom_fields": [],
        "custom_text": {
            "after_submit": None,
            "shipping_address": None,
            "submit": None,
            "terms_of_service_acceptance": None,
        },
        "customer": None,
        "customer_account": None,
        "customer_creation": "if_required",
        "customer_details": None,
        "customer_email": None,
        "discounts": None,
        "integration_identifier": None,
        "invoice": None,
        "invoice_creation": None,
        "livemode": False,
        "locale": None,
        "metadata": {},
        "mode": "payment",
        "origin_context": None,
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": "if_required",
        "payment_method_configuration_details": None,
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "permissions": None,
        "phone_number_collection": {"enabled": False},
        "recovered_from": None,
        "saved_payment_method_options": None,
        "setup_intent": None,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": "open",
        "submit_type": None,
        "subscription": None,
        "total_details": dict(_TOTAL),
        "ui_mode": "hosted",
        "url": f"{origin}/c/pay/{id}",
        "wallet_options": None,
        **fields,
    }
    session = tx.add("checkout.session", account, body, private={"lines": lines, "intent_fields": intent_fields})
    tx.appoint(id, body["expires_at"])
    return session


def line(*, name: str, description: str | None, currency: str, unit_amount: int, quantity: int) -> dict[str, Any]:
    """One item of a session, `unit_amount` in minor units."""
    total = unit_amount * quantity
    price = {
        "id": new_id("price"),
        "object": "price",
        "active": False,
        "billing_scheme": "per_unit",
        "created": int(time.time()),
        "currency": currency,
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": None,
        "metadata": {},
        "nickname": None,
        "product": new_id("prod"),
        "recurring": None,
        "tax_behavior": "unspecified",
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "one_time",
        "unit_amount": unit_amount,
        "unit_amount_decimal": str(unit_amount),
    }
    return {
        "id": new_id("li"),
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": total,
        "amount_tax": 0,
        "amount_total": total,
        "currency": currency,
        "description": name,
        "details": description,
        "price": price,
        "quantity": quantity,
    }


def lines_of(session: Stored) -> dict[str, Any]:
    """The items as an expanded list."""
    data = [{name: value for name, value in one.items() if name != "details"} for one in session.private["lines"]]
    url = f"/v1/checkout/sessions/{session.id}/line_items"
    return {"object": "list", "data": data, "has_more": False, "url": url}


def check_open(session: Stored) -> None:
    """Raises ApiError 400 once the session is complete or expired."""
    if session.body["status"] != "open":
        raise ApiError(400, f"This Session is not in an open state: its status is {session.body['status']}.")


def attach(tx: Transaction, session: Stored, intent: Stored) -> None:
    """The payer pressed Pay: this is the intent that is confirmed."""
    session.body["payment_intent"] = intent.id
    tx.save(session)


def submitted(tx: Transaction, intent: Stored) -> None:
    """The payment is on its way; the money may come or not."""
    session = _of(tx, intent)
    if session is not None and session.body["status"] == "open":
        _complete(tx, session, intent)
        record(tx, session, "checkout.session.completed")


def paid(tx: Transaction, intent: Stored) -> None:
    """The money is there."""
    session = _of(tx, intent)
    if session is None:
        return
    late = session.body["status"] == "complete"
    session.body["payment_status"] = "paid"
    _complete(tx, session, intent)
    record(tx, session, "checkout.session.async_payment_succeeded" if late else "checkout.session.completed")


def returned(tx: Transaction, intent: Stored) -> None:
    """The money did not come after all."""
    session = _of(tx, intent)
    if session is not None:
        record(tx, session, "checkout.session.async_payment_failed")


def expire(tx: Transaction, session: Stored) -> None:
    """Nobody can pay on this page any more. The caller has ended its intent."""
    check_open(session)
    session.body.update(status="expired", url=None)
    tx.save(session)
    tx.dismiss(session.id)
    record(tx, session, "checkout.session.expired")


def _of(tx: Transaction, intent: Stored) -> Stored | None:
    return tx.find("checkout.session", intent.private.get("session") or "")


def _complete(tx: Transaction, session: Stored, intent: Stored) -> None:
    billing = tx.get("payment_method", intent.body["payment_method"]).body["billing_details"]
    session.body.update(
        status="complete",
        url=None,
        customer_details={
            "address": billing["address"],
            "business_name": None,
            "email": billing["email"] or session.body["customer_email"],
            "individual_name": None,
            "name": billing["name"],
            "phone": billing["phone"],
            "tax_exempt": "none",
            "tax_ids": [],
        },
    )
    tx.save(session)
    tx.dismiss(session.id)
