"""Payments: add one by hand, reverse one, refund one."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router

from balancedue.actions.add_payment import add_payment
from balancedue.actions.refund import refund_payment, refusal_of
from balancedue.actions.reverse_payment import reverse_payment
from balancedue.rules.errors import Invalid
from balancedue.rules.money import Money

from . import answers
from .bodies import PaymentBody, RefundBody, ReversalBody
from .found import order_of, payment_of
from .keys import account_of, key_of
from .once import once
from .told import payment_told, refund_told

router = Router(tags=["Payments"])


@router.post(
    "/orders/{order}/payments", response={201: answers.Payment}, operation_id="addPayment", summary="Add a payment"
)
def add(request: HttpRequest, order: str, body: PaymentBody) -> HttpResponse:
    """Money that came in by other means. More than is due becomes credit.

    A payment that names the same reference, amount, method and day as one already there is refused as
    `looks_repeated`, unless `even_if_alike` is true. Without a reference the Idempotency-Key alone tells two apart.
    """
    account, key = account_of(request), key_of(request)
    found = order_of(account, order)
    if body.currency is not None and body.currency != found.currency:
        raise Invalid({"currency": f"This order is in {found.currency}"})

    def work(name: str) -> tuple[int, answers.Payment, str]:
        payment = add_payment(
            order=found,
            amount=Money(body.amount, found.currency),
            method=body.method,
            received_on=body.received_on or timezone.now().astimezone(account.zone).date(),
            by=key.actor,
            reference=body.reference,
            note=body.note,
            form_key=name,
            even_if_alike=body.even_if_alike or not body.reference,
        )
        return 201, payment_told(payment, found), ""

    return once(request, work)


@router.post(
    "/payments/{payment}/reversal",
    response=answers.Payment,
    operation_id="reversePayment",
    summary="Reverse a payment",
)
def reverse(request: HttpRequest, payment: str, body: ReversalBody) -> HttpResponse:
    """Undo a payment that was added by hand: a check that bounced, a typing mistake. Both entries stay in the books."""
    account, key = account_of(request), key_of(request)
    found = payment_of(account, payment)
    if body.amount is not None and body.amount != found.amount_minor:
        raise Invalid({"amount": f"A payment is reversed whole: {found.amount_minor}"})
    if body.reduce_order:
        raise Invalid({"reduce_order": "A reversal leaves the order as it is. Change the order as well to reduce it"})

    def work(_name: str) -> tuple[int, answers.Payment, str]:
        return 200, payment_told(reverse_payment(payment=found, reason=body.reason, by=key.actor), found.order), ""

    return once(request, work)


@router.post(
    "/payments/{payment}/refunds",
    response={201: answers.Refund},
    operation_id="refundPayment",
    summary="Refund a payment",
)
def refund(request: HttpRequest, payment: str, body: RefundBody) -> HttpResponse:
    """Give money of a payment back, in full or in part, any number of times, never above what is left of it.

    A card payment goes back by its processor, which may take days or fail later: look at `status`. One that came in by
    other means is written down as given back by hand.
    """
    account, key = account_of(request), key_of(request)
    found = payment_of(account, payment)
    amount = None if body.amount is None else Money(body.amount, found.currency)

    def work(name: str) -> tuple[int, answers.Refund, str]:
        made = refund_payment(
            payment=found,
            amount=amount,
            reason=body.reason,
            by=key.actor,
            reduce_order=body.reduce_order,
            note=body.note,
            form_key=name,
        )
        if refusal := refusal_of(made):
            raise refusal
        return 201, refund_told(made, found, found.order), ""

    return once(request, work)
