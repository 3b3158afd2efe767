"""Settle: the only place that changes an attempt. What the processor said becomes a state, and money becomes a fact.

Webhook, return page, worker and staff all come through here, any number of times, in any order (M3, E3).
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from balancedue.models import Order, Payment, PaymentAttempt, PaymentRequest, Refund, Standing
from balancedue.processors.base import Kind, Outcome
from balancedue.rules.actor import WORKER, Actor
from balancedue.rules.ids import new_id
from balancedue.rules.ledger import payment_postings
from balancedue.rules.methods import CARD
from balancedue.rules.retries import check_wait
from balancedue.rules.states import (
    ACTIVE_ATTEMPT,
    ATTEMPT_MOVES,
    DECLINED,
    LIVE_REQUEST,
    PAID,
    REQUEST_MOVES,
    SUCCEEDED,
    next_state,
)

from .plan_letters import plan_payment_letters
from .record import post_entry, record
from .watch_cards import must_close, note_end, note_nothing_made

FEE_AFTER = timedelta(minutes=1)  # the processor knows it a moment after the payment, and mostly tells by itself


def settle(attempt: PaymentAttempt, outcome: Outcome, *, by: Actor) -> PaymentAttempt:
    """Take in what the processor said about `attempt`; answers the attempt as it is afterwards.

    Looks the move up in the table; news that leads nowhere from here changes nothing. Call with no transaction open:
    the processor was asked before, and the order is locked here (money-safety.md 6.1, 6.2).
    """
    with transaction.atomic():
        order = Order.objects.locked(attempt.order_id)
        now = timezone.now()
        attempt = PaymentAttempt.objects.select_related("connection").get(pk=attempt.pk)
        attempt.order = order
        event, problem = _event(attempt, outcome)
        state = next_state(ATTEMPT_MOVES, attempt.state, event)
        if state is None:
            return attempt
        if _is_new_decline(event, attempt, outcome):
            _tell_decline(order, attempt, outcome, by, now)
        before, attempt.state = attempt.state, state
        _take_in(attempt, outcome, problem, by, now)
        attempt.surplus = state == SUCCEEDED and _slot_is_taken(attempt)
        attempt.save()
        if outcome.kind is Kind.REFUSED and not attempt.reference:
            note_nothing_made(attempt)
        if state == SUCCEEDED:
            note_end(attempt, declined=False, fingerprint=outcome.fingerprint, now=now)
            _book(order, attempt, outcome, by, now)
        elif state != before:
            record(order, f"payment_{_PAST.get(state, state)}", by=by, at=now, attempt=attempt.public_id)
        return attempt


_PAST = {"pending": "became_pending", "unknown": "not_heard_of", "waiting": "waits_for_customer", DECLINED: "failed"}

_EVENTS = {
    Kind.NEEDS_CUSTOMER: "waits_for_customer",
    Kind.PENDING: "is_pending",
    Kind.PAID: "succeeded",
    Kind.CANCELLED: "cancelled",
    Kind.UNKNOWN: "not_heard",
    Kind.REFUSED: "refused",
}


def _event(attempt: PaymentAttempt, outcome: Outcome) -> tuple[str, str]:
    """The event of the move table, and what does not fit when something does not."""
    if outcome.kind is not Kind.UNKNOWN and (problem := _misfit(attempt, outcome)):
        return "does_not_fit", problem
    if outcome.kind is Kind.DECLINED:
        return ("declined_retryable" if outcome.retryable else "declined"), ""
    return _EVENTS[outcome.kind], ""


def _misfit(attempt: PaymentAttempt, outcome: Outcome) -> str:
    """What the processor says that was not asked: booked by nobody, put aside for a person (N3)."""
    if attempt.reference and outcome.reference and outcome.reference != attempt.reference:
        return f"another object: {outcome.reference}"
    if outcome.attempt_id and outcome.attempt_id != attempt.public_id:
        return f"made for another attempt: {outcome.attempt_id}"
    if outcome.amount is not None and outcome.amount != attempt.amount:
        return f"asks for {outcome.amount.plain} {outcome.amount.currency}"
    if outcome.received is not None and outcome.received.currency != attempt.currency:
        return f"received {outcome.received.currency}"
    if outcome.received is not None and not 0 < outcome.received.minor <= attempt.amount_minor:
        return f"received {outcome.received.plain}"
    if outcome.livemode is not None and outcome.livemode != attempt.livemode:
        return "live and test mode mixed"
    if outcome.account and attempt.processor_account and outcome.account != attempt.processor_account:
        return f"another processor account: {outcome.account}"
    return ""


def _take_in(attempt: PaymentAttempt, outcome: Outcome, problem: str, by: Actor, now: datetime) -> None:
    """Copy what the processor said onto the attempt, and plan the next check (N10)."""
    attempt.reference = attempt.reference or outcome.reference
    attempt.money_reference = outcome.money_reference or attempt.money_reference or attempt.reference
    attempt.fingerprint = outcome.fingerprint or attempt.fingerprint
    attempt.last_try = outcome.try_reference or attempt.last_try
    attempt.code = outcome.code or ("" if outcome.kind is Kind.PAID else attempt.code)
    attempt.detail = (problem or outcome.detail)[:500]
    attempt.needs_action = outcome.kind is Kind.NEEDS_CUSTOMER and outcome.needs_action
    attempt.card = outcome.card or attempt.card
    attempt.payer_name = (outcome.payer_name or attempt.payer_name)[:200]
    attempt.payer_email = (outcome.payer_email or attempt.payer_email)[:254]
    attempt.changed_at = now
    attempt.lease, attempt.leased_until = "", None
    if attempt.is_active:
        plan_next_check(attempt, by=by, now=now)
        if by != WORKER and must_close(attempt, now):  # the worker cancels it at its next look (K1)
            attempt.next_check_at = now
        attempt.ended_at = None
    else:
        attempt.next_check_at, attempt.ended_at = None, now


def plan_next_check(row: PaymentAttempt | Refund, *, by: Actor, now: datetime) -> None:
    """When the worker looks at a row again that is not over (N10). Only its own looks lead along the schedule.

    Anybody else's start it anew and put nothing off: however often a payer's page asks in vain, the worker comes within
    half a minute (C1, R8).
    """
    if by == WORKER:
        row.checks += 1
    else:
        row.checks = 0
    soon = now + check_wait(row.checks, row.public_id)
    row.next_check_at = soon if by == WORKER or row.next_check_at is None else min(row.next_check_at, soon)


def _is_new_decline(event: str, attempt: PaymentAttempt, outcome: Outcome) -> bool:
    if event not in ("declined", "declined_retryable"):
        return False
    return not outcome.try_reference or outcome.try_reference != attempt.last_try


def _tell_decline(order: Order, attempt: PaymentAttempt, outcome: Outcome, by: Actor, now: datetime) -> None:
    attempt.declines += 1
    note_end(attempt, declined=True, fingerprint=outcome.fingerprint, now=now)
    record(
        order, "payment_declined", by=by, at=now,
        attempt=attempt.public_id, code=outcome.code, amount_minor=attempt.amount_minor,
    )  # fmt: skip


def _slot_is_taken(attempt: PaymentAttempt) -> bool:
    """Whether another attempt holds this balance: this one's money is then surplus (architecture.md 4)."""
    same_balance = PaymentAttempt.objects.filter(order_id=attempt.order_id, balance_version=attempt.balance_version)
    held = same_balance.filter(state__in=[*ACTIVE_ATTEMPT, SUCCEEDED]).exclude(pk=attempt.pk)
    return held.exists()


