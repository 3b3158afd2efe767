"""What pages may cost: clicks, keys, requests, bytes, paper (ux.md 6: U4-U8, U10, U19).

Order to sent by two clicks, by keyboard alone, and everything without a script are journeys: tests/journeys.
"""

import re
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, expect

from tests.browser import PATIENCE_MS
from tests.pages.catalogue import STATES
from tests.pages.conftest import SESSION
from tests.pages.visit import visit
from tests.pages.world import World

pytestmark = pytest.mark.pages

People = Callable[..., BrowserContext]
COUNTED = """() => {
  window.deeds = {clicks: 0, typed: 0};
  addEventListener('click', e => { if (e.isTrusted && e.detail) deeds.clicks++ }, true);
  addEventListener('beforeinput', e => { if (e.isTrusted) deeds.typed++ }, true);
}"""
REACHABLE = """() => [...document.querySelectorAll('a[href], button, input, select, textarea, summary')]
  .filter(e => e.checkVisibility() && !e.disabled && e.tabIndex >= 0).length"""
FOCUSED = """() => {
  const e = document.activeElement, {outlineStyle, boxShadow} = getComputedStyle(e);
  if (e === document.body) return 'body';
  window.numbers ??= new Map();
  if (!numbers.has(e)) numbers.set(e, numbers.size);
  const ring = outlineStyle !== 'none' || boxShadow !== 'none';
  return numbers.get(e) + (ring ? '' : ` has no ring: ${e.outerHTML.slice(0, 90)}`);
}"""
TOUCH = ("orders", "card-due", "request-open", "payment-open", "invoice", "pay", "receipt", "sign-in", "link-expired")
KB = 1024


@contextmanager
def opened(world: World, people: People, name: str, *, scripts: bool = True) -> Iterator[Page]:
    """The page of an order nobody else touches."""
    page = people(STATES[name].who, scripts=scripts).new_page()
    if scripts:
        page.add_init_script(f"({COUNTED})()")
    page.goto(world.url + world.paths[name])
    yield page
    page.close()


@pytest.fixture
def fresh(browser: Browser, world: World) -> Iterator[Callable[..., BrowserContext]]:
    """A browser that has seen nothing yet, signed in as `who` where that is one of the staff."""
    made: list[BrowserContext] = []

    def make(who: str = "", **options: Any) -> BrowserContext:
        context = browser.new_context(locale="en-US", timezone_id="UTC", reduced_motion="reduce", **options)
        context.set_default_timeout(PATIENCE_MS)
        if who:
            context.add_cookies([{"name": SESSION, "value": world.sessions[who], "url": world.url}])
        made.append(context)
        return context

    yield make
    for context in made:
        context.close()


@dataclass
class Wire:
    """What came over the wire: bytes by address, headers included."""

    kinds: dict[str, str] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, float] = field(default_factory=dict)

    def bytes_of(self, kind: str = "") -> float:
        """Bytes of one kind of resource, or of all."""
        return sum(size for name, size in self.sizes.items() if not kind or self.kinds.get(name) == kind)


def listen(page: Page) -> Wire:
    """Count from now on."""
    wire = Wire()
    session: CDPSession = page.context.new_cdp_session(page)
    session.send("Network.enable")

    def sent(event: dict[str, Any]) -> None:
        if not event["request"]["url"].startswith("data:"):
            wire.kinds[event["requestId"]], wire.urls[event["requestId"]] = event["type"], event["request"]["url"]

    def came(event: dict[str, Any]) -> None:
        if event["requestId"] in wire.urls:
            wire.sizes[event["requestId"]] = event["encodedDataLength"]

    session.on("Network.requestWillBeSent", sent)
    session.on("Network.loadingFinished", came)
    return wire


# --- U4 --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TOUCH)
def test_what_matters_is_large_enough_for_a_finger(world: World, people: People, name: str) -> None:
    """U4: 44 px for primary buttons on a touch screen."""

    def touch(who: str, **options: Any) -> BrowserContext:
        return people(who, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, **options)

    with visit(world, touch, STATES[name]) as (page, _):
        small = page.evaluate("""() => [...document.querySelectorAll('.button.primary, .button.pay')]
          .filter(e => e.checkVisibility() && e.getBoundingClientRect().width > 0)
          .filter(e => Math.min(e.getBoundingClientRect().height, e.getBoundingClientRect().width) < 44)
          .map(e => e.outerHTML)""")
    assert small == []


# --- U5, U6 ----------------------------------------------------------------------------------------------------


