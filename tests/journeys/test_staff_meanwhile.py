"""Staff do something while the customer is at the card form, or once the letter has left (S32-S34, E5, E6, M7, M10)."""

import re

import pytest
from playwright.sync_api import Page, expect

from balancedue.models import PaymentAttempt
from tests.browser import NewContext
from tests.journeys.backoffice import BackOffice, sign_in_quietly
from tests.journeys.payer import (
    DECLINED,
    PAYS,
    SLOW,
    expect_receipt,
    open_card_form,
    pay_by_card,
    press_pay,
    type_card,
)
from tests.journeys.shops import JourneyShop
from tests.journeys.waiting import wait_for_mail
from tests.journeys.worker_process import WorkerProcess

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

DANA = "dana@riverside-hs.example"


@pytest.fixture
def staff(new_context: NewContext, shop: JourneyShop) -> BackOffice:
    """The owner, with the order's page open."""
    browser = new_context(viewport={"width": 1280, "height": 900})
    sign_in_quietly(browser, shop.url, shop.owner)
    office = BackOffice(browser.new_page(), shop.url, shop.account)
    office.open_order(shop.order)
    return office


def test_a_manual_payment_while_the_card_form_is_open(page: Page, shop: JourneyShop, staff: BackOffice) -> None:
    """S32, S33, S30, E6: what was shown is not charged any more; the rest is, once the payer has seen it."""
    open_card_form(page, shop.link)
    type_card(page, PAYS)
    staff.add_payment("500.00", method="Cash")
    expect(staff.card).to_contain_text("$605.28")
    press_pay(page)
    changed = page.locator("#changed")
    expect(changed).to_contain_text("It was $1,105.28 and is now $605.28.")
    assert PaymentAttempt.objects.count() == 0
    changed.get_by_role("link", name="See what changed").click()
    expect(page.get_by_text("Changed since the email: was $1,105.28.")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("Payment $500.00")
    pay_by_card(page, shop.link)
    expect_receipt(page)
    assert sorted(payment.amount_minor for payment in shop.payments) == [50_000, 60_528]
    assert shop.due_minor == 0


def test_a_manual_payment_after_a_decline_ends_the_attempt(page: Page, shop: JourneyShop, staff: BackOffice) -> None:
    """E6, N4: the attempt that could still be confirmed is cancelled before the check is booked."""
    pay_by_card(page, shop.link, DECLINED)
    expect(page.locator("#told")).to_be_visible()
    staff.page.reload()
    staff.add_payment("1,105.28")
    expect(staff.card).to_contain_text("Nothing is due on this order.")
    expect(staff.request_button).to_be_disabled()
    assert PaymentAttempt.objects.get().state == "cancelled"
    type_card(page, PAYS)
    press_pay(page)
    expect(page.get_by_text("You do not owe anything.")).to_be_visible()
    assert [payment.method for payment in shop.payments] == ["check"]
    assert page.get_by_role("link", name="View receipt").count() == 0


def test_a_manual_payment_waits_for_the_card_payment_under_way(
    page: Page, shop: JourneyShop, staff: BackOffice, worker: WorkerProcess
) -> None:
    """E6, N14, ux.md 3.3: money that may be on its way is not counted twice."""
    pay_by_card(page, shop.link, SLOW)
    expect(page.get_by_role("heading", name="Checking with your bank")).to_be_visible()
    staff.page.reload()
    expect(staff.card).to_contain_text("A card payment of $1,105.28 is in progress since")
    expect(staff.request_button).to_be_disabled()
    expect(staff.card).to_contain_text("Wait for the payment in progress, about a minute.")
    expect_receipt(page, seconds=60)
    expect(staff.card).to_contain_text("Nothing is due on this order.")
    assert len(shop.payments) == 1


def test_the_balance_is_settled_by_hand_and_the_link_asks_for_nothing(
    page: Page, shop: JourneyShop, staff: BackOffice, worker: WorkerProcess
) -> None:
    """S34, M6, requirements.md 2.6: no notification for a payment by hand; a reversed one is asked for again."""
    staff.add_payment("1,105.28", method="Bank transfer")
    page.goto(shop.link)
    expect(page.locator("#paid")).to_contain_text("You do not owe anything.")
    staff.card.get_by_text("Reverse a payment").click()
    staff.card.get_by_role("link", name=re.compile("1,105.28")).click()
    staff.page.get_by_label("Reason").fill("Came back from the bank")
    staff.page.get_by_role("button", name=re.compile("^Reverse")).click()
    expect(staff.card).to_contain_text("$1,105.28")
    staff.expect_timeline("Came back from the bank")
    page.reload()
    expect(page.locator("#pay")).to_contain_text("$1,105.28")
    assert shop.mail.messages == []


def test_a_cancelled_order_asks_for_nothing(page: Page, shop: JourneyShop, staff: BackOffice) -> None:
    """M7, S4: cancelled while the card form is open, the press of Pay charges nothing."""
    open_card_form(page, shop.link)
    type_card(page, PAYS)
    staff.go(f"orders/{shop.order.number}/cancel/")
    staff.page.get_by_role("button", name=re.compile("^Cancel")).click()
    expect(staff.card).to_contain_text("This order was cancelled.")
    expect(staff.request_button).to_be_disabled()
    press_pay(page)
    expect(page.get_by_role("heading", name="This order was cancelled")).to_be_visible()
    page.goto(shop.link)
    expect(page.get_by_text("There is nothing to pay.")).to_be_visible()
    assert PaymentAttempt.objects.count() == 0


def test_a_withdrawn_link_opens_nothing(page: Page, shop: JourneyShop, staff: BackOffice) -> None:
    """I2, M4, requirements.md 2.13: the same neutral page as a link that never was."""
    staff.page.get_by_role("button", name="Show QR code").click()
    staff.page.get_by_role("link", name="Turn this link off").click()
    staff.page.get_by_role("button", name="Turn the link off").click()
    expect(staff.card).to_contain_text("The link is turned off.")
    seen = []
    for link in (shop.link, f"{shop.link}pay/", f"{shop.link}invoice.pdf", f"{shop.url}/i/{'A' * 43}/"):
        answer = page.goto(link)
        assert answer is not None and answer.status == 404
        seen.append(page.locator("body").inner_text())
    assert len(set(seen)) == 1
    assert "This link does not work" in seen[0]
    assert shop.account.name not in seen[0]


def test_the_first_letter_still_works_after_a_second(
    page: Page, shop: JourneyShop, staff: BackOffice, worker: WorkerProcess
) -> None:
    """Requirements.md 2.3, 2.4: the old link opens the same live invoice, with a note, and pays."""
    staff.go(f"orders/{shop.order.number}/edit/")
    staff.page.get_by_label("Line 1: Price each").fill("1,255.28")
    staff.page.get_by_role("button", name="Save order").click()
    expect(staff.card).to_contain_text("Was $1,105.28 when requested.")
    staff.card.get_by_role("button", name="Send updated request").click()
    staff.request_window.get_by_role("button", name="Send email").click()
    second = wait_for_mail(shop.mail, DANA)
    assert "$1,255.28" in second.message["Subject"]
    page.goto(shop.link)
    expect(page.get_by_text("You opened an older email. This page is up to date.")).to_be_visible()
    expect(page.get_by_text("Changed since the email: was $1,105.28.")).to_be_visible()
    pay_by_card(page, shop.link)
    expect_receipt(page)
    assert [payment.amount_minor for payment in shop.payments] == [125_528]


def test_a_processor_removed_after_the_letter_left(page: Page, shop: JourneyShop, staff: BackOffice) -> None:
    """M10: the page says so and how else to pay; the invoice and its PDF stay."""
    open_card_form(page, shop.link)
    type_card(page, PAYS)
    staff.go("settings/processors/")
    staff.page.get_by_role("link", name="Remove").click()
    expect(staff.page.get_by_role("main")).to_contain_text("1")
    staff.page.get_by_role("button", name=re.compile("^Remove")).click()
    expect(staff.page.get_by_text("No card processor yet.")).to_be_visible()
    press_pay(page)
    expect(page.locator("#told")).to_contain_text("Online payment is not available right now")
    page.goto(shop.link)
    expect(page.get_by_text("Online payment is not available right now.")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("(503) 555-0142")
    expect(page.locator("#pay")).to_have_count(0)
    assert page.request.get(f"{shop.link}invoice.pdf").ok
    assert PaymentAttempt.objects.count() == 0
