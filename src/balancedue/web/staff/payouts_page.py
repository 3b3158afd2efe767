"""Payouts: what the card processor sent to the shop's bank, and what each transfer holds."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse

from balancedue.models import BalanceTransaction, Payout
from balancedue.models.payout_lists import lines_of, lines_of_orders, payments_held, sums_of
from balancedue.processors.registry import maker_or_missing
from balancedue.rules.gate import MANAGER
from balancedue.rules.tags import Tag
from balancedue.web.guard import StaffRequest, staff_page

from .csv_answer import csv_answer
from .page import show

PER_PAGE = 25
LINES_PER_PAGE = 100
KINDS = {"payment": "Payment", "refund": "Refund", "dispute": "Dispute"}
TAGS = {
    "pending": Tag("pending", "To be sent", "", "ring"),
    "in_transit": Tag("in_transit", "On its way", "info", "half"),
    "paid": Tag("paid", "Paid out", "pos"),
    "failed": Tag("failed", "Failed", "crit"),
    "cancelled": Tag("cancelled", "Cancelled", "", "struck"),
}
TAKEN = Tag("paid", "Taken from your bank", "warn")
HEAD = ["date", "kind", "order", "payment", "amount", "fee", "net", "currency", "reference", "source"]


@dataclass(frozen=True, slots=True)
class Row:
    """One payout of the list."""

    payout: Payout
    tag: Tag
    payments: int


@dataclass(frozen=True, slots=True)
class Line:
    """One movement on an order of ours."""

    moved: BalanceTransaction
    what: str


def tag_of(payout: Payout) -> Tag:
    """The state in words; below zero the processor took money from the bank."""
    return TAKEN if payout.state == "paid" and payout.amount_minor < 0 else TAGS[payout.state]


@staff_page(role=MANAGER)
def payouts(request: StaffRequest) -> HttpResponse:
    """`?page=2`."""
    page = Paginator(request.account.payouts.all(), PER_PAGE).get_page(request.GET.get("page"))
    listed = list(page.object_list)
    held = payments_held(listed)
    rows = [Row(payout, tag_of(payout), held[payout.pk]) for payout in listed]
    return show(request, "staff/payouts/list.html", {"page": page, "rows": rows})


@staff_page(role=MANAGER)
def payout(request: StaffRequest, public_id: str) -> HttpResponse:
    """`?page=2` of what it holds."""
    found = _mine(request, public_id)
    page = Paginator(lines_of_orders(found), LINES_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "payout": found,
        "tag": tag_of(found),
        "processor": maker_or_missing(found.connection.kind).label,
        "page": page,
        "lines": [Line(moved, KINDS.get(moved.kind, "Adjustment")) for moved in page.object_list],
        "sums": sums_of(found),
    }
    return show(request, "staff/payouts/payout.html", context)


@staff_page(role=MANAGER)
def payout_csv(request: StaffRequest, public_id: str) -> HttpResponse:
    """Everything it holds, other activity too, so that `net` adds up to the payout."""
    found = _mine(request, public_id)
    return csv_answer(f"payout-{found.arrives_on.isoformat()}-{found.public_id}.csv", HEAD, _cells(request, found))


def _cells(request: StaffRequest, found: Payout) -> Iterator[tuple[object, ...]]:
    for moved in lines_of(found):
        yield (
            moved.at.astimezone(request.account.zone).date().isoformat(),
            moved.kind,
            moved.order.number if moved.order else "",
            moved.payment.public_id if moved.payment else "",
            moved.amount.decimal,
            moved.fee.decimal,
            moved.net.decimal,
            moved.currency,
            moved.reference,
            moved.source,
        )


def _mine(request: StaffRequest, public_id: str) -> Payout:
    found = request.account.payouts.select_related("connection").filter(public_id=public_id).first()
    if found is None:
        raise Http404("no such payout in this account")
    return found
