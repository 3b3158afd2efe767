"""Around the money: nothing waits for ever, news is told once, accounts stay apart."""

from collections.abc import Iterator

from django.db.models import F

from balancedue.models import (
    BalanceTransaction,
    Delivery,
    Dispute,
    Event,
    JournalEntry,
    Payment,
    PaymentAttempt,
    PaymentRequest,
    Payout,
    ProcessorEvent,
    Refund,
)
from balancedue.rules.states import ACTIVE_ATTEMPT, OPEN_DISPUTE, OPEN_PAYOUT, OPEN_REFUND

from .rule import Orders


def nothing_waits_for_ever(orders: Orders) -> Iterator[str]:
    for attempt in PaymentAttempt.objects.filter(order__in=orders, state__in=ACTIVE_ATTEMPT, next_check_at=None):
        yield f"{attempt.public_id} is {attempt.state} and has no next check"
    for refund in Refund.objects.filter(order__in=orders, state__in=OPEN_REFUND, next_check_at=None):
        yield f"{refund.public_id} is {refund.state} and has no next check"
    for dispute in Dispute.objects.filter(order__in=orders, state__in=OPEN_DISPUTE, next_check_at=None):
        yield f"{dispute.public_id} is {dispute.state} and has no next check"
    accounts = orders.values("account_id")
    for payout in Payout.objects.filter(account__in=accounts, state__in=OPEN_PAYOUT, next_check_at=None):
        yield f"{payout.public_id} is {payout.state} and has no next check"
    parked = ProcessorEvent.objects.filter(connection__account__in=accounts, status=ProcessorEvent.PARKED)
    for event in parked:
        yield f"webhook {event.external_id} ({event.type}) waits for a person: {event.error}"


def money_is_told_once(orders: Orders) -> Iterator[str]:
    for payment in Payment.objects.filter(order__in=orders).exclude(attempt=None).select_related("order"):
        told = Event.objects.filter(
            order=payment.order, kind__in=["payment_succeeded", "payment_surplus"], data__payment=payment.public_id
        ).count()
        if told != 1:
            yield f"{payment.public_id} is on the timeline {told} times"
        asked = payment.order.requests.filter(created_at__lte=payment.created_at).exclude(
            withdrawn_at__lte=payment.created_at
        )
        wanted = {address.casefold() for request in asked for address in request.notify}
        noted = {row.to.casefold() for row in Delivery.objects.filter(payment=payment, kind="payment_notice")}
        if wanted != noted:
            yield f"{payment.public_id} notifies {len(noted)} addresses of {len(wanted)}"


def accounts_stay_apart(orders: Orders) -> Iterator[str]:
    for order in orders.exclude(contact=None).exclude(contact__account=F("account")):
        yield f"order {order.public_id} has a contact of another account"
    for moved in BalanceTransaction.objects.filter(order__in=orders).exclude(account=F("order__account")):
        yield f"{moved.reference} is of another account than its order"
    for model in (JournalEntry, Event, Delivery):
        for row in model.objects.filter(order__in=orders).exclude(account=F("order__account")):
            yield f"{model.__name__} {row.pk} is of another account than its order"
    for request in PaymentRequest.objects.filter(order__in=orders, sent_by_key__isnull=False).exclude(
        sent_by_key__account=F("order__account")
    ):
        yield f"{request.public_id} was sent with a key of another account"
