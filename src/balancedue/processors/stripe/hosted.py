"""Paid on Stripe's own page: a Checkout Session in place of an intent that our page confirms.

The session is what we made, so the attempt is known by it (cs_…); the money is in the intent behind it (pi_…), which
Stripe makes once the payer presses Pay there. docs.stripe.com/payments/checkout/how-checkout-works
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from balancedue.processors.base import Charge, Kind, Outcome
from balancedue.processors.stripe.outcome import not_understood, read_intent
from balancedue.processors.stripe.reading import Unreadable, flag, mapping, maybe, metadata, money, text
from balancedue.rules.errors import Refused
from balancedue.rules.money import Money

SESSION = "cs_"  # how its id begins
HOSTED_ORIGINS = ("https://checkout.stripe.com",)
WITH_MONEY = ["payment_intent.latest_charge"]

_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


def session_params(charge: Charge, *, wire: int, own_ids: dict[str, str], suffix: str) -> dict[str, Any]:
    """What a session is made with: one line of exactly `wire`. The same for the same attempt, as its key demands.

    Names nothing but opaque ids; the address back holds no token (I3).
    """
    intent: dict[str, Any] = {"description": charge.description[:1000], "metadata": own_ids}
    if suffix:
        intent["statement_descriptor_suffix"] = suffix
    price = {
        "currency": charge.amount.currency.lower(),
        "unit_amount": wire,
        "product_data": {"name": charge.description[:250]},
    }
    params: dict[str, Any] = {
        "mode": "payment",
        "line_items": [{"quantity": 1, "price_data": price}],
        "client_reference_id": charge.attempt_id,
        "metadata": own_ids,
        "payment_intent_data": intent,
        "success_url": charge.return_url,
        "cancel_url": charge.return_url,
        "expand": WITH_MONEY,
    }
    if _EMAIL.fullmatch(charge.payer_email):  # anything rarer is typed there rather than refused here
        params["customer_email"] = charge.payer_email
    return params


def read_session(session: object) -> Outcome:
    """What a Checkout Session says, with `payment_intent.latest_charge` expanded. Never raises."""
    try:
        return _session(mapping(session))
    except (Unreadable, Refused) as exc:
        return not_understood(session, exc)


def _session(session: Mapping[str, Any]) -> Outcome:
    status = text(session, "status")
    behind = session.get("payment_intent")
    told = _of_the_money(session, read_intent(behind) if isinstance(behind, Mapping) else None)
    if told.kind in (Kind.PAID, Kind.PENDING):
        return told
    if status == "open":
        waiting = replace(told, go_to=text(session, "url"))
        return waiting if told.kind is Kind.DECLINED else replace(waiting, kind=Kind.NEEDS_CUSTOMER)
    if status == "expired":
        return replace(told, kind=Kind.CANCELLED, code="", detail="expired")
    if status == "complete":
        return _complete(session, told)
    raise Unreadable("an unexpected status")


def _of_the_money(session: Mapping[str, Any], told: Outcome | None) -> Outcome:
    """What the intent says, as the session's; where there is none yet, UNKNOWN with what the session says itself."""
    reference = text(session, "id")
    if told is not None:
        if told.kind is Kind.UNKNOWN:
            raise Unreadable(told.detail)
        ours = told.attempt_id or metadata(session).get("attempt", "")
        return replace(told, reference=reference, money_reference=told.reference, attempt_id=ours, client_secret="")
    return Outcome(
        kind=Kind.UNKNOWN,
        reference=reference,
        amount=money(session, "amount_total", text(session, "currency").upper()),
        livemode=flag(session.get("livemode")),
        attempt_id=metadata(session).get("attempt", ""),
        money_reference=maybe(session, "payment_intent"),
    )


def _complete(session: Mapping[str, Any], told: Outcome) -> Outcome:
    """Submitted, and nobody can try again on that page: the money comes later, or it does not."""
    if told.kind is Kind.DECLINED:
        return replace(told, retryable=False)
    if told.kind is Kind.CANCELLED:
        return told
    paid = text(session, "payment_status")
    if paid == "no_payment_required":  # nothing was asked for: whatever that is, it does not fit a balance
        return replace(told, kind=Kind.PAID, received=Money(0, text(session, "currency").upper()))
    if paid == "unpaid":
        return replace(told, kind=Kind.PENDING, needs_action=False, detail="submitted")
    raise Unreadable("paid, but the payment was not shown")
