"""How the product hears that money came in: at once, before, after, twice, late, or never (M3, C, D, R8)."""

from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from balancedue.models import Delivery, PaymentAttempt, ProcessorEvent
from tests.browser import NewContext
from tests.journeys.backoffice import BackOffice, sign_in_quietly
from tests.journeys.payer import (
    ASKS_BANK,
    PAYS,
    SLOW,
    bank,
    expect_receipt,
    open_card_form,
    pay_by_card,
    press_pay,
    type_card,
)
from tests.journeys.shops import JourneyShop
from tests.journeys.waiting import wait_for_mail, wait_until
from tests.journeys.worker_process import WorkerProcess

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

DANA = "dana@riverside-hs.example"
RETURNS = "**/pay/att_*/**"  # every way back to us from the card form: the check and the page


def leave_without_a_word(page: Page) -> None:
    """The payer's browser reaches the processor and never again us: a tab closed, a phone gone dark."""
    page.route(RETURNS, lambda route: route.abort())


def assert_paid_once(shop: JourneyShop) -> None:
    """One payment, one receipt, one notice, whoever told us and how often."""
    assert [payment.amount_minor for payment in shop.payments] == [110_528]
    assert shop.due_minor == 0
    wait_for_mail(shop.mail, shop.owner.email)
    wait_for_mail(shop.mail, DANA)
    assert Delivery.objects.filter(order=shop.order, kind="payment_notice").count() == 1
    assert [len(shop.mail.to(address)) for address in (shop.owner.email, DANA)] == [1, 1]


def paid(shop: JourneyShop) -> bool:
    return shop.due_minor == 0


def some_time_passes() -> None:
    """Until the next check is due, without the wait."""
    PaymentAttempt.objects.filter(next_check_at__isnull=False).update(next_check_at=timezone.now())


def test_the_webhook_comes_and_the_payer_never_returns(
    new_context: NewContext, shop: JourneyShop, worker: WorkerProcess
) -> None:
    """M3, D, U15: the money is booked from the webhook alone, and an order page left open shows it."""
    office = new_context()
    sign_in_quietly(office, shop.url, shop.owner)
    staff = BackOffice(office.new_page(), shop.url, shop.account)
    staff.open_order(shop.order)
    payer = new_context(watched=False).new_page()
    open_card_form(payer, shop.link)
    type_card(payer, PAYS)
    leave_without_a_word(payer)
    press_pay(payer)
    wait_until(lambda: paid(shop), "the webhook books the payment")
    assert_paid_once(shop)
    expect(staff.card).to_contain_text("Nothing is due on this order.")
    payer.unroute(RETURNS)
    payer.goto(shop.link)
    payer.get_by_role("link", name="View receipt").click()
    expect_receipt(payer)


def test_the_webhook_comes_after_the_payer_is_back(
    page: Page, shop: JourneyShop, start_worker: Callable[[], WorkerProcess]
) -> None:
    """M3, E3: booked from the return page; the webhook, read when a worker comes up, adds nothing."""
    pay_by_card(page, shop.link)
    expect_receipt(page)
    assert len(shop.payments) == 1
    wait_until(lambda: ProcessorEvent.objects.filter(status="new").exists(), "the webhook is kept")
    start_worker()
    wait_until(lambda: not ProcessorEvent.objects.filter(status="new").exists(), "the webhook is read")
    assert_paid_once(shop)


def test_every_webhook_comes_twice(page: Page, shop: JourneyShop, worker: WorkerProcess) -> None:
    """M3, D1."""
    shop.sandbox.faults(webhooks="twice")
    pay_by_card(page, shop.link)
    expect_receipt(page)
    wait_until(lambda: ProcessorEvent.objects.exists(), "webhooks come")
    wait_until(lambda: not ProcessorEvent.objects.filter(status="new").exists(), "they are read")
    assert_paid_once(shop)


def test_no_webhook_ever_comes_and_the_page_finds_out(page: Page, shop: JourneyShop, worker: WorkerProcess) -> None:
    """R8, U15: a slow payment is shown as paid on the open page, with nobody telling us."""
    shop.sandbox.faults(webhooks="off")
    pay_by_card(page, shop.link, SLOW)
    expect(page.get_by_role("heading", name="Checking with your bank")).to_be_visible()
    expect_receipt(page, seconds=60)
    assert not ProcessorEvent.objects.filter(listed=False).exists()
    assert_paid_once(shop)


