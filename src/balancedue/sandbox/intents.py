"""The life of a payment intent: made, confirmed, asked for 3-D Secure, charged once, or cancelled.

Every function runs inside the caller's write transaction, so a status that was read stays true until it is changed.
"""

import time
from typing import Any

from balancedue.sandbox import sessions
from balancedue.sandbox.balances import enter_charge
from balancedue.sandbox.cards import BY_TOKEN, Decline, Settling, TestCard
from balancedue.sandbox.charges import new_charge, settle
from balancedue.sandbox.errors import ApiError, unexpected_state
from balancedue.sandbox.events import record
from balancedue.sandbox.ids import letters, new_id
from balancedue.sandbox.store import Stored, Transaction

CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
CANCELABLE = ("requires_payment_method", "requires_confirmation", "requires_action", "requires_capture")
_NOT_AUTHENTICATED = Decline(
    "payment_intent_authentication_failure",
    "We are unable to authenticate your payment method. Choose a different payment method and try again.",
)
_PUBLIC_FIELDS = (
    "id",
    "object",
    "amount",
    "amount_details",
    "automatic_payment_methods",
    "canceled_at",
    "cancellation_reason",
    "capture_method",
    "client_secret",
    "confirmation_method",
    "created",
    "currency",
    "description",
    "last_payment_error",
    "livemode",
    "next_action",
    "payment_method",
    "payment_method_types",
    "processing",
    "receipt_email",
    "setup_future_usage",
    "shipping",
    "source",
    "status",
)


def create(
    tx: Transaction,
    account: str,
    *,
    amount: int,
    currency: str,
    fields: dict[str, Any],
    session: str | None = None,
) -> Stored:
    """A new intent that waits for a card. `amount` is in minor units; `session` is the Checkout page it is paid on."""
    id = new_id("pi")
    body: dict[str, Any] = {
        "id": id,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic_async",
        "client_secret": f"{id}_secret_{letters(25)}",
        "confirmation_method": "automatic",
        "created": int(time.time()),
        "currency": currency,
        "customer": None,
        "customer_account": None,
        "description": None,
        "excluded_payment_method_types": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {
            "card": {
                "installments": None,
                "mandate_options": None,
                "network": None,
                "request_three_d_secure": "automatic",
            }
        },
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
        **fields,
    }
    intent = tx.add("payment_intent", account, body, private={"session": session} if session else None)
    record(tx, intent, "payment_intent.created")
    return intent


def update(tx: Transaction, intent: Stored, fields: dict[str, Any]) -> None:
    """Change what may still change; the sum only while no charge is under way. Raises ApiError 400."""
    moves_money = any(name in fields and fields[name] != intent.body[name] for name in ("amount", "currency"))
    if moves_money and intent.body["status"] not in CONFIRMABLE:
        raise unexpected_state("given another amount or currency", intent.body, CONFIRMABLE)
    if intent.body["status"] == "canceled":
        raise unexpected_state("updated", intent.body, CONFIRMABLE)
    if moves_money and intent.body["status"] == "requires_action":  # what the bank is asked about is no longer true
        _withdraw_challenge(tx, intent)
        intent.body.update(status="requires_payment_method", next_action=None, payment_method=None)
    intent.body.update(fields)
    tx.save(intent)


def cancel(tx: Transaction, intent: Stored, reason: str | None) -> None:
    """End an intent without a charge. Raises ApiError 400 once a charge succeeded or is under way."""
    if intent.body["status"] not in CANCELABLE:
        raise unexpected_state("canceled", intent.body, CANCELABLE)
    _withdraw_challenge(tx, intent)
    intent.body.update(status="canceled", canceled_at=int(time.time()), cancellation_reason=reason, next_action=None)
    tx.save(intent)
    record(tx, intent, "payment_intent.canceled")


def check_confirmable(intent: Stored) -> None:
    """Raises ApiError 400 if the intent has succeeded, is processing or was cancelled."""
    if intent.body["status"] not in CONFIRMABLE:
        raise unexpected_state("confirmed", intent.body, CONFIRMABLE)


def confirm(
    tx: Transaction, intent: Stored, method: Stored, *, origin: str, return_url: str | None, settle_seconds: float
) -> None:
    """Try to charge `method`, or ask its bank first. What came of it stands in the intent's status."""
    check_confirmable(intent)
    _withdraw_challenge(tx, intent)
    intent.body.update(payment_method=method.id, last_payment_error=None, next_action=None)
    if _card(method).challenge:
        _ask_bank(tx, intent, origin, return_url)
    else:
        _charge(tx, intent, method, authenticated=False, settle_seconds=settle_seconds)


