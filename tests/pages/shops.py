"""The shops whose pages are looked at: made by the product's own verbs, in a database of their own.

    python -m tests.pages.shops FILE   builds every state and writes where each is

Run as a process of its own, so that no test's database is touched.
"""

import hashlib
import hmac
import io
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import django

if __name__ == "__main__":
    django.setup()

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.management import call_command
from django.test import Client, RequestFactory
from django.utils import timezone

from balancedue.actions.check_connection import check_connection, set_up_hook
from balancedue.actions.connect_processor import connect_processor
from balancedue.actions.order_lines import NewLine, OrderDraft
from balancedue.actions.receive_event import process_next_event, receive_event
from balancedue.actions.settle import settle
from balancedue.models import Account, Contact, Order, PaymentAttempt, PaymentRequest, ProcessorConnection, User
from balancedue.processors.base import Kind, Outcome
from balancedue.rules.actor import CUSTOMER
from balancedue.rules.gate import STAFF, VIEWER
from balancedue.rules.money import Money
from tests.makers import make_account, make_attempt, make_contact, make_order, make_payment, make_sent_request

LINES = (
    NewLine("Fleece hoodie, forest green", Decimal(68), 1850, "S 8 · M 22 · L 26 · XL 12", "FH-320", Decimal("1.5")),
    NewLine("Screen print, 2 colors, front", Decimal(68), 325, "Cream and gold"),
    NewLine("Screen set-up", Decimal(2), 2500, "Two screens"),
)
PEOPLE = (
    ("Dana Whitlock", "Riverside High Athletics", "dana@riverside-hs.example"),
    ("June Abara", "Alder Street Bakery", "june@alderbakery.example"),
    ("Marcus Okafor", "Northside Youth Soccer", "marcus@northsideyouth.example"),
    ("Ines Calloway", "Blue Heron Canoe Hire", "ines@blueheroncanoe.example"),
    ("Theo Marsh", "", "theo@cascadeclimb.example"),
)
MESSAGE = "Hi Dana, the hoodies are on press Monday. Once the balance is in we bring them round.\n\nThank you!"


@dataclass
class Shops:
    """Foxglove Print Co. with its people, and shops beside it for what one shop cannot be at once."""

    sandbox_url: str
    keys: dict[str, str]
    people: dict[str, User] = field(default_factory=dict)
    shops: dict[str, Account] = field(default_factory=dict)
    orders: int = 0
    made: dict[Callable[["Shops"], Any], Any] = field(default_factory=dict)

    def once(self, make: Callable[["Shops"], Any]) -> Any:
        """What `make` made, made when first asked for: states that change nothing share it."""
        if make not in self.made:
            self.made[make] = make(self)
        return self.made[make]

    @property
    def owner(self) -> User:
        return self.people["owner"]

    def shop(self, slug: str, /, *, connected: str = "sandbox", **facts: Any) -> Account:
        """The shop of that slug, made when first asked for, with everybody in it. `connected`: "", sandbox, express."""
        if slug in self.shops:
            return self.shops[slug]
        plain = {
            "slug": slug,
            "legal_name": "Foxglove Print Company LLC",
            "tax_id": "93-0555142",
            "brand_colour": "#7A2E52",
            "terms": "Balance due on the day given above. We start printing once the balance is paid.",
            "next_steps": "We start printing within 2 working days and write to you when your order ships.",
            "checklist_hidden": True,
            "next_order_number": 2040,
        }
        account = self.shops[slug] = make_account(**plain | facts)
        roles = {"owner": "owner", "staff": STAFF, "viewer": VIEWER}
        for who, role in roles.items():
            account.memberships.create(user=self.people[who], role=role)
        if connected == "sandbox":
            given = {key: self.keys[key] for key in ("secret_key", "publishable_key")} | {"api_base": self.sandbox_url}
            connection = connect_processor(account=account, kind="sandbox", credentials=given)
            connection = set_up_hook(connection=connection)
            check_connection(connection=connection)
            hear_test_webhook(connection)
        elif connected == "express":
            connect_processor(account=account, kind="paypal_express", credentials=express_keys())
        return account

    @property
    def main(self) -> Account:
        return self.shop("foxglove")

    def order(self, account: Account | None = None, *, paid_minor: int = 0, days_ago: int = 3, **facts: Any) -> Order:
        """An order of three lines, of the next customer in turn, in Foxglove unless another shop is named."""
        account = account or self.main
        self.orders += 1
        who = PEOPLE[self.orders % len(PEOPLE)] if "contact" not in facts and account == self.main else PEOPLE[0]
        facts.setdefault("contact", None if facts.get("no_contact") else self.contact(account, *who))
        facts.setdefault("lines", list(LINES))
        facts.setdefault("discount_minor", 4000)
        facts.setdefault("shipping_minor", 1840)
        facts.setdefault("due_date", (timezone.now() + timedelta(days=11)).date())
        order = make_order(account, placed_at=timezone.now() - timedelta(days=days_ago), by=self.owner.actor, **facts)
        if paid_minor:
            make_payment(order, paid_minor, by=self.owner.actor, reference="1187")
            order.refresh_from_db()
        return order

    def contact(self, account: Account, name: str, company: str, email: str, **facts: Any) -> Contact:
        """The customer of that address in that shop."""
        known = account.contacts.filter(email=email, name=name).first()
        return known or make_contact(account, name=name, company=company, email=email, **facts)

    def asked(self, account: Account | None = None, *, minutes_ago: int = 240, **facts: Any) -> PaymentRequest:
        """A request that has left, for a new order, or for `order`."""
        told = {name: facts.pop(name) for name in ("message", "notify", "cc", "to") if name in facts}
        order = facts.pop("order", None) or self.order(account, **facts)
        told.setdefault("to", order.contact.email if order.contact else "dana@riverside-hs.example")
        told.setdefault("message", MESSAGE)
        return make_sent_request(order, by=self.owner, sent_at=timezone.now() - timedelta(minutes=minutes_ago), **told)

    def attempt(self, request: PaymentRequest, state: str, **facts: Any) -> PaymentAttempt:
        """A card payment through that request's link."""
        ended = {"ended_at": timezone.now()} if state in ("declined", "cancelled", "put_aside") else {}
        return make_attempt(request.order, state=state, request=request, **ended | facts)

    def paid(self, request: PaymentRequest, attempt: PaymentAttempt | None = None) -> PaymentAttempt:
        """The balance paid by card."""
        attempt = attempt or self.attempt(request, "pending")
        sum_ = Money(attempt.amount_minor, attempt.currency)
        told = Outcome(
            Kind.PAID, reference=attempt.reference, amount=sum_, received=sum_, livemode=False, card="Visa ending 4242",
            payer_name="Dana Whitlock", payer_email="dana@riverside-hs.example",
            statement=f"FOXGLOVE* {request.order.invoice_number}",
        )  # fmt: skip
        return settle(attempt, told, by=CUSTOMER)

    def rendered(self, handler: Callable[..., Any], *args: Any) -> str:
        """What a handler of `balancedue.web.errors` answers, as a page of its own below /_rendered/."""
        request: Any = RequestFactory().get("/foxglove/orders/")
        request.user, request.session, request._csp_nonce = AnonymousUser(), {}, "x"
        request.csp_nonce = "x"
        html = handler(request, *args).content.decode()
        path = f"/_rendered/{len(self.pages)}/"
        self.pages[path] = html
        return path

    pages: dict[str, str] = field(default_factory=dict)


