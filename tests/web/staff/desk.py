"""What a person at the desk does: open pages, send forms, read words."""

import html
import re
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.test import Client

from balancedue.models import Account, Order, User


def words(response: HttpResponse) -> str:
    """The page as read: no tags, single spaces."""
    text = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(html.unescape(text).replace("\u2068", "").replace("\u2069", "").split())


def inputs(response: HttpResponse) -> dict[str, str]:
    """Every named input with its value; ticked boxes only. Of several with one name the last."""
    found = {}
    for attrs in re.findall(r"<input\b([^>]*)>", response.content.decode()):
        pairs = dict(re.findall(r'([\w-]+)="([^"]*)"', attrs))
        box = pairs.get("type") in ("checkbox", "radio")
        if "name" in pairs and (not box or "checked" in attrs):
            found[pairs["name"]] = html.unescape(pairs.get("value", "on" if box else ""))
    return found


@dataclass
class Desk:
    """A signed-in person's browser, without scripts unless a call says htmx."""

    client: Client
    account: Account
    user: User

    def path(self, tail: str = "orders/") -> str:
        """An address of the account."""
        return f"/{self.account.slug}/{tail}"

    def get(self, tail: str = "orders/", *, htmx: bool = False, **query: str) -> Any:
        """Open a page."""
        return self.client.get(self.path(tail), query, headers={"HX-Request": "true"} if htmx else None)

    def post(self, tail: str, data: dict[str, Any] | None = None, *, htmx: bool = False) -> Any:
        """Send a form."""
        headers = {"HX-Request": "true"} if htmx else None
        return self.client.post(self.path(tail), data or {}, headers=headers)

    def order(self, order: Order) -> Any:
        """An order's page."""
        return self.get(f"orders/{order.number}/")

    def filled(self, order: Order, **typed: Any) -> dict[str, Any]:
        """The Request Payment form as its page shows it, with something typed."""
        page = self.get(f"orders/{order.number}/request-payment/")
        shown = inputs(page)
        names = ("to", "cc", "notify", "notify_me", "save_to_contact", "form_key", "shown", "anyway")
        return {name: shown[name] for name in names if name in shown} | typed

    def send(self, order: Order, *, htmx: bool = False, **typed: Any) -> Any:
        """Request payment with the form as shown and something typed."""
        return self.post(f"orders/{order.number}/payment-requests/", self.filled(order, **typed), htmx=htmx)
