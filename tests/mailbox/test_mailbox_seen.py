"""The mailbox in a real browser."""

import threading
from collections.abc import Iterator
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import axe_playwright_python
import pytest
from playwright.sync_api import expect

from balancedue.mailbox.pages import application
from balancedue.mailbox.store import Store
from balancedue.transports.email import Envelope, build
from tests.browser import NewContext
from tests.documents.letters_sample import LINK, request

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """The messages shown."""
    return Store(tmp_path / "mail")


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The pages, served."""
    with make_server("127.0.0.1", 0, application(tmp_path / "mail"), handler_class=_Quiet) as web:
        thread = threading.Thread(target=web.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{web.server_port}/mailbox/"
        web.shutdown()
        thread.join()


def keep(store: Store, subject: str = "") -> None:
    """One payment request arrives."""
    letter = request()
    to = "dana@larkspur.example"
    envelope = Envelope(
        from_name="Foxglove Print Co.",
        from_address="payments@foxglove.example",
        to=(to,),
        recipient=to,
        message_id="<req.1@foxglove.example>",
        subject=subject or letter.subject,
        text=letter.text,
        html=letter.html,
    )
    store.keep("payments@foxglove.example", [to], build(envelope).as_bytes())


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(
    new_context: NewContext, address: str, store: Store, scheme: str, width: int
) -> None:
    """U1, U3."""
    context = new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    for path in ("", "1/", "1/?part=text", "1/?part=headers", "7/"):
        page.goto(address + path)
        page.evaluate(AXE)
        found = page.evaluate("axe.run({iframes: false}).then(r => r.violations.map(v => v.id))")
        assert (path, found) == (path, [])
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        if path == "":
            keep(store)
            page.goto(address)
            page.evaluate(AXE)
            assert page.evaluate("axe.run().then(r => r.violations.map(v => v.id))") == []


def test_new_mail_appears_by_itself(new_context: NewContext, address: str, store: Store) -> None:
    """U14: seen without a reload."""
    page = new_context().new_page()
    page.goto(address)
    expect(page.get_by_text("No mail yet")).to_be_visible()
    keep(store)
    expect(page.get_by_role("link", name="Invoice INV-2047")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("1 message")


def test_the_button_in_the_mail_opens_the_invoice_in_a_new_tab(
    new_context: NewContext, address: str, store: Store
) -> None:
    """S22: one click from the list to the mail, one from the mail to the invoice."""
    keep(store)
    page = new_context().new_page()
    page.goto(address)
    page.get_by_role("link", name="Invoice INV-2047").click()
    button = page.frame_locator("iframe[title='The email as HTML']").get_by_role("link", name="View Invoice")
    with page.context.expect_page() as opened:
        button.click()
    opened.value.wait_for_url(lambda url: url in (LINK, "chrome-error://chromewebdata/"))


def test_all_mail_is_deleted_by_one_click_without_script(new_context: NewContext, address: str, store: Store) -> None:
    """U7."""
    keep(store)
    page = new_context(java_script_enabled=False).new_page()
    page.goto(address)
    page.get_by_role("button", name="Delete all mail").click()
    expect(page.get_by_text("No mail yet")).to_be_visible()
    assert store.newest() == []
