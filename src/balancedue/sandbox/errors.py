"""Refusals in the shape of Stripe's error bodies."""

from collections.abc import Iterable
from typing import Any


class ApiError(Exception):
    """An answer other than 200.

    `keep` says that work was done before the refusal (a declined charge exists): it is committed and the answer
    is stored under the idempotency key. Without it nothing is changed and nothing is remembered.
    """

    def __init__(
        self, status: int, message: str, *, type: str = "invalid_request_error", keep: bool = False, **fields: Any
    ) -> None:
        super().__init__(message)
        self.status = status
        self.keep = keep
        given = {name: value for name, value in fields.items() if value is not None}
        self.body: dict[str, Any] = {"error": {"type": type, "message": message, **given}}


def unauthorized(message: str) -> ApiError:
    """401: no key, or one nobody holds."""
    return ApiError(401, message)


def forbidden(message: str) -> ApiError:
    """403: a publishable key where a secret one is needed."""
    return ApiError(403, message, code="secret_key_required")


def missing(kind: str, id: str, param: str = "id") -> ApiError:
    """404: no such object on this account."""
    return ApiError(404, f"No such {kind}: '{id}'", code="resource_missing", param=param)


def unknown_url(method: str, path: str) -> ApiError:
    """404: Stripe has, or the sandbox knows, no such address."""
    return ApiError(404, f"Unrecognized request URL ({method}: {path}).")


def parameter(param: str, message: str, code: str | None = None) -> ApiError:
    """400: something about one parameter."""
    return ApiError(400, message, param=param, code=code)


def unexpected_state(verb: str, intent: dict[str, Any], allowed: Iterable[str]) -> ApiError:
    """400 `payment_intent_unexpected_state`: the intent is not in a status that lets it be `verb`."""
    message = (
        f"This PaymentIntent cannot be {verb} because it has a status of {intent['status']}. "
        f"That is possible only with one of these statuses: {', '.join(allowed)}."
    )
    return ApiError(400, message, code="payment_intent_unexpected_state", payment_intent=intent)
