"""Take in payouts: each transfer to the shop's bank, where it stands, and every movement it holds.

Beside the journal: a payout holds money of many orders (docs/decisions/0008).
"""

import logging
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone

from balancedue.models import Payout, ProcessorConnection
from balancedue.processors.base import TellsPayouts
from balancedue.processors.registry import maker_or_missing
from balancedue.processors.reports import PayoutReport, TransactionReport
from balancedue.rules.ids import new_id
from balancedue.rules.retries import check_wait
from balancedue.rules.states import OPEN_PAYOUT, PAYOUT_STATES

from .ask_balance import ask_balance, tells_payouts
from .claim import claim_next
from .raise_alarm import clear_alarm, raise_alarm
from .take_in_fees import take_in_movement

SWEPT_EVERY = timedelta(hours=1)
FIRST_BACK = timedelta(days=30)
OVERLAP = timedelta(days=10)  # a bank may send a payout back days after it took it
NOT_HEARD_AGAIN = timedelta(minutes=5)
AFTER_REMOVAL = timedelta(days=30)  # what was taken before is paid out still
LISTED_WITHIN = timedelta(days=14)
IS_NEWS = timedelta(days=7)
MOST_PAGES = 500

_ORDER = list(PAYOUT_STATES)  # as they follow each other; a late answer takes none back
_log = logging.getLogger(__name__)


def hear_payout(connection: ProcessorConnection, reference: str) -> bool:
    """Ask how a payout stands and take it in; whether the processor was heard. What it holds is read by the worker."""
    if not tells_payouts(connection):
        return True  # there is nothing that it could say
    report = ask_balance(connection, lambda processor: processor.payout(reference))
    if report is not None:
        take_in_payout(connection, report)
    return report is not None


def look_at_next_payout() -> bool:
    """Look again at one payout that is due: how it stands and what it holds. Answers whether there was one."""
    was_due, payout = claim_next(Payout.objects.select_related("connection__account"))
    if payout is not None:
        _look_again(payout)
    return was_due


def sweep_next_payouts() -> bool:
    """Ask one connection that is due which payouts there are. Answers whether there was one."""
    now = timezone.now()
    due = ProcessorConnection.objects.filter(next_payouts_at__lte=now).select_related("account")
    connection = due.order_by("next_payouts_at").first()
    if connection is None:
        return False
    claimed = ProcessorConnection.objects.filter(pk=connection.pk, next_payouts_at=connection.next_payouts_at)
    is_over = connection.removed_at is not None and now - connection.removed_at > AFTER_REMOVAL
    if claimed.update(next_payouts_at=None if is_over else now + SWEPT_EVERY) and not is_over:
        _sweep(connection, now)
    return True


def _sweep(connection: ProcessorConnection, now: datetime) -> None:
    newest = connection.payouts.values_list("made_at", flat=True).order_by("-made_at").first()
    since = newest - OVERLAP if newest else now - FIRST_BACK
    reports = ask_balance(connection, lambda processor: processor.payouts_since(since))
    if reports is None:
        ProcessorConnection.objects.filter(pk=connection.pk).update(next_payouts_at=now + NOT_HEARD_AGAIN)
    for report in reports or ():
        take_in_payout(connection, report)


def take_in_payout(connection: ProcessorConnection, report: PayoutReport) -> Payout:
    """Write a payout as the processor has it now, and raise the alarm when it failed."""
    now = timezone.now()
    with transaction.atomic():
        payout, is_new = Payout.objects.select_for_update().get_or_create(
            connection=connection,
            reference=report.reference,
            defaults={
                "account_id": connection.account_id,
                "public_id": new_id("po"),
                "state": report.state,
                "amount_minor": report.amount.minor,
                "currency": report.amount.currency,
                "arrives_on": report.arrives_on,
                "made_at": report.made_at,
                "changed_at": now,
                "next_check_at": now if report.is_itemised or report.state in OPEN_PAYOUT else None,
            },
        )
        before = None if is_new else payout.state
        if before is not None and _ORDER.index(report.state) < _ORDER.index(before):
            return payout
        payout.state, payout.arrives_on, payout.detail = report.state, report.arrives_on, report.detail[:500]
        if before != report.state:
            payout.changed_at, payout.checks = now, 0
        payout.save(update_fields=["state", "arrives_on", "detail", "changed_at", "checks"])
        if before != report.state:
            _warn(payout, now)
        return payout


def _warn(payout: Payout, now: datetime) -> None:
    """The bank sent it back: tell the owners. One that arrives later says that the bank takes them again."""
    account = payout.account
    if payout.state == "failed" and now - payout.made_at < IS_NEWS:
        amount, label = payout.amount.show(account.locale), maker_or_missing(payout.connection.kind).label
        raise_alarm(account, "payout_failed", about=payout.public_id, amount=amount, processor=label)
    if payout.state == "paid":
        failed = Payout.objects.filter(connection=payout.connection, currency=payout.currency, state="failed")
        for public_id in failed.filter(made_at__lt=payout.made_at).values_list("public_id", flat=True):
            clear_alarm(account, "payout_failed", about=public_id)


def _look_again(payout: Payout) -> None:
    report = ask_balance(payout.connection, lambda processor: processor.payout(payout.reference))
    if report is not None:
        take_in_payout(payout.connection, report)
    if report is not None and report.is_itemised and not payout.is_listed:
        _list_lines(payout)
    itemised = report is None or report.is_itemised
    seen = Payout.objects.get(pk=payout.pk)
    Payout.objects.filter(pk=payout.pk, lease=payout.lease).update(
        next_check_at=_next_check(seen, itemised, timezone.now()), checks=F("checks") + 1, lease="", leased_until=None
    )


def _list_lines(payout: Payout) -> None:
    """Keep every movement that the payout holds."""
    last = ""
    for _ in range(MOST_PAGES):
        page = ask_balance(payout.connection, partial(_page, payout, last))
        if page is None:
            return
        for report in page:
            take_in_movement(payout.connection, report, payout)
        if not page:
            break
        last = page[-1].reference
    note_if_listed(payout)


def note_if_listed(payout: Payout) -> bool:
    """Whether the movements kept of it come to its amount; it is listed then."""
    lines = payout.balance_transactions.all()
    sums = lines.filter(currency=payout.currency).aggregate(net=Sum(F("amount_minor") - F("fee_minor")))
    if sums["net"] != payout.amount_minor or lines.exclude(currency=payout.currency).exists():
        _log.warning("payout %s of %s holds %s so far", payout.public_id, payout.amount_minor, sums["net"])
        return False
    return bool(Payout.objects.filter(pk=payout.pk).update(is_listed=True))


def _page(payout: Payout, after: str, processor: TellsPayouts) -> list[TransactionReport] | None:
    return processor.in_payout(payout.reference, after)


def _next_check(payout: Payout, itemised: bool, now: datetime) -> datetime | None:
    """Until it has arrived, failed or been called off, and everything it holds is known (N10)."""
    unread = itemised and not payout.is_listed and now - payout.made_at < LISTED_WITHIN
    if payout.state not in OPEN_PAYOUT and not unread:
        return None
    return now + check_wait(payout.checks, payout.public_id)