def answer_challenge(tx: Transaction, intent: Stored, challenge: str, *, passed: bool, settle_seconds: float) -> bool:
    """What the payer's bank found. False if this challenge is no longer the one the intent waits for."""
    if intent.body["status"] != "requires_action" or intent.private.get("challenge") != challenge:
        return False
    method = tx.get("payment_method", intent.body["payment_method"])
    intent.private.pop("challenge")
    intent.body["next_action"] = None
    if passed:
        _charge(tx, intent, method, authenticated=True, settle_seconds=settle_seconds)
    else:
        _fail(tx, intent, method, _NOT_AUTHENTICATED, charge=None)
    return True


def settle_now(tx: Transaction, intent: Stored) -> None:
    """The end of `processing`."""
    if intent.body["status"] != "processing":
        return
    charge = tx.get("charge", intent.body["latest_charge"])
    method = tx.get("payment_method", intent.body["payment_method"])
    card = _card(method)
    decline = card.decline if card.settling is Settling.FAILS_LATER else None
    settle(charge, decline)
    tx.save(charge)
    intent.body["processing"] = None
    if decline:
        record(tx, charge, "charge.failed")
        _fail(tx, intent, method, decline, charge)
        sessions.returned(tx, intent)
    else:
        _succeed(tx, intent, charge)


def declined(intent: Stored) -> ApiError | None:
    """The 402 that answers a confirmation whose charge was declined."""
    error = intent.body["last_payment_error"]
    if intent.body["status"] != "requires_payment_method" or error is None:
        return None
    fields = {name: value for name, value in error.items() if name not in {"type", "message"}}
    return ApiError(402, error["message"], type=error["type"], keep=True, payment_intent=intent.body, **fields)


def public_view(body: dict[str, Any]) -> dict[str, Any]:
    """What a publishable key may see: no metadata, no charge."""
    return {name: body[name] for name in _PUBLIC_FIELDS}


def _card(method: Stored) -> TestCard:
    return BY_TOKEN[method.private["token"]]


def _ask_bank(tx: Transaction, intent: Stored, origin: str, return_url: str | None) -> None:
    challenge = letters(32)
    address = f"{origin}/3ds/{challenge}"
    intent.private["challenge"] = challenge
    intent.body.update(
        status="requires_action",
        next_action={"type": "redirect_to_url", "redirect_to_url": {"url": address, "return_url": return_url}},
    )
    tx.save(intent)
    tx.db.execute("INSERT INTO challenge VALUES (?,?,?)", (challenge, intent.id, return_url or ""))
    record(tx, intent, "payment_intent.requires_action")


def _withdraw_challenge(tx: Transaction, intent: Stored) -> None:
    intent.private.pop("challenge", None)


def _charge(tx: Transaction, intent: Stored, method: Stored, *, authenticated: bool, settle_seconds: float) -> None:
    card = _card(method)
    if card.settling is not Settling.AT_ONCE:
        charge = new_charge(tx, intent.body, method, status="pending", decline=None, authenticated=authenticated)
        intent.body.update(status="processing", latest_charge=charge.id, processing={"type": "card"})
        tx.save(intent)
        tx.appoint(intent.id, time.time() + settle_seconds)
        record(tx, charge, "charge.pending")
        record(tx, intent, "payment_intent.processing")
        sessions.submitted(tx, intent)
    elif card.decline is not None:
        charge = new_charge(tx, intent.body, method, status="failed", decline=card.decline, authenticated=authenticated)
        record(tx, charge, "charge.failed")
        _fail(tx, intent, method, card.decline, charge)
    else:
        charge = new_charge(tx, intent.body, method, status="succeeded", decline=None, authenticated=authenticated)
        _succeed(tx, intent, charge)


def _succeed(tx: Transaction, intent: Stored, charge: Stored) -> None:
    if intent.body["capture_method"] == "automatic":
        enter_charge(tx, charge)
    intent.body.update(status="succeeded", amount_received=charge.body["amount"], latest_charge=charge.id)
    tx.save(intent)
    tx.appoint(charge.id, time.time())  # what follows a payment a moment later: its fee, perhaps a dispute
    record(tx, charge, "charge.succeeded")
    record(tx, intent, "payment_intent.succeeded")
    sessions.paid(tx, intent)


def _fail(tx: Transaction, intent: Stored, method: Stored, decline: Decline, charge: Stored | None) -> None:
    error = {
        "type": "invalid_request_error" if decline is _NOT_AUTHENTICATED else "card_error",
        "code": decline.code,
        "decline_code": decline.decline_code,
        "message": decline.message,
        "charge": charge.id if charge else None,
        "payment_method": method.body,
    }
    intent.body.update(
        status="requires_payment_method",
        payment_method=None,
        last_payment_error={name: value for name, value in error.items() if value is not None},
    )
    if charge:
        intent.body["latest_charge"] = charge.id
    tx.save(intent)
    record(tx, intent, "payment_intent.payment_failed")
