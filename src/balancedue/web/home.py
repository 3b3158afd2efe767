"""The way in, the help pages, and the demo's mailbox."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt

from balancedue.mailbox.pages import application
from balancedue.models import Membership

HELP_PAGES = ("order-details", "add-payment")


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """To the orders of the account this person works in; sample data comes last."""
    user: Any = request.user  # signed in
    mine = Membership.objects.select_related("account").filter(user=user, account__archived_at=None)
    membership = mine.order_by("account__is_sample", "pk").first()
    if membership is None:
        return render(request, "errors/no_account.html", status=403)
    return redirect("orders", account=membership.account.slug)


def help_page(request: HttpRequest, page: str) -> HttpResponse:
    """Help for staff (S35)."""
    if page not in HELP_PAGES:
        raise Http404
    return render(request, f"help/{page.replace('-', '_')}.html")


@csrf_exempt  # the demo's own page, on loopback; it holds no session
def mailbox(request: HttpRequest, rest: str = "") -> HttpResponse:
    """What the demo's mail server received; nothing of the kind exists outside the demo."""
    if not settings.DEMO or not settings.MAILBOX_DIR:
        raise Http404
    return _mailbox_answer(request, Path(settings.MAILBOX_DIR))


def _mailbox_answer(request: HttpRequest, folder: Path) -> HttpResponse:
    """The mailbox is an application of its own (it knows nothing of this one); its answer is passed on as it is."""
    heard: dict[str, Any] = {}

    def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
        heard.update(status=int(status.split()[0]), headers=headers)

    body = b"".join(application(folder)(request.META, start_response))
    response = HttpResponse(body, status=heard["status"])
    for name, value in heard["headers"]:
        response.headers[name] = value
    return response
