"""What was really sent: subject, readers, and the letter in both its forms (ux.md 3.3, Activity)."""

from django.http import Http404, HttpResponse
from django.urls import reverse

from balancedue.models import Delivery, SentLetter
from balancedue.models.sealing import CannotUnseal
from balancedue.rules.gate import STAFF
from balancedue.web.guard import StaffRequest, staff_page

from .page import find_order, is_htmx, show, show_part

LETTER_POLICY = "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"


def framed(html: str) -> HttpResponse:
    """A letter for a sandboxed frame of ours: no script, no other host."""
    return HttpResponse(html, headers={"Content-Security-Policy": LETTER_POLICY})


@staff_page(role=STAFF)
def sent_letter(request: StaffRequest, number: str, public_id: str) -> HttpResponse:
    """The letter with its heads: for htmx the part alone. It holds the customer's link, so viewers do not see it."""
    order = find_order(request, number)
    delivery = _kept(order.deliveries.filter(public_id=public_id).select_related("request").first())
    asked = delivery.request if delivery.kind == "payment_request" else None
    frame = reverse("sent_letter_frame", args=[request.account.slug, number, public_id])
    context = {
        "order": order,
        "letter": _opened(delivery),
        "url": frame,
        "to": asked.to if asked else [delivery.to],
        "cc": asked.cc if asked else [],
        "sent_at": delivery.sent_at,
    }
    if is_htmx(request):
        return show_part(request, "staff/order/sent_letter.html", context)
    return show(request, "staff/order/sent_letter_page.html", context)


@staff_page(role=STAFF)
def sent_letter_frame(request: StaffRequest, number: str, public_id: str) -> HttpResponse:
    """The HTML as it was sent."""
    order = find_order(request, number)
    letter = _opened(_kept(order.deliveries.filter(public_id=public_id).first()))
    if letter is None:
        raise Http404("the letter cannot be opened")
    return framed(letter.html)


def _kept(delivery: Delivery | None) -> Delivery:
    if delivery is None or not delivery.letter_sealed:
        raise Http404("no such letter on this order")
    return delivery


def _opened(delivery: Delivery) -> SentLetter | None:
    """The letter; None when the key it was sealed with is gone."""
    try:
        return delivery.letter
    except CannotUnseal:
        return None
