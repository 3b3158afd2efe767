"""What all staff pages do alike: draw a page, find the order, answer a form."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from balancedue.actions.ask_gate import Processors, read_processors
from balancedue.models import Account, Order
from balancedue.models.order_lists import with_facts
from balancedue.rules.gate import MANAGER, OWNER, STAFF, at_least
from balancedue.web.guard import StaffRequest

OTHERS_SHOWN = 20


def show(
    request: StaffRequest,
    template: str,
    context: dict[str, Any] | None = None,
    *,
    status: int = 200,
    processors: Processors | None = None,
) -> HttpResponse:
    """A page of the back office, with what its layout reads."""
    chosen = processors if processors is not None else read_processors(request.account)
    frame = {"themed": True, "test_mode": chosen.test_mode, "other_accounts": others(request), **allowed(request)}
    return render(request, template, frame | (context or {}), status=status)


def show_part(
    request: StaffRequest, template: str, context: dict[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """A part of a page, for htmx to put in."""
    return render(request, template, allowed(request) | (context or {}), status=status)


def others(request: StaffRequest) -> list[Any]:
    """The other accounts of this person, for the menu: name, slug and is_sample."""
    mine = Account.objects.filter(memberships__user=request.user, archived_at=None).exclude(pk=request.account.pk)
    return list(mine.order_by("is_sample", "name", "pk").values("name", "slug", "is_sample")[:OTHERS_SHOWN])


def allowed(request: StaffRequest) -> dict[str, bool]:
    """What this person's role may do, for templates."""
    role = request.membership.role
    return {
        "may_work": at_least(role, STAFF),
        "may_manage": at_least(role, MANAGER),
        "may_own": at_least(role, OWNER),
    }


def find_order(request: StaffRequest, number: str) -> Order:
    """The account's order of that number with everything its tag needs; Http404 otherwise (N12)."""
    found = with_facts(request.account.orders.filter(number=number)).prefetch_related("lines", "payments").first()
    if found is None:
        raise Http404("no such order in this account")
    found.account = request.account
    return found


def done(request: HttpRequest, to: str, *args: Any, words: str = "", **kwargs: Any) -> HttpResponse:
    """A form was taken in: go on to `to`, and say so there. For htmx 204 with the address to go to."""
    if words:
        messages.info(request, words)
    answer: HttpResponse = redirect(to, *args, **kwargs)
    if not is_htmx(request):
        return answer
    return HttpResponse(status=204, headers={"HX-Redirect": answer["Location"]})


def is_htmx(request: HttpRequest) -> bool:
    """Whether a part of the page is asked for. Going back in history asks for all of it."""
    htmx = getattr(request, "htmx", None)
    return htmx is not None and bool(htmx) and not htmx.history_restore_request
