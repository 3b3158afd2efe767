"""Reading Stripe's objects, as plain JSON, into Outcomes. Never raises: what cannot be read is UNKNOWN (N14)."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from balancedue.processors.base import Kind, Outcome
from balancedue.processors.stripe.reading import Unreadable, flag, mapping, maybe, metadata, money, part, text
from balancedue.processors.stripe.reasons import reason_for
from balancedue.rules.errors import Refused

_NAMES = {  # brands of cards, and other methods, whose own word would read badly
    "amex": "American Express",
    "diners": "Diners Club",
    "eftpos_au": "eftpos",
    "jcb": "JCB",
    "unionpay": "UnionPay",
    "au_becs_debit": "BECS debit",
    "bacs_debit": "Bacs debit",
    "sepa_debit": "SEPA debit",
    "us_bank_account": "US bank account",
}
_SECRET = re.compile(r"(pi_\w+?_secret_)\w+|\b([srp]k_\w{2,8}_|whsec_)[\w*]+")
_EMAIL = re.compile(r"[!-?A-~]+@[!-?A-~]+")  # printable ASCII around one @; anything else is not worth mailing to


def read_intent(intent: object) -> Outcome:
    """What a PaymentIntent says, with `latest_charge` expanded or not."""
    try:
        return _intent(mapping(intent))
    except (Unreadable, Refused) as exc:
        return not_understood(intent, exc)


def read_refund(refund: object) -> Outcome:
    """What a Refund says: PAID means that the money went back. `received` is what went back."""
    try:
        return _refund(mapping(refund))
    except (Unreadable, Refused) as exc:
        return not_understood(refund, exc)


def safe(words: object) -> str:
    """Words of Stripe's for our logs: short, one line, and without any secret."""
    line = " ".join(str(words).split())
    return _SECRET.sub(lambda found: f"{found.group(1) or found.group(2)}[hidden]", line)[:300]


def _intent(intent: Mapping[str, Any]) -> Outcome:
    currency = text(intent, "currency").upper()
    status = text(intent, "status")
    error = intent.get("last_payment_error")
    outcome = Outcome(
        kind=Kind.UNKNOWN,
        reference=text(intent, "id"),
        amount=money(intent, "amount", currency),
        livemode=flag(intent.get("livemode")),
        attempt_id=metadata(intent).get("attempt", ""),
    )
    if status == "succeeded":
        return _paid(outcome, intent, currency)
    if status == "requires_payment_method" and isinstance(error, Mapping):
        return replace(
            outcome,
            kind=Kind.DECLINED,
            code=reason_for(error),
            detail=_why(error),
            try_reference=_try(error),
            fingerprint=_fingerprint(part(error, "payment_method")),
            retryable=True,
            client_secret=maybe(intent, "client_secret"),
        )
    if status in ("requires_payment_method", "requires_confirmation", "requires_action"):
        return replace(
            outcome,
            kind=Kind.NEEDS_CUSTOMER,
            needs_action=status == "requires_action",
            client_secret=maybe(intent, "client_secret"),
        )
    if status in ("processing", "requires_capture"):
        return replace(outcome, kind=Kind.PENDING, detail=status, fingerprint=_fingerprint(_paid_with(intent)))
    if status == "canceled":
        return replace(outcome, kind=Kind.CANCELLED, detail=safe(intent.get("cancellation_reason") or ""))
    return replace(outcome, detail=f"an unexpected status: {safe(status)}")


def _paid(outcome: Outcome, intent: Mapping[str, Any], currency: str) -> Outcome:
    received = money(intent, "amount_received", currency)
    if received.minor <= 0:
        raise Unreadable("succeeded, but nothing received")
    billing = part(intent, "latest_charge", "billing_details")
    email = maybe(billing, "email")
    return replace(
        outcome,
        kind=Kind.PAID,
        received=received,
        card=_card(_paid_with(intent)),
        fingerprint=_fingerprint(_paid_with(intent)),
        statement=safe(maybe(part(intent, "latest_charge"), "calculated_statement_descriptor")),
        payer_name=" ".join(maybe(billing, "name").split())[:200],
        payer_email=email if len(email) <= 254 and _EMAIL.fullmatch(email) else "",
    )


def _refund(refund: Mapping[str, Any]) -> Outcome:
    currency = text(refund, "currency").upper()
    status = text(refund, "status")
    amount = money(refund, "amount", currency)
    outcome = Outcome(
        kind=Kind.UNKNOWN,
        reference=text(refund, "id"),
        amount=amount,
        attempt_id=metadata(refund).get("attempt", ""),
        refund_id=metadata(refund).get("refund", ""),
    )
    if status == "succeeded":
        return replace(outcome, kind=Kind.PAID, received=amount)
    if status in ("pending", "requires_action"):
        return replace(outcome, kind=Kind.PENDING, detail=safe(refund.get("pending_reason") or status))
    if status == "failed":
        why = safe(refund.get("failure_reason") or "")
        return replace(outcome, kind=Kind.DECLINED, code="refund_failed", detail=why)
    if status == "canceled":
        return replace(outcome, kind=Kind.CANCELLED)
    return replace(outcome, detail=f"an unexpected status: {safe(status)}")


def not_understood(thing: object, exc: Exception) -> Outcome:
    reference = maybe(thing, "id") if isinstance(thing, Mapping) else ""
    return Outcome(kind=Kind.UNKNOWN, reference=reference, detail=f"not understood: {safe(exc)}")


def _paid_with(intent: Mapping[str, Any]) -> Mapping[str, Any]:
    return part(intent, "latest_charge", "payment_method_details")


def _card(details: Mapping[str, Any]) -> str:
    """How the payer paid: "Visa ending 4242", "SEPA debit ending 3000", or the name of the method."""
    method = maybe(details, "type")
    inner = part(details, method)
    brand = maybe(inner, "brand") if method == "card" else method
    name = _NAMES.get(brand) or brand.replace("_", " ").capitalize()
    last4 = maybe(inner, "last4")
    return f"{name} ending {last4}" if re.fullmatch(r"\d{4}", last4) else name


def _fingerprint(method: Mapping[str, Any]) -> str:
    """What is the same for one card, or one bank account, whoever types it. Of a method, or of a charge's details."""
    return maybe(part(method, maybe(method, "type")), "fingerprint")[:64]


def _why(error: Mapping[str, Any]) -> str:
    parts = (error.get(part) for part in ("type", "code", "decline_code"))
    return safe(" ".join(part for part in parts if isinstance(part, str)))


def _try(error: Mapping[str, Any]) -> str:
    """What tells one failed try from the next: its charge, or, when the bank was never asked for money, its card."""
    method = error.get("payment_method")
    return (maybe(error, "charge") or (maybe(method, "id") if isinstance(method, Mapping) else ""))[:100]
