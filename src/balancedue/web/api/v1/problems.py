"""How the API says no: RFC 9457 problems with a stable code."""

import logging
import secrets
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from ninja.errors import AuthenticationError, HttpError, ValidationError
from pydantic import BaseModel, ConfigDict, Field

from balancedue.rules.errors import Invalid, Refused

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"

# code -> status, title. A code that is not here is a refusal like any other: 409.
CODES: dict[str, tuple[int, str]] = {
    "invalid": (422, "Something in the call needs changing"),
    "unauthenticated": (401, "An API key is needed"),
    "not_allowed": (403, "This key may not do that"),
    "not_found": (404, "There is nothing here"),
    "method_not_allowed": (405, "This address does not take that method"),
    "too_large": (413, "The call is too long"),
    "too_many_tries": (429, "Too many tries"),
    "idempotency_conflict": (409, "This Idempotency-Key belongs to another call"),
    "no_processor": (409, "No card processor is connected"),
    "processor_not_compatible": (409, "No connected processor can take payment requests"),
    "processor_broken": (409, "The card processor does not accept the shop's key"),
    "currency_not_supported": (409, "The card processor does not charge in this currency"),
    "nothing_due": (409, "Nothing is due"),
    "below_minimum": (409, "The balance due is less than a card can be charged"),
    "above_maximum": (409, "The balance due is more than a card can be charged at once"),
    "amount_not_chargeable": (409, "A card cannot be charged the balance due to the last unit"),
    "order_cancelled": (409, "The order is cancelled"),
    "payment_in_progress": (409, "A card payment is in progress"),
    "balance_changed": (409, "The balance due has changed"),
    "looks_repeated": (409, "There is a payment just like this one"),
    "number_taken": (409, "The order number is taken"),
    "more_than_refundable": (409, "There is less than this left to refund"),
    "not_refundable": (409, "This payment cannot be refunded"),
    "payment_disputed": (409, "The payer's bank disputes this payment"),
    "not_reversible": (409, "This payment cannot be reversed"),
    "server_error": (500, "Something failed on our side"),
}


class FieldProblem(BaseModel):
    """One thing to change. `field` is a path into the body such as `lines.0.quantity`, a parameter, or a header."""

    model_config = ConfigDict(extra="forbid")

    field: str
    detail: str


class Problem(BaseModel):
    """RFC 9457. Decide by `code`, which never changes; show `detail` to people."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(description="Address of the code's explanation")
    title: str = Field(description="What the code means, the same every time")
    status: int
    detail: str = Field(description="What happened this time, and what to do")
    code: str = Field(examples=list(CODES))
    errors: list[FieldProblem] = Field(description="What to change, field by field; may be empty")


def problem(
    code: str, detail: str = "", *, status: int = 0, errors: Iterable[tuple[str, str]] = (), reference: str = ""
) -> HttpResponse:
    """The answer for `code`; `status` where it is not the code's usual one."""
    usual, title = CODES.get(code, (409, code.replace("_", " ").capitalize()))
    told = Problem(
        type=f"{settings.PUBLIC_URL}/api/docs#problem-{code}",
        title=title,
        status=status or usual,
        detail=detail or f"{title}.",
        code=code,
        errors=[FieldProblem(field=field, detail=sentence) for field, sentence in errors],
    )
    response = HttpResponse(told.model_dump_json(), status=told.status, content_type=CONTENT_TYPE)
    if told.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="Balancedue API"'
    if told.status == 429:
        response.headers["Retry-After"] = "1800"
    return response


def refused(request: HttpRequest, refusal: Refused) -> HttpResponse:
    """A refusal of the product's, as it is."""
    if isinstance(refusal, Invalid):
        return problem(refusal.code, refusal.sentence, errors=refusal.problems.items())
    errors = [(refusal.field, refusal.sentence)] if refusal.field else []
    return problem(refusal.code, refusal.sentence, errors=errors)


def not_valid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """A body or parameters that are not what the description says, with one sentence per field."""
    errors = list({_field(fault): _sentence(fault) for fault in error.errors}.items())
    return problem("invalid", errors[0][1] if len(errors) == 1 else "", errors=errors)


def no_key(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    """No key, an unknown one, or one that was revoked: nobody learns which."""
    return problem("unauthenticated", "Send a valid API key as Authorization: Bearer <key>.")


def not_found(request: HttpRequest, error: Http404 | None = None) -> HttpResponse:
    """Nothing of this account has that address or id (N12)."""
    return problem("not_found", "There is nothing at this address that your key may see.")


def not_read(request: HttpRequest, error: HttpError) -> HttpResponse:
    """The body could not be read at all."""
    cause = error.__cause__
    detail = str(cause) if isinstance(cause, NotJson) else "The body is not readable as JSON."
    return problem("invalid", detail, status=error.status_code)


def failed(request: HttpRequest, error: Exception) -> HttpResponse:
    """Our fault: the reference is in the log too. A POST may be sent again with the same Idempotency-Key."""
    reference = f"{secrets.token_hex(2)}-{secrets.token_hex(1)}".upper()
    log.error("server error %s on %s", reference, request.path, exc_info=error)
    return problem("server_error", f"Send the call again. If it fails again, tell us the reference {reference}.")


class NotJson(ValueError):
    """The body is not JSON as we take it; the message is a sentence."""


def _field(fault: dict[str, Any]) -> str:
    """("body", "body", "lines", 0, "quantity") is lines.0.quantity."""
    place = [str(part) for part in fault["loc"] if not str(part).startswith("function-")]
    kind, rest = place[0], place[1:]
    if kind == "body" and rest[:1] == ["body"]:
        rest = rest[1:]
    return ".".join(rest) or kind


_SENTENCES = {
    "missing": "This is missing",
    "extra_forbidden": "This field is not known here",
    "int_type": "Give a whole number of minor units, without quotes: 110528 for 1,105.28",
    "int_parsing": "Give a whole number",
    "int_parsing_size": "Give a smaller number",
    "string_type": "Give a text, in quotes",
    "bool_type": "Give true or false",
    "bool_parsing": "Give true or false",
    "list_type": "Give a list, in square brackets",
    "model_type": "Give an object, in curly brackets",
    "model_attributes_type": "Give an object, in curly brackets",
    "dict_type": "Give an object, in curly brackets",
    "string_pattern_mismatch": "This has not the form that the description says",
}


_BOUNDS = {
    "greater_than": ("gt", "Enter an amount above {}"),
    "greater_than_equal": ("ge", "Enter {} or more"),
    "less_than_equal": ("le", "Enter at most {:,}"),
    "too_long": ("max_length", "Give at most {:,}"),
    "too_short": ("min_length", "Give at least {:,}"),
    "string_too_long": ("max_length", "Keep this to {:,} characters"),
    "string_too_short": ("min_length", "Give at least {:,} character"),
}


def _sentence(fault: dict[str, Any]) -> str:
    kind, facts = fault["type"], fault.get("ctx") or {}
    if kind == "value_error":
        return str(facts["error"])
    if kind in ("literal_error", "enum"):
        return f"Give one of {facts['expected'].replace(chr(39), '')}"
    if kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        return words.format(facts[name])
    return _SENTENCES.get(kind, str(fault["msg"]))
