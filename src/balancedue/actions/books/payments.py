"""Attempts and payments: each booked once, where it belongs, and nobody asked for what is paid."""

from collections.abc import Iterator

from django.db.models import Count, F, Q

from balancedue.models import Payment, PaymentAttempt, Posting, read_balance
from balancedue.rules.ledger import RECEIVABLE
from balancedue.rules.states import ACTIVE_ATTEMPT, LIVE_REQUEST, SUCCEEDED

from .rule import Orders


def payments_match_entries(orders: Orders) -> Iterator[str]:
    paid = Posting.objects.filter(ledger=RECEIVABLE, entry__kind="payment", order__in=orders)
    for posting in paid.exclude(entry__payment__amount_minor=-F("amount_minor")).select_related("entry"):
        yield f"entry {posting.entry_id} of {-posting.amount_minor} has no payment of that amount"
    for payment in Payment.objects.filter(order__in=orders).exclude(
        entry__order=F("order"), currency=F("order__currency")
    ):
        yield f"{payment.public_id} is booked on another order or in another currency"


def attempts_are_booked_once(orders: Orders) -> Iterator[str]:
    attempts = PaymentAttempt.objects.filter(order__in=orders).annotate(
        booked=Count("entries", Q(entries__kind="payment"))
    )
    for attempt in attempts.filter(state=SUCCEEDED).exclude(booked=1):
        yield f"{attempt.public_id} succeeded and is booked {attempt.booked} times"
    for attempt in attempts.exclude(state=SUCCEEDED).exclude(booked=0):
        yield f"{attempt.public_id} is {attempt.state} and is booked"


def attempts_fit_their_order(orders: Orders) -> Iterator[str]:
    attempts = PaymentAttempt.objects.filter(order__in=orders)
    fitting = attempts.filter(currency=F("order__currency"), connection__account=F("order__account"))
    for attempt in attempts.exclude(pk__in=fitting.values("pk")):
        yield f"{attempt.public_id} has another currency or account than its order"
    for attempt in attempts.exclude(livemode=F("connection__livemode")):
        yield f"{attempt.public_id} mixes live and test mode"


def one_active_attempt(orders: Orders) -> Iterator[str]:
    busy = orders.annotate(active=Count("attempts", Q(attempts__state__in=ACTIVE_ATTEMPT))).filter(active__gt=1)
    for order in busy:
        yield f"order {order.public_id} has {order.active} active attempts"


def paid_requests_are_paid(orders: Orders) -> Iterator[str]:
    for order in orders.filter(requests__status__in=LIVE_REQUEST).distinct():
        if (
            read_balance(order).is_paid
            and order.payments.filter(
                created_at__gte=order.requests.filter(status__in=LIVE_REQUEST).latest("pk").created_at
            ).exists()
        ):
            yield f"order {order.public_id} is paid and still has a live request"
