"""Reverse a payment that was added by hand: both lines stay (requirements.md 2.15)."""

from django.db import transaction
from django.utils import timezone

from balancedue.models import Order, Payment
from balancedue.rules.actor import Actor
from balancedue.rules.errors import Invalid, Refused
from balancedue.rules.ledger import opposite
from balancedue.rules.methods import CARD
from balancedue.rules.states import HELD_REFUND

from .clear_the_way import clear_the_way, refuse_if_in_progress
from .record import post_entry, record


def reverse_payment(*, payment: Payment, reason: str, by: Actor) -> Payment:
    """Undo `payment` by an opposite entry, with the reason. A second time changes nothing.

    Raises Invalid without a reason; Refused `not_reversible` for a card payment, whose money can only be refunded, and
    for one of which something was given back.
    """
    reason = reason.strip()
    if not reason or len(reason) > 300:
        raise Invalid({"reason": "Say why, in at most 300 characters"})
    if payment.method == CARD:
        raise Refused("not_reversible", "A card payment cannot be reversed. Refund it instead.")
    if payment.is_reversed:
        return payment
    clear_the_way(payment.order, by=by)
    with transaction.atomic():
        order = Order.objects.locked(payment.order_id)
        now = timezone.now()
        payment = Payment.objects.select_related("entry").get(pk=payment.pk)
        if payment.is_reversed:
            return payment
        refuse_if_in_progress(order)
        if payment.refunds.filter(state__in=HELD_REFUND).exists():
            raise Refused("not_reversible", "Part of this payment was refunded. Refund the rest instead.")
        postings = opposite(dict(payment.entry.postings.values_list("ledger", "amount_minor")))
        cause = payment.public_id
        entry, _ = post_entry(order, "reversal", postings, by=by, at=now, cause=cause, reverses=payment.entry)
        payment.reversal, payment.reversed_at, payment.reversal_reason = entry, now, reason
        payment.save(update_fields=["reversal", "reversed_at", "reversal_reason"])
        record(order, "payment_reversed", by=by, at=now, payment=cause, amount_minor=payment.amount_minor)
        return payment