def hear_test_webhook(connection: ProcessorConnection) -> None:
    """Take in the webhook that a check had sent: the server that it goes to is not running yet."""
    connection.refresh_from_db()
    about = {"id": connection.round_trip["reference"], "metadata": {"attempt": connection.public_id}}
    event = {"object": "event", "id": f"evt_{connection.public_id}", "type": "payment_intent.canceled"}
    body = json.dumps({**event, "livemode": False, "data": {"object": about}}).encode()
    now, secret = int(time.time()), connection.credentials["webhook_secret"].encode()
    signature = hmac.new(secret, b"%d." % now + body, hashlib.sha256).hexdigest()
    receive_event(connection=connection, headers={"Stripe-Signature": f"t={now},v1={signature}"}, body=body)
    process_next_event()


def express_keys() -> dict[str, str]:
    """What PayPal Express asks for."""
    registry = import_module("balancedue.processors.registry")
    return {setting.name: f"{setting.name}-a1b2c3d4e5f6" for setting in registry.maker("paypal_express").settings}


def at(order: Order, rest: str = "") -> str:
    """The address of an order's page."""
    return f"/{order.account.slug}/orders/{order.number}/{rest}"


def link(request: PaymentRequest, rest: str = "") -> str:
    """The customer's address."""
    return f"/i/{request.token}/{rest}"


def draft_with(order: Order, *more: NewLine, **facts: Any) -> OrderDraft:
    """The order as it is, with more lines."""
    lines = [
        NewLine(line.description, line.quantity, line.unit_price_minor, line.detail, line.sku, line.tax_rate)
        for line in order.lines.all()
    ]
    plain: dict[str, Any] = {
        "discount_minor": order.discount_minor,
        "shipping_minor": order.shipping_minor,
        "due_date": order.due_date,
        "contact": order.contact,
    }
    return OrderDraft(currency=order.currency, lines=[*lines, *more], prices_include_tax=False, **plain | facts)


def build() -> dict[str, Any]:
    """Every state, where it is, and the sessions of those who look."""
    shops = Shops(os.environ["PAGES_SANDBOX_URL"], json.loads(os.environ["PAGES_SANDBOX_KEYS"]))
    names = {"owner": "Priya Raman", "staff": "Sam Ortega", "viewer": "Vera Lindqvist", "stranger": "Nobody Yet"}
    for who, name in names.items():
        email = f"{name.split()[0].lower()}@foxgloveprint.example"
        shops.people[who] = User.objects.create_user(email, "correct horse battery", name=name)
    states = import_module("tests.pages.states").STATES
    paths, wrong = {}, {}
    for name, state in states.items():
        try:
            paths[name] = state.build(shops)
        except Exception as error:  # one state that cannot be built is one failing test, not none passing
            wrong[name] = f"{type(error).__name__}: {error}"
    sessions = {}
    for who, user in shops.people.items():
        client = Client()
        client.force_login(user)
        sessions[who] = client.cookies[settings.SESSION_COOKIE_NAME].value
    return {"paths": paths, "wrong": wrong, "sessions": sessions, "pages": shops.pages}


def main(file: str) -> None:
    """Make the database and everything in it."""
    call_command("migrate", verbosity=0, stdout=io.StringIO())
    Path(file).write_text(json.dumps(build()))


if __name__ == "__main__":
    main(sys.argv[1])
