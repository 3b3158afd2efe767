"""Links with an end: once it has come, the request expires (requirements.md 2.13)."""

from django.db import transaction
from django.utils import timezone

from balancedue.models import Order, PaymentRequest
from balancedue.rules.actor import WORKER
from balancedue.rules.states import EXPIRED, REQUEST_MOVES, next_state

from .record import record


def expire_next_request() -> bool:
    """Expire one request whose time is up. Answers whether there was one."""
    now = timezone.now()
    ending = [state for (state, event) in REQUEST_MOVES if event == "expire"]
    due = PaymentRequest.objects.filter(expires_at__lte=now, status__in=ending).first()
    if due is None:
        return False
    with transaction.atomic():
        order = Order.objects.locked(due.order_id)
        request = PaymentRequest.objects.get(pk=due.pk)
        if next_state(REQUEST_MOVES, request.status, "expire") == EXPIRED:
            request.status, request.expired_at = EXPIRED, now
            request.save(update_fields=["status", "expired_at"])
            record(order, "request_expired", by=WORKER, at=now, request=request.public_id)
    return True
