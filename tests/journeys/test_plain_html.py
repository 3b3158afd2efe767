"""Everything but the card field, with scripts off (U7)."""

import io
import re

import pypdf
import pytest
from playwright.sync_api import expect

from balancedue.models import PaymentRequest
from tests.browser import NewContext
from tests.journeys.backoffice import BackOffice, give_real_password
from tests.journeys.shops import JourneyShop
from tests.journeys.waiting import wait_for_mail
from tests.journeys.worker_process import WorkerProcess
from tests.makers import make_order, make_user

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

DANA, TREASURER = "dana@riverside-hs.example", "treasurer@riverside-hs.example"


def test_from_signing_in_to_the_words_above_the_card_field(
    new_context: NewContext, shop: JourneyShop, worker: WorkerProcess
) -> None:
    """U7, S1, S2, S10-S26, S32: list, order, window, send, Add Payment, invoice, PDF, print, pay page."""
    sam = make_user(shop.account, name="Sam")
    give_real_password(sam)
    order = make_order(shop.account)
    page = new_context(java_script_enabled=False).new_page()
    staff = BackOffice(page, shop.url, shop.account)
    staff.sign_in(sam)
    page.get_by_role("searchbox", name="Search orders").fill(order.number)
    page.keyboard.press("Enter")
    page.get_by_role("link", name=f"#{order.number}", exact=True).click()
    staff.add_payment("105.28", method="Cash")
    expect(staff.card).to_contain_text("$1,000.00")
    staff.request_button.click()
    window = staff.request_window
    expect(window.get_by_label("To", exact=True)).to_have_value(DANA)
    window.locator("#cc").fill(f"{TREASURER}, not-an-address")
    window.get_by_label("Message").fill("No scripts here")
    window.get_by_role("button", name="Send email").click()
    main = page.get_by_role("main")
    expect(main).to_contain_text("not-an-address")
    expect(page.get_by_label("Message")).to_have_value("No scripts here")
    assert not PaymentRequest.objects.filter(order=order).exists()
    page.locator("#cc").fill(TREASURER)
    page.get_by_role("button", name="Send email").click()
    letter = wait_for_mail(shop.mail, DANA)
    wait_for_mail(shop.mail, TREASURER)

    link = re.search(r"http://\S+/i/\S+/", letter.text)
    assert link is not None
    page.goto(link[0])
    expect(main).to_contain_text("No scripts here")
    expect(page.locator("#pay")).to_contain_text("$1,000.00")
    address = page.get_by_role("link", name="Print", exact=True).get_attribute("href")
    printed = page.request.get(f"{shop.url}{address}")
    assert printed.headers["content-disposition"].startswith("inline")
    assert "$1,000.00" in pypdf.PdfReader(io.BytesIO(printed.body())).pages[0].extract_text()
    with page.expect_download():
        page.get_by_role("link", name="Download PDF").click()
    page.locator("#pay").click()
    expect(main).to_contain_text("Amount to pay")
    expect(main).to_contain_text("$1,000.00")
    expect(page.get_by_text("Card payment needs JavaScript. You can call (503) 555-0142 to pay")).to_be_visible()


def test_the_windows_stand_on_pages_of_their_own(
    new_context: NewContext, shop: JourneyShop, worker: WorkerProcess
) -> None:
    """Ux.md 0.10: for browsers that know neither scripts nor dialogs opened by a button."""
    sam = make_user(shop.account, name="Sam")
    give_real_password(sam)
    order = make_order(shop.account)
    page = new_context(java_script_enabled=False).new_page()
    staff = BackOffice(page, shop.url, shop.account)
    staff.sign_in(sam)
    expect(page.get_by_role("heading", name="Orders")).to_be_visible()
    staff.go(f"orders/{order.number}/add-payment/")
    page.get_by_label("Amount").fill("100.00")
    page.get_by_role("button", name="Add Payment").click()
    expect(staff.card).to_contain_text("$1,005.28")
    staff.go(f"orders/{order.number}/request-payment/")
    page.get_by_role("button", name="See the email").click()
    expect(page.get_by_role("main")).to_contain_text("$1,005.28")
    page.get_by_role("button", name="Send email").click()
    assert "$1,005.28" in wait_for_mail(shop.mail, DANA).message["Subject"]
