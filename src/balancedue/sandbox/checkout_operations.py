"""What /v1 does with Checkout Sessions and payment method domains, one function per operation."""

import time
from typing import Any

from balancedue.sandbox import checkout, domains, params, sessions
from balancedue.sandbox.calls import Call, Operation, Where, listed
from balancedue.sandbox.errors import parameter
from balancedue.sandbox.http import Form

_HALF_HOUR, _DAY = 1800, 86400
_LEEWAY = 60  # between the caller's clock and ours
_MOST_LINES = 100
_PAGED = ("ending_before", "expand", "limit", "starting_after")
_UNSUPPORTED_SESSION = (
    "after_expiration",
    "allow_promotion_codes",
    "automatic_tax",
    "billing_address_collection",
    "consent_collection",
    "currency",
    "custom_fields",
    "custom_text",
    "customer",
    "customer_creation",
    "customer_update",
    "discounts",
    "invoice_creation",
    "payment_method_collection",
    "payment_method_options",
    "phone_number_collection",
    "setup_intent_data",
    "shipping_address_collection",
    "shipping_options",
    "subscription_data",
    "tax_id_collection",
)
_TEXTS = {"client_reference_id": 200, "customer_email": 800, "locale": 10, "submit_type": 10}


def create_session(call: Call) -> dict[str, Any]:
    """POST /v1/checkout/sessions, mode `payment`, with prices given in place"""
    form = call.form
    params.only(
        form,
        *_TEXTS,
        "cancel_url",
        "expand",
        "expires_at",
        "line_items",
        "metadata",
        "mode",
        "payment_intent_data",
        "payment_method_types",
        "success_url",
        "ui_mode",
        unsupported=_UNSUPPORTED_SESSION,
    )
    params.required(form, "mode")
    params.choice(form, "mode", "payment")
    params.choice(form, "ui_mode", "hosted")
    if set(params.items(form, "payment_method_types")) - {"card"}:
        raise parameter("payment_method_types", "The sandbox takes the payment method type card only.")
    params.required(form, "success_url")
    lines = _lines(form)
    total = sum(line["amount_total"] for line in lines)
    _, currency = params.amount_and_currency(str(total), lines[0]["currency"])
    fields: dict[str, Any] = {name: params.text(form, name, most=most) for name, most in _TEXTS.items()}
    session = sessions.create(
        call.tx,
        call.account.id,
        currency=currency,
        lines=lines,
        fields={
            **fields,
            "success_url": params.address(form, "success_url"),
            "cancel_url": params.address(form, "cancel_url"),
            "expires_at": _expiry(form),
            "metadata": params.metadata(form, {}),
        },
        intent_fields=_intent_fields(form),
        origin=call.origin,
    )
    return session.body


def _lines(form: Form) -> list[dict[str, Any]]:
    given = list(params.group(form, "line_items").values())
    if not 1 <= len(given) <= _MOST_LINES:
        raise parameter("line_items", f"Send 1 to {_MOST_LINES} line_items.")
    lines = [_line(f"line_items[{number}]", one) for number, one in enumerate(given)]
    if len({line["currency"] for line in lines}) > 1:
        raise parameter("line_items", "All line_items must have the same currency.")
    return lines


