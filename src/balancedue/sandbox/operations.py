"""What each address of /v1 does, one function per operation. `api.py` has checked the key before."""

import hmac
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from balancedue.sandbox import events, intents, params
from balancedue.sandbox.accounts import Account
from balancedue.sandbox.cards import BY_TOKEN, USE_A_TEST_CARD, TestCard, card_for
from balancedue.sandbox.charges import new_payment_method
from balancedue.sandbox.errors import ApiError, missing, parameter, unauthorized
from balancedue.sandbox.http import Form
from balancedue.sandbox.store import Stored, Transaction

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


@dataclass(frozen=True, slots=True)
class Call:
    """One call of an operation."""

    tx: Transaction
    account: Account
    secret: bool
    """Made with the secret key; otherwise by a browser with the publishable one."""
    form: Form
    origin: str
    """Where browsers reach the sandbox, such as http://127.0.0.1:8100."""
    settle_seconds: float

    def find(self, kind: str, id: str, param: str = "id") -> Stored:
        """The caller's own object of that id. Raises ApiError 404."""
        stored = self.tx.find(kind, id, self.account.id)
        if stored is None:
            raise missing(kind, id, param)
        return stored


Operation = Callable[..., dict[str, Any]]


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
    return _listed(call, "payment_intent", "/v1/payment_intents")


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
    intent = params.text(call.form, "payment_intent")
    return _listed(call, "charge", "/v1/charges", "parent = ?" if intent else "", (intent,) if intent else ())


def retrieve_charge(call: Call, id: str) -> dict[str, Any]:
    """GET /v1/charges/{id}"""
    params.only(call.form, "expand")
    return call.find("charge", id, "charge").body


def list_events(call: Call) -> dict[str, Any]:
    """GET /v1/events"""
    params.only(
        call.form, "created", "delivery_success", "ending_before", "expand", "limit", "starting_after", "type", "types"
    )
    clauses, values = [], []
    types = params.items(call.form, "types") + [one for one in [params.text(call.form, "type")] if one]
    if types:
        clauses.append("(" + " OR ".join("json_extract(body, '$.type') GLOB ?" for _ in types) + ")")
        values += types
    taken = params.flag(call.form, "delivery_success")
    if taken is not None:
        undelivered = "id IN (SELECT event FROM delivery WHERE state IN ('waiting', 'given up'))"
        clauses.append(f"NOT {undelivered}" if taken else undelivered)
    page, more = call.tx.list("event", call.account.id, params.page(call.form), " AND ".join(clauses), tuple(values))
    return _list_of([events.as_shown(call.tx, event) for event in page], more, "/v1/events")


def retrieve_event(call: Call, id: str) -> dict[str, Any]:
    """GET /v1/events/{id}"""
    params.only(call.form, "expand")
    return events.as_shown(call.tx, call.find("event", id))


def create_webhook_endpoint(call: Call) -> dict[str, Any]:
    """POST /v1/webhook_endpoints; only this answer carries the signing secret."""
    form = call.form
    params.only(
        form, "api_version", "description", "enabled_events", "expand", "metadata", "url", unsupported=("connect",)
    )
    params.required(form, "url")
    return events.create_endpoint(
        call.tx,
        call.account.id,
        url=params.address(form, "url") or "",
        enabled_events=params.items(form, "enabled_events"),
        description=params.text(form, "description"),
        metadata=params.metadata(form, {}),
        api_version=params.text(form, "api_version"),
    )


def list_webhook_endpoints(call: Call) -> dict[str, Any]:
    """GET /v1/webhook_endpoints"""
    params.only(call.form, "ending_before", "expand", "limit", "starting_after")
    return _listed(call, "webhook_endpoint", "/v1/webhook_endpoints")


def retrieve_webhook_endpoint(call: Call, id: str) -> dict[str, Any]:
    """GET /v1/webhook_endpoints/{id}"""
    params.only(call.form, "expand")
    return call.find("webhook_endpoint", id, "webhook_endpoint").body


def update_webhook_endpoint(call: Call, id: str) -> dict[str, Any]:
    """POST /v1/webhook_endpoints/{id}"""
    form, endpoint = call.form, call.find("webhook_endpoint", id, "webhook_endpoint")
    params.only(form, "description", "disabled", "enabled_events", "expand", "metadata", "url")
    fields: dict[str, Any] = {}
    if (url := params.address(form, "url")) is not None:
        fields["url"] = url
    if "enabled_events" in form:
        fields["enabled_events"] = params.items(form, "enabled_events")
    if "description" in form:
        fields["description"] = params.text(form, "description")
    if "metadata" in form:
        fields["metadata"] = params.metadata(form, endpoint.body["metadata"])
    if (disabled := params.flag(form, "disabled")) is not None:
        fields["status"] = "disabled" if disabled else "enabled"
    events.update_endpoint(call.tx, endpoint, fields)
    return endpoint.body


def delete_webhook_endpoint(call: Call, id: str) -> dict[str, Any]:
    """DELETE /v1/webhook_endpoints/{id}"""
    events.delete_endpoint(call.tx, call.find("webhook_endpoint", id, "webhook_endpoint"))
    return {"id": id, "object": "webhook_endpoint", "deleted": True}


def _listed(call: Call, kind: str, url: str, where: str = "", values: tuple[Any, ...] = ()) -> dict[str, Any]:
    page = params.page(call.form)
    for name, id in (("starting_after", page.after), ("ending_before", page.before)):
        if id is not None:
            call.find(kind, id, name)
    found, more = call.tx.list(kind, call.account.id, page, where, values)
    return _list_of([stored.body for stored in found], more, url)


def _list_of(data: list[dict[str, Any]], more: bool, url: str) -> dict[str, Any]:
    return {"object": "list", "data": data, "has_more": more, "url": url}


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
    ("GET", "/v1/events", list_events),
    ("GET", "/v1/events/{id}", retrieve_event),
    ("POST", "/v1/webhook_endpoints", create_webhook_endpoint),
    ("GET", "/v1/webhook_endpoints", list_webhook_endpoints),
    ("GET", "/v1/webhook_endpoints/{id}", retrieve_webhook_endpoint),
    ("POST", "/v1/webhook_endpoints/{id}", update_webhook_endpoint),
    ("DELETE", "/v1/webhook_endpoints/{id}", delete_webhook_endpoint),
)

FOR_BROWSERS: frozenset[Operation] = frozenset({retrieve_payment_intent, confirm_payment_intent})
"""What a publishable key may call, with the client secret."""
