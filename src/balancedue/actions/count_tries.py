"""Count tries, so that a public payment page cannot be used to test cards (requirements.md 3.36)."""

from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from balancedue.models import PaymentAttempt, Tally
from balancedue.rules.errors import Refused
from balancedue.rules.limits import MAX_DECLINES_PER_LINK_HOUR

_HOUR = 3600


def count(name: str, *, window_seconds: int) -> int:
    """Count one more of `name` in the present window; answers the count, this one included."""
    now = timezone.now()
    window = int(now.timestamp()) // window_seconds
    ends_at = datetime.fromtimestamp((window + 1) * window_seconds, UTC)
    with transaction.atomic():
        tally, _ = Tally.objects.get_or_create(name=name, window=window, defaults={"ends_at": ends_at})
        Tally.objects.filter(pk=tally.pk).update(count=F("count") + 1)
        return tally.count + 1


def counted(name: str, *, window_seconds: int) -> int:
    """How often `name` was counted, in the present window and the one before it."""
    window = int(timezone.now().timestamp()) // window_seconds
    return sum(Tally.objects.filter(name=name, window__in=[window - 1, window]).values_list("count", flat=True))


def limit_tries(name: str, *, at_most: int, window_seconds: int, sentence: str) -> None:
    """Count, and raise Refused `too_many_tries` past `at_most` in one window."""
    if count(name, window_seconds=window_seconds) > at_most:
        raise Refused("too_many_tries", sentence)


def count_decline(attempt: PaymentAttempt) -> None:
    """A card was declined on this order."""
    count(f"declines:{attempt.order_id}", window_seconds=_HOUR // 2)


def refuse_after_declines(order_id: int) -> None:
    """Raise Refused `too_many_tries` when too many cards were declined on this order in the last half hour."""
    if counted(f"declines:{order_id}", window_seconds=_HOUR // 2) >= MAX_DECLINES_PER_LINK_HOUR:
        raise Refused(
            "too_many_tries",
            "Too many tries with this invoice. Wait 30 minutes or call the shop. No money was taken.",
        )


def forget_old_tallies() -> None:
    """Remove tallies nobody will look at again."""
    Tally.objects.filter(ends_at__lt=timezone.now() - timedelta(days=1)).delete()
