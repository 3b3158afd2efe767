"""Lists by cursor: stable while new orders come in, and the same cost on every page."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import Q, QuerySet

from balancedue.models import Order
from balancedue.rules.errors import Invalid

DEFAULT_LIMIT, MAX_LIMIT, MAX_CURSOR = 25, 100, 200
_MAX_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Page:
    """Some orders, newest first, and the cursors to either side."""

    orders: Sequence[Order]
    next: str | None
    previous: str | None


def page_of(orders: QuerySet[Order], *, cursor: str, limit: int) -> Page:
    """At most `limit` orders after (or before) `cursor`; "" is the newest. Raises Invalid for a cursor not of ours."""
    if not cursor:
        found = list(orders.order_by("-placed_at", "-pk")[: limit + 1])
        kept = found[:limit]
        return Page(kept, _cursor(kept[-1], back=False) if len(found) > limit else None, None)
    placed_at, pk, back = _read(cursor)
    if back:
        newer = Q(placed_at__gt=placed_at) | Q(placed_at=placed_at, pk__gt=pk)
        found = list(orders.filter(newer).order_by("placed_at", "pk")[: limit + 1])
        kept = found[:limit][::-1]
        more_before, more_after = len(found) > limit, True
    else:
        older = Q(placed_at__lt=placed_at) | Q(placed_at=placed_at, pk__lt=pk)
        found = list(orders.filter(older).order_by("-placed_at", "-pk")[: limit + 1])
        kept = found[:limit]
        more_before, more_after = True, len(found) > limit
    if not kept:
        return Page([], None, None)
    return Page(
        kept,
        _cursor(kept[-1], back=False) if more_after else None,
        _cursor(kept[0], back=True) if more_before else None,
    )


def _cursor(order: Order, *, back: bool) -> str:
    """Where this order stands in the list, and which way to go from it."""
    place = json.dumps([order.placed_at.isoformat(), order.pk, back])
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def _read(cursor: str) -> tuple[datetime, int, bool]:
    try:
        if len(cursor) > MAX_CURSOR:
            raise ValueError
        placed_at, pk, back = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        moment = datetime.fromisoformat(placed_at)
        if moment.tzinfo is None or type(pk) is not int or not 0 < pk <= _MAX_ID or type(back) is not bool:
            raise ValueError
        moment = moment.astimezone(UTC)
    except (binascii.Error, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise Invalid({"cursor": "Use a cursor from the next or previous of an answer"}) from error
    return moment, pk, back
