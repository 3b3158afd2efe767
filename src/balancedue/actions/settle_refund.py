"""Settle a refund: the only place that changes one. It is booked once the processor has made it, pending or not."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from balancedue.models import JournalEntry, Order, Payment, PaymentAttempt, Refund, Standing, charged
from balancedue.processors.base import Kind, Outcome
from balancedue.rules.actor import PROCESSOR, Actor
from balancedue.rules.ids import new_id
from balancedue.rules.ledger import RECEIVABLE, opposite, payment_postings, reduction_postings
from balancedue.rules.states import FAILED, OPEN_REFUND, PENDING, REFUND_MOVES, REFUSED, SUCCEEDED, next_state

from .ask_processor import refunds_of
from .plan_letters import plan_refund_letters
from .record import post_entry, record
from .settle import mark_requests_paid, plan_next_check

_EVENTS = {
    Kind.PAID: "succeeded",
    Kind.PENDING: "is_pending",
    Kind.DECLINED: "failed",
    Kind.CANCELLED: "failed",
    Kind.REFUSED: "refused",
    Kind.UNKNOWN: "not_heard",
}


def settle_refund(refund: Refund, outcome: Outcome, *, by: Actor) -> Refund:
    """Take in what the processor said about `refund`; a second time changes nothing. No transaction may be open."""
    with transaction.atomic():
        order = Order.objects.locked(refund.order_id)
        refund = Refund.objects.select_related("payment", "entry", "reduction").get(pk=refund.pk)
        return _settle(order, refund, outcome, by)


def book_by_hand(refund: Refund, *, by: Actor) -> Refund:
    """A refund of money that came in by hand went back by hand: it is done when it is written down."""
    return settle_refund(refund, Outcome(Kind.PAID, amount=refund.amount), by=by)


def hear_refunds(attempt: PaymentAttempt) -> bool:
    """Ask for every refund of a payment and take them in; whether the processor was heard."""
    heard = refunds_of(attempt)
    if heard is not None:
        take_in_refunds(attempt, heard)
    return heard is not None


def take_in_refunds(attempt: PaymentAttempt, outcomes: list[Outcome]) -> None:
    """Settle every refund the processor has of a payment, those made elsewhere too (E7). Order does not matter."""
    payment = Payment.objects.filter(attempt=attempt).first()
    if payment is None:
        return  # the payment itself is heard of first; the worker comes back
    for outcome in outcomes:
        if not outcome.reference or outcome.amount is None:
            continue
        with transaction.atomic():
            order = Order.objects.locked(attempt.order_id)
            _settle(order, _known(order, payment, attempt, outcome), outcome, PROCESSOR)


def _known(order: Order, payment: Payment, attempt: PaymentAttempt, outcome: Outcome) -> Refund:
    """The row of this refund: by its reference, by our own id on it, or a new one for what was made elsewhere."""
    mine = Refund.objects.filter(payment=payment, connection_id=attempt.connection_id)
    found = mine.filter(reference=outcome.reference).first()
    if found is None and outcome.refund_id:
        found = mine.filter(public_id=outcome.refund_id, reference="").first()
    if found is not None:
        return found
    assert outcome.amount is not None
    now, public_id = timezone.now(), new_id("rf")
    record(order, "refund_found", by=PROCESSOR, at=now, refund=public_id, amount_minor=outcome.amount.minor)
    return Refund.objects.create(
        public_id=public_id,
        order=order,
        payment=payment,
        connection_id=attempt.connection_id,
        amount_minor=outcome.amount.minor,
        currency=order.currency,
        made_elsewhere=True,
        processor_key=f"{payment.public_id}:{outcome.reference}",
        reference=outcome.reference,
        by=str(PROCESSOR),
        started_at=now,
        changed_at=now,
    )


def _settle(order: Order, refund: Refund, outcome: Outcome, by: Actor) -> Refund:
    now = timezone.now()
    event = "not_heard" if _does_not_fit(refund, outcome) else _EVENTS.get(outcome.kind, "not_heard")
    state = next_state(REFUND_MOVES, refund.state, event)
    if state is None:
        return refund
    before, refund.state = refund.state, state
    misfit = _does_not_fit(refund, outcome)
    if not misfit:
        refund.reference = refund.reference or outcome.reference
    refund.code = outcome.code
    refund.detail = (misfit or outcome.detail)[:500]
    refund.changed_at, refund.lease, refund.leased_until = now, "", None
    if state == REFUSED:
        refund.form_key = ""  # nothing moved: the same form, or call, may be sent again
    if state in OPEN_REFUND:
        plan_next_check(refund, by=by, now=now)
    else:
        refund.next_check_at, refund.ended_at = None, now
    if state in (PENDING, SUCCEEDED) and refund.entry is None:
        _book(order, refund, by, now)
    elif state == FAILED and refund.entry is not None:
        _unbook(order, refund, by, now)
    refund.save()
    if state != before:
        record(
            order, f"refund_{_PAST.get(state, state)}", by=by, at=now,
            refund=refund.public_id, payment=refund.payment.public_id, amount_minor=refund.amount_minor,
        )  # fmt: skip
        plan_refund_letters(order, refund, at=now)
    return refund


_PAST = {PENDING: "became_pending", "unknown": "not_heard_of"}


def _does_not_fit(refund: Refund, outcome: Outcome) -> str:
    if outcome.amount is not None and outcome.amount != refund.amount:
        return f"the processor says {outcome.amount.plain} {outcome.amount.currency}"
    if refund.reference and outcome.reference and refund.reference != outcome.reference:
        return f"another refund: {outcome.reference}"
    return ""


def _book(order: Order, refund: Refund, by: Actor, now: datetime) -> None:
    """The money has left: owed again, and the order reduced by as much where staff said so (requirements.md 3.10)."""
    given = opposite(payment_postings(amount_minor=refund.amount_minor, method=refund.payment.method))
    refund.entry, _ = post_entry(order, "refund", given, by=by, at=now, cause=refund.public_id)
    if refund.reduces_order:
        now_charged = charged(order)
        most = min(refund.amount_minor, now_charged.get(RECEIVABLE, 0))
        if most > 0:
            less = reduction_postings(most, now_charged)
            refund.reduction, _ = post_entry(order, "order_reduced", less, by=by, at=now, cause=refund.public_id)


def _unbook(order: Order, refund: Refund, by: Actor, now: datetime) -> None:
    """It failed after all: the money is back with us, and what the order was reduced by is charged again (F5)."""
    assert refund.entry is not None, "only what was booked is undone"
    standing = _undo(order, refund, refund.entry, "refund_failed", by, now)
    # A cancellation took every charge away, reduced ones included: nothing is charged again after it.
    if refund.reduction is not None and not order.is_cancelled:
        standing = _undo(order, refund, refund.reduction, "order_reduced", by, now)
    mark_requests_paid(order, standing, by=by, now=now)  # not in between: it could look paid for a moment


def _undo(order: Order, refund: Refund, entry: JournalEntry, kind: str, by: Actor, now: datetime) -> Standing:
    postings = opposite(dict(entry.postings.values_list("ledger", "amount_minor")))
    return post_entry(order, kind, postings, by=by, at=now, cause=refund.public_id, reverses=entry)[1]
