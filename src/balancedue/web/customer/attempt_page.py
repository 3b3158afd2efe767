"""One attempt to pay, in every state it can be in; a receipt once the money is in. The same address for ever.

Reading writes nothing, and believes nothing the address says beside the attempt's id (C8).
"""

from datetime import timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from balancedue.actions.ask_processor import check_attempt
from balancedue.actions.count_tries import limit_tries
from balancedue.documents.invoice_pdf import invoice_file_name
from balancedue.documents.press import NotPrinted
from balancedue.documents.receipt_pdf import receipt_pdf
from balancedue.models import Payment, PaymentAttempt, payment_line
from balancedue.rules.actor import CUSTOMER
from balancedue.rules.declines import payer_sentence
from balancedue.rules.errors import Refused
from balancedue.rules.states import (
    CANCELLED,
    DECLINED,
    PENDING,
    PUT_ASIDE,
    STARTED,
    SUCCEEDED,
    UNKNOWN,
    WAITING,
)

from .invoice_page import as_pdf, not_printed
from .link import Link, frame, link_page

PAGES = {
    STARTED: "customer/attempt/waiting.html",
    WAITING: "customer/attempt/waiting.html",
    PENDING: "customer/attempt/checking.html",
    UNKNOWN: "customer/attempt/checking.html",
    SUCCEEDED: "customer/attempt/receipt.html",
    DECLINED: "customer/attempt/declined.html",
    CANCELLED: "customer/attempt/cancelled.html",
    PUT_ASIDE: "customer/attempt/put_aside.html",
}
"""One page for each state of rules.states.ATTEMPT_STATES."""

AT_THE_CARD = frozenset({STARTED, WAITING, DECLINED})  # the payer can pay again where they are
LONG_AFTER = timedelta(seconds=60)
AT_THE_BANK = timedelta(minutes=2)  # so long after 3-D Secure began, coming back here means it was just done
MOST_CHECKS, CHECK_WINDOW = 120, 600  # per attempt; beyond that what we know is told without asking


@require_safe
@link_page(even_expired=True)
def attempt(request: HttpRequest, link: Link, attempt: str) -> HttpResponse:
    """`/i/<token>/pay/<attempt>/`"""
    found = _find(link, attempt)
    now = timezone.now()
    checking = found.state in (PENDING, UNKNOWN) or _just_back(found)
    template = PAGES[PENDING] if checking else PAGES[found.state]
    if found.state == UNKNOWN and not found.reference:  # no card form ever knew it: nothing can be on its way
        template = PAGES[WAITING]
    context: dict[str, Any] = {
        **frame(link),
        "attempt": found,
        "check_url": link.url("check", found.public_id) if found.is_active else "",
        "is_long": now - found.changed_at > LONG_AFTER,
        "sentence": payer_sentence(found.code) if found.code else "",
        "is_mine": found.request_id == link.request.pk,
    }
    if found.state == SUCCEEDED:
        context |= _receipt_facts(link, found)
    return render(request, template, context)


def _just_back(attempt: PaymentAttempt) -> bool:
    """3-D Secure is under way as far as we know: the bank's answer is on its way to us.

    Who comes back from the processor's own page in the middle of it has given it up: it sends nobody back before.
    """
    if attempt.hosted or attempt.state != WAITING or not attempt.needs_action:
        return False
    return timezone.now() - attempt.changed_at < AT_THE_BANK


def _receipt_facts(link: Link, attempt: PaymentAttempt) -> dict[str, Any]:
    payment = _payment(attempt)
    name = (payment.payer_name or link.invoice.bill_to.name).split()
    return {
        "payment": payment,
        "first_name": name[0] if name else "",
        "paid_twice": attempt.surplus and _another_succeeded(attempt),
        "receipt_url": link.url("receipt", attempt.public_id),
        "next_steps": link.account.next_steps,
        "receipt_sent": link.account.send_receipts and bool(payment.payer_email),
    }


def _another_succeeded(attempt: PaymentAttempt) -> bool:
    same_balance = PaymentAttempt.objects.filter(order_id=attempt.order_id, balance_version=attempt.balance_version)
    return same_balance.filter(state=SUCCEEDED).exclude(pk=attempt.pk).exists()


@require_safe
@link_page(even_expired=True)
def receipt(request: HttpRequest, link: Link, attempt: str) -> HttpResponse:
    """`/i/<token>/pay/<attempt>/receipt.pdf`"""
    found = _find(link, attempt)
    if found.state != SUCCEEDED:
        raise Http404("no receipt without a payment")
    try:
        body = receipt_pdf(link.invoice, payment_line(_payment(found), link.account.zone))
    except NotPrinted:
        return not_printed(request, link)
    return as_pdf(request, body, invoice_file_name(link.invoice, "Receipt"))


@require_POST
@link_page(even_expired=True)
def check(request: HttpRequest, link: Link, attempt: str) -> HttpResponse:
    """`/i/<token>/pay/<attempt>/check/`: ask the processor now, and say where to go (E3). Does no harm."""
    found = _find(link, attempt)
    if found.is_active:
        try:
            limit_tries(f"check:{found.pk}", at_most=MOST_CHECKS, window_seconds=CHECK_WINDOW, sentence="")
        except Refused:
            pass
        else:
            found = check_attempt(found, by=CUSTOMER)
    here = link.url("attempt", found.public_id)
    if found.state in AT_THE_CARD:
        return JsonResponse({"state": found.state, "sentence": payer_sentence(found.code) if found.code else ""})
    return JsonResponse({"state": found.state, "go": here})


@require_safe
def back(request: HttpRequest, attempt: str) -> HttpResponse:
    """`/i/back/<attempt>/`: where a bank sends the payer. Knows nothing: the payer's own browser remembers the link."""
    return render(request, "customer/back.html", {"attempt_id": attempt})


def _find(link: Link, public_id: str) -> PaymentAttempt:
    """An attempt of this link's order; those of other orders do not exist here (M4)."""
    mine = PaymentAttempt.objects.select_related("connection", "order__account")
    found = mine.filter(order=link.order, public_id=public_id).first()
    if found is None:
        raise Http404("no such attempt")
    return found


def _payment(attempt: PaymentAttempt) -> Payment:
    return Payment.objects.get(attempt=attempt)
