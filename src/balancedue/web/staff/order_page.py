"""An order's page, its invoice as the customer sees it, and its PDF (S2, ux.md 3.3)."""

from dataclasses import replace
from typing import Any

from csp.constants import NONCE
from csp.decorators import csp_update
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header

from balancedue.documents.invoice_pdf import invoice_file_name, invoice_pdf
from balancedue.documents.press import NotPrinted
from balancedue.rules.gate import STAFF, at_least
from balancedue.web.guard import StaffRequest, staff_page

from .fields import Form, long_text
from .order_facts import OrderFacts, read_order
from .page import done, show, show_part
from .payment_card import card_html
from .payment_window import payment_window
from .request_window import request_window
from .timeline import timeline

SHOWN_LINES = 40


class NoteForm(Form):
    """The internal note."""

    text = long_text("Internal note", rows=2, help_text="Only your team sees this.", required=True)


@staff_page()
def order(request: StaffRequest, number: str) -> HttpResponse:
    """`?items=all` and `?activity=all` show what a long order leaves out."""
    return draw_order(request, read_order(request, number))


def draw_order(
    request: StaffRequest, facts: OrderFacts, *, note: NoteForm | None = None, status: int = 200
) -> HttpResponse:
    """The page, with a note that was refused where there is one."""
    card, _, _ = card_html(request, facts)
    context: dict[str, Any] = {
        "order": facts.order,
        "tag": facts.tag,
        "card_html": card,
        "note_form": note or NoteForm(auto_id="note_%s"),
        "form": note,
        "live": facts.latest is not None and facts.latest.is_live,
        **shown_items(request, facts),
        **activity(request, facts),
    }
    if at_least(request.membership.role, STAFF):
        context["request_window"] = request_window(request, facts)
        context["payment_window"] = payment_window(request, facts)
    return show(request, "staff/order/page.html", context, status=status, processors=facts.processors)


def shown_items(request: StaffRequest, facts: OrderFacts) -> dict[str, Any]:
    """The invoice with as many lines as are pleasant to scroll past, and how many there are."""
    invoice, lines = facts.invoice, facts.invoice.lines
    if len(lines) > SHOWN_LINES and request.GET.get("items") != "all":
        invoice = replace(invoice, lines=lines[: SHOWN_LINES // 2])
    return {"invoice": invoice, "all_lines": len(lines), "shown_lines": len(invoice.lines)}


def activity(request: StaffRequest, facts: OrderFacts) -> dict[str, Any]:
    """The timeline's entries."""
    whole = {"most": None} if request.GET.get("activity") == "all" else {}
    entries, more = timeline(
        facts.order,
        locale=request.account.locale,
        requests=facts.requests,
        payments=facts.payments,
        refunds=facts.refunds,
        attempts=facts.attempts,
        deliveries=facts.deliveries,
        kept_letters=facts.kept_letters,
        **whole,
    )
    return {"entries": entries, "more_activity": more}


@staff_page()
def live_card(request: StaffRequest, number: str) -> HttpResponse:
    """The payment card for a page that shows it already: 204 while it is as the page has `seen` it.

    Otherwise the card, with the order's tag and timeline to go with it, and a word to be spoken when the state changed.
    """
    facts = read_order(request, number)
    html, card, seen = card_html(request, facts)
    if seen == request.GET.get("seen"):
        return HttpResponse(status=204)
    context = {
        "order": facts.order,
        "card_html": html,
        "tag": facts.tag,
        "spoken": card.spoken if card.seen_as != request.GET.get("state") else "",
        **activity(request, facts),
    }
    return show_part(request, "staff/order/live_parts.html", context)


@csp_update({"style-src": [NONCE]})  # the shop's colour
@staff_page()
def view_as_customer(request: StaffRequest, number: str) -> HttpResponse:
    """The invoice as its customer sees it. It is never counted as opened: nothing here tells anybody."""
    facts = read_order(request, number)
    context = {
        "invoice": facts.invoice,
        "shop": facts.invoice.shop,
        "locale": facts.invoice.locale,
        "test_mode": facts.processors.test_mode,
        "logo_url": reverse("logo", args=[request.account.slug]) if request.account.logo else "",
        "pdf_url": reverse("order_pdf", args=[request.account.slug, number]),
        "preview": True,
        "back_url": reverse("order", args=[request.account.slug, number]),
    }
    return render(request, "staff/order/view_as_customer.html", context)


@staff_page()
def order_pdf(request: StaffRequest, number: str) -> HttpResponse:
    """The invoice as a PDF, shown by the browser, which prints it."""
    facts = read_order(request, number)
    try:
        printed = invoice_pdf(facts.invoice)
    except NotPrinted:
        words = "The PDF could not be made. Print this page instead."
        return done(request, "order", request.account.slug, number, words=words)
    name = invoice_file_name(facts.invoice)
    headers = {"Content-Disposition": content_disposition_header(False, name) or "inline"}
    return HttpResponse(printed, content_type="application/pdf", headers=headers)
