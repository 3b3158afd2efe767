"""Reading Stripe's objects, as plain JSON, into Outcomes. Never raises: what cannot be read is UNKNOWN (N14)."""

import re
from collections.abc import Mapping
from typing import Any

from balancedue.processors.base import Kind, Outcome
from balancedue.processors.stripe.amounts import from_wire
from balancedue.processors.stripe.reasons import reason_for
from balancedue.rules.errors import Refused
from balancedue.rules.money import Money

_BRANDS = {
    "amex": "American Express",
    "diners": "Diners Club",
    "eftpos_au": "eftpos",
    "jcb": "JCB",
    "unionpay": "UnionPay",
}
_SECRET = re.compile(r"(pi_\w+?_secret_)\w+|\b([srp]k_\w{2,8}_|whsec_)[\w*]+")
_EMAIL = re.compile(r"[!-?A-~]+@[!-?A-~]+")  # printable ASCII around one @; anything else is not worth mailing to


class _Unreadable(Exception):
    """The object lacks what it must have."""


def read_intent(intent: object) -> Outcome:
    """What a PaymentIntent says, with `latest_charge` expanded or not."""
    try:
        return _intent(_mapping(intent))
    except (_Unreadable, Refused) as exc:
        return _not_understood(intent, exc)


def read_refund(refund: object) -> Outcome:
    """What a Refund says: PAID means that the money went back. `received` is what went back."""
    try:
        return _refund(_mapping(refund))
    except (_Unreadable, Refused) as exc:
        return _not_understood(refund, exc)


def safe(text: object) -> str:
    """Words of Stripe's for our logs: short, one line, and without any secret."""
    line = " ".join(str(text).split())
    return _SECRET.sub(lambda found: f"{found.group(1) or found.group(2)}[hidden]", line)[:300]


def _intent(intent: Mapping[str, Any]) -> Outcome:
    currency = _text(intent, "currency").upper()
    status = _text(intent, "status")
    error = intent.get("last_payment_error")
    outcome = Outcome(
        kind=Kind.UNKNOWN,
        reference=_text(intent, "id"),
        amount=_money(intent, "amount", currency),
        livemode=_flag(intent.get("livemode")),
        attempt_id=_metadata(intent).get("attempt", ""),
    )
    if status == "succeeded":
        return _paid(outcome, intent, currency)
    if status == "requires_payment_method" and isinstance(error, Mapping):
        return _with(
            outcome,
            kind=Kind.DECLINED,
            code=reason_for(error),
            detail=_why(error),
            try_reference=_try(error),
            retryable=True,
            client_secret=_maybe(intent, "client_secret"),
        )
    if status in ("requires_payment_method", "requires_confirmation", "requires_action"):
        return _with(
            outcome,
            kind=Kind.NEEDS_CUSTOMER,
            needs_action=status == "requires_action",
            client_secret=_maybe(intent, "client_secret"),
        )
    if status in ("processing", "requires_capture"):
        return _with(outcome, kind=Kind.PENDING, detail=status)
    if status == "canceled":
        return _with(outcome, kind=Kind.CANCELLED, detail=safe(intent.get("cancellation_reason") or ""))
    return _with(outcome, detail=f"an unexpected status: {safe(status)}")


def _paid(outcome: Outcome, intent: Mapping[str, Any], currency: str) -> Outcome:
    received = _money(intent, "amount_received", currency)
    if received.minor <= 0:
        raise _Unreadable("succeeded, but nothing received")
    charge = intent.get("latest_charge")
    charge = charge if isinstance(charge, Mapping) else {}
    billing = charge.get("billing_details")
    billing = billing if isinstance(billing, Mapping) else {}
    email = _maybe(billing, "email")
    return _with(
        outcome,
        kind=Kind.PAID,
        received=received,
        card=_card(charge.get("payment_method_details")),
        payer_name=" ".join(_maybe(billing, "name").split())[:200],
        payer_email=email if len(email) <= 254 and _EMAIL.fullmatch(email) else "",
    )


def _refund(refund: Mapping[str, Any]) -> Outcome:
    currency = _text(refund, "currency").upper()
    status = _text(refund, "status")
    amount = _money(refund, "amount", currency)
    outcome = Outcome(
        kind=Kind.UNKNOWN,
        reference=_text(refund, "id"),
        amount=amount,
        attempt_id=_metadata(refund).get("attempt", ""),
        refund_id=_metadata(refund).get("refund", ""),
    )
    if status == "succeeded":
        return _with(outcome, kind=Kind.PAID, received=amount)
    if status in ("pending", "requires_action"):
        return _with(outcome, kind=Kind.PENDING, detail=safe(refund.get("pending_reason") or status))
    if status == "failed":
        why = safe(refund.get("failure_reason") or "")
        return _with(outcome, kind=Kind.DECLINED, code="refund_failed", detail=why)
    if status == "canceled":
        return _with(outcome, kind=Kind.CANCELLED)
    return _with(outcome, detail=f"an unexpected status: {safe(status)}")


def _not_understood(thing: object, exc: Exception) -> Outcome:
    reference = _maybe(thing, "id") if isinstance(thing, Mapping) else ""
    return Outcome(kind=Kind.UNKNOWN, reference=reference, detail=f"not understood: {safe(exc)}")


def _card(details: object) -> str:
    """How the payer paid: "Visa ending 4242", "SEPA debit ending 3000", or the name of the method."""
    if not isinstance(details, Mapping):
        return ""
    method = _maybe(details, "type")
    inner = details.get(method)
    inner = inner if isinstance(inner, Mapping) else {}
    brand = _maybe(inner, "brand") if method == "card" else method
    name = _BRANDS.get(brand) or brand.replace("_", " ").capitalize()
    last4 = _maybe(inner, "last4")
    return f"{name} ending {last4}" if re.fullmatch(r"\d{4}", last4) else name


def _why(error: Mapping[str, Any]) -> str:
    parts = (error.get(part) for part in ("type", "code", "decline_code"))
    return safe(" ".join(part for part in parts if isinstance(part, str)))


def _try(error: Mapping[str, Any]) -> str:
    """What tells one failed try from the next: its charge, or, when the bank was never asked for money, its card."""
    method = error.get("payment_method")
    return (_maybe(error, "charge") or (_maybe(method, "id") if isinstance(method, Mapping) else ""))[:100]


def _with(outcome: Outcome, **changes: Any) -> Outcome:
    fields = {name: getattr(outcome, name) for name in Outcome.__dataclass_fields__}
    return Outcome(**(fields | changes))


def _mapping(thing: object) -> Mapping[str, Any]:
    if not isinstance(thing, Mapping):
        raise _Unreadable(f"not an object but {type(thing).__name__}")
    return thing


def _metadata(thing: Mapping[str, Any]) -> Mapping[str, str]:
    metadata = thing.get("metadata")
    if not isinstance(metadata, Mapping):
        return {}
    return {str(key): value for key, value in metadata.items() if isinstance(value, str)}


def _money(thing: Mapping[str, Any], name: str, currency: str) -> Money:
    value = thing.get(name)
    if type(value) is not int or value < 0:
        raise _Unreadable(f"no {name}")
    return from_wire(value, currency)


def _text(thing: Mapping[str, Any], name: str) -> str:
    value = _maybe(thing, name)
    if not value:
        raise _Unreadable(f"no {name}")
    return value


def _maybe(thing: Mapping[str, Any], name: str) -> str:
    value = thing.get(name)
    return value if isinstance(value, str) else ""


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None
