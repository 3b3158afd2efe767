"""A customer pays: in a real browser, at the stand-in processor, over the real web server."""

import re
from decimal import Decimal

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from balancedue.actions.change_order import change_order
from balancedue.actions.order_lines import NewLine, OrderDraft
from balancedue.models import PaymentAttempt
from balancedue.rules.actor import COMMAND
from tests.browser import NewContext
from tests.journeys.payer import (
    ASKS_BANK,
    DECLINED,
    NO_FUNDS,
    PAYS,
    SLOW,
    card_form,
    expect_receipt,
    open_card_form,
    press_pay,
    type_card,
)
from tests.journeys.shops import JourneyShop
from tests.makers import make_payment

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def test_a_customer_pays_and_gets_a_receipt_that_stays(page: Page, shop: JourneyShop) -> None:
    """S22, S26-S29, M3, M6: one payment, however often it is heard of; reload and back never pay again."""
    open_card_form(page, shop.link)
    type_card(page, PAYS)
    press_pay(page)
    expect_receipt(page)
    receipt = page.url
    assert receipt.startswith(f"{shop.link}pay/att_")
    for told in ("$1,105.28", "Visa ending 4242", "We start printing within 2 days."):
        expect(page.get_by_role("main")).to_contain_text(told)
    page.reload()
    expect_receipt(page)
    page.go_back()
    expect(page.get_by_text("You do not owe anything.")).to_be_visible()
    shop.work_until(lambda: len(shop.mail.to("dana@riverside-hs.example")) == 1)
    shop.work_until(lambda: len(shop.mail.to(shop.owner.email)) == 1)
    assert [payment.amount_minor for payment in shop.payments] == [110_528]
    assert shop.due_minor == 0


