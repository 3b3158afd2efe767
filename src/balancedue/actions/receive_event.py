"""Webhooks: store once, answer, and look into it later. Order and repetition do not matter (money-safety.md 6.3)."""

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from balancedue.models import PaymentAttempt, ProcessorConnection, ProcessorEvent
from balancedue.processors.base import Concern, HookNote, Kind
from balancedue.rules.actor import PROCESSOR
from balancedue.rules.states import PUT_ASIDE, SUCCEEDED

from .ask_processor import look_up
from .claim import claim_next
from .open_processor import open_processor
from .settle import settle
from .settle_refund import hear_refunds

UNREADABLE = "unreadable"  # well signed, but not an event: for a person to look at
RETRY = [timedelta(seconds=s) for s in (2, 10, 30, 120, 300, 900, 3600)]

_log = logging.getLogger(__name__)


def receive_event(*, connection: ProcessorConnection, headers: Mapping[str, str], body: bytes) -> ProcessorEvent:
    """Verify and keep one webhook; once this returns it is durably ours. Raises BadSignature.

    A webhook heard before is not stored twice; one that could not be dealt with is taken up again (D3).
    """
    return keep_event(connection, open_processor(connection).read_hook(headers, body), body)


def keep_event(connection: ProcessorConnection, note: HookNote, body: bytes, *, listed: bool = False) -> ProcessorEvent:
    """Keep what the processor said, once, to be looked into; `listed`: it never came, we found it when we asked."""
    now = timezone.now()
    with transaction.atomic():
        event, _ = ProcessorEvent.objects.get_or_create(
            connection=connection,
            external_id=_storable(note.event_id, 120),
            defaults={
                "type": _storable(note.type, 80),
                "concern": note.concern.value,
                "reference": _storable(note.reference, 120),
                "attempt_public_id": _storable(note.attempt_id, 40),
                "livemode": note.livemode,
                "processor_account": _storable(note.account, 80),
                "listed": listed,
                "body": _storable(body.decode("utf-8", "replace")),
                "received_at": now,
                "next_try_at": now,
            },
        )
        if event.status == ProcessorEvent.PARKED and not listed:
            event.status, event.tries, event.next_try_at = ProcessorEvent.NEW, 0, now
            event.save(update_fields=["status", "tries", "next_try_at"])
    return event


def process_next_event() -> bool:
    """Look into one stored webhook that is due. Answers whether there was one."""
    new = ProcessorEvent.objects.filter(status=ProcessorEvent.NEW).select_related("connection")
    was_due, event = claim_next(new, due="next_try_at")
    if event is not None:
        try:
            status, problem = _look_into(event)
        except Exception:  # one webhook that cannot be dealt with must not hold up the others (D4)
            _log.exception("webhook %s of %s could not be dealt with", event.external_id, event.connection.public_id)
            status, problem = ProcessorEvent.NEW, "it could not be dealt with; the log says why"
        _finish(event, status, problem)
    return was_due


def _storable(text: str, limit: int | None = None) -> str:
    """`text` as the database can keep it: no NUL, which PostgreSQL refuses, and within the column."""
    return text.replace("\x00", "\ufffd")[:limit]


def _look_into(event: ProcessorEvent) -> tuple[str, str]:
    """What became of it: the new status, and what is wrong when it stays open."""
    if event.type == UNREADABLE:
        return ProcessorEvent.PARKED, "the processor signed it, but it is no event"
    if not event.reference and not event.attempt_public_id:
        return ProcessorEvent.DONE, ""  # speaks of nothing that is ours to know
    attempt = _attempt_of(event)
    if attempt is None:
        return ProcessorEvent.NEW, "no attempt of this processor is known by these names"
    outcome = look_up(attempt)
    attempt = settle(attempt, outcome, by=PROCESSOR)
    hear = _HEARD_OF.get(event.concern)
    if attempt.state == SUCCEEDED and hear is not None and not hear(attempt):
        return ProcessorEvent.NEW, "the processor was not heard"
    if outcome.kind is Kind.UNKNOWN and attempt.state not in (SUCCEEDED, PUT_ASIDE):
        return ProcessorEvent.NEW, outcome.detail or outcome.code or "the processor was not heard"
    return ProcessorEvent.DONE, ""


_HEARD_OF: Mapping[str, Callable[[PaymentAttempt], bool]] = {
    Concern.REFUNDS.value: hear_refunds,
}
"""What else is asked about a payment that is in, by what the webhook is about; answers whether we were told."""


def _attempt_of(event: ProcessorEvent) -> PaymentAttempt | None:
    """By the processor's name of it, or, as the webhook may come before the answer that named it, by our own id.

    Only this connection's own attempts: a webhook cannot speak for another account (D6).
    """
    attempts = PaymentAttempt.objects.filter(connection_id=event.connection_id).select_related("connection")
    named = Q(reference=event.reference) | Q(money_reference=event.reference)
    found = attempts.filter(named).first() if event.reference else None
    if found is None and event.attempt_public_id:
        found = attempts.filter(public_id=event.attempt_public_id).first()
    return found


def _finish(event: ProcessorEvent, status: str, problem: str) -> None:
    """Write what became of it, unless another worker has taken it over since (fencing)."""
    tries = event.tries + 1
    if status == ProcessorEvent.NEW and tries > len(RETRY):
        status = ProcessorEvent.PARKED
    delay = RETRY[min(tries, len(RETRY)) - 1]
    ProcessorEvent.objects.filter(pk=event.pk, lease=event.lease).update(
        status=status,
        tries=tries,
        error=problem[:500],
        next_try_at=timezone.now() + delay,
        lease="",
        leased_until=None,
    )
