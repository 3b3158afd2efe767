"""A customer pays on the processor's own page, and comes back: no card field, and no script needed, on ours."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from balancedue.models import PaymentAttempt, ProcessorConnection
from tests.browser import NewContext
from tests.journeys.payer import (
    ASKS_BANK,
    DECLINED,
    PAYS,
    SLOW,
    bank,
    expect_receipt,
    press_pay,
    press_pay_on_invoice,
    type_card,
)
from tests.journeys.shops import JourneyShop
from tests.makers import make_payment

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

THERE = re.compile("/c/pay/cs_")


@pytest.fixture(autouse=True)
def elsewhere(shop: Any) -> None:
    """The shop wants no card field on its page."""
    ProcessorConnection.objects.filter(pk=shop.connection.pk).update(hosted=True)


def go_there(page: Page, shop: JourneyShop) -> None:
    """From the mail's link to the processor's page."""
    page.goto(shop.link)
    press_pay_on_invoice(page)
    press_pay(page)
    page.wait_for_url(THERE)


def pay_there(page: Page, number: str) -> None:
    """A card on the processor's page; the email came along from ours."""
    expect(page.get_by_label("Email")).to_have_value("dana@riverside-hs.example")
    page.get_by_label("Name on card").fill("Dana Whitlock")
    type_card(page, number)
    press_pay(page)


def test_a_customer_pays_elsewhere_and_comes_back_to_the_receipt(page: Page, shop: JourneyShop) -> None:
    """S22, S26-S30, I3: only our own on our page; the way back knows no token; paid once, reloaded or not."""
    asked: list[str] = []
    page.goto(shop.link)
    page.on("request", lambda request: asked.append(request.url))
    press_pay_on_invoice(page)
    expect(page.get_by_text("You pay on Test processor's page and come back here.")).to_be_visible()
    assert all(url.startswith(shop.url) for url in asked)
    press_pay(page)
    page.wait_for_url(THERE)
    expect(page.get_by_text("1,105.28 USD").first).to_be_visible()
    with page.expect_request(re.compile("/i/back/att_")) as back:
        pay_there(page, PAYS)
    assert shop.request.token not in back.value.url
    expect_receipt(page)
    assert page.url.startswith(f"{shop.link}pay/att_")
    expect(page.get_by_role("main")).to_contain_text("On your statement")
    expect(page.get_by_role("main")).to_contain_text(f"SANDBOX* INV-{shop.order.number}")
    assert page.context.cookies() == []
    page.reload()
    expect_receipt(page)
    assert [payment.amount_minor for payment in shop.payments] == [110_528]
    assert PaymentAttempt.objects.get().hosted
    shop.work_until(lambda: len(shop.mail.to("dana@riverside-hs.example")) == 1)


@pytest.mark.slow
def test_3d_secure_there(page: Page, shop: JourneyShop) -> None:
    """S29."""
    go_there(page, shop)
    pay_there(page, ASKS_BANK)
    bank(page).get_by_text("Complete authentication").click()
    expect_receipt(page)
    assert len(shop.payments) == 1


@pytest.mark.slow
def test_declined_there_then_turned_back_then_paid(page: Page, shop: JourneyShop) -> None:
    """C5, C11: told there, told here in our own words, and the same page takes another card."""
    go_there(page, shop)
    pay_there(page, DECLINED)
    expect(page.get_by_role("alert")).to_have_text("Your card was declined.")
    there = page.url
    page.get_by_role("link", name=re.compile("Back to Sandbox account")).click()
    expect(page.get_by_role("heading", name="This payment is not finished")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("Your bank declined this card. No money was taken.")
    page.get_by_role("link", name="Back to payment").click()
    expect(page.get_by_role("main")).to_contain_text("Your bank declined this card.")
    press_pay(page)
    page.wait_for_url(there)
    pay_there(page, PAYS)
    expect_receipt(page)
    assert len(shop.payments) == 1
    assert PaymentAttempt.objects.count() == 1


@pytest.mark.slow
def test_the_back_button_leads_to_the_form_and_on_to_the_same_page(page: Page, shop: JourneyShop) -> None:
    """C11: back and forth is no second charge."""
    go_there(page, shop)
    there = page.url
    page.go_back()
    expect(page.get_by_role("heading", name="Pay Foxglove Print Co.")).to_be_visible()
    press_pay(page)
    page.wait_for_url(there)
    pay_there(page, PAYS)
    expect_receipt(page)
    page.go_back()
    page.wait_for_url(re.compile(f"{shop.url}/i/"))
    assert len(shop.payments) == 1


@pytest.mark.slow
def test_left_open_until_it_expired(page: Page, shop: JourneyShop) -> None:
    """C11: it takes nothing any more; from here a new one is begun."""
    go_there(page, shop)
    make_payment(shop.order, 10_000)
    pay_there(page, PAYS)
    expect(page.get_by_role("heading", name="This page has expired")).to_be_visible()
    page.get_by_role("link", name="Back to the shop").click()
    expect(page.get_by_role("heading", name="This payment was stopped")).to_be_visible()
    page.get_by_role("link", name="View Invoice").click()
    press_pay_on_invoice(page)
    expect(page.get_by_role("button", name="Pay $1,005.28")).to_be_visible()
    press_pay(page)
    pay_there(page, PAYS)
    expect_receipt(page)
    assert sorted(payment.amount_minor for payment in shop.payments) == [10_000, 100_528]


@pytest.mark.slow
def test_a_balance_that_changed_is_shown_before_anybody_leaves(page: Page, shop: JourneyShop) -> None:
    """S30, M1."""
    page.goto(shop.link)
    press_pay_on_invoice(page)
    make_payment(shop.order, 50_000)
    press_pay(page)
    expect(page.get_by_role("main")).to_contain_text("It was $1,105.28 and is now $605.28.")
    expect(page.get_by_role("alert")).to_be_focused()
    press_pay(page)
    page.wait_for_url(THERE)
    pay_there(page, PAYS)
    expect_receipt(page)
    assert sorted(payment.amount_minor for payment in shop.payments) == [50_000, 60_528]


@pytest.mark.slow
def test_a_slow_payment_is_waited_for_here(page: Page, shop: JourneyShop) -> None:
    """U15: submitted is not paid."""
    go_there(page, shop)
    pay_there(page, SLOW)
    expect(page.get_by_role("heading", name="Checking with your bank")).to_be_visible()
    expect_receipt(page)
    assert len(shop.payments) == 1


def test_our_side_of_it_needs_no_script(new_context: NewContext, shop: JourneyShop) -> None:
    """U7: there and back; the mail's link then leads to the receipt."""
    page = new_context(java_script_enabled=False).new_page()
    page.goto(shop.link)
    press_pay_on_invoice(page)
    page.locator("#pay").click()
    page.wait_for_url(THERE)
    helper = new_context().new_page()  # their page needs its script
    helper.goto(page.url)
    pay_there(helper, PAYS)
    helper.wait_for_url(re.compile("/i/back/att_"))
    expect(helper.get_by_text("Open the link in your email again")).to_be_visible()
    page.goto(helper.url)
    expect(page.get_by_text("Open the link in your email again")).to_be_visible()
    page.goto(shop.link)
    page.locator("#pay").click()
    page.locator("#pay").click()
    expect(page.get_by_role("heading", name="Paid. Thank you, Dana")).to_be_visible()
    assert len(shop.payments) == 1
