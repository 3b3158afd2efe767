"""The way every /v1 call takes: key, parameters, idempotency, the operation, expansion, headers."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from balancedue.sandbox import accounts, checkout_operations, hook_operations, money_operations, operations, sessions
from balancedue.sandbox.accounts import Caller
from balancedue.sandbox.calls import Call, Operation, list_of
from balancedue.sandbox.errors import ApiError, forbidden, parameter, unknown_url
from balancedue.sandbox.events import API_VERSION
from balancedue.sandbox.http import Form, Request, Response, Routes, json_response
from balancedue.sandbox.ids import new_id
from balancedue.sandbox.intents import public_view
from balancedue.sandbox.params import items
from balancedue.sandbox.settings import Settings
from balancedue.sandbox.store import Page, Store, Transaction

_LONGEST_KEY = 255
_EXPANDABLE = {
    "balance_transaction",
    "charge",
    "failure_balance_transaction",
    "latest_charge",
    "payment_intent",
    "payment_method",
    "source",
}
_KINDS = {
    "ch": "charge",
    "dp": "dispute",
    "pi": "payment_intent",
    "pm": "payment_method",
    "po": "payout",
    "re": "refund",
    "txn": "balance_transaction",
}
"""By the beginning of an id."""
_INCLUDABLE = {"charge": "refunds", "checkout.session": "line_items"}
"""Lists that are part of an object only when asked for."""
_NOT_ALWAYS = {"refund": "failure_balance_transaction"}
"""What an object has only at times, and may be asked for in vain."""


class Api:
    """Stripe's /v1 over a store. `changed` is called after each commit that may have left events to send."""

    def __init__(self, store: Store, settings: Settings, changed: Callable[[], None]) -> None:
        self._store, self._settings, self._changed = store, settings, changed
        self._routes: Routes[Operation] = Routes()
        for part in (operations, hook_operations, money_operations, checkout_operations):
            for method, pattern, operation in part.OPERATIONS:
                self._routes.add(method, pattern, operation)

    def answer(self, request: Request) -> Response:
        """The answer to any request below /v1."""
        request_id = new_id("req")
        try:
            response = self._answer(request, request_id)
        except ApiError as error:
            response = json_response(error.body, error.status)
        return response.with_headers(
            ("Request-Id", request_id),
            ("Stripe-Version", request.headers.get("stripe-version", API_VERSION)),
            ("Cache-Control", "no-store"),
        )

    def _answer(self, request: Request, request_id: str) -> Response:
        found = self._routes.find(request.method, request.path)
        with self._store.read() as tx:
            caller = accounts.caller(tx, request)
        if found is None:
            raise unknown_url(request.method, request.path)
        operation, parts = found
        if not caller.secret and operation not in operations.FOR_BROWSERS:
            raise forbidden("This API call cannot be made with a publishable API key. Use a secret API key.")
        try:
            form = request.form()
        except ValueError:
            raise ApiError(400, "The request body or query could not be read as a form.") from None
        if request.method == "GET":
            with self._store.read() as tx:
                return json_response(self._run(tx, caller, operation, parts, form, request))
        response = self._change(caller, operation, parts, form, request, request_id)
        self._changed()
        return response

    def _change(
        self, caller: Caller, operation: Operation, parts: dict[str, str], form: Form, request: Request, request_id: str
    ) -> Response:
        """Look-up of the key, the work and the storing of its answer, in one transaction."""
        key = request.headers.get("idempotency-key", "")
        if len(key) > _LONGEST_KEY:
            raise parameter("Idempotency-Key", f"Idempotency keys hold up to {_LONGEST_KEY} characters.")
        echo = (("Idempotency-Key", key),) if key else ()
        digest = hashlib.sha256(f"{request.method} {request.path}\n".encode() + request.body).hexdigest()
        with self._store.write() as tx:
            tx.request_id, tx.idempotency_key = (request_id, key or None) if caller.secret else (None, None)
            replay = _replay(tx, caller.account.id, key, digest)
            if replay is not None:
                return replay.with_headers(*echo)
            try:
                response = json_response(self._run(tx, caller, operation, parts, form, request))
            except ApiError as refusal:
                if not refusal.keep:
                    raise
                if not caller.secret:
                    refusal.body["error"]["payment_intent"] = public_view(refusal.body["error"]["payment_intent"])
                response = json_response(refusal.body, refusal.status)
            if key:
                tx.db.execute(
                    "INSERT INTO idempotency VALUES (?,?,?,?,?,?)",
                    (caller.account.id, key, digest, response.status, response.body.decode(), request_id),
                )
        return response.with_headers(*echo)

    def _run(
        self, tx: Transaction, caller: Caller, operation: Operation, parts: dict[str, str], form: Form, request: Request
    ) -> dict[str, Any]:
        origin = self._settings.public_url or f"http://{request.host}"
        call = Call(tx, caller.account, caller.secret, form, origin, self._settings.settle_seconds)
        try:
            result = operation(call, **parts)
        except ApiError as refusal:
            held = refusal.body["error"].get("payment_intent")
            if held is not None and not caller.secret and not refusal.keep:
                refusal.body["error"]["payment_intent"] = public_view(held)
            raise
        if not caller.secret:
            return public_view(result)
        return _expanded(tx, caller.account.id, result, items(form, "expand"))


