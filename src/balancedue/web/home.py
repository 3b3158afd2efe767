"""The way in, the help pages, and the demo's mailbox."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from balancedue.models import Membership

HELP_PAGES = ("order-details", "add-payment")


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """To the orders of the account this person works in."""
    membership = Membership.objects.select_related("account").filter(user=request.user).order_by("pk").first()
    if membership is None:
        return render(request, "errors/no_account.html", status=403)
    return redirect("orders", account=membership.account.slug)


def help_page(request: HttpRequest, page: str) -> HttpResponse:
    """Help for staff (S35)."""
    if page not in HELP_PAGES:
        raise Http404
    return render(request, f"help/{page.replace('-', '_')}.html")


def mailbox(request: HttpRequest, rest: str = "") -> HttpResponse:
    """What the demo's mail server received; nothing of the kind exists outside the demo."""
    if not settings.DEMO or not settings.MAILBOX_DIR:
        raise Http404
    return _mailbox_answer(request, Path(settings.MAILBOX_DIR))


def _mailbox_answer(request: HttpRequest, folder: Path) -> Any:
    raise Http404
