"""Refunds and disputes: booked as they stand, and never above the payment."""

from collections.abc import Iterator

from django.db.models import F, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from balancedue.actions.take_in_disputes import booked, should_stand
from balancedue.models import Dispute, JournalEntry, Payment, Posting, Refund
from balancedue.models.journal import ENTRY_KINDS
from balancedue.rules.ledger import RECEIVABLE
from balancedue.rules.states import PENDING, SUCCEEDED

from .rule import Orders


def refunds_stay_below(orders: Orders) -> Iterator[str]:
    for what, gone in (
        ("refunded", _sum_of(Refund.objects.filter(state__in=[PENDING, SUCCEEDED]), "amount_minor")),
        ("taken by disputes", _sum_of(Dispute.objects.filter(detail=""), "withdrawn_minor")),
    ):
        for payment in Payment.objects.filter(order__in=orders).annotate(gone=gone).filter(gone__gt=F("amount_minor")):
            yield f"{payment.public_id} of {payment.amount_minor} has {payment.gone} {what}"


def _sum_of(rows: QuerySet[Refund] | QuerySet[Dispute], column: str) -> Coalesce:
    """The sum of a column over the rows of one payment; 0 without any."""
    mine = rows.filter(payment=OuterRef("pk")).order_by().values("payment").annotate(sum=Sum(column))
    return Coalesce(Subquery(mine.values("sum")), 0)


def refunds_match_entries(orders: Orders) -> Iterator[str]:
    left = Posting.objects.filter(ledger=RECEIVABLE, entry__kind="refund", order__in=orders)
    for posting in left.exclude(entry__refund__amount_minor=F("amount_minor")):
        yield f"entry {posting.entry_id} of {posting.amount_minor} has no refund of that amount"
    refunds = Refund.objects.filter(order__in=orders)
    for refund in refunds.exclude(payment__order=F("order"), currency=F("order__currency")):
        yield f"{refund.public_id} is of another order than its payment, or in another currency"
    for refund in refunds.filter(state__in=[PENDING, SUCCEEDED], entry=None):
        yield f"{refund.public_id} is {refund.state} and is not booked"
    for refund in refunds.exclude(state__in=[PENDING, SUCCEEDED]).filter(entry__isnull=False, entry__reversed_by=None):
        yield f"{refund.public_id} is {refund.state} and is booked"


def disputes_match_entries(orders: Orders) -> Iterator[str]:
    kinds = [kind for kind in ENTRY_KINDS if kind.startswith("dispute_")]
    disputes = Dispute.objects.filter(order__in=orders)
    for entry in JournalEntry.objects.filter(order__in=orders, kind__in=kinds).exclude(
        cause__in=disputes.filter(order=OuterRef("order")).values("public_id")
    ):
        yield f"entry {entry.pk} is of no dispute of its order"
    for dispute in disputes.iterator(chunk_size=500):
        if booked(dispute) != should_stand(dispute):
            yield f"{dispute.public_id} is {dispute.state} with {dispute.withdrawn_minor} taken, and booked otherwise"
    for dispute in disputes.exclude(payment__order=F("order")):
        yield f"{dispute.public_id} is of another order than its payment"
