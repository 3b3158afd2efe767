"""The order list: saved views, search, and the tag of each order (S1, ux.md 3.2)."""

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone

from balancedue.actions.write_letter import invoice_link
from balancedue.models import Account, Order, PaymentRequest
from balancedue.models.order_lists import facts_of, matching, needing_attention, with_facts
from balancedue.models.sealing import CannotUnseal
from balancedue.rules.gate import MANAGER, at_least
from balancedue.rules.states import LIVE_REQUEST
from balancedue.rules.tags import Clock, Tag, order_tag
from balancedue.web.guard import StaffRequest, staff_page

from .alarms import open_alarms
from .first_steps import first_steps
from .page import is_htmx, show, show_part

PER_PAGE = 25
VIEWS = {"all": "All", "due": "Balance due", "attention": "Needs attention"}


@dataclass(frozen=True, slots=True)
class Row:
    """One order of the list. `link` is the customer's address of its invoice, "" while there is none."""

    order: Order
    tag: Tag
    link: str


@staff_page()
def orders(request: StaffRequest) -> HttpResponse:
    """`?view=due&q=riverside&page=2`. With htmx only the table."""
    return draw_orders(request)


def draw_orders(request: StaffRequest, *, refused: str = "", status: int = 200) -> HttpResponse:
    """The list, with what could not be done where there is something."""
    account, view = request.account, request.GET.get("view", "all")
    words = request.GET.get("q", "").strip()[:100]
    views = _views(account)
    if view not in views:
        view = "all"
    found = matching(views[view], words) if words else views[view]
    page = Paginator(with_facts(found), PER_PAGE).get_page(request.GET.get("page"))
    context: dict[str, Any] = {
        "page": page,
        "rows": _rows(account, page),
        "view": view,
        "q": words,
        "all_url": _address(account, view, ""),
    }
    if is_htmx(request):
        return show_part(request, "staff/orders/table.html", context)
    context["tabs"] = [
        {
            "words": words_of_view,
            "url": _address(account, name, words),
            "here": name == view,
            "count": None if name == "all" else views[name].count(),
        }
        for name, words_of_view in VIEWS.items()
    ]
    context["has_orders"] = bool(page.paginator.count) or views["all"].exists()
    context["steps"] = first_steps(request)
    context["refused"] = refused
    context["alarms"] = open_alarms(account) if at_least(request.membership.role, MANAGER) else []
    return show(request, "staff/orders/list.html", context, status=status)


def _views(account: Account) -> dict[str, QuerySet[Order]]:
    return {
        "all": account.orders.all(),
        "due": Order.objects.filter(account=account).with_balance_due(),
        "attention": needing_attention(account, now=timezone.now()),
    }


def _address(account: Account, view: str, words: str) -> str:
    query = {"view": view if view != "all" else "", "q": words}
    return reverse("orders", args=[account.slug], query={name: value for name, value in query.items() if value})


def _rows(account: Account, page: Page[Order]) -> list[Row]:
    clock = Clock(timezone.now(), account.zone, account.locale)
    listed = list(page.object_list)
    live = PaymentRequest.objects.filter(order__in=[order.pk for order in listed], status__in=LIVE_REQUEST)
    links = {asked.order_id: asked for asked in live}
    return [Row(order, order_tag(facts_of(order), clock), link_of(links.get(order.pk))) for order in listed]


def link_of(asked: PaymentRequest | None) -> str:
    """The customer's address of the invoice; "" without a request, or when the field key is gone."""
    try:
        return invoice_link(asked) if asked else ""
    except CannotUnseal:
        return ""
