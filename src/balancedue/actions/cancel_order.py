"""Cancel an order: nothing is owed any more. What was paid stays paid, and shows as credit (requirements.md 3.9)."""

from django.db import transaction
from django.utils import timezone

from balancedue.models import Order, charged
from balancedue.rules.actor import Actor
from balancedue.rules.ledger import opposite

from .clear_the_way import clear_the_way, refuse_if_in_progress, refuse_if_paid_since
from .record import post_entry, record


def cancel_order(*, order: Order, by: Actor) -> Order:
    """Cancel; a second time changes nothing. Raises Refused `payment_in_progress`."""
    seen = order
    clear_the_way(order, by=by)
    with transaction.atomic():
        order = Order.objects.locked(order.pk)
        now = timezone.now()
        if order.is_cancelled:
            return order
        refuse_if_in_progress(order)
        refuse_if_paid_since(order, seen)
        order.status, order.cancelled_at, order.changed_at = Order.CANCELLED, now, now
        order.save(update_fields=["status", "cancelled_at", "changed_at"])
        record(order, "order_cancelled", by=by, at=now)
        undone = opposite(charged(order))
        if undone:
            post_entry(order, "order_cancelled", undone, by=by, at=now, cause=order.public_id)
        return order
