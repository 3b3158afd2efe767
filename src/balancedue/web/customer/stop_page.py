"""The page in place of the payment page: why there is nothing to pay, or no way to, and what to do instead."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from balancedue.actions.watch_cards import refuse_to_pay
from balancedue.rules.errors import Refused
from balancedue.web.guard import address_of

from .link import Link, frame
from .words import Stop, stop_of


def stopped(request: HttpRequest, link: Link, stop: Stop, *, status: int = 200, go_to: str = "") -> HttpResponse:
    """The page that says `stop`; `go_to` is where it leads on."""
    context = {
        **frame(link),
        "stop": stop,
        "go_to": go_to,
        "attempt": link.in_progress,
        "last": next(reversed(link.payments), None),
    }
    return render(request, "customer/stopped.html", context, status=status)


def what_stops(request: HttpRequest, link: Link) -> Stop | None:
    """Why nobody can pay here and now; nobody types a card that would not be taken (K1)."""
    try:
        refuse_to_pay(link.order, address=address_of(request))
    except Refused as refusal:
        return stop_of(link) or resting(refusal)
    return stop_of(link)


def resting(refusal: Refused) -> Stop | None:
    """For refusals after too many declined cards; None for any other."""
    headings = {"too_many_tries": _("Too many tries"), "cards_rest": _("Card payments are paused")}
    return Stop(refusal.code, headings[refusal.code], refusal.sentence) if refusal.code in headings else None
