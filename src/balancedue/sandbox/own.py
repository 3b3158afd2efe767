"""The sandbox's own calls, below /_sandbox/: what Stripe does not have and a rehearsal needs.

    POST /_sandbox/accounts   {secret_key, publishable_key?, name?, country?, currency?}   register keys
    GET  /_sandbox/faults     the switch
    POST /_sandbox/faults     {mode?: none|down|reset|slow, webhooks?: on|off|twice, seconds?}
    POST /_sandbox/redeliver  {event}   send an event once more
    GET  /_sandbox/books      every charge that took money, of all accounts: the processor's side of the truth

Bodies are JSON or forms; a form post from the page is answered by going back to it.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from balancedue.sandbox import accounts, events
from balancedue.sandbox.errors import ApiError, missing, parameter
from balancedue.sandbox.faults import Faults
from balancedue.sandbox.http import JSON, Handler, Request, Response, Routes, json_response, see_other
from balancedue.sandbox.store import Store

_MONEY = """
SELECT account, id, parent, json_extract(body, '$.amount') AS amount, json_extract(body, '$.currency') AS currency,
       json_extract(body, '$.metadata') AS metadata, created
FROM object WHERE kind = 'charge' AND status = 'succeeded' ORDER BY seq
"""


class Own:
    """Answers the calls below /_sandbox/. `changed` wakes the sender."""

    def __init__(self, store: Store, faults: Faults, changed: Callable[[], None]) -> None:
        self._store, self._faults, self._changed = store, faults, changed

    def add_to(self, routes: Routes[Handler]) -> None:
        """Register the addresses."""
        routes.add("GET", "/_sandbox/faults", lambda request: json_response(asdict(self._faults.state)))
        routes.add("GET", "/_sandbox/books", self._books)
        for name, action in (
            ("faults", self._set_faults),
            ("accounts", self._register),
            ("redeliver", self._redeliver),
        ):
            routes.add("POST", f"/_sandbox/{name}", self._posted(action))

    def _posted(self, action: Callable[[dict[str, Any]], dict[str, Any]]) -> Handler:
        def handler(request: Request) -> Response:
            origin = request.headers.get("origin")
            if origin is not None and origin.partition("://")[2] != request.host:
                return json_response({"error": {"type": "invalid_request_error", "message": "Not from here."}}, 403)
            from_page = not request.headers.get("content-type", "").startswith(JSON)
            try:
                answer = action(request.form() if from_page else request.json())
            except ApiError as error:
                return json_response(error.body, error.status)
            except ValueError:
                return json_response({"error": {"type": "invalid_request_error", "message": "Unreadable body."}}, 400)
            wants_page = "text/html" in request.headers.get("accept", "")
            return see_other("/") if from_page and wants_page else json_response(answer)

        return handler

    def _set_faults(self, given: dict[str, Any]) -> dict[str, Any]:
        state = self._faults.set(given)
        self._changed()
        return asdict(state)

    def _register(self, given: dict[str, Any]) -> dict[str, Any]:
        allowed = {"secret_key", "publishable_key", "name", "country", "currency"}
        if unknown := set(given) - allowed:
            raise parameter(min(unknown), f"Received unknown parameter: {min(unknown)}")
        with self._store.write() as tx:
            account = accounts.register(tx, **{"secret_key": "", **{key: str(value) for key, value in given.items()}})
        return {"id": account.id, "secret_key": account.secret_key, "publishable_key": account.publishable_key}

    def _redeliver(self, given: dict[str, Any]) -> dict[str, Any]:
        id = str(given.get("event", ""))
        with self._store.write() as tx:
            event = tx.find("event", id)
            if event is None:
                raise missing("event", id, "event")
            count = events.deliver_again(tx, event)
        self._changed()
        return {"event": id, "deliveries": count}

    def _books(self, request: Request) -> Response:
        with self._store.read() as tx:
            rows = [dict(row) for row in tx.db.execute(_MONEY)]
        return json_response({"charges": [{**row, "payment_intent": row.pop("parent")} for row in rows]})
