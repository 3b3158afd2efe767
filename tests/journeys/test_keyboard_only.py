"""Staff and payer with a keyboard and nothing else (U6)."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import NewContext
from tests.journeys.backoffice import BackOffice, count_clicks, give_real_password
from tests.journeys.payer import expect_receipt
from tests.journeys.shops import JourneyShop
from tests.journeys.waiting import wait_for_mail
from tests.journeys.worker_process import WorkerProcess
from tests.makers import PASSWORD, make_order, make_user

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

DANA = "dana@riverside-hs.example"
MOST_TABS = 40


def tab_to(page: Page, css: str) -> None:
    """Press Tab until the element is reached; fails when it never is."""
    for _ in range(MOST_TABS):
        if page.evaluate("css => document.activeElement?.matches(css)", css):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{css} cannot be reached with Tab")


def test_staff_and_payer_need_no_pointer(new_context: NewContext, shop: JourneyShop, worker: WorkerProcess) -> None:
    """U6, S1, S2, S10-S20, S26-S29, S32: order -> sent in two chords, and the card paid by Tab and Enter."""
    sam = make_user(shop.account, name="Sam")
    give_real_password(sam)
    order = make_order(shop.account)
    browser = new_context()
    clicks = count_clicks(browser)
    page = browser.new_page()
    staff = BackOffice(page, shop.url, shop.account)
    page.goto(shop.url)
    tab_to(page, "input[type=email]")
    page.keyboard.type(sam.email)
    tab_to(page, "input[type=password]")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Orders")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type(order.number)
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name=re.compile(r"^#\d+$"))).to_have_count(1)
    page.locator("body").press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=f"Order #{order.number}")).to_be_visible()

    page.keyboard.press("p")
    window = page.get_by_role("dialog", name="Add Payment")
    expect(window.get_by_label("Amount")).to_be_focused()
    page.keyboard.type("105.28")
    page.keyboard.press("Control+Enter")
    expect(staff.card).to_contain_text("$1,000.00")

    page.keyboard.press("r")
    expect(staff.request_window.get_by_label("Message")).to_be_focused()
    page.keyboard.type("Typed, not clicked")
    page.keyboard.press("Control+Enter")
    expect(staff.request_window).to_be_hidden()
    letter = wait_for_mail(shop.mail, DANA)
    assert "Typed, not clicked" in letter.text
    link = re.search(r"http://\S+/i/\S+/", letter.text)
    assert link is not None

    page.goto(link[0])
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    tab_to(page, "#pay")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Pay Foxglove Print Co.")).to_be_visible()
    page.frame_locator("iframe[title='Secure card details']").get_by_label("Card number").wait_for()
    tab_to(page, "iframe[title='Secure card details']")
    for typed in ("4242424242424242", "1239", "123"):
        page.keyboard.type(typed)
        page.keyboard.press("Tab")
    tab_to(page, "#pay")
    page.keyboard.press("Enter")
    expect_receipt(page)
    assert [payment.amount_minor for payment in order.payments.order_by("pk")] == [10_528, 100_000]
    assert clicks == []
