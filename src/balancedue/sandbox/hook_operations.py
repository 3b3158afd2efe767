"""What /v1 does with events and webhook endpoints, one function per operation."""

from typing import Any

from balancedue.sandbox import events, params
from balancedue.sandbox.calls import Call, Operation, Where, found_page, list_of, listed

_UNDELIVERED = "SELECT event FROM delivery WHERE state IN ('waiting', 'given up')"


def list_events(call: Call) -> dict[str, Any]:
    """GET /v1/events"""
    params.only(
        call.form, "created", "delivery_success", "ending_before", "expand", "limit", "starting_after", "type", "types"
    )
    where = Where()
    types = params.items(call.form, "types") + [one for one in [params.text(call.form, "type")] if one]
    if types:
        where.clauses.append("(" + " OR ".join("json_extract(body, '$.type') GLOB ?" for _ in types) + ")")
        where.values += types
    taken = params.flag(call.form, "delivery_success")
    if taken is not None:
        where.clauses.append(f"{'NOT ' if taken else ''}id IN ({_UNDELIVERED})")
    found, more = found_page(call, "event", where)
    return list_of([events.as_shown(call.tx, event) for event in found], more, "/v1/events")


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
    return listed(call, "webhook_endpoint", "/v1/webhook_endpoints")


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


OPERATIONS: tuple[tuple[str, str, Operation], ...] = (
    ("GET", "/v1/events", list_events),
    ("GET", "/v1/events/{id}", retrieve_event),
    ("POST", "/v1/webhook_endpoints", create_webhook_endpoint),
    ("GET", "/v1/webhook_endpoints", list_webhook_endpoints),
    ("GET", "/v1/webhook_endpoints/{id}", retrieve_webhook_endpoint),
    ("POST", "/v1/webhook_endpoints/{id}", update_webhook_endpoint),
    ("DELETE", "/v1/webhook_endpoints/{id}", delete_webhook_endpoint),
)
