"""What processors say themselves. No transaction may be open."""

from collections.abc import Iterator

from balancedue.actions.ask_processor import disputes_of, look_up, refunds_of
from balancedue.models import PaymentAttempt
from balancedue.processors.base import Kind
from balancedue.rules.states import PENDING, STARTED, SUCCEEDED, UNKNOWN

from .rule import Orders


def processors_agree(orders: Orders) -> Iterator[str]:
    attempts = PaymentAttempt.objects.filter(order__in=orders).exclude(reference="").select_related("connection")
    for attempt in attempts:
        outcome = look_up(attempt)
        if outcome.kind is Kind.UNKNOWN:
            continue  # not heard: says nothing about the books
        paid = outcome.kind is Kind.PAID
        if paid and attempt.state == SUCCEEDED:
            booked = attempt.payment.amount
            if outcome.received not in (None, booked):
                yield f"{attempt.public_id}: booked {booked.plain}, the processor took {outcome.received}"
        elif paid != (attempt.state == SUCCEEDED) and not attempt.is_active:
            yield f"{attempt.public_id} is {attempt.state}, the processor says {outcome.kind.value}"
        still_open = outcome.kind is Kind.NEEDS_CUSTOMER or (outcome.kind is Kind.DECLINED and outcome.retryable)
        if still_open and not attempt.is_active:
            yield f"{attempt.public_id} is over here and can still be confirmed at the processor"


def processors_agree_on_refunds(orders: Orders) -> Iterator[str]:
    paid = PaymentAttempt.objects.filter(order__in=orders, state=SUCCEEDED).select_related("connection")
    for attempt in paid.prefetch_related("payment__refunds"):
        rows = attempt.payment.refunds.all()
        if any(row.state in (STARTED, UNKNOWN) for row in rows):
            continue  # one that we are still asking about
        ours = {row.reference: row.amount for row in rows if row.state in (PENDING, SUCCEEDED)}
        heard = refunds_of(attempt)
        if heard is None:
            continue  # says nothing about the books
        theirs = {said.reference: said.amount for said in heard if said.kind in (Kind.PAID, Kind.PENDING)}
        for reference in sorted({name for name, _ in ours.items() ^ theirs.items()}):
            yield f"{attempt.public_id}: we and the processor do not agree on the refund {reference}"


def processors_agree_on_disputes(orders: Orders) -> Iterator[str]:
    paid = PaymentAttempt.objects.filter(order__in=orders, state=SUCCEEDED).select_related("connection")
    for attempt in paid.prefetch_related("payment__disputes"):
        ours = {row.reference: (row.state, row.withdrawn_minor) for row in attempt.payment.disputes.all()}
        for report in disputes_of(attempt) or ():  # not heard: says nothing about the books
            if ours.get(report.reference) != (report.state, report.withdrawn.minor):
                yield f"{attempt.public_id}: the processor says that {report.reference} is {report.state}"