def test_the_receipt_and_the_invoice_come_as_pdf(page: Page, shop: JourneyShop) -> None:
    """S24."""
    open_card_form(page, shop.link)
    type_card(page, PAYS)
    press_pay(page)
    expect_receipt(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download receipt").click()
    assert download.value.suggested_filename == f"Receipt-INV-{shop.order.number}-Foxglove-Print-Co.pdf"


def test_a_declined_card_says_so_and_another_pays_on_the_same_page(page: Page, shop: JourneyShop) -> None:
    """S28: the sentence takes the focus, nothing typed is lost."""
    open_card_form(page, shop.link)
    page.get_by_label("Name on card").fill("Dana W.")
    type_card(page, NO_FUNDS)
    press_pay(page)
    told = page.locator("#told")
    expect(told).to_contain_text("The bank says there is not enough money available. No money was taken.")
    expect(told).to_be_focused()
    expect(page.get_by_label("Name on card")).to_have_value("Dana W.")
    expect(card_form(page).get_by_label("Expiry date")).not_to_have_value("")
    type_card(page, DECLINED)
    press_pay(page)
    expect(told).to_contain_text("Your bank declined this card. No money was taken.")
    type_card(page, PAYS)
    press_pay(page)
    expect_receipt(page)
    assert len(shop.payments) == 1
    assert PaymentAttempt.objects.count() == 1


def test_3d_secure_passed_pays(page: Page, shop: JourneyShop) -> None:
    """S29."""
    open_card_form(page, shop.link)
    type_card(page, ASKS_BANK)
    press_pay(page)
    page.frame_locator('iframe[title="Your bank\'s page"]').get_by_text("Complete authentication").click()
    expect_receipt(page)
    assert len(shop.payments) == 1


def test_3d_secure_failed_can_be_tried_again(page: Page, shop: JourneyShop) -> None:
    """C11."""
    open_card_form(page, shop.link)
    type_card(page, ASKS_BANK)
    press_pay(page)
    page.frame_locator('iframe[title="Your bank\'s page"]').get_by_text("Fail authentication").click()
    expect(page.locator("#told")).to_contain_text("Your bank could not confirm it was you. No money was taken.")
    type_card(page, PAYS)
    press_pay(page)
    expect_receipt(page)
    assert len(shop.payments) == 1


def test_3d_secure_abandoned_takes_up_the_same_attempt_again(page: Page, shop: JourneyShop) -> None:
    """C11: the tab is left at the bank; from the mail again, the same attempt pays."""
    open_card_form(page, shop.link)
    type_card(page, ASKS_BANK)
    press_pay(page)
    expect(
        page.frame_locator('iframe[title="Your bank\'s page"]').get_by_text("Complete authentication")
    ).to_be_visible()
    open_card_form(page, shop.link)
    type_card(page, PAYS)
    press_pay(page)
    expect_receipt(page)
    assert PaymentAttempt.objects.count() == 1


@pytest.mark.slow
def test_a_bank_whose_frame_fails_gets_the_whole_page(page: Page, shop: JourneyShop) -> None:
    """C11, I3: there and back again, and the bank hears nothing of the link."""
    page.route("**/elements/bank.js", lambda route: route.abort())
    open_card_form(page, shop.link)
    type_card(page, ASKS_BANK)
    press_pay(page)
    page.wait_for_url(re.compile("/3ds/"))
    with page.expect_request(re.compile("/i/back/att_")) as back:
        page.get_by_text("Complete authentication").click()
    assert shop.request.token not in back.value.url
    expect_receipt(page)
    assert len(shop.payments) == 1


def test_back_from_the_bank_leads_to_the_payment(page: Page, shop: JourneyShop) -> None:
    """C8, I3: the way back knows no token, this browser does; and what the address says is not believed."""
    open_card_form(page, shop.link)
    type_card(page, DECLINED)
    press_pay(page)
    expect(page.locator("#told")).to_be_visible()
    attempt = PaymentAttempt.objects.get()
    back = f"{shop.url}/i/back/{attempt.public_id}/"
    page.goto(f"{back}?payment_intent=pi_forged&redirect_status=succeeded")
    expect(page.get_by_role("heading", name="This payment is not finished")).to_be_visible()
    page.get_by_role("link", name="Back to payment").click()
    expect(page.locator("#told")).to_contain_text("Your bank declined this card.")
    assert shop.payments == []


def test_back_from_the_bank_in_another_browser_knows_nothing(page: Page, shop: JourneyShop) -> None:
    """I3."""
    page.goto(f"{shop.url}/i/back/att_whatever/?redirect_status=succeeded")
    expect(page.get_by_text("Open the link in your email again")).to_be_visible()


def test_a_changed_balance_is_shown_and_nothing_is_charged(page: Page, shop: JourneyShop) -> None:
    """S30, M1: the sum the payer saw is the sum that is charged, or none."""
    open_card_form(page, shop.link)
    type_card(page, PAYS)
    make_payment(shop.order, 50_000)
    press_pay(page)
    changed = page.locator("#changed")
    expect(changed).to_contain_text("The balance changed while you were here. Nothing was charged.")
    expect(changed).to_contain_text("It was $1,105.28 and is now $605.28.")
    assert PaymentAttempt.objects.count() == 0
    changed.get_by_role("button", name="Pay $605.28").click()
    expect_receipt(page)
    assert sorted(payment.amount_minor for payment in shop.payments) == [50_000, 60_528]
    assert shop.due_minor == 0


def test_a_balance_changed_after_the_card_was_declined_starts_a_new_attempt(page: Page, shop: JourneyShop) -> None:
    """E5: the old attempt is cancelled at the processor before a new one is made."""
    open_card_form(page, shop.link)
    type_card(page, DECLINED)
    press_pay(page)
    expect(page.locator("#told")).to_be_visible()
    lines = [NewLine("Hoodie", Decimal(1), 110_528), NewLine("Rush fee", Decimal(1), 15_000)]
    draft = OrderDraft(currency="USD", lines=lines, prices_include_tax=False, contact=shop.order.contact)
    change_order(order=shop.order, draft=draft, by=COMMAND)
    type_card(page, PAYS)
    press_pay(page)
    page.get_by_role("button", name="Pay $1,255.28").first.click()
    expect_receipt(page)
    assert [payment.amount_minor for payment in shop.payments] == [125_528]
    assert sorted(PaymentAttempt.objects.values_list("state", flat=True)) == ["cancelled", "succeeded"]


def test_two_tabs_pay_once(new_context: NewContext, shop: JourneyShop) -> None:
    """E2, E1: the second tab hears that it is paid."""
    context: BrowserContext = new_context()
    one, two = context.new_page(), context.new_page()
    for tab in (one, two):
        open_card_form(tab, shop.link)
        type_card(tab, PAYS)
    press_pay(one)
    expect_receipt(one)
    press_pay(two)
    expect(two.get_by_text("You do not owe anything.")).to_be_visible()
    two.get_by_role("link", name="View receipt").click()
    expect_receipt(two)
    assert len(shop.payments) == 1


def test_a_double_click_pays_once(page: Page, shop: JourneyShop) -> None:
    """E1."""
    open_card_form(page, shop.link)
    type_card(page, PAYS)
    press_pay(page, times=2)
    expect_receipt(page)
    assert len(shop.payments) == 1
    assert PaymentAttempt.objects.count() == 1


def test_two_people_with_one_link_pay_once(new_context: NewContext, shop: JourneyShop) -> None:
    """E1, M3: whoever is later is told, politely."""
    pages = [new_context().new_page() for _ in range(2)]
    for page in pages:
        open_card_form(page, shop.link)
        type_card(page, PAYS)
    for page in pages:
        press_pay(page)
    for page in pages:
        expect(page.get_by_text(re.compile("Thank you, Dana|You do not owe anything"))).to_be_visible()
    assert len(shop.payments) == 1


def test_a_slow_payment_is_checked_until_it_is_known(page: Page, shop: JourneyShop) -> None:
    """M3, U15: the page says so by itself; meanwhile nobody can pay a second time."""
    open_card_form(page, shop.link)
    type_card(page, SLOW)
    press_pay(page)
    expect(page.get_by_role("heading", name="Checking with your bank")).to_be_visible()
    other = page.context.new_page()
    other.goto(f"{shop.link}pay/")
    expect(other.get_by_text("Please wait for it so that you do not pay twice.")).to_be_visible()
    other.close()
    expect_receipt(page)
    assert len(shop.payments) == 1


def test_without_a_script_everything_but_the_card_form_works(new_context: NewContext, shop: JourneyShop) -> None:
    """U7, S22-S26."""
    page = new_context(java_script_enabled=False).new_page()
    page.goto(shop.link)
    expect(page.get_by_role("main")).to_contain_text("$1,105.28")
    with page.expect_download():
        page.get_by_role("link", name="Download PDF").click()
    page.locator("#pay").click()
    expect(page.get_by_text("Card payment needs JavaScript.")).to_be_visible()
    expect(page.locator("#pay-form")).to_be_hidden()


def test_only_the_keyboard_is_needed(page: Page, shop: JourneyShop) -> None:
    """S26-S29, U6."""
    page.goto(shop.link)
    page.locator("#pay").focus()
    page.keyboard.press("Enter")
    card_form(page).get_by_label("Card number").focus()
    page.keyboard.type("4242424242424242")
    page.keyboard.press("Tab")
    page.keyboard.type("1239")
    page.keyboard.press("Tab")
    page.keyboard.type("123")
    page.locator("#email").focus()
    page.keyboard.press("Enter")
    expect_receipt(page)


def test_a_typing_slip_is_said_at_the_field(page: Page, shop: JourneyShop) -> None:
    """U13: the rest stays typed."""
    open_card_form(page, shop.link)
    page.get_by_label("Email for the receipt").fill("dana@")
    type_card(page, PAYS)
    press_pay(page)
    expect(page.locator("#problems")).to_be_focused()
    expect(page.locator("#email-error")).to_be_visible()
    page.get_by_label("Email for the receipt").fill("dana@riverside-hs.example")
    press_pay(page)
    expect_receipt(page)


def test_a_card_form_that_does_not_load_says_what_to_do(new_context: NewContext, shop: JourneyShop) -> None:
    page = new_context(watched=False).new_page()
    page.route("**/stripe.js", lambda route: route.abort())
    open_card_form(page, shop.link)
    expect(page.get_by_text("The card form did not load.")).to_be_visible()
    expect(page.get_by_role("link", name="Try again")).to_be_visible()


def test_no_cookie_is_set_on_the_way_to_the_receipt(page: Page, shop: JourneyShop) -> None:
    """S23, I3."""
    open_card_form(page, shop.link)
    type_card(page, PAYS)
    press_pay(page)
    expect_receipt(page)
    assert page.context.cookies() == []


def test_a_look_by_a_person_is_told_and_a_scanner_is_not(page: Page, shop: JourneyShop) -> None:
    """I4, M5."""
    page.goto(shop.link)
    page.wait_for_timeout(2500)
    shop.request.refresh_from_db()
    assert shop.request.status == "sent"
    with page.expect_request(re.compile("/opened/")):
        page.keyboard.press("PageDown")
        page.wait_for_timeout(600)
    page.wait_for_timeout(300)
    shop.request.refresh_from_db()
    assert shop.request.status == "opened"
