"""Payouts as lists show them: how much of ours each holds, and what it is made of. Reads alone."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db.models import Count, F, Q, QuerySet, Sum

from balancedue.rules.money import Money

from .payouts import BalanceTransaction, Payout

_OURS = Q(order__isnull=False)
_NAMED = ("payment", "refund", "dispute")


@dataclass(frozen=True, slots=True)
class PayoutSums:
    """What a listed payout is made of; the five sums add up to its amount. `fees` and `refunds` are mostly below zero.

    `other` is what belongs to no order of ours, fees and all, in `other_count` movements.
    """

    payments: Money
    refunds: Money
    disputes: Money
    fees: Money
    other: Money
    other_count: int


def payments_held(payouts: Collection[Payout]) -> Mapping[int, int]:
    """How many payments of ours each holds, by primary key, in one query however many they are."""
    ours = BalanceTransaction.objects.filter(_OURS, payout__in=payouts, kind="payment")
    counted = ours.order_by().values_list("payout_id").annotate(count=Count("pk"))
    return Counter({pk: count for pk, count in counted if pk is not None})


def lines_of(payout: Payout) -> QuerySet[BalanceTransaction]:
    """Everything the payout holds, newest first."""
    lines = payout.balance_transactions.select_related("order", "payment", "refund", "dispute")
    return lines.order_by("-at", "-pk")


def lines_of_orders(payout: Payout) -> QuerySet[BalanceTransaction]:
    """What of it belongs to orders of ours."""
    return lines_of(payout).filter(_OURS)


def sums_of(payout: Payout) -> PayoutSums:
    """The sums, in one query."""
    amounts = {f"{kind}s": Sum("amount_minor", filter=_OURS & Q(kind=kind), default=0) for kind in _NAMED}
    rest = ~(_OURS & Q(kind__in=_NAMED))
    found = payout.balance_transactions.aggregate(
        **amounts,
        fees=Sum(-F("fee_minor"), filter=_OURS, default=0),
        rest=Sum("amount_minor", filter=rest, default=0),
        rest_fees=Sum("fee_minor", filter=~_OURS, default=0),
        other_count=Count("pk", filter=rest),
    )
    other = found.pop("rest") - found.pop("rest_fees")
    count = found.pop("other_count")
    sums = {name: Money(minor, payout.currency) for name, minor in found.items()}
    return PayoutSums(**sums, other=Money(other, payout.currency), other_count=count)
