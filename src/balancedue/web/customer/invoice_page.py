"""The invoice: page, PDF, logo, and the sign that a person looked at it (S22-S25)."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from balancedue.actions.note_opening import note_opening
from balancedue.actions.renew_link import renew_link
from balancedue.documents.invoice_pdf import invoice_file_name, invoice_pdf
from balancedue.documents.press import NotPrinted
from balancedue.models import Membership
from balancedue.processors.registry import maker_or_missing
from balancedue.rules.errors import Refused

from .link import Link, frame, link_page
from .words import changes_since, mark_of, stop_of

GESTURES = frozenset({"pointerdown", "keydown", "wheel", "touchstart"})
SEEN_AT_LEAST_MS = 2000


@require_safe
@link_page()
def invoice(request: HttpRequest, link: Link) -> HttpResponse:
    """`/i/<token>/`: needs no script, no login and no other host; reading it writes nothing (requirements.md 2.14)."""
    stop = stop_of(link)
    connection = link.connection
    context = {
        **frame(link),
        "mark": mark_of(link, timezone.now()),
        "stop": stop,
        "changes": changes_since(link.request, link.standing),
        "processor": maker_or_missing(connection.kind).label if connection else "",
        "receipts": [payment for payment in link.payments if payment.attempt is not None],
        "opened_url": link.url("opened"),
    }
    return render(request, "customer/invoice.html", context)


@require_safe
@link_page()
def pdf(request: HttpRequest, link: Link) -> HttpResponse:
    """`/i/<token>/invoice.pdf`: as a download, or with `?inline` in the browser, for printing without a script."""
    pay_url = link.public_url if stop_of(link) is None else ""
    try:
        body = invoice_pdf(link.invoice, pay_url=pay_url)
    except NotPrinted:
        return not_printed(request, link)
    return as_pdf(request, body, invoice_file_name(link.invoice))


def as_pdf(request: HttpRequest, body: bytes, name: str) -> HttpResponse:
    """A PDF to keep, or to look at with `?inline`."""
    how = "inline" if "inline" in request.GET else "attachment"
    return HttpResponse(
        body, content_type="application/pdf", headers={"Content-Disposition": f'{how}; filename="{name}"'}
    )


def not_printed(request: HttpRequest, link: Link) -> HttpResponse:
    """The page has the same facts, and can be printed."""
    return render(request, "customer/not_printed.html", frame(link), status=503)


@require_safe
@link_page(even_expired=True)
def logo(request: HttpRequest, link: Link) -> HttpResponse:
    """The shop's logo, from our own host."""
    picture = bytes(link.account.logo)
    if not picture:
        raise Http404("no logo")
    kind = "image/png" if picture.startswith(b"\x89PNG") else "image/jpeg"
    return HttpResponse(picture, content_type=kind)


@require_POST
@link_page()
def opened(request: HttpRequest, link: Link) -> HttpResponse:
    """The page saw a human gesture and was in view for two seconds (customer.js). Harmless, whoever sends it.

    People of the shop who look at their own invoice do not count (requirements.md 3.35).
    """
    seen = request.POST.get("seen", "")
    human = request.POST.get("sign") in GESTURES and seen.isascii() and seen.isdigit() and len(seen) < 12
    if human and int(seen) >= SEEN_AT_LEAST_MS and not _is_staff(request, link):
        note_opening(request=link.request)
    return HttpResponse(status=204)


@require_POST
@link_page(even_expired=True)
def new_link(request: HttpRequest, link: Link) -> HttpResponse:
    """Mail a new link to the addresses of an expired one; the page shows none of them (ux.md 3.10)."""
    if not link.is_expired:
        return redirect(link.url())
    context = frame(link)
    try:
        renew_link(request=link.request)
    except Refused as refusal:
        return render(request, "customer/expired.html", context | {"refusal": refusal.sentence}, status=409)
    return render(request, "customer/expired.html", context | {"sent": True})


def _is_staff(request: HttpRequest, link: Link) -> bool:
    user = request.user
    return user.is_authenticated and Membership.objects.filter(user=user, account=link.account).exists()
