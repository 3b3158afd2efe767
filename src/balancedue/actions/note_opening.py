"""A person looked at the invoice: heard after a human gesture, never from a GET (requirements.md 2.14)."""

from django.db import transaction
from django.utils import timezone

from balancedue.models import Order, PaymentRequest
from balancedue.rules.actor import CUSTOMER
from balancedue.rules.states import REQUEST_MOVES, next_state

from .record import record


def note_opening(*, request: PaymentRequest) -> PaymentRequest:
    """Note the first opening. Later ones, and those of a request that is over, change nothing."""
    with transaction.atomic():
        order = Order.objects.locked(request.order_id)
        now = timezone.now()
        request = PaymentRequest.objects.get(pk=request.pk)
        state = next_state(REQUEST_MOVES, request.status, "open")
        if state is None:
            return request
        request.status, request.opened_at = state, now
        request.save(update_fields=["status", "opened_at"])
        record(order, "request_opened", by=CUSTOMER, at=now, request=request.public_id)
        return request
