"""The whole story: an order, a request, an e-mail, an invoice, a payment, a notice. Nothing is stood in for."""

import io
import re
from typing import Any

import pypdf
import pytest
from playwright.sync_api import Page, expect

from balancedue.models import PaymentRequest
from tests.browser import NewContext
from tests.journeys.backoffice import (
    BackOffice,
    assert_books_are_right,
    count_clicks,
    give_real_password,
    sign_in_quietly,
)
from tests.journeys.payer import PAYS, card_form, expect_receipt, press_pay
from tests.journeys.shops import JourneyShop
from tests.journeys.waiting import open_mail, wait_for_mail
from tests.journeys.worker_process import WorkerProcess
from tests.makers import make_contact, make_order, make_payment, make_user

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

DANA, TREASURER = "dana@riverside-hs.example", "treasurer@riverside-hs.example"
SPEAKS_OF_PRINTING = "window.print = () => { window.printed = true }"


def pay_with_two_clicks(page: Page) -> None:
    """A click into the card number, the rest by keyboard, a click on Pay."""
    card_form(page).get_by_label("Card number").click()
    page.keyboard.type(PAYS)
    page.keyboard.press("Tab")
    page.keyboard.type("1239")
    page.keyboard.press("Tab")
    page.keyboard.type("123")
    press_pay(page)


def test_from_the_order_to_the_notice(new_context: NewContext, shop: JourneyShop, worker: WorkerProcess) -> None:
    """S1, S2, S3, S9, S10-S29, S31, M1-M3, M5, M6, M9, U5, U11, U12, U15: 12 clicks from signing in to paid."""
    sam = make_user(shop.account, role="manager", name="Sam")
    give_real_password(sam)
    contact = make_contact(shop.account, name="Dana Whitlock", email=DANA)
    note = "Their treasurer haggles."
    order = make_order(shop.account, total_minor=160_528, contact=contact, internal_note=note)
    make_payment(order, 50_000)
    staff_browser, customer_browser = new_context(viewport={"width": 1280, "height": 900}), new_context()
    clicks = [count_clicks(staff_browser), count_clicks(customer_browser)]
    customer_browser.add_init_script(SPEAKS_OF_PRINTING)

    staff = BackOffice(staff_browser.new_page(), shop.url, shop.account)
    staff.sign_in(sam)
    staff.page.get_by_role("link", name=f"#{order.number}", exact=True).click()
    expect(staff.card).to_contain_text("$1,105.28")
    staff.request_button.click()
    window = staff.request_window
    expect(window).to_contain_text(f"$1,105.28 due on order #{order.number}")
    expect(window.get_by_role("list", name="To")).to_have_text(DANA)
    assert PaymentRequest.objects.filter(order=order).count() == 0
    expect(window.get_by_label("Send email notification upon payment")).not_to_be_checked()
    window.get_by_role("textbox", name="CC").click()
    staff.page.keyboard.type(f"{TREASURER},")
    staff.page.keyboard.press("Tab")
    staff.page.keyboard.type("The hoodies are on press Monday.\nThank you <b>all</b>")
    window.get_by_label("Send email notification upon payment").click()
    expect(window.get_by_role("list", name="Notify")).to_have_text(sam.email)
    window.get_by_role("button", name="Send email").click()
    expect(window).to_be_hidden()

    letter, copy = wait_for_mail(shop.mail, DANA), wait_for_mail(shop.mail, TREASURER)
    for each in (letter, copy):
        assert each.message["To"] == DANA
        assert each.message["Cc"] == TREASURER
        assert each.message["Reply-To"] == sam.email
        assert sam.email not in str(each.message["From"])
        for fact in ("$1,105.28", "$1,605.28", f"order #{order.number}", f"INV-{order.number}", f"{shop.url}/i/"):
            assert fact in each.text
        assert "Thank you <b>all</b>" in each.text
        assert "&lt;b&gt;all" in each.html
        assert note not in each.content.decode() + each.html + each.text
    expect(staff.card).to_contain_text("Sent")

    inbox = customer_browser.new_page()
    open_mail(inbox, letter)
    inbox.get_by_role("link", name="View Invoice").click()
    payer = inbox
    expect(payer.get_by_role("heading", name=f"Invoice INV-{order.number}")).to_be_visible()
    expect(payer.get_by_role("main")).to_contain_text("The hoodies are on press Monday.")
    expect(payer.locator(".sum.big")).to_have_text("$1,105.28")
    assert note not in payer.content() and sam.email not in payer.content()
    link = payer.url
    with payer.expect_download() as download:
        payer.get_by_role("link", name="Download PDF").click()
    assert download.value.suggested_filename == f"Invoice-INV-{order.number}-Foxglove-Print-Co.pdf"
    printed = " ".join(page.extract_text() for page in pypdf.PdfReader(download.value.path()).pages)
    assert "$1,605.28" in printed and "$1,105.28" in printed and note not in printed
    payer.get_by_role("link", name="Print", exact=True).click()
    assert payer.evaluate("window.printed")

    payer.locator("#pay").click()
    expect(payer.get_by_text("You pay the full balance.")).to_be_visible()
    pay_with_two_clicks(payer)
    expect_receipt(payer)
    expect(payer.get_by_role("main")).to_contain_text("Visa ending 4242")
    assert len([*clicks[0], *clicks[1]]) <= 12

    expect(staff.card).to_contain_text("$0.00", timeout=12_000)  # the open page says so by itself
    expect(staff.card).to_contain_text("Nothing is due on this order.")
    expect(staff.request_button).to_be_disabled()
    expect(staff.page.locator("#order-tag")).to_contain_text("Paid")
    notice, receipt = wait_for_mail(shop.mail, sam.email), wait_for_mail(shop.mail, DANA, number=2)
    assert "$1,105.28" in notice.message["Subject"]
    assert receipt.message["Subject"] == "Receipt: $1,105.28 paid to Foxglove Print Co."
    assert [len(shop.mail.to(address)) for address in (DANA, TREASURER, sam.email)] == [2, 1, 1]

    request = PaymentRequest.objects.get(order=order)
    assert (request.status, request.to, request.cc, request.notify) == ("paid", [DANA], [TREASURER], [sam.email])
    assert request.amount_at_sending_minor == 110_528
    assert request.paid_at is not None
    payer.goto(link)
    expect(payer.locator("#paid")).to_contain_text("You do not owe anything.")
    expect(payer.get_by_role("link", name="Download PDF")).to_be_visible()
    expect(payer.locator("#pay")).to_have_count(0)


