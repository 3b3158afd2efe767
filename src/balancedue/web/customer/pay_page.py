"""The payment page, and the press of Pay (S26-S30). Nothing exists at the processor before that press."""

import json
from typing import Any

from csp.constants import SELF
from csp.decorators import csp_replace
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from balancedue.actions.open_processor import is_hosted, open_processor
from balancedue.models import ProcessorConnection
from balancedue.processors.base import PayPage
from balancedue.rules.declines import REASONS, payer_sentence
from balancedue.rules.errors import Invalid, Refused
from balancedue.rules.ids import new_id
from balancedue.rules.money import Money

from .hosted_page import leave, pay_form
from .link import Link, frame, link_page, with_policy
from .press import begin, out_of_date, read_press
from .stop_page import stopped, what_stops
from .words import Stop, closed, stop_of

# Refusals that a page of their own explains, and those that are the shop's business: the payer hears other words.
ELSEWHERE = frozenset({"nothing_due", "order_cancelled", "payment_in_progress"})
SHOPS_BUSINESS = frozenset({"no_processor", "processor_not_compatible", "processor_broken"})
CONFLICT, TOO_MANY, UNPROCESSABLE = 409, 429, 422


@require_http_methods(["GET", "HEAD", "POST"])
@link_page()
def pay(request: HttpRequest, link: Link) -> HttpResponse:
    """`/i/<token>/pay/`: GET shows the card form, POST (from pay.js) begins to pay."""
    if request.method == "POST":
        return _begin(request, link)
    stop = what_stops(request, link)
    if stop is not None:
        return stopped(request, link, stop)
    assert link.connection is not None
    try:
        form = pay_form if is_hosted(link.connection) else _card_form
        return form(request, link, link.connection)
    except Refused as refusal:
        return stopped(request, link, closed(refusal.code))


def _card_form(request: HttpRequest, link: Link, connection: ProcessorConnection) -> HttpResponse:
    processor = open_processor(connection)
    page, contact = processor.pay_page(), link.order.contact
    attempt = link.standing.attempt
    context = {
        **frame(link),
        "pay_page": page,
        "page_amount": processor.amount_in_page(link.payable),
        "page_key": new_id("page"),
        "payer_name": contact.name if contact else "",
        "payer_email": (contact.email if contact else "") or link.request.to[0],
        "postcode": link.invoice.bill_to.address.postcode,
        "declined": payer_sentence(attempt.code) if attempt is not None and attempt.code else "",
    }
    return with_origins(page, render(request, "customer/pay.html", context))


def with_origins(page: PayPage, response: HttpResponse) -> HttpResponse:
    """Let the page load and talk to its processor, and nobody else."""
    policy = {
        "script-src": [SELF, *page.script_origins],
        "frame-src": list(page.frame_origins),
        "connect-src": [SELF, *page.connect_origins],
    }
    return with_policy(csp_replace(policy), response)


def _begin(request: HttpRequest, link: Link) -> HttpResponse:
    if request.content_type != "application/json":  # no script sent it: a plain form
        if link.connection is not None and is_hosted(link.connection):
            return leave(request, link, link.connection)
        return stopped(request, link, stop_of(link) or _no_script())
    try:
        begun = begin(request, link, read_press(_read(request.body), link.order.currency))
    except Invalid as refusal:
        return JsonResponse({"code": refusal.code, "problems": refusal.problems}, status=UNPROCESSABLE)
    except Refused as refusal:
        return _refusal(link, refusal)
    attempt = begun.attempt.public_id
    if begun.go_to:  # the shop has just chosen the processor's page
        return JsonResponse({"go": begun.go_to})
    return JsonResponse(
        {
            "client_secret": begun.client_secret,
            "return_url": reverse("customer:back", args=[attempt]),  # what the processor hears holds no token (I3)
            "page_url": link.url("attempt", attempt),
            "check_url": link.url("check", attempt),
        }
    )


def _read(body: bytes) -> dict[str, object]:
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        raise out_of_date() from None
    if not isinstance(sent, dict):
        raise out_of_date()
    return sent


def _refusal(link: Link, refusal: Refused) -> JsonResponse:
    """Why not, in words, and the page that says more."""
    locale = link.invoice.locale
    answer: dict[str, Any] = {"code": refusal.code, "sentence": refusal.sentence}
    was, now = refusal.facts.get("was"), refusal.facts.get("now")
    if isinstance(was, Money) and isinstance(now, Money) and link.connection is not None:
        answer |= {"was": was.show(locale), "now": now.show(locale), "shown": now.minor}
        if now.minor == 0:
            answer["go"] = link.url("pay")
        else:
            answer["page_amount"] = open_processor(link.connection).amount_in_page(now)
    elif refusal.code in ELSEWHERE:
        attempt = refusal.facts.get("attempt")
        answer["go"] = link.url("attempt", str(attempt)) if attempt else link.url("pay")
    elif refusal.code in REASONS:
        answer["sentence"] = payer_sentence(refusal.code)
    elif refusal.code in SHOPS_BUSINESS:
        answer["sentence"] = payer_sentence("processor_refused")
    return JsonResponse(answer, status=TOO_MANY if refusal.code == "too_many_tries" else CONFLICT)


def _no_script() -> Stop:
    return Stop("no_script", _("The card form did not load"), _("Nothing was charged."))
