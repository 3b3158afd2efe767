"""Take in fees: each movement on the balance at the processor is kept once, and what it cost is booked once.

A movement never changes at the processor, so order and repetition do not matter. What belongs to no payment of ours is
kept without an order and booked nowhere.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from balancedue.models import (
    BalanceTransaction,
    Dispute,
    JournalEntry,
    Order,
    Payment,
    PaymentAttempt,
    Payout,
    ProcessorConnection,
    Refund,
)
from balancedue.processors.reports import TransactionReport
from balancedue.rules.actor import PROCESSOR
from balancedue.rules.ledger import fee_postings
from balancedue.rules.retries import check_wait

from .ask_balance import ask_balance, tells_payouts
from .claim import claim_next
from .record import post_entry

SOUGHT_FOR = timedelta(days=3)  # a fee that is not known by then comes with the payout


def hear_fees(attempt: PaymentAttempt) -> bool:
    """Ask what a payment, its refunds and its disputes cost, and book it; whether the processor was heard."""
    if not tells_payouts(attempt.connection):
        return True  # there is nothing that it could say
    heard = ask_balance(attempt.connection, lambda processor: processor.transactions_of(attempt.money_reference))
    for report in heard or ():
        take_in_movement(attempt.connection, report)
    return heard is not None


def fetch_next_fee() -> bool:
    """Ask for the fee of one card payment where it is not known yet. Answers whether there was one."""
    paid = Payment.objects.filter(attempt__isnull=False)
    was_due, payment = claim_next(paid.select_related("attempt__connection"))
    if payment is not None:
        assert payment.attempt is not None, "money that came in by hand cost nothing"
        hear_fees(payment.attempt)
        # Still ours: the fee is not known so far.
        Payment.objects.filter(pk=payment.pk, lease=payment.lease).update(
            next_check_at=_next_check(payment, timezone.now()), checks=F("checks") + 1, lease="", leased_until=None
        )
    return was_due


def take_in_movement(connection: ProcessorConnection, report: TransactionReport, payout: Payout | None = None) -> None:
    """Keep one movement, in the `payout` that holds it where that is known, and book its fee on the order it is of."""
    now = timezone.now()
    with transaction.atomic():
        payment = _payment_behind(connection, report)
        order = Order.objects.locked(payment.order_id) if payment is not None else None
        row, _ = BalanceTransaction.objects.get_or_create(
            connection=connection,
            reference=report.reference,
            defaults={
                "account_id": connection.account_id,
                "kind": report.kind,
                "amount_minor": report.amount.minor,
                "fee_minor": report.fee.minor,
                "currency": report.amount.currency,
                "source": report.source,
                "at": report.at,
            },
        )
        found: dict[str, Any] = {} if payout is None else {"payout": payout}
        if order is not None and payment is not None:
            found |= _links(connection, order, payment, report)
            if row.entry_id is None and row.fee_minor:
                found["entry"] = _book(order, payment, row, now)
        if any(getattr(row, f"{name}_id") != linked.pk for name, linked in found.items()):
            BalanceTransaction.objects.filter(pk=row.pk).update(**found)
        if payment is not None and report.kind == "payment":  # what it waited for
            waiting = Payment.objects.filter(pk=payment.pk, next_check_at__isnull=False)
            waiting.update(next_check_at=None, lease="", leased_until=None)
        if payment is not None and row.order_id is None:  # from now on there are payouts to hear of
            ProcessorConnection.objects.filter(pk=connection.pk, next_payouts_at=None).update(next_payouts_at=now)


def _payment_behind(connection: ProcessorConnection, report: TransactionReport) -> Payment | None:
    """Ours, of this connection alone (N12): by the payment it names, or by the refund or dispute that moved it."""
    payments = Payment.objects.filter(attempt__connection=connection)
    if report.money_reference:
        named = Q(attempt__money_reference=report.money_reference) | Q(attempt__reference=report.money_reference)
        return payments.filter(named).first()
    if not report.source:
        return None
    mine = {"connection": connection, "reference": report.source}
    moved = Refund.objects.filter(**mine).first() or Dispute.objects.filter(**mine).first()
    return payments.filter(pk=moved.payment_id).first() if moved else None


def _links(
    connection: ProcessorConnection, order: Order, payment: Payment, report: TransactionReport
) -> dict[str, Order | Payment | Refund | Dispute]:
    mine = {"connection": connection, "reference": report.source, "payment": payment}
    linked: dict[str, Order | Payment | Refund | Dispute] = {"order": order, "payment": payment}
    if report.kind == "refund" and (refund := Refund.objects.filter(**mine).first()):
        linked["refund"] = refund
    if report.kind == "dispute" and (dispute := Dispute.objects.filter(**mine).first()):
        linked["dispute"] = dispute
    return linked


def _book(order: Order, payment: Payment, row: BalanceTransaction, now: datetime) -> JournalEntry:
    """The fee's entry; its cause is the payment, as the disputes' own entries are told by theirs."""
    postings = fee_postings(row.fee_minor)
    entry, _ = post_entry(
        order, "fee", postings, by=PROCESSOR, at=now, cause=payment.public_id, currency=row.currency
    )  # fmt: skip
    return entry


def _next_check(payment: Payment, now: datetime) -> datetime | None:
    """Less and less often, and no more after some days; payments whose processor tells of no fees are done."""
    assert payment.attempt is not None, "money that came in by hand cost nothing"
    if now - payment.created_at > SOUGHT_FOR or not tells_payouts(payment.attempt.connection):
        return None
    return now + check_wait(payment.checks, payment.public_id)
