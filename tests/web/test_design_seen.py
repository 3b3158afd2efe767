"""The style guide in a real browser: nothing inaccessible, nothing too wide, and the comforts work."""

from itertools import product
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from balancedue.web.styleguide import PAGES
from tests.browser import NewContext

AXE = Axe()
LOOKS = list(product(("light", "dark"), (320, 390, 1280)))
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
TEXT_SPACING = """* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }
p { margin-block-end: 2em !important }"""


def address(live_server: Any, page: str) -> str:
    """Where a page of the style guide is."""
    return f"{live_server.url}/styleguide/" + ("" if page == "index" else f"{page}/")


def restyle(page: Page, css: str) -> None:
    """What a reader's own style sheet would do."""
    page.evaluate(
        "css => { const s = new CSSStyleSheet(); s.replaceSync(css); document.adoptedStyleSheets = [s] }", css
    )


@pytest.mark.parametrize(("number", "name"), list(enumerate(PAGES)), ids=PAGES)
@pytest.mark.django_db
def test_axe_finds_nothing_and_nothing_is_too_wide(
    live_server: Any, new_context: NewContext, number: int, name: str
) -> None:
    """U1, U3, pairwise: each page in two of the six looks, right to left, and with larger and wider text."""
    for scheme, width in (LOOKS[number % 6], LOOKS[(number + 3) % 6]):
        page = new_context(viewport={"width": width, "height": 844}, color_scheme=scheme).new_page()
        for query in ("", "?locale=ar", "?problems"):
            page.goto(address(live_server, name) + query)
            found = AXE.run(page)
            assert found.violations_count == 0, found.generate_report()
            assert page.evaluate(TOO_WIDE) <= 0
    page = new_context(viewport={"width": 320, "height": 844}).new_page()
    for css in ("html { font-size: 200% }", TEXT_SPACING):
        page.goto(address(live_server, name))
        restyle(page, css)
        assert page.evaluate(TOO_WIDE) <= 0


@pytest.mark.parametrize("window", ["request-payment", "add-payment"])
@pytest.mark.django_db
def test_a_window_is_accessible_and_opens_without_a_script(
    live_server: Any, new_context: NewContext, window: str
) -> None:
    """U1, U7."""
    for scripts in (True, False):
        page = new_context(viewport={"width": 390, "height": 844}, java_script_enabled=scripts).new_page()
        page.goto(address(live_server, "order"))
        page.click(f"main [commandfor={window}]")
        assert page.is_visible(f"#{window} .primary")
        if scripts:
            found = AXE.run(page)
            assert found.violations_count == 0, found.generate_report()


@pytest.mark.django_db
def test_addresses_become_chips(live_server: Any, page: Page) -> None:
    """ux.md 3.4: comma, space, Tab and blur split; doubles merge, also across To and CC; Backspace goes back."""

    def held() -> list[str]:
        return list(filter(None, str(page.evaluate("document.querySelector('[name=cc]').value")).split(", ")))

    page.goto(address(live_server, "order"))
    page.keyboard.press("r")
    page.wait_for_function("document.activeElement.id === 'id_message'")  # the first focus is the message
    start = held()
    page.focus("#id_cc")
    page.keyboard.type("one@a.example, DANA@riverside-hs.example two@a.example")
    page.keyboard.press("Tab")
    assert held() == [*start, "one@a.example", "two@a.example"]
    page.focus("#id_cc")
    page.keyboard.press("Backspace")
    assert page.evaluate("document.activeElement.ariaLabel") == "Remove two@a.example"
    page.keyboard.press("Backspace")
    assert held() == [*start, "one@a.example"]
    page.keyboard.press("Escape")
    page.click("main [commandfor=request-payment]")
    assert held() == [*start, "one@a.example"]  # closing keeps the draft


@pytest.mark.django_db
def test_a_form_leaves_once(live_server: Any, page: Page) -> None:
    """ux.md 2, buttons: the second press is ignored, even where a field is called `method`."""
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    page.goto(address(live_server, "order"))
    page.route("**/*", lambda route: route.fulfill(status=204) if route.request.method == "POST" else route.continue_())
    page.keyboard.press("p")
    page.fill("#id_amount", "500")
    assert page.inner_text("#add-payment output") == "Balance after this: $605.28"
    with page.expect_request(lambda request: request.method == "POST"):
        page.keyboard.press("Control+Enter")
        page.keyboard.press("Control+Enter")
    expect(page.locator("#add-payment .primary")).to_have_text("Saving")
    assert len(posts) == 1


@pytest.mark.django_db
def test_keys_are_off_in_fields_and_by_the_switch(live_server: Any, page: Page) -> None:
    """WCAG 2.1.4."""
    page.goto(address(live_server, "order"))
    page.focus("#note")
    page.keyboard.type("rp")
    assert page.input_value("#note") == "rp"
    page.locator("#note").blur()
    page.keyboard.press("Shift+?")
    expect(page.locator("#shortcuts")).to_be_visible()
    page.uncheck("#shortcuts-on")
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    assert page.locator("dialog[open]").count() == 0


@pytest.mark.django_db
def test_the_customer_page_costs_four_requests(live_server: Any, new_context: NewContext) -> None:
    """U8, and Pay above the fold of a phone."""
    page = new_context(viewport={"width": 390, "height": 844}).new_page()
    asked: list[str] = []
    page.on("request", lambda request: None if request.url.startswith("data:") else asked.append(request.url))
    page.goto(address(live_server, "invoice"))
    page.wait_for_load_state("networkidle")
    assert len(asked) <= 5, asked
    assert all(url.startswith(live_server.url) for url in asked)
    assert page.evaluate("document.querySelector('#pay').getBoundingClientRect().bottom") < 844
    page.evaluate("scrollTo(0, 900)")
    page.wait_for_selector(".paybar.on")


@pytest.mark.django_db
def test_an_invoice_prints_on_one_sheet(live_server: Any, page: Page) -> None:
    """U19: black on white even in the dark, without buttons."""
    page.goto(address(live_server, "invoice"))
    page.emulate_media(media="print", color_scheme="dark")
    assert not page.is_visible("#pay")
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    assert page.pdf(format="Letter", prefer_css_page_size=True).count(b"/Type /Page\n") == 1
