"""Count tries of anything in windows of time. What becomes of cards is watched in watch_cards."""

from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from balancedue.models import Tally
from balancedue.rules.errors import Refused


def count(name: str, *, window_seconds: int) -> int:
    """Count one more of `name` in the present window; answers the count, this one included."""
    now = timezone.now()
    window = int(now.timestamp()) // window_seconds
    ends_at = datetime.fromtimestamp((window + 1) * window_seconds, UTC)
    with transaction.atomic():
        tally, _ = Tally.objects.get_or_create(name=name, window=window, defaults={"ends_at": ends_at})
        Tally.objects.filter(pk=tally.pk).update(count=F("count") + 1)
        return tally.count + 1


def limit_tries(name: str, *, at_most: int, window_seconds: int, sentence: str) -> None:
    """Count, and raise Refused `too_many_tries` past `at_most` in one window."""
    if count(name, window_seconds=window_seconds) > at_most:
        raise Refused("too_many_tries", sentence)


def forget_old_tallies() -> None:
    """Remove tallies nobody will look at again."""
    Tally.objects.filter(ends_at__lt=timezone.now() - timedelta(days=1)).delete()
