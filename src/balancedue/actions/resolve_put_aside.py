"""Close a card payment that did not fit: a person has looked into it, and says what they found (N3)."""

from django.db import transaction
from django.utils import timezone

from balancedue.models import Order, PaymentAttempt
from balancedue.rules.actor import Actor
from balancedue.rules.errors import Invalid, Refused
from balancedue.rules.limits import MAX_NOTE
from balancedue.rules.states import PUT_ASIDE

from .record import record


def resolve_put_aside(*, attempt: PaymentAttempt, note: str, by: Actor) -> PaymentAttempt:
    """Keep `note` with the attempt and let go of it. Its state stays: only `settle` changes that, and no money moves.

    Raises Invalid for an empty or too long note, and Refused `not_possible` when it was not put aside or is closed.
    """
    note = note.replace("\r\n", "\n").strip()
    if not note:
        raise Invalid({"note": "Write what you found"})
    if len(note) > MAX_NOTE:
        raise Invalid({"note": f"Keep the note to {MAX_NOTE:,} characters"})
    with transaction.atomic():
        order = Order.objects.locked(attempt.order_id)
        attempt = PaymentAttempt.objects.get(pk=attempt.pk)
        if attempt.state != PUT_ASIDE:
            raise Refused("not_possible", "This card payment was not put aside.")
        if attempt.resolved_at is not None:
            raise Refused("not_possible", "Somebody has looked into this card payment already.")
        attempt.resolved_at, attempt.resolved_note = timezone.now(), note
        attempt.save(update_fields=["resolved_at", "resolved_note"])
        record(order, "put_aside_resolved", by=by, at=attempt.resolved_at, attempt=attempt.public_id)
        return attempt
