"""Which account, who are you, and what every answer carries in its head."""

from collections.abc import Callable
from functools import wraps
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect

from balancedue.models import Account, Membership, User
from balancedue.rules.errors import Refused
from balancedue.rules.gate import ROLES, VIEWER, at_least

P = ParamSpec("P")

# First path segments that are never an account (contract.md, "Account slugs that may not be taken").
_PAGES = "login logout i api hooks mailbox help healthz readyz metrics static admin accounts styleguide"
_FUTURE = "account new settings media www sandbox pay orders invoice support about security status"
RESERVED = frozenset([*_PAGES.split(), *_FUTURE.split(), "favicon.ico", "robots.txt", ".well-known"])


class StaffRequest(HttpRequest):
    """A request of a signed-in member of `account`."""

    user: User
    account: Account
    membership: Membership


def staff_page(
    role: str = VIEWER,
) -> Callable[[Callable[Concatenate[StaffRequest, P], HttpResponse]], Callable[..., HttpResponse]]:
    """A page of one account for members of at least `role`. To anybody else the account does not exist (N12).

    The view gets `request.account` and `request.membership`; every query of it starts there.
    """
    assert role in ROLES

    def decorate(view: Callable[Concatenate[StaffRequest, P], HttpResponse]) -> Callable[..., HttpResponse]:
        @login_required
        @wraps(view)
        def guarded(request: Any, account: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            request.membership = membership_of(request.user, account)
            request.account = request.membership.account
            if not at_least(request.membership.role, role):
                raise Refused("not_allowed", "Your role does not allow this. Ask the account owner.")
            response = view(request, *args, **kwargs)
            response.headers.setdefault("Cache-Control", "private, no-store")
            return response

        return guarded

    return decorate


def membership_of(user: User, slug: str) -> Membership:
    """This person's place in the account, or Http404: whether the account exists is nobody else's business."""
    mine = Membership.objects.select_related("account", "user").filter(user=user, account__archived_at=None)
    membership = mine.filter(account__slug=slug).first()
    if membership is None:
        raise Http404("no such account for this person")
    return membership


def address_of(request: HttpRequest) -> str:
    """Where a request comes from, as counted: an IPv4 address, or the /64 of an IPv6 one; "" where nobody can say.

    Behind BALANCEDUE_TRUSTED_PROXIES proxies it is the last but so many of X-Forwarded-For, as sign-in counts it: what
    stands before that, anybody may have written.
    """
    said = request.META.get("REMOTE_ADDR", "")
    forwarded = request.headers.get("X-Forwarded-For", "").split(",")
    if 0 < settings.TRUSTED_PROXIES <= len(forwarded) and forwarded != [""]:
        said = forwarded[-settings.TRUSTED_PROXIES].strip()
    try:
        address = ip_address(_without_port(said))
    except ValueError:
        return ""
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or IPv6Network((address, 64), strict=False))
    return str(address)


def _without_port(said: str) -> str:
    """Some proxies write 192.0.2.1:49152, or [2001:db8::1]:49152."""
    if said.startswith("["):
        return said[1:].partition("]")[0]
    return said.partition(":")[0] if said.count(":") == 1 else said


class OneHost:
    """Sends a visitor of another name of this machine to the one in BALANCEDUE_PUBLIC_URL: the processor's frames and
    the cookies know only that one (tried.md B)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.host = urlsplit(settings.PUBLIC_URL).netloc

    def __call__(self, request: HttpRequest) -> HttpResponse:
        elsewhere = settings.DEMO and request.method in ("GET", "HEAD") and request.get_host() != self.host
        if elsewhere and not request.path.startswith(("/healthz", "/readyz")):
            return HttpResponseRedirect(settings.PUBLIC_URL + request.get_full_path())
        return self.get_response(request)


class Headers:
    """Response headers of every page. Link pages tell nobody where they are (requirements.md 2.13, 3.33)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        if request.path.startswith("/i/"):
            response.headers["Referrer-Policy"] = "no-referrer"
            response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
            response.headers["Cache-Control"] = "no-store"
        return response


def everywhere(request: HttpRequest) -> dict[str, Any]:
    """What every template may use: the account and its ways of writing, once a guard has found it."""
    account = getattr(request, "account", None)
    return {
        "account": account,
        "membership": getattr(request, "membership", None),
        "locale": account.locale if account else "en-US",
        "time_zone": account.time_zone if account else "UTC",
        "demo": settings.DEMO,
    }
