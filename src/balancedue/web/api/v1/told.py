"""From rows to answers."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from balancedue import models
from balancedue.actions.ask_gate import read_processors, request_gate
from balancedue.actions.refund import refundable
from balancedue.models import Account, Standing, read_standings
from balancedue.models.payout_lists import lines_of
from balancedue.rules.gate import OWNER
from balancedue.rules.states import WITHDRAWN

from . import answers


def with_everything(orders: QuerySet[models.Order]) -> QuerySet[models.Order]:
    """The orders with all that `orders_told` reads, in a number of queries that does not grow with theirs."""
    return orders.select_related("contact").prefetch_related(
        "lines", "payments__refunds", "payments__disputes", "requests__deliveries"
    )


def order_told(order: models.Order) -> answers.Order:
    """One order as it is now, read anew."""
    account = order.account
    return orders_told(list(with_everything(account.orders.filter(pk=order.pk))), account)[0]


def orders_told(orders: Sequence[models.Order], account: Account) -> list[answers.Order]:
    """Orders out of `with_everything`, with their balances from the journal (M1)."""
    standings, processors = read_standings(orders), read_processors(account)
    told = []
    for order in orders:
        order.account = account
        standing = standings[order.pk]
        # The codes are the same for every role that may ask; an owner's need no look for the owner's name.
        gate = request_gate(order, standing, processors, role=OWNER)
        told.append(_order(order, standing, gate.code))
    return told


def _order(order: models.Order, standing: Standing, why_not: str) -> answers.Order:
    totals, balance = order.totals(), standing.balance
    lines = zip(order.lines.all(), totals.line_amounts, strict=True)
    payments = [payment_told(payment, order) for payment in order.payments.all()]
    return answers.Order(
        id=order.public_id,
        number=order.number,
        invoice_number=order.invoice_number,
        status="cancelled" if order.is_cancelled else "open",
        currency=order.currency,
        prices_include_tax=order.prices_include_tax,
        subtotal=totals.subtotal.minor,
        discount=totals.discount.minor,
        shipping=totals.shipping.minor,
        shipping_tax_rate=None if order.shipping_tax_rate is None else plain(order.shipping_tax_rate),
        tax=totals.tax.minor,
        total=balance.total.minor,
        amount_paid=balance.settled.minor,
        amount_pending=balance.pending.minor,
        balance_due=balance.due.minor,
        credit=balance.credit.minor,
        contact=contact_told(order.contact) if order.contact else None,
        lines=[_line(line, amount.minor) for line, amount in lines],
        payments=payments,
        disputes=[dispute for payment in payments for dispute in payment.disputes],
        payment_requests=[request_told(request, order) for request in order.requests.all()],
        can_request_payment=not why_not,
        why_not=why_not or None,
        due_date=order.due_date,
        po_number=order.po_number,
        internal_note=order.internal_note,
        placed_at=_utc(order.placed_at),
        created_at=_utc(order.created_at),
        changed_at=_utc(order.changed_at),
        cancelled_at=order.cancelled_at and _utc(order.cancelled_at),
    )


def contact_told(contact: models.Contact) -> answers.Contact:
    return answers.Contact(
        id=contact.public_id,
        name=contact.name,
        company=contact.company,
        email=contact.email,
        phone=contact.phone,
        tax_id=contact.tax_id,
        billing_address=answers.Address(**contact.billing_address),
        shipping_address=answers.Address(**contact.shipping_address),
    )


def _line(line: models.OrderLine, amount_minor: int) -> answers.Line:
    return answers.Line(
        description=line.description,
        detail=line.detail,
        sku=line.sku,
        quantity=plain(line.quantity),
        unit_price=line.unit_price_minor,
        tax_rate=plain(line.tax_rate),
        amount=amount_minor,
    )


def payment_told(payment: models.Payment, order: models.Order) -> answers.Payment:
    return answers.Payment(
        id=payment.public_id,
        order_id=order.public_id,
        status="reversed" if payment.is_reversed else "received",
        amount=payment.amount_minor,
        currency=payment.currency,
        method=payment.method,
        reference=payment.reference,
        note=payment.note,
        card=payment.card,
        received_on=payment.received_on,
        created_at=_utc(payment.created_at),
        reversed_at=payment.reversed_at and _utc(payment.reversed_at),
        reversal_reason=payment.reversal_reason,
        refundable=refundable(payment).minor,
        refunds=[refund_told(refund, payment, order) for refund in payment.refunds.all()],
        disputes=[_dispute(dispute, payment, order) for dispute in payment.disputes.all()],
    )


def _dispute(dispute: models.Dispute, payment: models.Payment, order: models.Order) -> answers.Dispute:
    return answers.Dispute(
        id=dispute.public_id,
        payment_id=payment.public_id,
        order_id=order.public_id,
        status=dispute.state,
        amount=dispute.amount_minor,
        currency=dispute.currency,
        withdrawn=dispute.withdrawn_minor,
        reason=dispute.reason,
        blocks_refunds=dispute.blocks_refunds,
        evidence_sent=dispute.evidence_sent,
        due_at=dispute.due_at and _utc(dispute.due_at),
        processor_reference=dispute.reference,
        does_not_fit=dispute.detail,
        opened_at=_utc(dispute.opened_at),
        closed_at=dispute.closed_at and _utc(dispute.closed_at),
    )


def refund_told(refund: models.Refund, payment: models.Payment, order: models.Order) -> answers.Refund:
    return answers.Refund(
        id=refund.public_id,
        payment_id=payment.public_id,
        order_id=order.public_id,
        status=refund.state,
        amount=refund.amount_minor,
        currency=refund.currency,
        reason=refund.reason,
        note=refund.note,
        reduces_order=refund.reduces_order,
        made_elsewhere=refund.made_elsewhere,
        created_at=_utc(refund.started_at),
        ended_at=refund.ended_at and _utc(refund.ended_at),
    )


def request_told(request: models.PaymentRequest, order: models.Order) -> answers.PaymentRequest:
    """A request with its deliveries; letters about payments are not among them."""
    sent = [row for row in request.deliveries.all() if row.kind == "payment_request"]
    return answers.PaymentRequest(
        id=request.public_id,
        order_id=order.public_id,
        status=request.status,
        amount_at_sending=request.amount_at_sending_minor,
        currency=order.currency,
        invoice_url=None if request.status == WITHDRAWN else f"{settings.PUBLIC_URL}/i/{request.token}/",
        to=request.to,
        cc=request.cc,
        notify=request.notify,
        message=request.message,
        deliveries=[_delivery(row) for row in sent],
        created_at=_utc(request.created_at),
        sent_at=request.sent_at and _utc(request.sent_at),
        opened_at=request.opened_at and _utc(request.opened_at),
        paid_at=request.paid_at and _utc(request.paid_at),
        withdrawn_at=request.withdrawn_at and _utc(request.withdrawn_at),
    )


def _delivery(row: models.Delivery) -> answers.Delivery:
    return answers.Delivery(
        to=row.to,
        status=row.status,
        tries=row.tries,
        sent_at=row.sent_at and _utc(row.sent_at),
        next_try_at=_utc(row.next_try_at) if row.status in ("waiting", "sending") else None,
        error=row.error,
    )


def payout_told(payout: models.Payout) -> answers.Payout:
    return answers.Payout(**_payout(payout))


def payout_with_lines(payout: models.Payout) -> answers.PayoutWithLines:
    lines = [_payout_line(moved) for moved in lines_of(payout)] if payout.is_listed else []
    return answers.PayoutWithLines(**_payout(payout), lines=lines)


def _payout(payout: models.Payout) -> dict[str, Any]:
    return {
        "id": payout.public_id,
        "status": payout.state,
        "amount": payout.amount_minor,
        "currency": payout.currency,
        "arrives_on": payout.arrives_on,
        "failure": payout.detail,
        "is_listed": payout.is_listed,
        "created_at": _utc(payout.made_at),
    }


def _payout_line(moved: models.BalanceTransaction) -> answers.PayoutLine:
    return answers.PayoutLine(
        kind=moved.kind,
        amount=moved.amount_minor,
        fee=moved.fee_minor,
        net=moved.net.minor,
        order_id=moved.order.public_id if moved.order else None,
        payment_id=moved.payment.public_id if moved.payment else None,
        refund_id=moved.refund.public_id if moved.refund else None,
        dispute_id=moved.dispute.public_id if moved.dispute else None,
        at=_utc(moved.at),
    )


def plain(number: Decimal) -> str:
    """Without trailing zeros or an exponent: "10", "2.5"."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
