"""The sandbox's own calls, below /_sandbox/: what Stripe does not have, or has in its dashboard, and a rehearsal needs.

    POST /_sandbox/accounts        {secret_key, publishable_key?, name?, country?, currency?}   register keys
    GET  /_sandbox/faults          the switch, and the plan with how often each rule had a chance and struck
    POST /_sandbox/faults          {mode?: none|down|reset|slow, webhooks?: on|off|twice, seconds?,
                                   plan?: [rule, ...], add?: rule, remove?: number}   a rule is described in plan.py
    POST /_sandbox/redeliver       {event}   send an event once more
    POST /_sandbox/ping            {endpoint}   send an endpoint a new event that means nothing
    POST /_sandbox/refunds         {charge, amount?, reason?}   as if made in the processor's dashboard
    POST /_sandbox/refunds/{id}    {outcome: succeeded|failed|canceled}
    POST /_sandbox/disputes        {charge, amount?, status?: needs_response|warning_needs_response, reason?, due_by?}
    POST /_sandbox/disputes/{id}   {outcome: won|lost|escalated}
    POST /_sandbox/payouts         {account?, currency?, outcome?: paid|failed}   of all that was not paid out yet
    POST /_sandbox/payouts/{id}    {outcome: paid|failed}
    GET  /_sandbox/books           what moved money, of all accounts: the processor's side of the truth

Bodies are JSON or forms; a form post from the page is answered by going back to it. No fault touches these calls.
"""

from collections.abc import Callable
from typing import Any

from balancedue.sandbox import accounts, disputes, events, payouts, refunds
from balancedue.sandbox.balances import unpaid
from balancedue.sandbox.errors import ApiError, missing, parameter
from balancedue.sandbox.faults import Faults
from balancedue.sandbox.http import JSON, Handler, Request, Response, Routes, json_response, see_other, text_response
from balancedue.sandbox.store import Store, Stored, Transaction

_CHARGES = """
SELECT account, id, parent AS payment_intent, json_extract(body, '$.amount') AS amount,
       json_extract(body, '$.currency') AS currency, json_extract(body, '$.metadata') AS metadata, created
FROM object WHERE kind = 'charge' AND status = 'succeeded' ORDER BY seq
"""
_LATER = """
SELECT account, id, parent AS charge, json_extract(body, '$.payment_intent') AS payment_intent, status,
       json_extract(body, '$.amount') AS amount, json_extract(body, '$.currency') AS currency, created
FROM object WHERE kind = ? ORDER BY seq
"""

Given = dict[str, Any]


class Own:
    """Answers the calls below /_sandbox/. `changed` wakes the sender."""

    def __init__(self, store: Store, faults: Faults, changed: Callable[[], None], settle_seconds: float) -> None:
        self._store, self._faults, self._changed = store, faults, changed
        self._settle_seconds = settle_seconds

    def add_to(self, routes: Routes[Handler]) -> None:
        """Register the addresses."""
        routes.add("GET", "/_sandbox/faults", lambda request: json_response(self._faults.shown()))
        routes.add("GET", "/_sandbox/books", self._books)
        routes.add("POST", "/_sandbox/faults", self._posted(self._set_faults))
        for name, action in (
            ("accounts", _register),
            ("redeliver", _redeliver),
            ("ping", _ping),
            ("refunds", self._refund),
            ("refunds/{id}", _end_refund),
            ("disputes", _dispute),
            ("disputes/{id}", _end_dispute),
            ("payouts", self._pay_out),
            ("payouts/{id}", _end_payout),
        ):
            routes.add("POST", f"/_sandbox/{name}", self._posted(self._writing(action)))

    def _posted(self, action: Callable[..., Given]) -> Handler:
        def handler(request: Request, **parts: str) -> Response:
            origin = request.headers.get("origin")
            if origin is not None and origin.partition("://")[2] != request.host:
                return json_response({"error": {"type": "invalid_request_error", "message": "Not from here."}}, 403)
            form = not request.headers.get("content-type", "").startswith(JSON)
            from_page = form and "text/html" in request.headers.get("accept", "")
            try:
                given = request.form() if form else request.json()
                if not isinstance(given, dict):
                    raise ValueError("not an object")
                answer = action(given, **parts)
            except ApiError as error:
                return _refused(error) if from_page else json_response(error.body, error.status)
            except ValueError:
                return json_response({"error": {"type": "invalid_request_error", "message": "Unreadable body."}}, 400)
            self._changed()
            return see_other("/") if from_page else json_response(answer)

        return handler

    def _writing(self, action: Callable[..., Given]) -> Callable[..., Given]:
        def inside(given: Given, **parts: str) -> Given:
            with self._store.write() as tx:
                return action(tx, given, **parts)

        return inside

    def _set_faults(self, given: Given) -> Given:
        self._faults.set(given)
        return self._faults.shown()

    def _refund(self, tx: Transaction, given: Given) -> Given:
        _only(given, "charge", "amount", "reason")
        refund = refunds.create(
            tx,
            _found(tx, "charge", given.get("charge")),
            amount=_whole(given, "amount"),
            reason=_one_of(given, "reason", refunds.REASONS),
            metadata={},
            settle_seconds=self._settle_seconds,
        )
        return refund.body

    def _pay_out(self, tx: Transaction, given: Given) -> Given:
        _only(given, "account", "currency", "outcome")
        account = str(given.get("account") or accounts.every(tx)[0].id)
        currency = str(given.get("currency") or accounts.by_id(tx, account).currency).lower()
        later = _one_of(given, "outcome", ("paid", "failed")) or "paid"
        return payouts.create(tx, account, currency, later=later, settle_seconds=self._settle_seconds).body

    def _books(self, request: Request) -> Response:
        with self._store.read() as tx:
            books: dict[str, Any] = {"charges": [dict(row) for row in tx.db.execute(_CHARGES)]}
            for kind in ("refund", "dispute"):
                books[f"{kind}s"] = [dict(row) for row in tx.db.execute(_LATER, (kind,))]
            books["balances"] = {one.id: unpaid(tx, one.id) for one in accounts.every(tx)}
        return json_response(books)


