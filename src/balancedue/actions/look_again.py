"""Take up a parked webhook again: whatever kept it from being dealt with may be gone by now (D4)."""

from django.utils import timezone

from balancedue.models import Account, ProcessorEvent


def look_again(*, account: Account, event: int | None = None) -> int:
    """Give one parked webhook of the account back to the worker, or all of them. Answers how many."""
    parked = ProcessorEvent.objects.filter(connection__account=account, status=ProcessorEvent.PARKED)
    if event is not None:
        parked = parked.filter(pk=event)
    return parked.update(status=ProcessorEvent.NEW, tries=0, next_try_at=timezone.now(), lease="", leased_until=None)
