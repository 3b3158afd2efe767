"""Change an order. What it comes to is corrected by an entry of its own; a card payment under way is ended first."""

from django.db import transaction
from django.utils import timezone

from balancedue.models import Order, charged
from balancedue.rules.actor import Actor
from balancedue.rules.balance import STATED
from balancedue.rules.errors import Refused
from balancedue.rules.ledger import change

from .clear_the_way import clear_the_way, refuse_if_in_progress
from .order_lines import OrderDraft, write_draft
from .record import post_entry, record
from .settle import mark_requests_paid


def change_order(*, order: Order, draft: OrderDraft, by: Actor) -> Order:
    """Replace what the order is made of. Raises Invalid, or Refused `order_cancelled`, `payment_in_progress`."""
    draft.check()
    wanted = draft.postings()
    if change(wanted, charged(order, STATED)):
        clear_the_way(order, by=by)
    with transaction.atomic():
        order = Order.objects.locked(order.pk)
        now = timezone.now()
        if order.is_cancelled:
            raise Refused("order_cancelled", "This order was cancelled.")
        difference = change(wanted, charged(order, STATED))
        if difference:
            refuse_if_in_progress(order)
        write_draft(order, draft)
        record(order, "order_changed", by=by, at=now, change_minor=difference.get("receivable", 0))
        if difference:
            _, standing = post_entry(order, "order_changed", difference, by=by, at=now, cause=order.public_id)
            mark_requests_paid(order, standing, by=by, now=now)
        return order