def test_no_webhook_ever_comes_and_the_payer_is_gone(
    new_context: NewContext, shop: JourneyShop, worker: WorkerProcess
) -> None:
    """R8, N10: the worker asks the processor by itself."""
    shop.sandbox.faults(webhooks="off")
    page = new_context(watched=False).new_page()
    open_card_form(page, shop.link)
    type_card(page, PAYS)
    leave_without_a_word(page)
    press_pay(page)
    wait_until(lambda: len(books_of(shop)) == 1, "the card is charged")
    assert shop.payments == []
    some_time_passes()
    wait_until(lambda: paid(shop), "the worker asks")
    assert_paid_once(shop)


def test_staff_ask_the_processor_themselves(page: Page, new_context: NewContext, shop: JourneyShop) -> None:
    """E3, ux.md 3.3: "Check now", with no webhook and no worker."""
    shop.sandbox.faults(webhooks="off")
    payer = new_context(watched=False).new_page()
    open_card_form(payer, shop.link)
    type_card(payer, ASKS_BANK)
    press_pay(payer)
    sign_in_quietly(page.context, shop.url, shop.owner)
    staff = BackOffice(page, shop.url, shop.account)
    complete = bank(payer).get_by_text("Complete authentication")
    expect(complete).to_be_visible()
    leave_without_a_word(payer)
    complete.click()
    wait_until(lambda: len(books_of(shop)) == 1, "the card is charged")
    staff.open_order(shop.order)
    PaymentAttempt.objects.update(state="pending")
    page.reload()
    expect(staff.card).to_contain_text("A card payment of $1,105.28 is in progress since")
    page.get_by_role("button", name="Check now").click()
    expect(staff.card).to_contain_text("Nothing is due on this order.")
    assert len(shop.payments) == 1


def test_the_processor_goes_down_while_paying_and_comes_up(
    new_context: NewContext, shop: JourneyShop, worker: WorkerProcess
) -> None:
    """C1-C3, N14: the page never says failed, nobody pays twice, and once it is up the payment is found."""
    page = new_context(watched=False).new_page()
    open_card_form(page, shop.link)
    type_card(page, PAYS)
    shop.sandbox.faults(mode="down")
    press_pay(page)
    expect(page.get_by_role("heading", name="This payment is not finished")).to_be_visible()
    expect(page.get_by_text("No payment has reached us.")).to_be_visible()
    assert PaymentAttempt.objects.get().state == "unknown"
    assert shop.payments == []
    shop.sandbox.faults(mode="none")
    some_time_passes()
    page.get_by_role("link", name="Back to payment").click()
    type_card(page, PAYS)
    press_pay(page)
    expect_receipt(page)
    assert_paid_once(shop)
    assert PaymentAttempt.objects.count() == 1
    assert len(books_of(shop)) == 1


def test_the_processor_goes_down_after_the_charge(
    new_context: NewContext, shop: JourneyShop, worker: WorkerProcess
) -> None:
    """C1: charged, and nobody could be asked; paid within a minute of its coming back, and charged once."""
    shop.sandbox.faults(webhooks="off")
    page = new_context(watched=False).new_page()
    open_card_form(page, shop.link)
    type_card(page, SLOW)
    press_pay(page)
    expect(page.get_by_role("heading", name="Checking with your bank")).to_be_visible()
    shop.sandbox.faults(mode="down")
    other = page.context.new_page()
    other.goto(f"{shop.link}pay/")
    expect(other.get_by_text("Please wait for it so that you do not pay twice.")).to_be_visible()
    other.close()
    wait_until(lambda: len(books_of(shop)) == 1, "the card is charged")
    assert shop.payments == []
    shop.sandbox.faults(mode="none")
    expect_receipt(page, seconds=60)
    assert_paid_once(shop)
    assert len(books_of(shop)) == 1


def test_a_worker_that_dies_is_followed_by_another(
    page: Page, shop: JourneyShop, start_worker: Callable[[], WorkerProcess]
) -> None:
    """B2, N11: nothing is lost with it, and nothing is sent twice."""
    first = start_worker()
    pay_by_card(page, shop.link)
    first.kill()
    expect_receipt(page)
    Delivery.objects.filter(leased_until__isnull=False).update(leased_until=timezone.now())
    start_worker()
    assert_paid_once(shop)


def books_of(shop: JourneyShop) -> list[object]:
    """What the processor took for this shop."""
    references = set(PaymentAttempt.objects.filter(order=shop.order).values_list("reference", flat=True))
    return [row for row in shop.sandbox.get("/_sandbox/books")["charges"] if row["payment_intent"] in references]