def _book(order: Order, attempt: PaymentAttempt, outcome: Outcome, by: Actor, now: datetime) -> None:
    """Money came in: the entry, the payment, the timeline and the letters, all in this transaction (N2, N11)."""
    minor = outcome.received.minor if outcome.received is not None else attempt.amount_minor
    entry, standing = post_entry(
        order,
        "payment",
        payment_postings(amount_minor=minor, method=CARD),
        by=by,
        at=now,
        cause=attempt.public_id,
        attempt=attempt,
    )
    payment = Payment.objects.create(
        public_id=new_id("pay"),
        order=order,
        entry=entry,
        attempt=attempt,
        method=CARD,
        amount_minor=minor,
        currency=order.currency,
        card=attempt.card,
        payer_name=attempt.payer_name,
        payer_email=attempt.payer_email,
        statement=outcome.statement[:60],
        received_on=now.astimezone(order.account.zone).date(),
        created_at=now,
        by=str(by),
        surplus=attempt.surplus,
        next_check_at=now + FEE_AFTER,
    )
    paid_twice = attempt.surplus and _another_succeeded(attempt)
    record(
        order, "payment_surplus" if paid_twice else "payment_succeeded", by=by, at=now,
        payment=payment.public_id, attempt=attempt.public_id, amount_minor=minor, method=CARD,
    )  # fmt: skip
    if order.is_cancelled:
        record(order, "payment_after_cancellation", by=by, at=now, payment=payment.public_id, amount_minor=minor)
    mark_requests_paid(order, standing, by=by, now=now)
    plan_payment_letters(order, payment, paid_twice=paid_twice, at=now)


def _another_succeeded(attempt: PaymentAttempt) -> bool:
    same_balance = PaymentAttempt.objects.filter(order_id=attempt.order_id, balance_version=attempt.balance_version)
    return same_balance.filter(state=SUCCEEDED).exclude(pk=attempt.pk).exists()


def mark_requests_paid(order: Order, standing: Standing, *, by: Actor, now: datetime) -> None:
    """Once nothing is due, the live request is paid. The order must be locked."""
    if not standing.balance.is_paid:
        return
    for request in PaymentRequest.objects.filter(order=order, status__in=LIVE_REQUEST):
        state = next_state(REQUEST_MOVES, request.status, "pay")
        assert state == PAID
        request.status, request.paid_at = state, now
        request.save(update_fields=["status", "paid_at"])
        record(order, "request_paid", by=by, at=now, request=request.public_id)
