"""The payment page without a card field: the processor's own page takes the card, and sends the payer back (S26-S30).

A plain form: no script of ours is needed, and none of anybody else's is loaded.
"""

from typing import Any
from urllib.parse import urlsplit

from csp.constants import SELF
from csp.decorators import csp_replace
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from balancedue.actions.open_processor import open_processor
from balancedue.models import ProcessorConnection
from balancedue.processors.registry import maker_or_missing
from balancedue.rules.declines import payer_sentence
from balancedue.rules.errors import Invalid, Refused
from balancedue.rules.ids import new_id
from balancedue.rules.money import Money

from .link import Link, find_link, frame, with_policy
from .press import Press, begin, out_of_date, read_press
from .stop_page import resting, stopped
from .words import Stop, closed

SEE_OTHER, CONFLICT, UNPROCESSABLE, TOO_MANY = 303, 409, 422, 429
LONGEST_SUM = 15  # digits; what is longer is no sum of ours


def pay_form(
    request: HttpRequest, link: Link, connection: ProcessorConnection, *, status: int = 200, **said: Any
) -> HttpResponse:
    """The summary and the Pay button. `said`: problems by field, changed (from, to), told, email as typed."""
    open_processor(connection).amount_in_page(link.payable)  # Refused where it cannot be charged at all
    attempt, contact = link.standing.attempt, link.order.contact
    context = {
        **frame(link),
        "processor": maker_or_missing(connection.kind).label,
        "page_key": new_id("page"),
        "email": (contact.email if contact else "") or link.request.to[0],
        "told": payer_sentence(attempt.code) if attempt is not None and attempt.code else "",
        **said,
    }
    origins = open_processor(connection).pay_page().hosted_origins
    policy = csp_replace({"form-action": [SELF, *origins]})  # browsers hold the way on to it too
    return with_policy(policy, render(request, "customer/pay_hosted.html", context, status=status))


def leave(request: HttpRequest, link: Link, connection: ProcessorConnection) -> HttpResponse:
    """Pay was pressed: on to the processor's page, or why not."""
    typed = request.POST.get("email", "")[:254]
    try:
        begun = begin(request, link, _read(request, link))
    except Invalid as refusal:
        return pay_form(request, link, connection, status=UNPROCESSABLE, problems=refusal.problems, email=typed)
    except Refused as refusal:
        return _refused(request, find_link(link.token), connection, refusal, typed)
    if not begun.go_to:  # the shop has just chosen its own page
        return _see_other(link.url("pay"))
    parts = urlsplit(begun.go_to)
    if f"{parts.scheme}://{parts.netloc}" in open_processor(connection).pay_page().hosted_origins:
        return _see_other(begun.go_to)
    stop = Stop("elsewhere", _("Pay on the next page"), _("Nothing was charged so far."))
    return stopped(request, link, stop, go_to=begun.go_to)  # a domain of the shop's own: no form may lead there


def _read(request: HttpRequest, link: Link) -> Press:
    shown = request.POST.get("shown", "")
    if not (shown.isascii() and shown.isdigit() and len(shown) <= LONGEST_SUM):
        raise out_of_date()
    return read_press(request.POST.dict() | {"shown": int(shown)}, link.order.currency)


def _refused(
    request: HttpRequest, link: Link, connection: ProcessorConnection, refusal: Refused, typed: str
) -> HttpResponse:
    """Why not, as a page. `link` is read anew: what it said before is what was refused."""
    was, now = refusal.facts.get("was"), refusal.facts.get("now")
    if isinstance(was, Money) and isinstance(now, Money) and now.minor and link.payable == now:
        return pay_form(request, link, connection, status=CONFLICT, changed=(was, now), told="", email=typed)
    if refusal.facts.get("attempt") and refusal.code != "processor_refused":
        return _see_other(link.url("attempt", str(refusal.facts["attempt"])))
    if refusal.code in ("nothing_due", "order_cancelled", "balance_changed"):
        return _see_other(link.url("pay"))
    if refusal.code == "payment_in_progress":
        return pay_form(request, link, connection, status=CONFLICT, told=refusal.sentence, email=typed)
    stop = resting(refusal)
    return stopped(request, link, stop or closed(refusal.code), status=TOO_MANY if stop else CONFLICT)


def _see_other(url: str) -> HttpResponse:
    return HttpResponse(status=SEE_OTHER, headers={"Location": url})
