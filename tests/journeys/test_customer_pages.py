"""Every page of the customer in every state: nothing for axe to find, nothing too wide; light, dark, narrow, wide."""

import os
import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Page, expect

from balancedue.actions.cancel_order import cancel_order
from balancedue.actions.change_order import change_order
from balancedue.actions.order_lines import NewLine, OrderDraft
from balancedue.actions.settle import settle
from balancedue.models import Account, PaymentAttempt, PaymentRequest
from balancedue.processors.base import Kind, Outcome
from balancedue.rules.actor import COMMAND, PROCESSOR
from balancedue.rules.states import ACTIVE_ATTEMPT
from tests.browser import NewContext
from tests.journeys.shops import JourneyShop
from tests.makers import make_attempt, make_payment, make_sent_request

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

WHOLE_AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
LOOKS = [(320, "light"), (390, "dark"), (1280, "light"), (1280, "dark"), (390, "light")]
PICTURES = os.environ.get("PICTURES", "")  # a folder, for whoever wants to look

Prepare = Callable[[JourneyShop], str]
LINES = [
    NewLine(
        "Fleece hoodie, forest green", Decimal(44), 2500, detail="S 8 · M 22 · L 10 · XL 4, front print in two colours"
    ),
    NewLine("Organic cotton tee, natural", Decimal("12.5"), 1425),
    NewLine("Screen set-up, two colours, with a name nobody shortened because it is a long one", Decimal(2), 3500),
]


def open_attempt(shop: JourneyShop, state: str, **facts: Any) -> PaymentAttempt:
    """An attempt in that state, to be looked at again tomorrow where it is not over (N10)."""
    if state in ACTIVE_ATTEMPT:
        facts["next_check_at"] = timezone.now() + timedelta(days=1)
    return make_attempt(shop.order, state=state, **facts)


def attempt_in(state: str, **facts: Any) -> Prepare:
    def prepare(shop: JourneyShop) -> str:
        attempt = open_attempt(shop, state, request=shop.request, **facts)
        return f"pay/{attempt.public_id}/"

    return prepare


def paid(shop: JourneyShop, *, first: str = "pending") -> str:
    attempt = make_attempt(shop.order, state=first, request=shop.request)
    outcome = Outcome(
        Kind.PAID, reference=attempt.reference, received=attempt.amount, card="Visa ending 4242",
        payer_name="Dana Whitlock", payer_email="dana@riverside-hs.example",
    )  # fmt: skip
    settle(attempt, outcome, by=PROCESSOR)
    return f"pay/{attempt.public_id}/"


def due(shop: JourneyShop) -> str:
    return ""


def changed(shop: JourneyShop) -> str:
    Account.objects.filter(pk=shop.account.pk).update(
        terms="Due on receipt.\nMade to order.", bank_details="Cascade Bank\n0004 5550 142"
    )
    draft = OrderDraft(
        currency="USD", lines=LINES, prices_include_tax=False, contact=shop.order.contact, discount_minor=2500,
        shipping_minor=1800, due_date=date(2099, 5, 1), po_number="PO-7719",
    )  # fmt: skip
    change_order(order=shop.order, draft=draft, by=COMMAND)
    make_payment(shop.order, 50_000)
    return ""


def invoice_paid(shop: JourneyShop) -> str:
    paid(shop)
    return ""


def invoice_overpaid(shop: JourneyShop) -> str:
    make_payment(shop.order, 114_528)
    return ""


def invoice_cancelled(shop: JourneyShop) -> str:
    make_payment(shop.order, 50_000)
    cancel_order(order=shop.order, by=COMMAND)
    return ""


def processing(shop: JourneyShop) -> str:
    open_attempt(shop, "pending")
    return ""


def superseded(shop: JourneyShop) -> str:
    make_sent_request(shop.order, by=shop.owner, message="Hi Dana,\nthe hoodies are on press Monday.")
    return ""


def processor_off(shop: JourneyShop) -> str:
    shop.account.connections.update(is_enabled=False)
    return ""


def too_small(shop: JourneyShop) -> str:
    make_payment(shop.order, 110_500)
    return ""


def expired(shop: JourneyShop) -> str:
    PaymentRequest.objects.update(expires_at=timezone.now() - timedelta(days=1))
    return ""


def unknown(shop: JourneyShop) -> str:
    return "../" + "A" * 43 + "/"


def paying(prepare: Prepare) -> Prepare:
    def prepared(shop: JourneyShop) -> str:
        prepare(shop)
        return "pay/"

    return prepared


def paid_twice(shop: JourneyShop) -> str:
    late = make_attempt(shop.order, state="cancelled", request=shop.request)
    paid(shop)
    outcome = Outcome(Kind.PAID, reference=late.reference, received=late.amount, payer_name="Sam")
    settle(late, outcome, by=PROCESSOR)
    return f"pay/{late.public_id}/"


