"""Place an order: the order, its lines, and the journal entry that makes it owed."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from balancedue.models import Account, Order
from balancedue.rules.actor import Actor
from balancedue.rules.errors import Refused

from .order_lines import OrderDraft, write_draft
from .record import post_entry, record


def place_order(
    *, account: Account, draft: OrderDraft, by: Actor, number: str = "", placed_at: datetime | None = None
) -> Order:
    """Place `draft` in `account`. Without a `number` the account's next one is taken.

    An order that comes to zero has no journal entry: nothing is owed (requirements.md 3.8).
    Raises Invalid or Refused; Refused `number_taken` when the account has an order of that number.
    """
    draft.check()
    if len(number) > 40:
        raise Refused("invalid", "Keep the order number to 40 characters", field="number")
    now = timezone.now()
    try:
        with transaction.atomic():
            order = Order(
                account=account,
                number=number or _next_number(account),
                placed_at=placed_at or now,
                changed_at=now,
            )
            write_draft(order, draft)
            record(order, "order_placed", by=by, at=now)
            postings = {ledger: minor for ledger, minor in draft.postings().items() if minor}
            if postings:
                post_entry(order, "order_placed", postings, by=by, at=now, cause=order.public_id)
            return order
    except IntegrityError as error:
        if account.orders.filter(number=number).exists():
            raise Refused("number_taken", f"There is already an order {number}", field="number") from error
        raise


def _next_number(account: Account) -> str:
    """The next free number, under the account's lock."""
    locked = Account.objects.select_for_update().get(pk=account.pk)
    number = locked.next_order_number
    while locked.orders.filter(number=str(number)).exists():
        number += 1
    Account.objects.filter(pk=account.pk).update(next_order_number=number + 1)
    return str(number)
