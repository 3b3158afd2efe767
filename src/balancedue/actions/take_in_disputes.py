"""Take in disputes: the only place that writes them, from what the processor has now. Order and repetition do not

matter: the books are led from how they stand to how they should stand (rules.ledger.dispute_postings).
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone

from balancedue.models import Dispute, Order, Payment, PaymentAttempt, Posting
from balancedue.processors.reports import DisputeReport
from balancedue.rules.actor import PROCESSOR
from balancedue.rules.disputes import news
from balancedue.rules.ledger import CLEARING, RECEIVABLE, Postings, change, dispute_postings
from balancedue.rules.retries import CHECK_AFTER, check_wait

from .ask_processor import disputes_of
from .claim import claim_next
from .plan_letters import plan_dispute_letters
from .record import post_entry, record
from .settle import mark_requests_paid

WATCHED_FOR = timedelta(days=30)  # once it is over: what was won can be taken again, and what was lost come back
WATCHED_EVERY = timedelta(days=1)
AFTER_DUE = timedelta(minutes=10)


def hear_disputes(attempt: PaymentAttempt) -> bool:
    """Ask for every dispute of a payment and take them in; whether the processor was heard."""
    heard = disputes_of(attempt)
    if heard is not None:
        take_in_disputes(attempt, heard)
    return heard is not None


def take_in_disputes(attempt: PaymentAttempt, reports: list[DisputeReport]) -> None:
    """Write every dispute the processor has of a payment as it is now. No transaction may be open."""
    payment = Payment.objects.filter(attempt=attempt).first()
    if payment is None:
        return  # the payment itself is heard of first; the worker comes back
    for report in sorted(reports, key=lambda report: (report.opened_at, report.reference)):
        with transaction.atomic():
            _take_in(Order.objects.locked(attempt.order_id), payment, attempt, report)


def reconcile_next_dispute() -> bool:
    """Look at one dispute again that is due. Answers whether there was one."""
    was_due, dispute = claim_next(Dispute.objects.select_related("payment__attempt__connection"))
    if dispute is not None:
        assert dispute.payment.attempt is not None, "only card payments are disputed"
        hear_disputes(dispute.payment.attempt)
        # Still ours: the processor was not heard, or did not name it.
        mine = Dispute.objects.filter(pk=dispute.pk, lease=dispute.lease)
        later = _next_check(dispute, timezone.now())
        mine.update(next_check_at=later, checks=F("checks") + 1, lease="", leased_until=None)
    return was_due


def _take_in(order: Order, payment: Payment, attempt: PaymentAttempt, report: DisputeReport) -> None:
    now = timezone.now()
    known = Dispute.objects.filter(connection_id=attempt.connection_id, reference=report.reference).first()
    dispute = known or Dispute(
        order=order, payment=payment, connection_id=attempt.connection_id, reference=report.reference,
        opened_at=report.opened_at,
    )  # fmt: skip
    before = known.state if known else None
    dispute.state, dispute.reason = report.state, report.reason
    dispute.amount_minor, dispute.currency = report.amount.minor, report.amount.currency
    dispute.withdrawn_minor = report.withdrawn.minor
    dispute.blocks_refunds, dispute.evidence_sent = report.blocks_refunds, report.evidence_sent
    dispute.due_at = report.due_at
    dispute.detail = _misfit(payment, attempt, dispute, report)
    if before != report.state:
        dispute.changed_at, dispute.checks = now, 0
        dispute.closed_at = None if dispute.is_open else now
    dispute.next_check_at = _next_check(dispute, now)
    dispute.checks += 1
    dispute.lease, dispute.leased_until = "", None
    dispute.save()
    told = news(before, report.state)
    for kind in told:
        record(
            order, kind, by=PROCESSOR, at=now, dispute=dispute.public_id, payment=payment.public_id,
            amount_minor=dispute.amount_minor, currency=dispute.currency, reason=dispute.reason,
        )  # fmt: skip
    _book(order, dispute, now)
    plan_dispute_letters(order, dispute, told, at=now)


def _misfit(payment: Payment, attempt: PaymentAttempt, dispute: Dispute, report: DisputeReport) -> str:
    """What of the report cannot be booked on this payment; "" when all of it fits (N3, N9).

    What was refunded may be disputed as well: then the money has left twice, and the books say so (N1).
    """
    if report.livemode is not None and report.livemode != attempt.livemode:
        return "live and test mode mixed"
    if report.amount.currency != payment.currency:
        return f"it is about {report.amount.plain} {report.amount.currency}, the payment in {payment.currency}"
    others = payment.disputes.exclude(pk=dispute.pk).filter(detail="")
    taken = others.aggregate(minor=Sum("withdrawn_minor"))["minor"] or 0
    if report.withdrawn.minor + taken > payment.amount_minor:
        return f"{report.withdrawn.plain} {payment.currency} was taken, more than was paid"
    return ""


def booked(dispute: Dispute) -> Postings:
    """What the journal holds for this dispute: ledger account -> signed minor units."""
    legs = Posting.objects.filter(order=dispute.order_id, entry__cause=dispute.public_id)
    sums = legs.order_by().values_list("ledger").annotate(minor=Sum("amount_minor"))
    return {ledger: minor for ledger, minor in sums if minor}


def should_stand(dispute: Dispute) -> Postings:
    """What the journal should hold for it; nothing where it does not fit, which waits for a person."""
    if dispute.detail:
        return {}
    return dispute_postings(withdrawn_minor=dispute.withdrawn_minor, lost=dispute.state == "lost")


def _book(order: Order, dispute: Dispute, now: datetime) -> None:
    """Post the difference. Only a loss moves what the customer owes, and only a loss that is undone moves it back."""
    postings = change(should_stand(dispute), booked(dispute))
    if not postings:
        return
    kind = _kind(postings)
    _, standing = post_entry(order, kind, postings, by=PROCESSOR, at=now, cause=dispute.public_id)
    if kind in ("dispute_withdrawn", "dispute_reinstated"):
        record(
            order, kind, by=PROCESSOR, at=now, dispute=dispute.public_id, amount_minor=abs(postings[CLEARING])
        )  # fmt: skip
    if kind == "dispute_regained":
        mark_requests_paid(order, standing, by=PROCESSOR, now=now)


def _kind(postings: Postings) -> str:
    owed = postings.get(RECEIVABLE, 0)
    if owed:
        return "dispute_lost" if owed > 0 else "dispute_regained"
    return "dispute_withdrawn" if postings[CLEARING] < 0 else "dispute_reinstated"


def _next_check(dispute: Dispute, now: datetime) -> datetime | None:
    """Soon after each change, then every 6 hours and just after the bank's term; daily once it is over (N10)."""
    if not dispute.is_open and dispute.closed_at is not None and now - dispute.closed_at > WATCHED_FOR:
        return None
    if not dispute.is_open and dispute.checks >= len(CHECK_AFTER):
        return now + WATCHED_EVERY
    planned = now + check_wait(dispute.checks, dispute.public_id)
    due = dispute.due_at + AFTER_DUE if dispute.is_open and dispute.due_at else planned
    return min(planned, due) if due > now else planned
