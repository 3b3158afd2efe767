"""Take a request back: undo it before it leaves, or turn its link off afterwards."""

from django.db import transaction
from django.utils import timezone

from balancedue.models import Order, PaymentRequest
from balancedue.rules.actor import Actor
from balancedue.rules.errors import Refused
from balancedue.rules.states import HOLDING, REQUEST_MOVES, WITHDRAWN, next_state

from .record import record


def undo_request(*, request: PaymentRequest, by: Actor) -> PaymentRequest:
    """Undo within the hold: nothing leaves. Raises Refused `already_sent` once it is on its way."""
    return _withdraw(request, by, only_holding=True)


def withdraw_request(*, request: PaymentRequest, by: Actor) -> PaymentRequest:
    """Turn the link off for good, and stop what has not left yet. A second time changes nothing."""
    return _withdraw(request, by, only_holding=False)


def send_now(*, request: PaymentRequest) -> PaymentRequest:
    """End the hold: the letter leaves at the worker's next look."""
    with transaction.atomic():
        Order.objects.locked(request.order_id)
        now = timezone.now()
        request = PaymentRequest.objects.get(pk=request.pk)
        if request.status == HOLDING:
            request.hold_until = min(request.hold_until, now)
            request.save(update_fields=["hold_until"])
            request.deliveries.filter(status="waiting").update(next_try_at=now)
        return request


def _withdraw(request: PaymentRequest, by: Actor, *, only_holding: bool) -> PaymentRequest:
    with transaction.atomic():
        order = Order.objects.locked(request.order_id)
        now = timezone.now()
        request = PaymentRequest.objects.get(pk=request.pk)
        if request.status == WITHDRAWN:
            return request
        undone = request.status == HOLDING
        if only_holding and not undone:
            raise Refused("already_sent", "It is already on its way. You can turn its link off instead.")
        state = next_state(REQUEST_MOVES, request.status, "undo" if undone else "withdraw")
        if state is None:
            raise Refused("not_allowed", "This request cannot be withdrawn.")
        request.status, request.withdrawn_at = state, now
        request.save(update_fields=["status", "withdrawn_at"])
        drop_unsent(request)
        record_kind = "request_undone" if undone else "request_withdrawn"
        record(order, record_kind, by=by, at=now, request=request.public_id)
        return request


def drop_unsent(request: PaymentRequest) -> None:
    """What has not left will not leave. One being sent this very moment cannot be called back."""
    request.deliveries.filter(status="waiting").update(status="dropped")
