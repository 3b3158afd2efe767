"""Events and the endpoints they are sent to."""

import time
from typing import Any

from balancedue.sandbox.errors import ApiError, parameter
from balancedue.sandbox.ids import letters, new_id
from balancedue.sandbox.store import Page, Stored, Transaction

API_VERSION = "2025-10-29.clover"
"""The version of accounts and endpoints that ask for no other; the shapes are the same whatever is asked."""


def record(tx: Transaction, subject: Stored, type: str) -> None:
    """An event about `subject` as it is now, and one delivery for each endpoint that wants it."""
    endpoints = [endpoint for endpoint in _endpoints(tx, subject.account) if _wants(endpoint, type)]
    _record(tx, subject.account, subject.body, type, endpoints)


def ping(tx: Transaction, endpoint: Stored, account: dict[str, Any]) -> Stored:
    """An event that means nothing, for one endpoint, whatever it asked for: does it answer?"""
    return _record(tx, endpoint.account, account, "account.updated", [endpoint])


def _record(tx: Transaction, account: str, subject: dict[str, Any], type: str, endpoints: list[Stored]) -> Stored:
    body = {
        "id": new_id("evt"),
        "object": "event",
        "api_version": API_VERSION,
        "created": int(time.time()),
        "data": {"object": subject},
        "livemode": False,
        "pending_webhooks": len(endpoints),
        "request": {"id": tx.request_id, "idempotency_key": tx.idempotency_key},
        "type": type,
    }
    event = tx.add("event", account, body, parent=subject["id"])
    for endpoint in endpoints:
        deliver(tx, event.id, endpoint.id)
    return event


def deliver(tx: Transaction, event: str, endpoint: str) -> None:
    """Put one delivery in line, due at once."""
    tx.db.execute(
        "INSERT INTO delivery (event, endpoint, state, due) VALUES (?,?,'waiting',?)", (event, endpoint, time.time())
    )


def deliver_again(tx: Transaction, event: Stored) -> int:
    """Send an event once more to every enabled endpoint of its account; how many there are."""
    endpoints = [one for one in _endpoints(tx, event.account) if one.body["status"] == "enabled"]
    for endpoint in endpoints:
        deliver(tx, event.id, endpoint.id)
    return len(endpoints)


def as_shown(tx: Transaction, event: Stored) -> dict[str, Any]:
    """The event with the number of endpoints that have not taken it yet."""
    waiting = tx.db.execute("SELECT COUNT(*) FROM delivery WHERE event = ? AND state = 'waiting'", (event.id,))
    return {**event.body, "pending_webhooks": waiting.fetchone()[0]}


def create_endpoint(
    tx: Transaction,
    account: str,
    *,
    url: str,
    enabled_events: list[str],
    description: str | None,
    metadata: dict[str, str],
    api_version: str | None,
) -> dict[str, Any]:
    """A new endpoint; only this answer carries its signing secret."""
    _check_events(enabled_events)
    body = {
        "id": new_id("we"),
        "object": "webhook_endpoint",
        "api_version": api_version,
        "application": None,
        "created": int(time.time()),
        "description": description,
        "enabled_events": enabled_events,
        "livemode": False,
        "metadata": metadata,
        "status": "enabled",
        "url": url,
    }
    secret = "whsec_" + letters(32)
    tx.add("webhook_endpoint", account, body, private={"secret": secret})
    return {**body, "secret": secret}


def update_endpoint(tx: Transaction, endpoint: Stored, fields: dict[str, Any]) -> None:
    """Change an endpoint; switching it off ends what still waits for it."""
    _check_events(fields.get("enabled_events", ["*"]))
    endpoint.body.update(fields)
    tx.save(endpoint)
    if endpoint.body["status"] == "disabled":
        _stop(tx, endpoint)


def delete_endpoint(tx: Transaction, endpoint: Stored) -> None:
    """Forget an endpoint and what still waits for it."""
    _stop(tx, endpoint)
    tx.remove(endpoint)


def _stop(tx: Transaction, endpoint: Stored) -> None:
    tx.db.execute(
        "UPDATE delivery SET state = 'stopped', ended = ? WHERE endpoint = ? AND state = 'waiting'",
        (time.time(), endpoint.id),
    )


def _endpoints(tx: Transaction, account: str) -> list[Stored]:
    return tx.list("webhook_endpoint", account, Page(limit=100))[0]


def _wants(endpoint: Stored, type: str) -> bool:
    wanted = endpoint.body["enabled_events"]
    return endpoint.body["status"] == "enabled" and ("*" in wanted or type in wanted)


def _check_events(names: list[str]) -> None:
    if not names:
        raise parameter("enabled_events", "Missing required param: enabled_events.", "parameter_missing")
    for name in names:
        if name != "*" and not all(part.isidentifier() for part in name.split(".")):
            raise ApiError(400, f"Invalid enabled_events: {name}", param="enabled_events")
