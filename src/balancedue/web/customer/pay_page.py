"""The payment page, and the press of Pay (S26-S30). Nothing exists at the processor before that press."""

import json
from dataclasses import dataclass
from typing import Any

from csp.constants import SELF
from csp.decorators import csp_replace
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from balancedue.actions.count_tries import limit_tries
from balancedue.actions.open_processor import open_processor
from balancedue.actions.pay import begin_payment
from balancedue.actions.watch_cards import refuse_to_pay
from balancedue.models import ProcessorConnection
from balancedue.processors.base import PayPage
from balancedue.rules.addresses import read_address
from balancedue.rules.declines import REASONS, payer_sentence
from balancedue.rules.errors import Invalid, Refused
from balancedue.rules.ids import new_id
from balancedue.rules.limits import MAX_AMOUNT_MINOR
from balancedue.rules.money import Money
from balancedue.web.guard import address_of

from .link import Link, frame, link_page, with_policy
from .words import Stop, closed, stop_of

MOST_PRESSES = 30  # of Pay, per link and half hour; a person needs a few
HALF_HOUR = 1800
# Refusals that a page of their own explains, and those that are the shop's business: the payer hears other words.
ELSEWHERE = frozenset({"nothing_due", "order_cancelled", "payment_in_progress"})
SHOPS_BUSINESS = frozenset({"no_processor", "processor_not_compatible", "processor_broken"})
LONGEST_NAME, LONGEST_KEY = 200, 64
CONFLICT, TOO_MANY, UNPROCESSABLE = 409, 429, 422


@require_http_methods(["GET", "HEAD", "POST"])
@link_page()
def pay(request: HttpRequest, link: Link) -> HttpResponse:
    """`/i/<token>/pay/`: GET shows the card form, POST (from pay.js) begins to pay."""
    if request.method == "POST":
        return _begin(request, link)
    stop = stop_of(link) or _resting(request, link)
    if stop is not None:
        return stopped(request, link, stop)
    assert link.connection is not None
    try:
        return _card_form(request, link, link.connection)
    except Refused as refusal:
        return stopped(request, link, closed(refusal.code))


def stopped(request: HttpRequest, link: Link, stop: Stop) -> HttpResponse:
    """Why there is nothing to pay, or no way to, and what to do instead."""
    context = {**frame(link), "stop": stop, "attempt": link.in_progress, "last": next(reversed(link.payments), None)}
    return render(request, "customer/stopped.html", context)


def _resting(request: HttpRequest, link: Link) -> Stop | None:
    """Nobody types a card that would not be taken (K1)."""
    headings = {"too_many_tries": _("Too many tries"), "cards_rest": _("Card payments are paused")}
    try:
        refuse_to_pay(link.order, address=address_of(request))
    except Refused as refusal:
        return Stop(refusal.code, headings[refusal.code], refusal.sentence)
    return None


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
    if request.content_type != "application/json":  # pay.js did not run: the form came by itself
        return stopped(request, link, stop_of(link) or _no_script())
    try:
        press = _read(request.body, link.order.currency)
        limit_tries(f"pay:{link.request.pk}", at_most=MOST_PRESSES, window_seconds=HALF_HOUR, sentence="")
        begun = begin_payment(
            request=link.request,
            page_key=press.page_key,
            shown=press.shown,
            payer_name=press.name,
            payer_email=press.email,
            address=address_of(request),
        )
    except Invalid as refusal:
        return JsonResponse({"code": refusal.code, "problems": refusal.problems}, status=UNPROCESSABLE)
    except Refused as refusal:
        return _refusal(link, refusal)
    attempt = begun.attempt.public_id
    return JsonResponse(
        {
            "client_secret": begun.client_secret,
            "return_url": reverse("customer:back", args=[attempt]),  # what the processor hears holds no token (I3)
            "page_url": link.url("attempt", attempt),
            "check_url": link.url("check", attempt),
        }
    )


@dataclass(frozen=True, slots=True)
class _Press:
    """What pay.js sends when Pay is pressed."""

    page_key: str
    shown: Money
    name: str
    email: str


def _read(body: bytes, currency: str) -> _Press:
    """Raises Invalid, by field."""
    out_of_date = Invalid({"form": _("This page is out of date. Load it again. Nothing was charged.")})
    try:
        sent = json.loads(body)
        page_key, shown = sent["page_key"], sent["shown"]
        name, email = str(sent.get("name", "")).strip(), str(sent.get("email", "")).strip()
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise out_of_date from None
    if not isinstance(page_key, str) or not 0 < len(page_key) <= LONGEST_KEY:
        raise out_of_date
    if type(shown) is not int or not 0 < shown <= MAX_AMOUNT_MINOR:
        raise out_of_date
    problems = {}
    if len(name) > LONGEST_NAME:
        problems["name"] = _("Keep the name to %(most)s characters") % {"most": LONGEST_NAME}
    try:
        email = read_address(email, field="email") if email else ""
    except Refused as refusal:
        problems["email"] = refusal.sentence
    if problems:
        raise Invalid(problems)
    return _Press(page_key, Money(shown, currency), name, email)


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