def still_checking(shop: JourneyShop) -> str:
    since = timezone.now() - timedelta(seconds=90)
    attempt = open_attempt(shop, "unknown", changed_at=since, payer_email="dana@riverside-hs.example")
    return f"pay/{attempt.public_id}/"


STATES: dict[str, Prepare] = {
    "due": due,
    "changed": changed,
    "invoice paid": invoice_paid,
    "invoice overpaid": invoice_overpaid,
    "invoice cancelled": invoice_cancelled,
    "processing": processing,
    "superseded": superseded,
    "processor off": processor_off,
    "too small": too_small,
    "expired": expired,
    "unknown": unknown,
    "pay": paying(due),
    "pay after decline": paying(attempt_in("waiting", code="wrong_code")),
    "pay paid": paying(invoice_paid),
    "pay cancelled": paying(invoice_cancelled),
    "pay processing": paying(processing),
    "pay off": paying(processor_off),
    "pay too small": paying(too_small),
    "attempt waiting": attempt_in("waiting", code="authentication_failed"),
    "attempt checking": attempt_in("pending"),
    "attempt still checking": still_checking,
    "attempt declined": attempt_in("declined", code="declined"),
    "attempt cancelled": attempt_in("cancelled"),
    "attempt put aside": attempt_in("put_aside"),
    "receipt": paid,
    "paid twice": paid_twice,
    "back": lambda shop: "../back/att_x/",
}


@pytest.mark.prove  # each run looks at the same states in tests/pages
@pytest.mark.parametrize("state", STATES)
def test_nothing_for_axe_and_nothing_too_wide(new_context: NewContext, shop: JourneyShop, state: str) -> None:
    """U1, U3, U4."""
    url = shop.link + STATES[state](shop)
    page = new_context().new_page()
    found = []
    for width, scheme in LOOKS:
        page.set_viewport_size({"width": width, "height": 844})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.route(re.compile("/check/$"), lambda route: route.abort())  # hold the page as it is
        page.goto(url)
        settled(page, state)
        found += [f"{width} {scheme}: {problem}" for problem in problems(page)]
        if PICTURES:
            page.screenshot(path=f"{PICTURES}/{state.replace(' ', '-')}-{width}-{scheme}.png", full_page=True)
    assert found == []


def settled(page: Page, state: str) -> None:
    if state in ("pay", "pay after decline"):
        expect(page.frame_locator("iframe[title='Secure card details']").get_by_label("Card number")).to_be_visible()
        page.wait_for_timeout(200)


def problems(page: Page) -> list[str]:
    """What axe finds, and what sticks out."""
    answer = Axe().run(page, options=WHOLE_AXE)
    found = [f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in answer.response["violations"]]
    too_wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    small = page.evaluate(
        """() => [...document.querySelectorAll("main a, main button, footer a, header a, input")].filter(one => {
            const box = one.getBoundingClientRect();
            return box.width && box.height < 24 && getComputedStyle(one).display !== "inline";
        }).map(one => one.outerHTML.slice(0, 100))"""
    )
    return found + ([f"{too_wide} px too wide"] if too_wide > 0 else []) + [f"small: {one}" for one in small]


def test_the_first_view_is_light(new_context: NewContext, shop: JourneyShop) -> None:
    """U8: at most 5 requests and 45 KB, no other host."""
    page = new_context().new_page()
    seen: dict[str, int] = {}
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    names: dict[str, str] = {}
    session.on("Network.responseReceived", lambda told: names.update({told["requestId"]: told["response"]["url"]}))
    session.on(
        "Network.loadingFinished",
        lambda told: seen.update({names.get(told["requestId"], "?"): int(told["encodedDataLength"])}),
    )
    page.goto(shop.link, wait_until="networkidle")
    own = {url: size for url, size in seen.items() if not url.startswith("data:")}
    assert all(url.startswith(shop.url) for url in own), own
    assert len(own) <= 5, own
    assert sum(own.values()) <= 45 * 1024, own


def test_it_prints_on_one_page(page: Page, shop: JourneyShop) -> None:
    """S25, U19: without buttons, with the address to pay at."""
    url = shop.link + changed(shop)
    page.goto(url)
    page.emulate_media(media="print")
    expect(page.locator("#pay")).to_be_hidden()
    expect(page.get_by_role("link", name="Download PDF")).to_be_hidden()
    expect(page.get_by_text("Pay by card:")).to_be_visible()
    printed = page.pdf(format="Letter")
    if PICTURES:
        with open(f"{PICTURES}/print.pdf", "wb") as file:
            file.write(printed)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
