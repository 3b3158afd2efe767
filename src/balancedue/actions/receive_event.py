"""Webhooks: store once, answer, and look into it later. Order and repetition do not matter (money-safety.md 6.3)."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from balancedue.models import Alarm, PaymentAttempt, ProcessorConnection, ProcessorEvent
from balancedue.processors.base import Kind
from balancedue.processors.registry import maker_or_missing
from balancedue.processors.reports import Concern, HookNote
from balancedue.rules.actor import PROCESSOR
from balancedue.rules.states import PUT_ASIDE, SUCCEEDED

from .ask_processor import look_up, look_up_reference
from .claim import claim_next
from .make_round_trip import hear_round_trip
from .open_processor import open_processor
from .raise_alarm import clear_alarm, raise_alarm
from .settle import settle
from .settle_refund import hear_refunds
from .take_in_disputes import hear_disputes
from .take_in_fees import hear_fees
from .take_in_payouts import hear_payout

UNREADABLE = "unreadable"  # well signed, but not an event: for a person to look at
RETRY = [timedelta(seconds=s) for s in (2, 10, 30, 120, 300, 900, 3600)]
UNHEARD_TRIES = len(RETRY) + 72  # not hearing from the processor says nothing about the webhook: three days
BODIES_KEPT = timedelta(days=90)  # then only what tells it from others stays: a body holds personal data

_OVER = (ProcessorEvent.DONE, ProcessorEvent.FOREIGN, ProcessorEvent.PUT_AWAY)
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
        if not listed and event.listed:
            event.listed, event.received_at = False, now  # it came after all
            event.save(update_fields=["listed", "received_at"])
        if not listed and event.status == ProcessorEvent.PARKED:
            event.status, event.tries, event.next_try_at = ProcessorEvent.NEW, 0, now
            event.save(update_fields=["status", "tries", "next_try_at"])
    return event


def process_next_event() -> bool:
    """Look into one stored webhook that is due. Answers whether there was one."""
    new = ProcessorEvent.objects.filter(status=ProcessorEvent.NEW).select_related("connection__account")
    was_due, event = claim_next(new, due="next_try_at")
    if event is not None:
        asked_at = timezone.now()
        try:
            found = _look_into(event)
        except Exception:  # one webhook that cannot be dealt with must not hold up the others (D4)
            _log.exception("webhook %s of %s could not be dealt with", event.external_id, event.connection.public_id)
            found = _Found(ProcessorEvent.NEW, "it could not be dealt with; the log says why")
        if _finish(event, found) in (ProcessorEvent.DONE, ProcessorEvent.FOREIGN):
            _answer_others(event, found.status, asked_at)
    return was_due


def forget_old_bodies() -> None:
    """Empty the bodies of webhooks dealt with long ago; their ids stay, so that none is taken in twice."""
    over = ProcessorEvent.objects.exclude(body="").filter(
        received_at__lt=timezone.now() - BODIES_KEPT, status__in=_OVER
    )
    while some := list(over.values_list("pk", flat=True)[:500]):
        ProcessorEvent.objects.filter(pk__in=some).update(body="")


def _storable(text: str, limit: int | None = None) -> str:
    """`text` as the database can keep it: no NUL, which PostgreSQL refuses, and within the column."""
    return text.replace("\x00", "\ufffd")[:limit]


class _Found(NamedTuple):
    """What became of a webhook: its new status, and what is wrong while it is open."""

    status: str
    problem: str = ""
    unheard: bool = False  # because the processor was not heard


_UNHEARD = _Found(ProcessorEvent.NEW, "the processor was not heard", unheard=True)


def _look_into(event: ProcessorEvent) -> _Found:
    if problem := _not_for_us(event):
        return _Found(ProcessorEvent.PARKED, problem)
    if not event.reference and not event.attempt_public_id:
        return _Found(ProcessorEvent.DONE)  # speaks of nothing that is ours to know
    if hear_round_trip(event):
        return _Found(ProcessorEvent.DONE)
    if event.concern == Concern.PAYOUT.value:
        return _Found(ProcessorEvent.DONE) if hear_payout(event.connection, event.reference) else _UNHEARD
    attempt = _attempt_of(event)
    if attempt is None:
        return _of_no_attempt(event)
    outcome = look_up(attempt)
    attempt = settle(attempt, outcome, by=PROCESSOR)
    hear = _HEARD_OF.get(event.concern)
    if attempt.state == SUCCEEDED and hear is not None and not hear(attempt):
        return _UNHEARD
    if outcome.kind is Kind.UNKNOWN and attempt.state not in (SUCCEEDED, PUT_ASIDE):
        problem = outcome.detail or outcome.code or _UNHEARD.problem
        return _Found(ProcessorEvent.NEW, problem, unheard=not outcome.reference)
    return _Found(ProcessorEvent.DONE)


_HEARD_OF: Mapping[str, Callable[[PaymentAttempt], bool]] = {
    Concern.REFUNDS.value: lambda attempt: hear_refunds(attempt) and hear_fees(attempt),
    Concern.DISPUTES.value: lambda attempt: hear_disputes(attempt) and hear_fees(attempt),
    Concern.FEES.value: hear_fees,
}
"""What else is asked about a payment that is in, by what the webhook is about; answers whether we were told."""


def _not_for_us(event: ProcessorEvent) -> str:
    """Why it is not even looked up: nothing of another mode or account is ours to book (D6)."""
    connection = event.connection
    if event.type == UNREADABLE:
        return "the processor signed it, but it is no event"
    if event.livemode is not None and event.livemode != connection.livemode:
        return f"it is of {'live' if event.livemode else 'test'} mode, and this connection is not"
    if event.processor_account and connection.processor_account not in ("", event.processor_account):
        return f"it is of another processor account: {event.processor_account}"
    return ""


def _of_no_attempt(event: ProcessorEvent) -> _Found:
    """Ours, and its row commits in a moment; ours, and its row is gone, which a person must know; or never ours (D5).

    The object itself decides, not the webhook: a shop may use its processor account for other things too.
    """
    unknown = _Found(ProcessorEvent.NEW, "no attempt of this processor is known by these names")
    if not event.tries or event.attempt_public_id:
        return unknown
    outcome = look_up_reference(event.connection, event.reference)
    if outcome.kind is Kind.UNKNOWN:
        problem = outcome.detail or outcome.code or _UNHEARD.problem
        return _Found(ProcessorEvent.NEW, problem, unheard=outcome.code != "not_found")
    return unknown if outcome.attempt_id else _Found(ProcessorEvent.FOREIGN)


def _answer_others(event: ProcessorEvent, status: str, asked_at: datetime) -> None:
    """One answer of the processor is about all that it had told before it was asked, and saves asking for each."""
    if not event.reference:
        return
    alike = {"connection": event.connection_id, "reference": event.reference, "livemode": event.livemode}
    alike |= {"processor_account": event.processor_account, "attempt_public_id": event.attempt_public_id}
    waiting = ProcessorEvent.objects.filter(**alike, status=ProcessorEvent.NEW, leased_until=None)
    answered = waiting.filter(concern__in=[event.concern, Concern.PAYMENT.value], received_at__lte=asked_at)
    if answered.exists():
        answered.update(status=status, error="")


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


def _finish(event: ProcessorEvent, found: _Found) -> str:
    """Write what became of it; "" when another worker has taken it over since (fencing)."""
    status, tries = found.status, event.tries + 1
    if status == ProcessorEvent.NEW and tries > (UNHEARD_TRIES if found.unheard else len(RETRY)):
        status = ProcessorEvent.PARKED
    delay = RETRY[min(tries, len(RETRY)) - 1]
    with transaction.atomic():
        mine = ProcessorEvent.objects.filter(pk=event.pk, lease=event.lease).update(
            status=status,
            tries=tries,
            error=found.problem[:500],
            next_try_at=timezone.now() + delay,
            lease="",
            leased_until=None,
        )
        if mine:
            _mind_alarm(event, status)
    return status if mine else ""


def _mind_alarm(event: ProcessorEvent, status: str) -> None:
    """One alarm per connection while something waits for a person, until all of it was dealt with."""
    connection = event.connection
    if status == ProcessorEvent.PARKED:
        label = maker_or_missing(connection.kind).label
        raise_alarm(
            connection.account, "webhook_put_aside", about=connection.public_id, processor=label, event=event.type
        )
        return
    if status != ProcessorEvent.NEW:
        end_alarm_when_calm(connection)


def end_alarm_when_calm(connection: ProcessorConnection) -> None:
    """The alarm about webhooks put aside is over once none of them waits or is tried again."""
    if not Alarm.objects.filter(kind="webhook_put_aside", about=connection.public_id, over_at=None).exists():
        return
    troubled = Q(status=ProcessorEvent.PARKED) | Q(status=ProcessorEvent.NEW) & ~Q(error="")
    if not ProcessorEvent.objects.filter(troubled, connection=connection).exists():
        clear_alarm(connection.account, "webhook_put_aside", about=connection.public_id)
