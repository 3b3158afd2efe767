"""Refund: give money of one payment back, in full or in part, by the processor that took it or by hand."""

from django.db import transaction
from django.utils import timezone

from balancedue.models import Order, Payment, Refund
from balancedue.models.refunds import REASONS
from balancedue.processors.base import Can
from balancedue.processors.registry import maker_or_missing
from balancedue.rules.actor import Actor
from balancedue.rules.errors import Invalid, Refused
from balancedue.rules.ids import new_id
from balancedue.rules.money import Money
from balancedue.rules.retries import check_wait
from balancedue.rules.states import REFUSED

from .ask_processor import start_refund
from .clear_the_way import clear_the_way, refuse_if_in_progress
from .record import record
from .settle_refund import book_by_hand, settle_refund
from .take_in_disputes import hear_disputes


def refundable(payment: Payment) -> Money:
    """What can still be given back of `payment`: pending refunds count as given, and what a bank took is gone (N9).

    Nothing while a dispute stands in the way of it. Lists come with refunds and disputes prefetched.
    """
    disputes = payment.disputes.all()
    if payment.is_reversed or any(dispute.blocks_refunds for dispute in disputes):
        return Money(0, payment.currency)
    gone = sum(refund.amount_minor for refund in payment.refunds.all() if refund.is_held)
    gone += sum(dispute.withdrawn_minor for dispute in disputes if not dispute.detail)
    return Money(max(0, payment.amount_minor - gone), payment.currency)  # one made elsewhere may meet one of ours


def refund_payment(
    *,
    payment: Payment,
    amount: Money | None,
    reason: str,
    by: Actor,
    reduce_order: bool = False,
    note: str = "",
    form_key: str = "",
) -> Refund:
    """Give `amount` of `payment` back; None: all that is left. It is owed again, unless the order is reduced as well.

    Written under the order's lock, then asked of the processor with no transaction open, then settled. The same form
    sent twice gives back once. The answer's state says what came of it: `refused` when the processor made none.
    Raises Invalid; Refused `not_refundable`, `payment_disputed`, `more_than_refundable`, `payment_in_progress`.
    """
    _check(payment, amount, reason, note)
    if form_key and (done := payment.refunds.filter(form_key=form_key).first()):
        return done
    clear_the_way(payment.order, by=by)
    refund = _write(payment, amount, reason, by, reduce_order, note, form_key)
    if refund.connection is None:
        return book_by_hand(refund, by=by)
    outcome = start_refund(refund)
    if outcome.code == "payment_disputed" and payment.attempt is not None:
        hear_disputes(payment.attempt)  # nobody told us of it
    return settle_refund(refund, outcome, by=by)


def refusal_of(refund: Refund) -> Refused | None:
    """Why the processor made no refund, in words; None where it did, or where we do not know yet."""
    if refund.state != REFUSED:
        return None
    if refund.code == "payment_disputed":
        return Refused("payment_disputed", _UNDECIDED)
    if refund.code == "more_than_refundable":
        return Refused("more_than_refundable", "The processor has less than this left to refund.", field="amount")
    if refund.code == "processor_key_rejected":
        return Refused("not_refundable", "The card processor does not accept the shop's key for refunds.")
    return Refused("not_refundable", f"The processor did not make the refund. It says: {refund.detail or refund.code}")


_UNDECIDED = "This payment is disputed. It cannot be refunded until the bank has decided."
_LOST = "The bank gave this payment back to the payer. There is nothing left to refund."


def _refuse_if_disputed(payment: Payment) -> None:
    blocking = [dispute for dispute in payment.disputes.all() if dispute.blocks_refunds]
    if blocking:
        undecided = any(dispute.is_open for dispute in blocking)
        raise Refused("payment_disputed", _UNDECIDED if undecided else _LOST)


def _check(payment: Payment, amount: Money | None, reason: str, note: str) -> None:
    problems = {}
    if amount is None:
        pass
    elif amount.currency != payment.currency:
        problems["amount"] = f"This payment is in {payment.currency}"
    elif amount.minor <= 0:
        problems["amount"] = "Enter an amount above 0"
    if reason not in REASONS:
        problems["reason"] = "Choose why"
    if len(note) > 500:
        problems["note"] = "Keep the note to 500 characters"
    if problems:
        raise Invalid(problems)


def _write(
    payment: Payment, amount: Money | None, reason: str, by: Actor, reduce_order: bool, note: str, form_key: str
) -> Refund:
    now = timezone.now()
    with transaction.atomic():
        order = Order.objects.locked(payment.order_id)
        payment = Payment.objects.select_related("attempt__connection").get(pk=payment.pk)
        if form_key and (done := payment.refunds.filter(form_key=form_key).first()):
            return done
        refuse_if_in_progress(order)
        if payment.is_reversed:
            raise Refused("not_refundable", "This payment was reversed.")
        _refuse_if_disputed(payment)
        left = refundable(payment)
        if not left or (amount is not None and amount > left):
            shown = left.show(order.account.locale)
            sentence = f"At most {shown} of this payment can be refunded." if left else "This payment is refunded."
            raise Refused("more_than_refundable", sentence, field="amount", most=left)
        amount = amount or left
        connection = payment.attempt.connection if payment.attempt else None
        if connection is not None and Can.REFUND not in maker_or_missing(connection.kind).can:
            raise Refused("not_refundable", "This processor cannot refund from here.")
        public_id = new_id("rf")
        refund = Refund.objects.create(
            public_id=public_id,
            order=order,
            payment=payment,
            connection=connection,
            amount_minor=amount.minor,
            currency=amount.currency,
            reason=reason,
            note=note,
            reduces_order=reduce_order and not order.is_cancelled,
            form_key=form_key,
            processor_key=f"{order.account.public_id}:{order.public_id}:{payment.public_id}:{public_id}:refund",
            by=str(by),
            started_at=now,
            changed_at=now,
            next_check_at=now + check_wait(0, public_id),
        )
        record(
            order, "refund_started", by=by, at=now,
            refund=public_id, payment=payment.public_id, amount_minor=amount.minor,
        )  # fmt: skip
        return refund
