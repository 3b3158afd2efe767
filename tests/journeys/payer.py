"""What a customer does with an invoice, in a real browser. Cards are those of docs/sandbox.md."""

import re

from playwright.sync_api import FrameLocator, Page, expect

PAYS, DECLINED, NO_FUNDS, ASKS_BANK = "4242424242424242", "4000000000000002", "4000000000009995", "4000002500003155"
SLOW = "4000000000006009"


def press_pay_on_invoice(page: Page) -> None:
    """From the invoice to the card form."""
    page.get_by_role("main").get_by_role("link", name=re.compile("^Pay")).first.click()
    expect(page.get_by_role("heading", name=re.compile("^Pay "))).to_be_visible()


def open_card_form(page: Page, link: str) -> None:
    """From the mail's link to the card form."""
    page.goto(link)
    press_pay_on_invoice(page)


def card_form(page: Page) -> FrameLocator:
    """The processor's own frame."""
    return page.frame_locator("iframe[title='Secure card details']")


def bank(page: Page) -> FrameLocator:
    """Where 3-D Secure asks."""
    return page.frame_locator('iframe[title="Your bank\'s page"]')


def type_card(page: Page, number: str) -> None:
    """A card into the form, with any later date and any code."""
    form = card_form(page)
    form.get_by_label("Card number").fill(number)
    form.get_by_label("Expiry date").fill("12/39")
    form.get_by_label("Security code").fill("123")


def press_pay(page: Page, *, times: int = 1) -> None:
    """Scrolled to first: right after a scroll the browser may still give the click to the card frame."""
    page.bring_to_front()
    page.locator("#pay").scroll_into_view_if_needed()
    page.wait_for_timeout(150)
    page.locator("#pay").click(click_count=times, no_wait_after=True)


def pay_by_card(page: Page, link: str, number: str = PAYS) -> None:
    """From the link to the press of Pay."""
    open_card_form(page, link)
    type_card(page, number)
    press_pay(page)


def expect_receipt(page: Page, *, first_name: str = "Dana", seconds: float = 15) -> None:
    """The receipt page, thanking whoever paid."""
    heading = f"Paid. Thank you, {first_name}" if first_name else re.compile("^Paid. Thank you")
    expect(page.get_by_role("heading", name=heading)).to_be_visible(timeout=seconds * 1000)
