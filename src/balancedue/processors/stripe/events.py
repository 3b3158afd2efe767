"""Stripe's list of events: what happened while no webhook reached us.

docs.stripe.com/webhooks/process-undelivered-events. It is read newest first and reaches back 30 days. What is more than
a few pages is answered in part, the oldest part first.
"""

import json
import logging
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import stripe

from balancedue.processors.reports import ListedEvent, Missed
from balancedue.processors.stripe import errors, hooks

_MOST_TYPES = 20  # in one request
_PAGE = 100  # the most that Stripe lists at once
_PAGES = 5  # for one request's types; several times that must fit well into the lease of whoever asks

log = logging.getLogger(__name__)

Event = Mapping[str, Any]


def events_since(client: stripe.StripeClient, moment: datetime, *, undelivered: bool) -> Missed | None:
    """What happened since `moment` of what we want to hear; `undelivered`: only what some webhook did not tell."""
    start, end = int(moment.timestamp()), int(time.time())
    more = False
    try:
        while True:
            rows, oldest = _between(client, start, end, undelivered=undelivered)
            if oldest is None:
                break
            # Too much: ask for less, by how far back the pages reached.
            more, end = True, start + min((end - start) // 2, end - oldest)
    except Exception as exc:
        log.info("events since %s not heard: %s", moment.isoformat(), errors.not_heard(exc).detail)
        return None
    return Missed(_listed(rows), datetime.fromtimestamp(end + 1, UTC) if more else None)


def _between(client: stripe.StripeClient, start: int, end: int, *, undelivered: bool) -> tuple[list[Event], int | None]:
    """Every event from one second to another, both included; or how far back the pages reached when they were too few.

    What happened within one second is always read whole.
    """
    rows: list[Event] = []
    for first in range(0, len(hooks.EVENTS), _MOST_TYPES):
        params: Any = {"types": list(hooks.EVENTS[first : first + _MOST_TYPES]), "created": {"gte": start, "lte": end}}
        params |= {"limit": _PAGE} | ({"delivery_success": False} if undelivered else {})
        for count, page in enumerate(_pages(client, params), 1):
            rows += page["data"]
            if count == _PAGES and page["has_more"] and end > start:
                return [], int(page["data"][-1]["created"])
    return rows, None


def _pages(client: stripe.StripeClient, params: Any) -> Iterator[Event]:
    while True:
        page = client.v1.events.list(params).to_dict()
        yield page
        if not page["has_more"] or not page["data"]:
            return
        params = {**params, "starting_after": page["data"][-1]["id"]}


def _listed(rows: list[Event]) -> list[ListedEvent]:
    """Oldest first, as far as whole seconds and Stripe's own order tell; each read as its webhook would have been."""
    found = []
    for row in reversed(rows):
        note = hooks.note_of(row)
        if note is not None:
            found.append(ListedEvent(note, json.dumps(row).encode(), _made_at(row)))
    return sorted(found, key=lambda event: event.created_at)


def _made_at(row: Event) -> datetime:
    """When it happened; just now where that cannot be read, so that one odd event hides no other."""
    try:
        return datetime.fromtimestamp(row["created"], UTC)
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return datetime.now(UTC)
