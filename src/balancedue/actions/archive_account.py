"""Archive sample data: nobody finds the account any more; nothing is deleted, and no real order is touched."""

from django.utils import timezone

from balancedue.models import Account
from balancedue.rules.errors import Refused


def archive_account(*, account: Account) -> None:
    """Put the account away, once. Raises Refused `not_allowed` for one that holds real orders."""
    if not account.is_sample:
        raise Refused("not_allowed", "Only sample data can be archived.")
    Account.objects.filter(pk=account.pk, archived_at=None).update(archived_at=timezone.now())
