"""The link: from a token in an address to everything its one order shows (M4, requirements.md 2.13)."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import Any, Concatenate, ParamSpec

from csp.constants import NONCE
from csp.decorators import csp_update
from django.conf import settings
from django.db.models import Prefetch, prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from balancedue.actions.ask_gate import Processors, pay_gate, read_processors
from balancedue.models import (
    Account,
    Order,
    Payment,
    PaymentAttempt,
    PaymentRequest,
    ProcessorConnection,
    Standing,
    invoice_of,
    read_standing,
)
from balancedue.rules.gate import Gate
from balancedue.rules.ids import is_token, token_hash
from balancedue.rules.invoice import Invoice
from balancedue.rules.money import Money
from balancedue.rules.states import EXPIRED, PAID, PENDING, SUPERSEDED, WITHDRAWN

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, "Link", P], HttpResponse]


@dataclass(frozen=True)
class Link:
    """What one link opens: its order and nothing else. Each part is read once, when a page first asks for it."""

    token: str
    request: PaymentRequest

    @property
    def order(self) -> Order:
        return self.request.order

    @property
    def account(self) -> Account:
        return self.order.account

    @property
    def is_expired(self) -> bool:
        """Its time ran out. One that was paid through stays open: it holds the receipt."""
        if self.request.status in (EXPIRED, PAID):
            return self.request.status == EXPIRED
        return self.request.expires_at is not None and self.request.expires_at <= timezone.now()

    @property
    def is_superseded(self) -> bool:
        return self.request.status == SUPERSEDED

    @cached_property
    def standing(self) -> Standing:
        return read_standing(self.order)

    @cached_property
    def processors(self) -> Processors:
        return read_processors(self.account)

    @cached_property
    def _whole_order(self) -> Order:
        prefetch_related_objects([self.order], "lines", Prefetch("payments", Payment.objects.select_related("attempt")))
        return self.order

    @cached_property
    def invoice(self) -> Invoice:
        return invoice_of(self._whole_order, self.standing, test_mode=self.processors.test_mode)

    @property
    def payments(self) -> list[Payment]:
        """What was paid and kept, oldest first."""
        return [payment for payment in self._whole_order.payments.all() if not payment.is_reversed]

    @cached_property
    def gate(self) -> Gate:
        """May a card be charged here and now (M10)?"""
        return pay_gate(self.order, self.standing, self.processors, locale=self.invoice.locale)

    @property
    def connection(self) -> ProcessorConnection | None:
        return self.processors.for_requests

    @property
    def payable(self) -> Money:
        return self.standing.balance.payable

    @property
    def in_progress(self) -> PaymentAttempt | None:
        """A payment whose money may be on its way: nothing else may be begun until it is known (N14)."""
        attempt = self.standing.attempt
        if attempt is None or not attempt.is_in_flight:
            return None
        return attempt if attempt.state == PENDING or attempt.reference else None

    def url(self, name: str = "invoice", *rest: str) -> str:
        """The address of one of this link's pages."""
        return reverse(f"customer:{name}", args=[self.token, *rest])

    @property
    def public_url(self) -> str:
        """The whole address of the invoice, for paper."""
        return f"{settings.PUBLIC_URL}{self.url()}"


def find_link(token: str) -> Link:
    """The link of that token. Unknown, malformed and withdrawn ones are all the same Http404 (I2)."""
    found = None
    if is_token(token):
        wanted = PaymentRequest.objects.select_related("order__account", "order__contact", "sent_by")
        found = wanted.filter(token_hash=token_hash(token)).exclude(status=WITHDRAWN).first()
    if found is None:
        raise Http404("no such link")
    return Link(token, found)


def link_page(*, even_expired: bool = False) -> Callable[[View[P]], Callable[..., HttpResponse]]:
    """A page behind a link: the view gets the Link in place of its token.

    Exempt from the CSRF check, which guards what a browser sends along by itself: here no cookie opens anything, the
    token in the address does. So these pages set no cookie, and work where cookies are refused.
    """

    def decorate(view: View[P]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def opened(request: HttpRequest, token: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            link = find_link(token)
            if link.is_expired and not even_expired:
                response = render(request, "customer/expired.html", frame(link), status=410)
            else:
                response = view(request, link, *args, **kwargs)
            return with_policy(csp_update({"style-src": [NONCE]}), response)  # the shop's colour

        exempt: Callable[..., HttpResponse] = csrf_exempt(opened)
        return exempt

    return decorate


def with_policy(policy: Callable[..., Any], response: HttpResponse) -> HttpResponse:
    """`response` under a content policy changed by `policy`, one of django-csp's decorators of views."""
    changed: HttpResponse = policy(lambda: response)()
    return changed


def frame(link: Link) -> dict[str, Any]:
    """What the layout of every customer page reads (templates/layouts/customer.html)."""
    invoice = link.invoice
    return {
        "link": link,
        "invoice": invoice,
        "shop": invoice.shop,
        "locale": invoice.locale,
        "time_zone": invoice.shop.time_zone,
        "test_mode": invoice.test_mode,
        "logo_url": link.url("logo") if invoice.shop.logo else "",
        "invoice_url": link.url(),
        "pay_url": link.url("pay"),
        "pdf_url": link.url("pdf"),
        "new_link_url": link.url("new_link"),
    }
