"""Checks of what a caller sent, with Stripe's words for what is wrong."""

import re
from typing import Any

from balancedue.sandbox.currencies import CURRENCIES, MOST
from balancedue.sandbox.errors import ApiError, parameter
from balancedue.sandbox.http import Form
from balancedue.sandbox.store import Page

_BOUNDS = {"gt", "gte", "lt", "lte"}


def only(form: Form, *allowed: str, unsupported: tuple[str, ...] = ()) -> None:
    """Refuse parameters that Stripe does not have, and those the sandbox does not act on."""
    for name in form:
        if name not in allowed and name in unsupported:
            raise parameter(name, f"The sandbox does not support the parameter: {name}", "sandbox_unsupported")
        if name not in allowed:
            raise parameter(name, f"Received unknown parameter: {name}", "parameter_unknown")


def text(form: Form, name: str, *, most: int = 5000) -> str | None:
    """A text parameter; empty means none."""
    value = form.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise parameter(name, f"Invalid string: {name}")
    if len(value) > most:
        raise parameter(name, f"Invalid string: {value[:20]}…; must be at most {most} characters")
    return value


def required(form: Form, name: str) -> str:
    """A text parameter that must be there."""
    value = text(form, name)
    if value is None:
        raise parameter(name, f"Missing required param: {name}.", "parameter_missing")
    return value


def integer(name: str, value: Any) -> int:
    """A whole number in plain digits."""
    if not isinstance(value, str) or re.fullmatch(r"-?[0-9]{1,18}", value) is None:
        raise parameter(name, f"Invalid integer: {value}", "parameter_invalid_integer")
    return int(value)


def choice(form: Form, name: str, *allowed: str) -> str | None:
    """One of a few words."""
    value = text(form, name)
    if value is not None and value not in allowed:
        raise parameter(name, f"Invalid {name}: must be one of {', '.join(allowed)}")
    return value


def flag(form: Form, name: str) -> bool | None:
    """`true`, `false`, or not sent."""
    value = choice(form, name, "true", "false")
    return None if value is None else value == "true"


def items(form: Form, name: str) -> list[str]:
    """A list of texts."""
    value = form.get(name)
    if value is None:
        return []
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise parameter(name, f"Invalid array: {name}")
    return list(value.values())


def group(form: Form, name: str) -> Form:
    """A nested group of parameters."""
    value = form.get(name, {})
    if not isinstance(value, dict):
        raise parameter(name, "Invalid object")
    return value


def amount_and_currency(amount: str, code: str) -> tuple[int, str]:
    """Checked against the currency's least and finest amount."""
    currency = CURRENCIES.get(code.lower())
    if currency is None:
        raise parameter("currency", f"Invalid currency: {code.lower()}.")
    value = integer("amount", amount)
    if value < currency.least:
        raise parameter("amount", f"Amount must be at least {currency.least} {code.lower()}.", "amount_too_small")
    if value > MOST:
        raise parameter("amount", f"Amount must be no more than {MOST} {code.lower()}.", "amount_too_large")
    if value % currency.step:
        raise parameter(
            "amount", f"Amount must be a multiple of {currency.step}.", "invalid_charge_amount_no_decimal_compatible"
        )
    return value, code.lower()


def metadata(form: Form, old: dict[str, str]) -> dict[str, str]:
    """`old` with what was sent merged in: an empty value removes its key, an empty group removes all."""
    if form.get("metadata") == "":
        return {}
    merged = dict(old)
    for key, value in group(form, "metadata").items():
        if not isinstance(value, str) or len(key) > 40 or len(value) > 500:
            raise parameter("metadata", "Metadata keys hold up to 40 characters, values up to 500.")
        if value == "":
            merged.pop(key, None)
        else:
            merged[key] = value
    if len(merged) > 50:
        raise parameter("metadata", "Metadata holds up to 50 keys.")
    return merged


def page(form: Form) -> Page:
    """Where in a list to look: `limit`, `starting_after`, `ending_before`, `created`."""
    limit = integer("limit", form["limit"]) if "limit" in form else 10
    if not 1 <= limit <= 100:
        raise parameter("limit", "This value must be from 1 to 100.", "parameter_invalid_integer")
    return Page(limit, text(form, "starting_after"), text(form, "ending_before"), _created(form))


def _created(form: Form) -> dict[str, int]:
    value = form.get("created", {})
    if isinstance(value, str):
        return {"eq": integer("created", value)}
    if unknown := set(value) - _BOUNDS:
        raise parameter(
            f"created[{min(unknown)}]", f"Received unknown parameter: created[{min(unknown)}]", "parameter_unknown"
        )
    return {name: integer(f"created[{name}]", moment) for name, moment in value.items()}


def address(form: Form, name: str) -> str | None:
    """An absolute http or https address."""
    value = text(form, name)
    if value is not None and re.fullmatch(r"https?://[^\s/]+(/\S*)?", value) is None:
        raise ApiError(400, f"Not a valid URL: {name}", param=name, code="url_invalid")
    return value
