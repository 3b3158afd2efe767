"""Claim a row that is due: of several workers one gets it, on either engine (docs/decisions/0007)."""

from datetime import timedelta
from typing import TypeVar

from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from balancedue.rules.ids import new_id

Row = TypeVar("Row", bound=Model)

LEASE = timedelta(minutes=2)  # longer than any call to a processor takes


def claim_next(rows: QuerySet[Row], *, due: str = "next_check_at") -> tuple[bool, Row | None]:
    """Whether a row of `rows` was due, and that row where it was ours to take; `due` names the column of the time.

    Looks with a plain SELECT first, so that an idle worker never holds up a writer on SQLite. The claim is a
    conditional update: of two workers one changes the row.
    """
    now = timezone.now()
    waiting = (
        rows.filter(**{f"{due}__lte": now}).filter(Q(leased_until=None) | Q(leased_until__lt=now)).order_by(due, "pk")
    )
    pk = waiting.values_list("pk", flat=True).first()
    if pk is None:
        return False, None
    unleased = waiting.model._default_manager.filter(pk=pk).filter(Q(leased_until=None) | Q(leased_until__lt=now))
    claimed = unleased.filter(**{f"{due}__lte": now}).update(lease=new_id("lease"), leased_until=now + LEASE)
    return True, rows.filter(pk=pk).first() if claimed else None
