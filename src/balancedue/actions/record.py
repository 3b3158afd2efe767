"""Write down what happened: journal entries and events. Both stay for ever (N7, N13)."""

from datetime import datetime

from balancedue.models import Event, JournalEntry, Order, PaymentAttempt, Posting, Standing, read_standing
from balancedue.rules.actor import Actor
from balancedue.rules.ledger import APART, RECEIVABLE, Postings


def post_entry(
    order: Order,
    kind: str,
    postings: Postings,
    *,
    by: Actor,
    at: datetime,
    cause: str,
    attempt: PaymentAttempt | None = None,
    reverses: JournalEntry | None = None,
    currency: str = "",
) -> tuple[JournalEntry, Standing]:
    """Post one balanced entry to a locked order; answers the entry and how the order stands with it.

    `postings` maps ledger accounts to signed minor units and must sum to zero. The order's balance version goes up,
    unless the entry is of a kind that leaves the balance alone (a fee must not stop a payer at the card form); its
    copies for lists are written anew from the journal. `currency`: of the postings, where it is not the order's; only
    what leaves the balance alone may have one of its own.
    """
    assert sum(postings.values()) == 0, f"{kind}: {dict(postings)} does not balance"
    assert len(postings) >= 2, f"{kind}: an entry has two legs or more"
    assert kind not in APART or RECEIVABLE not in postings, f"{kind}: leaves the balance alone"
    assert kind in APART or currency in ("", order.currency), f"{kind}: {currency} on an order in {order.currency}"
    last = order.entries.order_by("-version").first()
    last_moved = order.entries.exclude(kind__in=APART).order_by("-version").first()
    assert (last_moved.version if last_moved else 0) == order.balance_version, "post_entry needs the order as locked"
    entry = JournalEntry(
        account_id=order.account_id,
        order=order,
        kind=kind,
        version=(last.version if last else 0) + 1,
        currency=currency or order.currency,
        legs=len(postings),
        at=at,
        by=str(by),
        cause=cause,
        attempt=attempt,
        reverses=reverses,
        previous_hash=last.hash if last else "",
    )
    entry.hash = entry.digest(postings, order_public_id=order.public_id)
    entry.save(force_insert=True)
    Posting.objects.bulk_create(
        Posting(entry=entry, order=order, ledger=ledger, amount_minor=minor) for ledger, minor in postings.items()
    )
    if kind not in APART:
        order.balance_version, order.changed_at = entry.version, at
    return entry, copy_balance(order)


def copy_balance(order: Order) -> Standing:
    """Write the copies that lists read, from the journal."""
    standing = read_standing(order)
    order.total_minor = standing.balance.total.minor
    order.paid_minor = standing.balance.settled.minor
    order.due_minor = standing.balance.remaining.minor
    order.save(update_fields=["total_minor", "paid_minor", "due_minor", "balance_version", "changed_at"])
    return standing


def record(order: Order, kind: str, *, by: Actor, at: datetime, **data: str | int | bool) -> Event:
    """Add to the order's timeline. `data`: ids, codes and minor units only, never names, addresses or text."""
    return Event.objects.create(account_id=order.account_id, order=order, kind=kind, at=at, by=str(by), data={**data})