def _line(place: str, given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise parameter(place, "Invalid object")
    params.only(
        given, "price_data", "quantity", unsupported=("adjustable_quantity", "dynamic_tax_rates", "price", "tax_rates")
    )
    price = params.group(given, "price_data")
    params.only(
        price,
        "currency",
        "product_data",
        "tax_behavior",
        "unit_amount",
        unsupported=("product", "recurring", "unit_amount_decimal"),
    )
    product = params.group(price, "product_data")
    params.only(product, "description", "name", unsupported=("images", "metadata", "tax_code", "unit_label"))
    unit_amount = params.integer(f"{place}[price_data][unit_amount]", params.required(price, "unit_amount"))
    quantity = params.integer(f"{place}[quantity]", params.text(given, "quantity") or "1")
    if unit_amount < 0 or quantity < 1:
        raise parameter(place, "This value must be greater than or equal to 1.")
    return sessions.line(
        name=params.required(product, "name"),
        description=params.text(product, "description", most=40_000),
        currency=params.required(price, "currency").lower(),
        unit_amount=unit_amount,
        quantity=quantity,
    )


def _intent_fields(form: Form) -> dict[str, Any]:
    given = params.group(form, "payment_intent_data")
    texts = {"description": 1000, "receipt_email": 800, "statement_descriptor": 22, "statement_descriptor_suffix": 22}
    params.only(
        given,
        *texts,
        "capture_method",
        "metadata",
        "shipping",
        unsupported=(
            "application_fee_amount",
            "on_behalf_of",
            "setup_future_usage",
            "transfer_data",
            "transfer_group",
        ),
    )
    fields: dict[str, Any] = {
        name: params.text(given, name, most=most) for name, most in texts.items() if name in given
    }
    capture = params.choice(given, "capture_method", "automatic", "automatic_async")
    if capture:
        fields["capture_method"] = capture
    if "shipping" in given:
        fields["shipping"] = params.group(given, "shipping")
    return {**fields, "metadata": params.metadata(given, {})}


def _expiry(form: Form) -> int:
    now = int(time.time())
    if "expires_at" not in form:
        return now + _DAY
    moment = params.integer("expires_at", form["expires_at"])
    if not now + _HALF_HOUR - _LEEWAY <= moment <= now + _DAY + _LEEWAY:
        raise parameter("expires_at", "The `expires_at` timestamp must be 30 minutes to 24 hours from now.")
    return moment


def list_sessions(call: Call) -> dict[str, Any]:
    """GET /v1/checkout/sessions"""
    params.only(
        call.form,
        *_PAGED,
        "created",
        "payment_intent",
        "status",
        unsupported=("customer", "customer_details", "payment_link", "subscription"),
    )
    where = Where()
    for name in ("payment_intent", "status"):
        where.add(f"json_extract(body, '$.{name}') = ?", params.text(call.form, name))
    return listed(call, "checkout.session", "/v1/checkout/sessions", where)


def retrieve_session(call: Call, id: str) -> dict[str, Any]:
    """GET /v1/checkout/sessions/{id}"""
    params.only(call.form, "expand")
    return call.find("checkout.session", id, "session").body


def expire_session(call: Call, id: str) -> dict[str, Any]:
    """POST /v1/checkout/sessions/{id}/expire"""
    params.only(call.form, "expand")
    session = call.find("checkout.session", id, "session")
    checkout.expire(call.tx, session)
    return session.body


def create_domain(call: Call) -> dict[str, Any]:
    """POST /v1/payment_method_domains"""
    params.only(call.form, "domain_name", "enabled", "expand")
    enabled = params.flag(call.form, "enabled") is not False
    return domains.register(call.tx, call.account.id, params.required(call.form, "domain_name"), enabled=enabled).body


def list_domains(call: Call) -> dict[str, Any]:
    """GET /v1/payment_method_domains"""
    params.only(call.form, *_PAGED, "domain_name", "enabled")
    where = Where().add("json_extract(body, '$.domain_name') = ?", params.text(call.form, "domain_name"))
    where.add("json_extract(body, '$.enabled') = ?", params.flag(call.form, "enabled"))
    return listed(call, "payment_method_domain", "/v1/payment_method_domains", where)


def retrieve_domain(call: Call, id: str) -> dict[str, Any]:
    """GET /v1/payment_method_domains/{id}"""
    params.only(call.form, "expand")
    return call.find("payment_method_domain", id).body


def update_domain(call: Call, id: str) -> dict[str, Any]:
    """POST /v1/payment_method_domains/{id}"""
    params.only(call.form, "enabled", "expand")
    domain = call.find("payment_method_domain", id)
    enabled = params.flag(call.form, "enabled")
    if enabled is not None:
        domains.switch(call.tx, domain, enabled=enabled)
    return domain.body


def validate_domain(call: Call, id: str) -> dict[str, Any]:
    """POST /v1/payment_method_domains/{id}/validate"""
    params.only(call.form, "expand")
    domain = call.find("payment_method_domain", id)
    domains.validate(call.tx, domain)
    return domain.body


OPERATIONS: tuple[tuple[str, str, Operation], ...] = (
    ("POST", "/v1/checkout/sessions", create_session),
    ("GET", "/v1/checkout/sessions", list_sessions),
    ("GET", "/v1/checkout/sessions/{id}", retrieve_session),
    ("POST", "/v1/checkout/sessions/{id}/expire", expire_session),
    ("POST", "/v1/payment_method_domains", create_domain),
    ("GET", "/v1/payment_method_domains", list_domains),
    ("GET", "/v1/payment_method_domains/{id}", retrieve_domain),
    ("POST", "/v1/payment_method_domains/{id}", update_domain),
    ("POST", "/v1/payment_method_domains/{id}/validate", validate_domain),
)
