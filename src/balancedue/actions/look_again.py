"""What a person does about a parked webhook: have it looked at again, or put it away (D4)."""

from django.utils import timezone

from balancedue.models import Account, ProcessorEvent
from balancedue.rules.actor import Actor

from .receive_event import end_alarm_when_calm


def look_again(*, account: Account, event: int | None = None) -> int:
    """Give one parked webhook of the account back to the worker, or all of them: what kept it from being dealt with may
    be gone by now. Answers how many.
    """
    parked = ProcessorEvent.objects.filter(connection__account=account, status=ProcessorEvent.PARKED)
    if event is not None:
        parked = parked.filter(pk=event)
    return parked.update(status=ProcessorEvent.NEW, tries=0, next_try_at=timezone.now(), lease="", leased_until=None)


def put_away(*, account: Account, event: int, by: Actor) -> bool:
    """Leave one parked webhook be, as there is nothing to book; coming again does not bring it back. Answers whether
    it waited.
    """
    parked = ProcessorEvent.objects.filter(connection__account=account, status=ProcessorEvent.PARKED, pk=event)
    found = parked.select_related("connection").first()
    if found is None:
        return False
    note = f"put away by {by}: {found.error}"[:500]
    waited = parked.update(status=ProcessorEvent.PUT_AWAY, error=note, lease="", leased_until=None)
    end_alarm_when_calm(found.connection)
    return bool(waited)
