"""What /v1 does with the account, payment intents and charges, one function per operation. `api.py` checked the key."""

import hmac
import re
import time
from dataclasses import dataclass
from typing import Any

from balancedue.sandbox import intents, params
from balancedue.sandbox.calls import Call, Operation, Where, listed
from balancedue.sandbox.cards import BY_TOKEN, USE_A_TEST_CARD, TestCard, card_for
from balancedue.sandbox.charges import new_payment_method
from balancedue.sandbox.errors import ApiError, missing, parameter, unauthorized
from balancedue.sandbox.http import Form
from balancedue.sandbox.store import Stored

_UNSUPPORTED = (
    "application_fee_amount",
    "customer",
    "error_on_requires_action",
    "mandate",
    "mandate_data",
    "off_session",
    "on_behalf_of",
    "payment_method_options",
    "radar_options",
    "setup_future_usage",
    "transfer_data",
    "transfer_group",
    "use_stripe_sdk",
)
_DESCRIBING = (
    "metadata",
    "description",
    "receipt_email",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "shipping",
)
_REASONS = ("abandoned", "duplicate", "fraudulent", "requested_by_customer")


def retrieve_account(call: Call) -> dict[str, Any]:
    """GET /v1/account"""
    params.only(call.form, "expand")
    return call.account.as_stripe()


def create_payment_intent(call: Call) -> dict[str, Any]:
    """POST /v1/payment_intents"""
    form = call.form
    params.only(
        form,
        "amount",
        "currency",
        "automatic_payment_methods",
        "payment_method_types",
        "capture_method",
        "confirmation_method",
        "confirm",
        "payment_method",
        "return_url",
        "expand",
        *_DESCRIBING,
        unsupported=(*_UNSUPPORTED, "payment_method_data"),
    )
    amount, currency = params.amount_and_currency(params.required(form, "amount"), params.required(form, "currency"))
    fields = {**_method_fields(form), **_describing(form, {})}
    intent = intents.create(call.tx, call.account.id, amount=amount, currency=currency, fields=fields)
    if params.flag(form, "confirm"):
        _confirm(call, intent, _named_method(call))
    return intent.body


def _method_fields(form: Form) -> dict[str, Any]:
    automatic, types = params.group(form, "automatic_payment_methods"), params.items(form, "payment_method_types")
    if automatic and types:
        raise parameter("payment_method_types", "Send automatic_payment_methods or payment_method_types, not both.")
    if set(types) - {"card"}:
        raise parameter("payment_method_types", "The sandbox takes the payment method type card only.")
    params.choice(form, "confirmation_method", "automatic")
    capture = params.choice(form, "capture_method", "automatic", "automatic_async") or "automatic_async"
    fields: dict[str, Any] = {"capture_method": capture}
    if automatic or not types:
        params.only(automatic, "enabled", "allow_redirects")
        fields["automatic_payment_methods"] = {
            "allow_redirects": params.choice(automatic, "allow_redirects", "always", "never") or "always",
            "enabled": params.flag(automatic, "enabled") is not False,
        }
    return fields


def _describing(form: Form, metadata: dict[str, str]) -> dict[str, Any]:
    """The fields that only describe; those not sent stay as they are."""
    limits = {"description": 1000, "receipt_email": 800, "statement_descriptor": 22, "statement_descriptor_suffix": 22}
    fields: dict[str, Any] = {name: params.text(form, name, most=most) for name, most in limits.items() if name in form}
    if "metadata" in form:
        fields["metadata"] = params.metadata(form, metadata)
    if "shipping" in form:
        fields["shipping"] = params.group(form, "shipping")
    return fields


def list_payment_intents(call: Call) -> dict[str, Any]:
    """GET /v1/payment_intents"""
    params.only(call.form, "created", "ending_before", "expand", "limit", "starting_after", unsupported=("customer",))
    return listed(call, "payment_intent", "/v1/payment_intents")


def retrieve_payment_intent(call: Call, id: str) -> dict[str, Any]:
    """GET /v1/payment_intents/{id}; a publishable key needs the client secret too."""
    params.only(call.form, "client_secret", "expand")
    return _intent(call, id).body


def update_payment_intent(call: Call, id: str) -> dict[str, Any]:
    """POST /v1/payment_intents/{id}"""
    form, intent = call.form, call.find("payment_intent", id, "intent")
    params.only(
        form,
        "amount",
        "currency",
        "expand",
        *_DESCRIBING,
        unsupported=(*_UNSUPPORTED, "capture_method", "payment_method", "payment_method_data", "payment_method_types"),
    )
    fields = _describing(form, intent.body["metadata"])
    if "amount" in form or "currency" in form:
        amount = params.text(form, "amount") or str(intent.body["amount"])
        currency = params.text(form, "currency") or intent.body["currency"]
        fields["amount"], fields["currency"] = params.amount_and_currency(amount, currency)
    intents.update(call.tx, intent, fields)
    return intent.body


def cancel_payment_intent(call: Call, id: str) -> dict[str, Any]:
    """POST /v1/payment_intents/{id}/cancel"""
    params.only(call.form, "cancellation_reason", "expand")
    intent = call.find("payment_intent", id, "intent")
    intents.cancel(call.tx, intent, params.choice(call.form, "cancellation_reason", *_REASONS))
    return intent.body


