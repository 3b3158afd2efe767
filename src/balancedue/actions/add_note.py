"""Add an internal note to an order: only the team sees it (M9)."""

from django.utils import timezone

from balancedue.models import Note, Order, User
from balancedue.rules.errors import Invalid
from balancedue.rules.limits import MAX_NOTE


def add_note(*, order: Order, text: str, by: User) -> Note:
    """Keep `text` with the order. Raises Invalid when it is empty or too long."""
    text = text.strip()
    if not text:
        raise Invalid({"text": "Write a note first"})
    if len(text) > MAX_NOTE:
        raise Invalid({"text": f"Keep the note to {MAX_NOTE:,} characters"})
    return Note.objects.create(order=order, text=text, by=by, at=timezone.now())
