"""What an exception of the SDK means for the money: a clear "no" is a refusal, all else is UNKNOWN (N14)."""

from collections.abc import Mapping
from typing import Any

import stripe

from balancedue.processors.base import Kind, Outcome
from balancedue.processors.stripe.outcome import read_intent, safe
from balancedue.rules.errors import Refused

KEY_REJECTED = "processor_key_rejected"

_AT_CREATE = {
    "amount_too_small": "below_minimum",
    "amount_too_large": "above_maximum",
    "invalid_charge_amount": "amount_not_chargeable",
    "invalid_charge_amount_no_decimal_compatible": "amount_not_chargeable",
    "api_key_expired": KEY_REJECTED,
    "testmode_charges_only": KEY_REJECTED,
}

_AT_REFUND = {
    "charge_already_refunded": "already_refunded",
    "charge_disputed": "payment_disputed",
    "balance_insufficient": "not_enough_at_processor",
    "insufficient_funds": "not_enough_at_processor",
}


def not_created(exc: Exception) -> Outcome:
    """After a create: REFUSED when Stripe said that nothing was made, else UNKNOWN."""
    error = _said(exc)
    if _key_rejected(exc):
        return _refused(KEY_REJECTED, exc)
    if isinstance(exc, stripe.CardError) and isinstance(error.get("payment_intent"), Mapping):
        return read_intent(error["payment_intent"])
    if not clear_no(exc):
        return not_heard(exc)
    code = _AT_CREATE.get(str(error.get("code")))
    if code is None:
        named = str(error.get("param"))  # "line_items[0][price_data][currency]" of a Checkout Session
        code = "currency_not_supported" if named.rstrip("]").endswith("currency") else "processor_refused"
    return _refused(code, exc)


def not_refunded(exc: Exception) -> Outcome:
    """After a refund: REFUSED when Stripe said that nothing was made, else UNKNOWN."""
    error = _said(exc)
    if _key_rejected(exc):
        return _refused(KEY_REJECTED, exc)
    if not clear_no(exc):
        return not_heard(exc)
    code = _AT_REFUND.get(str(error.get("code")))
    if code is None:
        code = "more_than_refundable" if error.get("param") == "amount" else "processor_refused"
    return _refused(code, exc)


def not_heard(exc: Exception) -> Outcome:
    """After a look-up, or anything else that leaves the money in doubt. No reference: the processor named none."""
    if _key_rejected(exc):
        code = KEY_REJECTED
    elif isinstance(exc, stripe.IdempotencyError):
        code = "idempotency_conflict"
    elif _said(exc).get("code") == "resource_missing":
        code = "not_found"
    else:
        code = ""
    return Outcome(kind=Kind.UNKNOWN, code=code, detail=explain(exc))


def clear_no(exc: Exception) -> bool:
    """A readable answer of 400, 402 or 404 in Stripe's own words. A replayed key with another body is not one."""
    if not isinstance(exc, stripe.InvalidRequestError | stripe.CardError):
        return False
    return exc.http_status in (400, 402, 404) and isinstance(_said(exc).get("type"), str)


def as_refused(exc: Exception, label: str) -> Refused:
    """For a form: the sentence staff can act on."""
    if _key_rejected(exc):
        return Refused(KEY_REJECTED, f"{label} did not accept the secret key, or the key may not do this")
    if clear_no(exc):
        return Refused("processor_refused", f"{label} refused: {safe(_said(exc).get('message') or 'no reason given')}")
    return Refused("processor_unreachable", f"{label} did not answer. Check the connection and try again")


def explain(exc: Exception) -> str:
    """For staff and logs: what was answered. Never a body: it may hold a client secret."""
    if not isinstance(exc, stripe.StripeError):
        return f"not understood: {type(exc).__name__}"
    error = _said(exc)
    parts = [type(exc).__name__, exc.http_status, error.get("code"), error.get("param")]
    parts += [exc.request_id, error.get("message")]
    if isinstance(exc, stripe.APIConnectionError):
        parts.append(exc.user_message)
    return safe(" ".join(str(part) for part in parts if part))


def _refused(code: str, exc: Exception) -> Outcome:
    return Outcome(kind=Kind.REFUSED, code=code, detail=explain(exc))


def _key_rejected(exc: Exception) -> bool:
    return isinstance(exc, stripe.AuthenticationError | stripe.PermissionError)


def _said(exc: Exception) -> Mapping[str, Any]:
    body = getattr(exc, "json_body", None)
    error = body.get("error") if isinstance(body, Mapping) else None
    return error if isinstance(error, Mapping) else {}