def confirm_payment_intent(call: Call, id: str) -> dict[str, Any]:
    """POST /v1/payment_intents/{id}/confirm; card numbers are taken from the card form only, never from servers."""
    allowed = ["client_secret", "payment_method", "return_url", "expand", "receipt_email"]
    typed = None
    if not call.secret:
        allowed += ["payment_method_data", "client_context"]
        typed = _typed_card(call.form) if "payment_method_data" in call.form else None
    params.only(
        call.form,
        *allowed,
        unsupported=(*_UNSUPPORTED, "capture_method", "payment_method_types", "payment_method_data", "shipping"),
    )
    intent = _intent(call, id)
    intents.check_confirmable(intent)
    _check_context(call.form, intent)
    if "receipt_email" in call.form:
        intent.body["receipt_email"] = params.text(call.form, "receipt_email")
    _confirm(call, intent, typed or _named_method(call))
    return intent.body


@dataclass(frozen=True, slots=True)
class _Typed:
    card: TestCard
    expiry: tuple[int, int]
    billing: dict[str, Any]


def _confirm(call: Call, intent: Stored, typed: _Typed) -> None:
    method = new_payment_method(call.tx, call.account.id, typed.card, typed.expiry, typed.billing)
    intents.confirm(
        call.tx,
        intent,
        method,
        origin=call.origin,
        settle_seconds=call.settle_seconds,
        return_url=params.address(call.form, "return_url"),
    )
    if (refusal := intents.declined(intent)) is not None:
        raise refusal


def _named_method(call: Call) -> _Typed:
    """One of Stripe's test payment methods, such as pm_card_visa."""
    token = params.required(call.form, "payment_method")
    if token not in BY_TOKEN:
        raise missing("PaymentMethod", token, "payment_method")
    return _Typed(BY_TOKEN[token], (12, time.gmtime().tm_year + 3), {})


def _typed_card(form: Form) -> _Typed:
    """What was typed into the card form. Raises before a number that is no test card can reach anything."""
    data = params.group(form, "payment_method_data")
    fields = params.group(data, "card")
    card = card_for(str(fields.get("number", "")))
    if card is None:
        raise ApiError(
            402, USE_A_TEST_CARD, type="card_error", code="card_declined", decline_code="test_mode_live_card"
        )
    month, year = (str(fields.get(name, "")) for name in ("exp_month", "exp_year"))
    if re.fullmatch("0?[1-9]|1[0-2]", month) is None:
        raise _card_error("invalid_expiry_month", "Your card's expiration month is not a month.")
    if re.fullmatch("20[0-9]{2}", year) is None or (int(year), int(month)) < time.gmtime()[:2]:
        raise _card_error("invalid_expiry_year", "Your card's expiration date is in the past.")
    if re.fullmatch("[0-9]{4}" if card.brand == "amex" else "[0-9]{3}", str(fields.get("cvc", ""))) is None:
        raise _card_error("invalid_cvc", "Your card's security code has another number of digits.")
    return _Typed(card, (int(month), int(year)), params.group(data, "billing_details"))


def _card_error(code: str, message: str) -> ApiError:
    return ApiError(402, message, type="card_error", code=code)


def _check_context(form: Form, intent: Stored) -> None:
    """The sum the payer saw in the page must be the intent's: it may have changed while the page was open."""
    context = params.group(form, "client_context")
    seen = {"amount": str(intent.body["amount"]), "currency": intent.body["currency"]}
    if any(context.get(name, value) != value for name, value in seen.items()):
        raise parameter(
            "client_context",
            "The amount in Elements is not the amount of the PaymentIntent.",
            "elements_amount_mismatch",
        )


def _intent(call: Call, id: str) -> Stored:
    intent = call.find("payment_intent", id, "intent")
    given = params.text(call.form, "client_secret")
    if given is None and not call.secret:
        raise unauthorized("A publishable key may only be used together with a client_secret.")
    if given is not None and not hmac.compare_digest(given.encode(), intent.body["client_secret"].encode()):
        raise parameter(
            "client_secret",
            "The client_secret provided does not match this PaymentIntent.",
            "payment_intent_invalid_parameter",
        )
    return intent


def list_charges(call: Call) -> dict[str, Any]:
    """GET /v1/charges"""
    params.only(
        call.form,
        "created",
        "ending_before",
        "expand",
        "limit",
        "payment_intent",
        "starting_after",
        unsupported=("customer", "transfer_group"),
    )
    where = Where().add("parent = ?", params.text(call.form, "payment_intent"))
    return listed(call, "charge", "/v1/charges", where)


def retrieve_charge(call: Call, id: str) -> dict[str, Any]:
    """GET /v1/charges/{id}"""
    params.only(call.form, "expand")
    return call.find("charge", id, "charge").body


OPERATIONS: tuple[tuple[str, str, Operation], ...] = (
    ("GET", "/v1/account", retrieve_account),
    ("POST", "/v1/payment_intents", create_payment_intent),
    ("GET", "/v1/payment_intents", list_payment_intents),
    ("GET", "/v1/payment_intents/{id}", retrieve_payment_intent),
    ("POST", "/v1/payment_intents/{id}", update_payment_intent),
    ("POST", "/v1/payment_intents/{id}/cancel", cancel_payment_intent),
    ("POST", "/v1/payment_intents/{id}/confirm", confirm_payment_intent),
    ("GET", "/v1/charges", list_charges),
    ("GET", "/v1/charges/{id}", retrieve_charge),
)

FOR_BROWSERS: frozenset[Operation] = frozenset({retrieve_payment_intent, confirm_payment_intent})
"""What a publishable key may call, with the client secret."""
