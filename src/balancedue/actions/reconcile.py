"""Reconcile: ask the processor about every attempt in doubt, until nothing is (N10, R8)."""

from dataclasses import replace
from datetime import timedelta

from django.utils import timezone

from balancedue.models import PaymentAttempt, Refund
from balancedue.processors.base import Kind, Outcome
from balancedue.rules.actor import WORKER
from balancedue.rules.states import ACTIVE_ATTEMPT, OPEN_REFUND, WAITING

from .ask_processor import KEY_LASTS, cancel, look_up, look_up_refund, start_refund
from .claim import claim_next
from .settle import settle
from .settle_refund import book_by_hand, settle_refund
from .watch_cards import must_close

ABANDONED_AFTER = timedelta(hours=1)  # nobody came back to the card form, or to the bank


def reconcile_next() -> bool:
    """Check one attempt that is due. Answers whether there was one."""
    active = PaymentAttempt.objects.filter(state__in=ACTIVE_ATTEMPT)
    was_due, attempt = claim_next(active.select_related("connection", "order__account"))
    if attempt is not None:
        _check(attempt)
    return was_due


def _check(attempt: PaymentAttempt) -> None:
    outcome = look_up(attempt)
    if outcome.code == "not_found" and timezone.now() - attempt.started_at > KEY_LASTS:
        outcome = Outcome(Kind.CANCELLED, code="never_made", detail="the processor has no such object")
    attempt = settle(attempt, outcome, by=WORKER)
    if attempt.state != WAITING:
        return
    order = attempt.order
    outdated = attempt.balance_version != order.balance_version
    abandoned = timezone.now() - attempt.started_at > ABANDONED_AFTER
    if outdated or abandoned or must_close(attempt, timezone.now()):  # whoever holds the open form stops here too (K1)
        settle(attempt, cancel(attempt, description=order.invoice_number), by=WORKER)


def reconcile_next_refund() -> bool:
    """Check one refund that is due. Answers whether there was one."""
    still_open = Refund.objects.filter(state__in=OPEN_REFUND)
    was_due, refund = claim_next(still_open.select_related("payment__attempt__connection"))
    if refund is not None:
        _check_refund(refund)
    return was_due


def _check_refund(refund: Refund) -> None:
    if refund.connection_id is None:  # we died between writing it down and booking it
        book_by_hand(refund, by=WORKER)
        return
    outcome = look_up_refund(refund) if refund.reference else start_refund(refund)
    if outcome.kind is Kind.REFUSED and outcome.code == "processor_key_rejected":
        # Says nothing about what was made before the key was rejected, when we asked the first time (N14).
        outcome = replace(outcome, kind=Kind.UNKNOWN)
    elif not refund.reference and outcome.code == "not_found" and timezone.now() - refund.started_at > KEY_LASTS:
        outcome = Outcome(Kind.REFUSED, code="never_made", detail="the processor has no such refund")
    settle_refund(refund, outcome, by=WORKER)