def _refused(error: ApiError) -> Response:
    """Why a button of the page did nothing."""
    return text_response(f"{error}\n\nGo back to the page you came from.", "text/plain", error.status)


def _register(tx: Transaction, given: Given) -> Given:
    _only(given, "secret_key", "publishable_key", "name", "country", "currency")
    account = accounts.register(tx, **{"secret_key": "", **{key: str(value) for key, value in given.items()}})
    return {"id": account.id, "secret_key": account.secret_key, "publishable_key": account.publishable_key}


def _redeliver(tx: Transaction, given: Given) -> Given:
    event = _found(tx, "event", given.get("event"))
    return {"event": event.id, "deliveries": events.deliver_again(tx, event)}


def _ping(tx: Transaction, given: Given) -> Given:
    endpoint = _found(tx, "webhook_endpoint", given.get("endpoint"))
    event = events.ping(tx, endpoint, accounts.by_id(tx, endpoint.account).as_stripe())
    return {"event": event.id}


def _end_refund(tx: Transaction, given: Given, id: str) -> Given:
    _only(given, "outcome")
    refund = _found(tx, "refund", id)
    refunds.finish(tx, refund, _one_of(given, "outcome", ("succeeded", "failed", "canceled")) or "")
    return refund.body


def _dispute(tx: Transaction, given: Given) -> Given:
    _only(given, "charge", "amount", "status", "reason", "due_by")
    dispute = disputes.open_dispute(
        tx,
        _found(tx, "charge", given.get("charge")),
        amount=_whole(given, "amount"),
        reason=str(given.get("reason") or "fraudulent"),
        status=_one_of(given, "status", disputes.FIRST_STATUSES) or "needs_response",
        due_by=_whole(given, "due_by"),
    )
    return dispute.body


def _end_dispute(tx: Transaction, given: Given, id: str) -> Given:
    _only(given, "outcome")
    dispute = _found(tx, "dispute", id)
    outcome = _one_of(given, "outcome", ("won", "lost", "escalated"))
    if outcome is None:
        raise parameter("outcome", "Missing required param: outcome.", "parameter_missing")
    if outcome == "escalated":
        disputes.escalate(tx, dispute)
    else:
        disputes.decide(tx, dispute, won=outcome == "won")
    return dispute.body


def _end_payout(tx: Transaction, given: Given, id: str) -> Given:
    _only(given, "outcome")
    payout = _found(tx, "payout", id)
    payouts.finish(tx, payout, _one_of(given, "outcome", ("paid", "failed")) or "")
    return payout.body


def _only(given: Given, *allowed: str) -> None:
    if unknown := set(given) - set(allowed):
        raise parameter(min(unknown), f"Received unknown parameter: {min(unknown)}")


def _found(tx: Transaction, kind: str, id: Any) -> Stored:
    stored = tx.find(kind, str(id))
    if stored is None:
        raise missing(kind, str(id), kind)
    return stored


def _whole(given: Given, name: str) -> int | None:
    value = given.get(name)
    if value in (None, ""):
        return None
    if isinstance(value, bool) or not isinstance(value, int | str) or not str(value).isdecimal():
        raise parameter(name, f"Invalid integer: {value}", "parameter_invalid_integer")
    return int(value)


def _one_of(given: Given, name: str, words: tuple[str, ...]) -> str | None:
    value = given.get(name) or None
    if value is not None and value not in words:
        raise parameter(name, f"Invalid {name}: must be one of {', '.join(words)}")
    return value
