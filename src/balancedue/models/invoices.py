"""An order as its customer sees it: rows into a rules.invoice.Invoice."""

from collections.abc import Iterable
from datetime import date
from zoneinfo import ZoneInfo

from balancedue.rules.invoice import Invoice, Line, Party, PaymentLine, Shop
from balancedue.rules.methods import CARD
from balancedue.rules.money import Money
from balancedue.rules.states import PENDING, SUCCEEDED

from .accounts import Account
from .orders import Order
from .payments import Payment
from .refunds import Refund
from .standing import Standing


def invoice_of(order: Order, standing: Standing, *, test_mode: bool) -> Invoice:
    """The invoice of `order` at this moment. Two queries, where account and contact came along with the order;

    a third one where something was refunded.
    """
    account, zone = order.account, order.account.zone
    lines, totals = list(order.lines.all()), order.totals()
    payments = tuple(payment_line(payment, zone) for payment in order.payments.all())
    refunds = tuple(refund_line(refund, zone) for refund in _refunds(order, standing))
    cancelled_on = order.cancelled_at.astimezone(zone).date() if order.cancelled_at else None
    nothing = Party()
    return Invoice(
        number=order.invoice_number,
        order_number=order.number,
        order_public_id=order.public_id,
        status=order.status,
        currency=order.currency,
        locale=(order.contact.locale if order.contact else "") or account.locale,
        issued_on=order.placed_at.astimezone(zone).date(),
        due_on=order.due_date,
        po_number=order.po_number,
        shop=shop_of(account),
        bill_to=order.contact.bill_to if order.contact else nothing,
        ship_to=order.contact.ship_to if order.contact else nothing,
        lines=tuple(
            Line(
                description=line.description,
                detail=line.detail,
                sku=line.sku,
                quantity=line.quantity,
                unit_price=Money(line.unit_price_minor, order.currency),
                tax_rate=line.tax_rate,
                amount=amount,
            )
            for line, amount in zip(lines, totals.line_amounts, strict=True)
        ),
        prices_include_tax=order.prices_include_tax,
        subtotal=totals.subtotal,
        discount=totals.discount,
        shipping=totals.shipping,
        taxes=totals.taxes,
        total=totals.total,
        payments=payments + refunds + _disputes(standing, zone),
        balance=standing.balance,
        as_of=order.changed_at.astimezone(zone),
        cancelled_on=cancelled_on,
        paid_on=_paid_on(standing, payments),
        test_mode=test_mode,
        reduced_minor=-sum(move.amount.minor for move in standing.moves if move.kind == "order_reduced"),
    )


def shop_of(account: Account) -> Shop:
    return Shop(
        party=account.party,
        locale=account.locale,
        time_zone=account.time_zone,
        brand_colour=account.brand_colour,
        logo=bytes(account.logo),
        terms=account.terms,
        bank_details=account.bank_details,
    )


def payment_line(payment: Payment, zone: ZoneInfo) -> PaymentLine:
    return PaymentLine(
        public_id=payment.public_id,
        received_on=payment.received_on,
        method=payment.method,
        reference=payment.reference,
        card=payment.card,
        amount=payment.amount,
        reversed_on=payment.reversed_at.astimezone(zone).date() if payment.reversed_at else None,
        statement=payment.statement,
    )


def _refunds(order: Order, standing: Standing) -> Iterable[Refund]:
    if not any(move.kind == "refund" for move in standing.moves):
        return ()
    return order.refunds.filter(state__in=[PENDING, SUCCEEDED]).select_related("payment", "entry")


def refund_line(refund: Refund, zone: ZoneInfo) -> PaymentLine:
    """A refund as the invoice lists it: a negative payment, on the day it was booked."""
    at = refund.entry.at if refund.entry is not None else refund.changed_at
    return PaymentLine(
        public_id=refund.public_id,
        received_on=at.astimezone(zone).date(),
        method=refund.payment.method,
        reference="",
        card=refund.payment.card,
        amount=-refund.amount,
    )


def _disputes(standing: Standing, zone: ZoneInfo) -> tuple[PaymentLine, ...]:
    """What a bank took for good, and gave back after all: lines of their own, so that the column adds up (M1)."""
    return tuple(
        PaymentLine("", move.at.astimezone(zone).date(), CARD, "", "", -move.amount, by_bank=True)
        for move in standing.moves
        if move.kind in ("dispute_lost", "dispute_regained")
    )


def _paid_on(standing: Standing, payments: tuple[PaymentLine, ...]) -> date | None:
    kept = [payment.received_on for payment in payments if payment.reversed_on is None]
    return max(kept) if kept and standing.balance.is_paid else None