def test_two_clicks_send_a_request(new_context: NewContext, shop: JourneyShop, worker: WorkerProcess) -> None:
    """U5, S19, S20: order open -> sent with two clicks and nothing typed; nobody is to be told of the payment."""
    order = make_order(shop.account)
    browser = new_context()
    clicks = count_clicks(browser)
    sign_in_quietly(browser, shop.url, make_user(shop.account, role="staff", name="Sam"))
    staff = BackOffice(browser.new_page(), shop.url, shop.account)
    staff.open_order(order)
    staff.request_payment()
    wait_for_mail(shop.mail, DANA)
    assert len(clicks) == 2
    expect(staff.card).to_contain_text("Sent")
    assert PaymentRequest.objects.get(order=order).notify == []
    staff.expect_timeline("Sam", DANA)


def test_two_clicks_send_a_request_from_the_list(
    new_context: NewContext, shop: JourneyShop, worker: WorkerProcess
) -> None:
    """U5, S1."""
    order = make_order(shop.account)
    browser = new_context()
    clicks = count_clicks(browser)
    sign_in_quietly(browser, shop.url, make_user(shop.account, role="staff", name="Sam"))
    staff = BackOffice(browser.new_page(), shop.url, shop.account)
    page = staff.go("orders/")
    page.get_by_role("link", name=f"Request Payment for order #{order.number}").click()
    page.get_by_role("button", name="Send email").click()
    wait_for_mail(shop.mail, DANA)
    assert len(clicks) == 2


def test_opening_and_closing_the_window_sends_nothing(page: Page, shop: JourneyShop, worker: WorkerProcess) -> None:
    """S10, U13: what was typed is still there when it opens again."""
    order = make_order(shop.account)
    sign_in_quietly(page.context, shop.url, shop.owner)
    staff = BackOffice(page, shop.url, shop.account)
    staff.open_order(order)
    staff.request_button.click()
    page.keyboard.type("Half a sentence")
    page.keyboard.press("Escape")
    expect(staff.request_window).to_be_hidden()
    staff.request_button.click()
    expect(staff.request_window.get_by_label("Message")).to_have_value("Half a sentence")
    staff.request_window.get_by_role("button", name="Cancel").click()
    expect(staff.request_window).to_be_hidden()
    assert not PaymentRequest.objects.filter(order=order).exists()
    assert shop.mail.messages == []


def test_every_sum_is_the_same_sum(page: Page, shop: JourneyShop, worker: WorkerProcess) -> None:
    """M1: page, PDF, mail, charge, receipt and books, in a currency without decimals."""
    order = make_order(shop.account, total_minor=123_457, currency="JPY")
    sign_in_quietly(page.context, shop.url, shop.owner)
    staff = BackOffice(page, shop.url, shop.account)
    staff.open_order(order)
    staff.request_payment()
    letter = wait_for_mail(shop.mail, DANA)
    assert "¥123,457" in letter.text and "¥123,457" in letter.message["Subject"]
    link = re.search(rf"{shop.url}/i/\S+/", letter.text)
    assert link is not None
    page.goto(link[0])
    pdf: Any = page.request.get(f"{link[0]}invoice.pdf")
    assert "¥123,457" in pypdf.PdfReader(io.BytesIO(pdf.body())).pages[0].extract_text()
    page.locator("#pay").click()
    expect(page.locator("#pay")).to_contain_text("¥123,457")
    pay_with_two_clicks(page)
    expect_receipt(page)
    books = shop.sandbox.get("/_sandbox/books")
    assert "123457" in str(books)
    assert_books_are_right(shop.account)
