"""Catch up: ask the processor for what no webhook told us, and keep it as if it had come (R8, money-safety.md 6.3).

Every connection is looked at every few seconds, without asking anybody. The processor is asked hourly, and when no
worker was at work for a while; and again and again while we are deaf: it took a payment and told us nothing about it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from balancedue.models import Alarm, PaymentAttempt, ProcessorConnection, ProcessorEvent
from balancedue.models.sealing import CannotUnseal
from balancedue.processors.base import Can, ListsEvents
from balancedue.processors.registry import maker_or_missing, makers
from balancedue.processors.reports import Missed
from balancedue.rules.clock_words import full_day_words
from balancedue.rules.ids import new_id
from balancedue.rules.states import SUCCEEDED

from .open_processor import open_processor
from .raise_alarm import clear_alarm, raise_alarm
from .receive_event import keep_event

LOOK_EVERY = timedelta(seconds=20)
ASK_EVERY = timedelta(hours=1)
ASK_WHEN_DEAF = timedelta(seconds=30)
ASK_AFTER_SILENCE = timedelta(minutes=2)  # the processor was not heard
WORKER_WAS_OFF = timedelta(minutes=5)  # so much overdue
WEBHOOK_TAKES = timedelta(seconds=30)  # at most, when all is well
NEWS = timedelta(days=1)  # an older payment says nothing about webhooks now
OVERLAP = timedelta(minutes=2)  # clocks differ, and an event may be listed a little after it happened
SENT_FOR = timedelta(days=3)  # a processor that could not deliver for so long may have given up for good
LISTED_FOR = timedelta(days=30)  # how far back a processor says what happened
GAP_ALARM = timedelta(days=25)
LEASE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class _Hearing:
    """Whether webhooks come. `newly_deaf`: they did, or were to, until now."""

    deaf: bool
    newly_deaf: bool
    last_heard_at: datetime | None


def catch_up_next() -> bool:
    """Look at one connection that is due. Answers whether there was one."""
    now = timezone.now()
    due = _listening().filter(Q(next_catch_up_at=None) | Q(next_catch_up_at__lte=now))
    connection = due.select_related("account").order_by(F("next_catch_up_at").asc(nulls_first=True)).first()
    if connection is None:
        return False
    mine = ProcessorConnection.objects.filter(pk=connection.pk)
    lease = new_id("lease")
    still_due = mine.filter(next_catch_up_at=connection.next_catch_up_at)
    if still_due.update(next_catch_up_at=now + LEASE, catch_up_lease=lease):
        hearing = _hearing(connection, now)
        caught_up_at, wait = _catch_up(connection, hearing, now)
        with transaction.atomic():
            next_at = timezone.now() + wait
            still_ours = mine.filter(catch_up_lease=lease)
            still_ours.update(next_catch_up_at=next_at, caught_up_at=caught_up_at, catch_up_lease="")
            if caught_up_at != connection.caught_up_at or not hearing.deaf:
                _mind_deafness(connection, hearing)  # only once it was heard: until then it is newly deaf
    return True


def _listening() -> QuerySet[ProcessorConnection]:
    able = [made.name for made in makers() if Can.MISSED in made.can]
    return ProcessorConnection.objects.filter(
        kind__in=able, is_enabled=True, removed_at=None, account__archived_at=None
    )


def _catch_up(connection: ProcessorConnection, hearing: _Hearing, now: datetime) -> tuple[datetime | None, timedelta]:
    """Up to when nothing is missing now, and how long to wait until the next look."""
    since = connection.caught_up_at or connection.created_at
    if hearing.newly_deaf:  # what was listed as undelivered since then may not have been all
        since = min(since, hearing.last_heard_at or connection.created_at)
    was_due_at = connection.next_catch_up_at
    never_asked = connection.caught_up_at is None or was_due_at is None
    overdue = was_due_at is not None and now - was_due_at > WORKER_WAS_OFF
    if not (hearing.deaf or never_asked or overdue or now - since > ASK_EVERY):
        return connection.caught_up_at, LOOK_EVERY
    missed = _ask(connection, max(since, now - LISTED_FOR), undelivered=not hearing.deaf and now - since < SENT_FOR)
    _mind_gap(connection, since, now, heard=missed is not None)
    if missed is None:
        return connection.caught_up_at, ASK_AFTER_SILENCE
    _keep(connection, missed)
    if missed.until is not None:
        return missed.until, timedelta(0)  # there is more: first look into these
    return now - OVERLAP, ASK_WHEN_DEAF if hearing.deaf else LOOK_EVERY


def _ask(connection: ProcessorConnection, since: datetime, *, undelivered: bool) -> Missed | None:
    assert not transaction.get_connection().in_atomic_block, "nothing at a processor inside a transaction"
    try:
        return cast(ListsEvents, open_processor(connection)).events_since(since, undelivered=undelivered)
    except CannotUnseal:
        return None


def _keep(connection: ProcessorConnection, missed: Missed) -> None:
    ids = [event.note.event_id for event in missed.events]
    known = set(
        ProcessorEvent.objects.filter(connection=connection, external_id__in=ids).values_list("external_id", flat=True)
    )
    for event in missed.events:
        if event.note.event_id not in known:
            keep_event(connection, event.note, event.body, listed=True)


def _hearing(connection: ProcessorConnection, now: datetime) -> _Hearing:
    """From what came, not from what was found by asking.

    Once deaf, it takes a webhook to be so no more: payments may be rare, and refunds and disputes come without one.
    """
    came = ProcessorEvent.objects.filter(connection=connection, listed=False)
    last = came.order_by("-received_at").values_list("received_at", flat=True).first()
    signed = _is_signed(connection)
    if not signed:
        return _Hearing(deaf=True, newly_deaf=False, last_heard_at=last)
    alarm = Alarm.objects.filter(kind="webhooks_missing", about=connection.public_id, over_at=None).first()
    was_deaf = alarm is not None and (last is None or last < alarm.raised_at)
    deaf = was_deaf or _told_nothing(connection, came, now)
    return _Hearing(deaf, deaf and alarm is None, last)


def _told_nothing(connection: ProcessorConnection, came: QuerySet[ProcessorEvent], now: datetime) -> bool:
    """Whether the newest payment came without a word, and nothing came since."""
    paid = PaymentAttempt.objects.filter(connection=connection, state=SUCCEEDED, ended_at__lt=now - WEBHOOK_TAKES)
    newest = paid.order_by("-pk").first()
    if newest is None or newest.ended_at is None or newest.ended_at < now - NEWS:
        return False
    about_it = Q(reference__in=[newest.reference, newest.money_reference]) | Q(attempt_public_id=newest.public_id)
    since_then = Q(received_at__gte=newest.ended_at)
    return not came.filter(about_it | since_then, received_at__gte=newest.started_at).exists()


def _is_signed(connection: ProcessorConnection) -> bool:
    """Whether a webhook could be verified at all."""
    return "webhook_secret" in connection.credentials_shown


def _mind_deafness(connection: ProcessorConnection, hearing: _Hearing) -> None:
    about = connection.public_id
    if hearing.deaf and _is_signed(connection):
        raise_alarm(connection.account, "webhooks_missing", about=about, processor=_label(connection))
    else:
        clear_alarm(connection.account, "webhooks_missing", about=about)


def _mind_gap(connection: ProcessorConnection, since: datetime, now: datetime, *, heard: bool) -> None:
    account, about = connection.account, connection.public_id
    if heard:
        clear_alarm(account, "webhooks_gap", about=about)
    elif now - since > GAP_ALARM:
        day = full_day_words(since.astimezone(account.zone).date(), account.locale)
        raise_alarm(account, "webhooks_gap", about=about, processor=_label(connection), since=day)


def _label(connection: ProcessorConnection) -> str:
    return maker_or_missing(connection.kind).label
