"""Payment requests: send one, look at it, take it back."""

from django.http import HttpRequest, HttpResponse
from ninja import Router

from balancedue.actions.request_payment import RequestDraft, request_payment
from balancedue.actions.withdraw_request import withdraw_request

from . import answers
from .bodies import NothingBody, PaymentRequestBody
from .found import order_of, request_of
from .keys import account_of, key_of
from .once import once
from .orders import json_answer
from .told import request_told

router = Router(tags=["Payment requests"])


@router.post(
    "/orders/{order}/payment-requests",
    response={201: answers.PaymentRequest},
    operation_id="requestPayment",
    summary="Request payment",
)
def ask(request: HttpRequest, order: str, body: PaymentRequestBody | None = None) -> HttpResponse:
    """Mail a request for the whole balance due: no deposit, no lesser amount. An earlier request is superseded.

    It leaves after the undo time (10 seconds unless the shop says otherwise). Refused with the code that the order's
    `why_not` has.
    """
    account, key = account_of(request), key_of(request)
    found = order_of(account, order)
    stated = body or PaymentRequestBody()
    contact = [found.contact.email] if found.contact and found.contact.email else []
    draft = RequestDraft(
        to=contact if stated.to is None else stated.to,
        cc=stated.cc or [],
        message=stated.message or "",
        notify=stated.notify or None,
    )

    def work(name: str) -> tuple[int, answers.PaymentRequest, str]:
        sent = request_payment(order=found, draft=draft, by=key, form_key=name)
        return 201, request_told(sent, found), f"/api/v1/payment-requests/{sent.public_id}"

    return once(request, work)


@router.get(
    "/payment-requests/{payment_request}",
    response=answers.PaymentRequest,
    operation_id="getPaymentRequest",
    summary="Look at a payment request",
)
def look(request: HttpRequest, payment_request: str) -> HttpResponse:
    """A request, with what became of each letter."""
    found = request_of(account_of(request), payment_request)
    return json_answer(request_told(found, found.order))


@router.post(
    "/payment-requests/{payment_request}/withdrawal",
    response=answers.PaymentRequest,
    operation_id="withdrawPaymentRequest",
    summary="Withdraw a payment request",
)
def withdraw(request: HttpRequest, payment_request: str, body: NothingBody | None = None) -> HttpResponse:
    """Turn the link off for good, and stop what has not left yet. A second time changes nothing."""
    account, key = account_of(request), key_of(request)
    found = request_of(account, payment_request)

    def work(_name: str) -> tuple[int, answers.PaymentRequest, str]:
        withdrawn = withdraw_request(request=found, by=key.actor)
        return 200, request_told(withdrawn, found.order), ""

    return once(request, work)
