"""Lists by cursor: stable while new orders come in, and the same cost on every page."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

from django.db.models import Model, Q, QuerySet

from balancedue.rules.errors import Invalid

DEFAULT_LIMIT, MAX_LIMIT, MAX_CURSOR = 25, 100, 200
_MAX_ID = 2**63 - 1
Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows, newest first, and the cursors to either side."""

    rows: Sequence[Row]
    next: str | None
    previous: str | None


def page_of(rows: QuerySet[Row], by: str, *, cursor: str, limit: int) -> Page[Row]:
    """At most `limit` rows after (or before) `cursor`; "" is the newest. `by` names the column of their time.

    Raises Invalid for a cursor not of ours.
    """
    if not cursor:
        found = list(rows.order_by(f"-{by}", "-pk")[: limit + 1])
        kept = found[:limit]
        return Page(kept, _cursor(kept[-1], by, back=False) if len(found) > limit else None, None)
    moment, pk, back = _read(cursor)
    at = Q(**{by: moment})
    if back:
        newer = Q(**{f"{by}__gt": moment}) | at & Q(pk__gt=pk)
        found = list(rows.filter(newer).order_by(by, "pk")[: limit + 1])
        kept = found[:limit][::-1]
        more_before, more_after = len(found) > limit, True
    else:
        older = Q(**{f"{by}__lt": moment}) | at & Q(pk__lt=pk)
        found = list(rows.filter(older).order_by(f"-{by}", "-pk")[: limit + 1])
        kept = found[:limit]
        more_before, more_after = True, len(found) > limit
    if not kept:
        return Page([], None, None)
    return Page(
        kept,
        _cursor(kept[-1], by, back=False) if more_after else None,
        _cursor(kept[0], by, back=True) if more_before else None,
    )


def _cursor(row: Model, by: str, *, back: bool) -> str:
    """Where this row stands in the list, and which way to go from it."""
    place = json.dumps([getattr(row, by).isoformat(), row.pk, back])
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def _read(cursor: str) -> tuple[datetime, int, bool]:
    try:
        if len(cursor) > MAX_CURSOR:
            raise ValueError
        at, pk, back = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None or type(pk) is not int or not 0 < pk <= _MAX_ID or type(back) is not bool:
            raise ValueError
        moment = moment.astimezone(UTC)
    except (binascii.Error, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise Invalid({"cursor": "Use a cursor from the next or previous of an answer"}) from error
    return moment, pk, back