def _replay(tx: Transaction, account: str, key: str, digest: str) -> Response | None:
    """The first answer under this key. Raises ApiError 400 if the key came with another request."""
    row = tx.db.execute("SELECT * FROM idempotency WHERE account = ? AND key = ?", (account, key)).fetchone()
    if row is None:
        return None
    if row["digest"] != digest:
        raise ApiError(
            400,
            "Keys for idempotent requests can only be used with the same parameters they were first used with.",
            type="idempotency_error",
        )
    return json_response(json.loads(row["body"]), row["status"]).with_headers(
        ("Idempotent-Replayed", "true"), ("Original-Request", row["request"])
    )


def _expanded(tx: Transaction, account: str, result: dict[str, Any], paths: list[str]) -> dict[str, Any]:
    """A copy of `result` with the named ids replaced by their objects; `data.` goes into a list."""
    for path in paths:
        if set(path.split(".")) - {*_EXPANDABLE, *_INCLUDABLE.values(), "data"}:
            raise _cannot(path)
        result = _expand(tx, account, result, path.split("."), path)
    return result


def _expand(tx: Transaction, account: str, value: dict[str, Any], steps: list[str], path: str) -> dict[str, Any]:
    step, rest = steps[0], steps[1:]
    if step == "data" and value.get("object") == "list" and rest:
        return {**value, "data": [_expand(tx, account, one, rest, path) for one in value["data"]]}
    if _INCLUDABLE.get(value.get("object", "")) == step:
        held = value.get(step) or _included(tx, account, value)
    elif step in _EXPANDABLE and step in value:
        held = value[step]
    elif _NOT_ALWAYS.get(value.get("object", "")) == step:
        return value
    else:
        raise _cannot(path)
    if isinstance(held, str) and (kind := _KINDS.get(held.partition("_")[0])):
        found = tx.find(kind, held, account)
        held = found.body if found else held
    if isinstance(held, dict) and rest:
        held = _expand(tx, account, held, rest, path)
    return {**value, step: held}


def _included(tx: Transaction, account: str, value: dict[str, Any]) -> dict[str, Any]:
    if value["object"] == "checkout.session":
        found = tx.find("checkout.session", value["id"], account)
        return sessions.lines_of(found) if found else {}
    made, more = tx.list("refund", account, Page(), "parent = ?", (value["id"],))
    return list_of([one.body for one in made], more, f"/v1/charges/{value['id']}/refunds")


def _cannot(path: str) -> ApiError:
    return parameter("expand", f"This property cannot be expanded ({path}).")
