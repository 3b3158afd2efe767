"""A webhook of our own: the processor is made to send one, and it is either heard or it is not (ux.md 3.6)."""

import time
from datetime import datetime
from threading import Semaphore

from django.conf import settings
from django.db import transaction

from balancedue.models import ProcessorConnection, ProcessorEvent
from balancedue.processors.base import Check

LOOK_EVERY = 0.2  # seconds
LABEL = "Test webhook"

_waiting = Semaphore(1)  # a web process has a handful of threads, and the webhook itself needs one of them


def wait_for_webhook(connection: ProcessorConnection, reference: str, sent_at: datetime) -> Check:
    """The line that says whether the webhook about `reference` came, and how soon. Waits for a bounded time.

    Call with no transaction open: the webhook is stored by another.
    """
    assert not transaction.get_connection().in_atomic_block, "what others write is not seen inside a transaction"
    trip = {"reference": reference, "sent_at": sent_at.isoformat(), "heard_at": ""}
    ProcessorConnection.objects.filter(pk=connection.pk).update(round_trip=trip)
    if not _waiting.acquire(blocking=False):
        return Check(LABEL, ok=False, detail="Another check is waiting", fix="Check again in a few seconds.")
    try:
        heard_at = _wait(connection, reference)
    finally:
        _waiting.release()
    if heard_at is None:
        return _not_heard()
    _note(connection.pk, reference, heard_at)
    return _heard(sent_at, heard_at)


def hear_round_trip(event: ProcessorEvent) -> bool:
    """Whether this webhook is one that we had sent ourselves; late or not, it is noted when it was heard."""
    connection = event.connection
    ours = event.reference and event.reference == connection.round_trip.get("reference")
    if not ours and event.attempt_public_id != connection.public_id:
        return False
    if not event.listed:
        _note(connection.pk, event.reference, event.received_at)
    return True


def _wait(connection: ProcessorConnection, reference: str) -> datetime | None:
    """When the webhook came; None when it did not within the time."""
    end = time.monotonic() + settings.ROUND_TRIP_SECONDS
    came = ProcessorEvent.objects.filter(connection=connection, reference=reference, listed=False)
    while True:
        found = came.order_by("pk").values_list("received_at", flat=True).first()
        if found is not None or time.monotonic() >= end:
            return found
        time.sleep(LOOK_EVERY)


def _note(connection: int, reference: str, heard_at: datetime) -> None:
    """Keep when it was heard, and turn the line of a check that had given up waiting. An earlier trip is left alone."""
    with transaction.atomic():
        row = ProcessorConnection.objects.select_for_update().get(pk=connection)
        trip = row.round_trip
        if trip.get("reference") != reference or trip.get("heard_at"):
            return
        row.round_trip = {**trip, "heard_at": heard_at.isoformat()}
        line = _heard(datetime.fromisoformat(trip["sent_at"]), heard_at)
        row.checks = [
            {**kept, "ok": True, "detail": line.detail, "fix": ""} if kept.get("label") == LABEL else kept
            for kept in row.checks
        ]
        row.save(update_fields=["round_trip", "checks"])


def _heard(sent_at: datetime, heard_at: datetime) -> Check:
    seconds = max(0.1, (heard_at - sent_at).total_seconds())
    return Check(LABEL, ok=True, detail=f"Heard after {seconds:.1f} s")


def _not_heard() -> Check:
    seconds = settings.ROUND_TRIP_SECONDS
    fix = (
        "The webhook address must be reachable from the internet by https, past firewall and proxy. "
        "If it still comes, this line changes by itself. Until then we ask about each payment, which is slower."
    )
    return Check(LABEL, ok=False, detail=f"Not heard within {seconds:g} s", fix=fix)
