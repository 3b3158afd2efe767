"""What the journal must hold by itself: entries balance, history is guarded, the chain holds, copies agree."""

from collections.abc import Iterator

from django.db import connection
from django.db.models import Count, F, Q, Sum

from balancedue.models import JournalEntry, Posting, guards_sql, read_balance
from balancedue.rules.ledger import APART, opposite

from .rule import Orders


def entries_balance(orders: Orders) -> Iterator[str]:
    entries = JournalEntry.objects.filter(order__in=orders).annotate(
        sum=Sum("postings__amount_minor"), seen=Count("postings")
    )
    for entry in entries.exclude(sum=0, seen=F("legs")):
        yield f"entry {entry.pk} sums to {entry.sum} over {entry.seen} of {entry.legs} postings"
    for posting in Posting.objects.filter(order__in=orders).exclude(order=F("entry__order")):
        yield f"posting {posting.pk} names another order than its entry"


def guards_are_there(orders: Orders) -> Iterator[str]:
    for name in sorted(guards_sql.expected(connection) - guards_sql.present(connection)):
        yield f"the database guard {name} is missing"


def reversals_undo(orders: Orders) -> Iterator[str]:
    undoing = Q(kind__in=["reversal", "refund_failed"]) | Q(reverses__isnull=False)
    reversals = JournalEntry.objects.filter(undoing, order__in=orders).select_related("reverses")
    for entry in reversals.prefetch_related("postings", "reverses__postings"):
        undone = (
            {posting.ledger: posting.amount_minor for posting in entry.reverses.postings.all()}
            if entry.reverses
            else {}
        )
        if {posting.ledger: posting.amount_minor for posting in entry.postings.all()} != opposite(undone):
            yield f"entry {entry.pk} does not undo what it reverses"


def chain_holds(orders: Orders) -> Iterator[str]:
    entries = JournalEntry.objects.filter(order__in=orders).order_by("order_id", "version").select_related("order")
    previous: JournalEntry | None = None
    for entry in entries.prefetch_related("postings").iterator(chunk_size=500):
        before = previous if previous is not None and previous.order_id == entry.order_id else None
        postings = {posting.ledger: posting.amount_minor for posting in entry.postings.all()}
        if entry.version != (before.version if before else 0) + 1:
            yield f"entry {entry.pk}: an entry of order {entry.order.public_id} before it is missing"
        if entry.previous_hash != (before.hash if before else ""):
            yield f"entry {entry.pk} does not follow the entry before it"
        if entry.hash != entry.digest(postings, order_public_id=entry.order.public_id):
            yield f"entry {entry.pk} is not what was written"
        if not entry.by or not entry.cause:
            yield f"entry {entry.pk} does not say who or why"
        previous = entry


def copies_agree(orders: Orders) -> Iterator[str]:
    for order in orders.iterator(chunk_size=500):
        balance = read_balance(order)
        true = (balance.total.minor, balance.settled.minor, balance.remaining.minor)
        if (order.total_minor, order.paid_minor, order.due_minor) != true:
            yield f"order {order.public_id}: the copies for lists differ from the journal"
        moving = order.entries.exclude(kind__in=APART)
        last = moving.order_by("-version").values_list("version", flat=True).first() or 0
        if order.balance_version != last:
            yield f"order {order.public_id}: balance version {order.balance_version}, journal {last}"