def expect_on_its_way(page: Page) -> None:
    expect(page.locator("#payment-card")).to_contain_text("Sending to")
    expect(page.locator("#undo-request")).to_be_visible()


def test_a_request_is_sent_from_the_list_in_two_clicks(world: World, people: People) -> None:
    """U5: the row's own Request Payment, then Send email."""
    with opened(world, people, "x-list-clicks") as page:
        page.goto(f"{world.url}/foxglove/orders/?q=X-list-clicks")
        page.get_by_role("row", name="X-list-clicks").get_by_role("link", name="Request Payment").click()
        assert page.evaluate("window.deeds") == {"clicks": 0, "typed": 0}  # a new page by one click
        page.get_by_role("button", name="Send email").click()
        expect_on_its_way(page)


def test_a_request_is_sent_from_the_list_without_a_pointer(world: World, people: People) -> None:
    """U6: J marks the order, R asks, Ctrl+Enter sends."""
    with opened(world, people, "x-list-keys") as page:
        page.goto(f"{world.url}/foxglove/orders/?q=X-list-keys")
        page.keyboard.press("j")
        page.keyboard.press("r")
        page.wait_for_url("**/request-payment/**")
        page.locator("#message").focus()
        page.keyboard.press("Control+Enter")
        expect_on_its_way(page)


def test_every_task_on_the_order_page_is_reached_by_tab(world: World, people: People) -> None:
    """U6: no control is out of reach of the keyboard, and focus is always seen."""
    with opened(world, people, "card-due") as page:
        wanted = page.evaluate(REACHABLE)
        seen = set()
        for _ in range(wanted + 5):
            page.keyboard.press("Tab")
            seen.add(page.evaluate(FOCUSED))
    assert [words for words in seen if "no ring" in words] == []
    assert len(seen - {"body"}) >= wanted


# --- U7 --------------------------------------------------------------------------------------------------------


def test_a_receipt_is_read_printed_and_kept_without_javascript(world: World, people: People) -> None:
    """U7, S24, S25. The way up to it is a journey of its own."""
    with opened(world, people, "receipt", scripts=False) as page:
        expect(page.get_by_role("heading", level=1)).to_contain_text("Paid. Thank you")
        for name, how in (("Download receipt", "attachment"), ("Print", "inline")):
            assert pdf(world.url + str(page.get_by_role("link", name=name, exact=True).get_attribute("href"))) == how


def pdf(url: str) -> str:
    """How a PDF is handed over: inline or attachment."""
    with urllib.request.urlopen(url, timeout=30) as answer:
        assert answer.read(5) == b"%PDF-"
        return str(answer.headers["Content-Disposition"]).partition(";")[0]


# --- U8, U10 ---------------------------------------------------------------------------------------------------


def test_the_invoice_costs_five_requests_and_45_kilobytes(world: World, fresh: Callable[..., BrowserContext]) -> None:
    """U8, S23: first view with an empty cache; nobody else is asked."""
    page = fresh(viewport={"width": 390, "height": 844}).new_page()
    wire = listen(page)
    page.goto(world.url + world.paths["x-unopened"])
    page.wait_for_load_state("networkidle")
    assert len(wire.urls) <= 5, wire.urls
    assert all(url.startswith(world.url) for url in wire.urls.values())
    assert wire.bytes_of() <= 45 * KB, wire.sizes
    assert page.context.cookies() == []
    assert page.evaluate("document.querySelector('#pay').getBoundingClientRect().bottom") < 844


def test_the_order_page_costs_six_requests(world: World, fresh: Callable[..., BrowserContext]) -> None:
    """U10: style and scripts as they come over the wire."""
    page = fresh("owner").new_page()
    wire = listen(page)
    page.goto(world.url + world.paths["card-due"])
    page.wait_for_load_state("networkidle")
    assert len(wire.urls) <= 6, wire.urls
    assert wire.bytes_of("Stylesheet") <= 10 * KB + 1000, wire.sizes  # with headers
    assert wire.bytes_of("Script") <= 20 * KB + 1000


# --- U19 -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("paper", ["Letter", "A4"])
def test_an_invoice_of_twelve_lines_prints_on_one_sheet(world: World, people: People, paper: str) -> None:
    """U19, S25: the page itself, black on white, without buttons. What it weighs is the printing browser's business."""
    with opened(world, people, "x-twelve-lines") as page:
        page.emulate_media(media="print", color_scheme="dark")
        assert not page.is_visible("#pay")
        assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
        printed = page.pdf(format=paper)
    assert len(re.findall(rb"/Type /Page\b(?!s)", printed)) == 1
