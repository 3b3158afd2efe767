"""Fees and payouts: what the processor kept and sent on adds up."""

from collections.abc import Iterator

from django.db.models import F, Q, Sum

from balancedue.models import BalanceTransaction, JournalEntry, Payout
from balancedue.rules.ledger import FEES

from .rule import Orders


def fees_match_entries(orders: Orders) -> Iterator[str]:
    kept = BalanceTransaction.objects.filter(order__in=orders)
    kept = kept.annotate(booked=Sum("entry__postings__amount_minor", filter=Q(entry__postings__ledger=FEES), default=0))
    for row in kept.exclude(fee_minor=F("booked")):
        yield f"{row.reference} cost {row.fee_minor} and is booked with {row.booked}"
    for row in kept.exclude(entry=None).exclude(entry__currency=F("currency"), entry__order=F("order")):
        yield f"the fee of {row.reference} is booked on another order or in another currency"
    for entry in JournalEntry.objects.filter(order__in=orders, kind="fee", balance_transaction=None):
        yield f"entry {entry.pk} is a fee of nothing the processor told"


def payouts_add_up(orders: Orders) -> Iterator[str]:
    payouts = Payout.objects.filter(account__in=orders.values("account_id"), is_listed=True)
    net = Sum(F("balance_transactions__amount_minor") - F("balance_transactions__fee_minor"), default=0)
    for payout in payouts.annotate(net=net).exclude(amount_minor=F("net")):
        yield f"{payout.public_id} of {payout.amount_minor} holds {payout.net}"
    for row in BalanceTransaction.objects.filter(payout__in=payouts).exclude(currency=F("payout__currency")):
        yield f"{row.reference} is in another currency than its payout"
