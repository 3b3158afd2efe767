"""The whole life of an order: asked, confirmed at the bank, paid, refunded in part and in full, disputed, won.

Once with webhooks, each step on the open order page within 10 seconds, and once without any, within 60: then the pages
and the worker ask. After each step the books are right.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from balancedue.models import Dispute, PaymentAttempt, ProcessorEvent, Refund, read_standing
from tests.browser import NewContext
from tests.journeys.backoffice import BackOffice, assert_books_are_right, sign_in_quietly
from tests.journeys.payer import ASKS_BANK, bank, expect_receipt, open_card_form, press_pay, type_card
from tests.journeys.shops import JourneyShop
from tests.journeys.waiting import wait_for_mail, wait_until
from tests.journeys.worker_process import WorkerProcess

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

DANA = "dana@riverside-hs.example"


@dataclass(frozen=True, slots=True)
class Life:
    """One order's life, with its page open all the while. `seconds`: how soon each step must show on it."""

    shop: JourneyShop
    staff: BackOffice
    seconds: float

    @contextmanager
    def step(self, *, card: str = "", activity: str) -> Iterator[None]:
        """What happens inside shows on the open page in time, without a reload; then the books are right."""
        yield
        timeout = self.seconds * 1000
        expect(self.staff.page.get_by_role("region", name="Activity")).to_contain_text(activity, timeout=timeout)
        if card:
            expect(self.staff.card).to_contain_text(card, timeout=timeout)
        assert_books_are_right(self.shop.account)

    @property
    def charge(self) -> str:
        """The processor's own name of the payment."""
        books = self.shop.sandbox.get("/_sandbox/books")["charges"]
        reference = PaymentAttempt.objects.get(order=self.shop.order, state="succeeded").money_reference
        (charge,) = [row["id"] for row in books if row["payment_intent"] == reference]
        return str(charge)

    def refund(self, amount: str, *, reduce: bool) -> None:
        """By the Refund window of the open page; empty: all that is left."""
        page = self.staff.page
        self.staff.card.get_by_role("button", name="Refund").first.click()
        window = page.get_by_role("dialog", name="Refund")
        if amount:
            window.get_by_label("Amount").fill(amount)
        window.get_by_label("Reason").select_option(label="The customer asked for it")
        window.get_by_label("Refund and reduce" if reduce else "Refund only").check()
        window.get_by_role("button", name="Refund", exact=True).click()
        expect(window).to_be_hidden()


def live(life: Life, payer: Page) -> None:
    """Every step of it."""
    shop, staff = life.shop, life.staff
    staff.open_order(shop.order)
    with life.step(activity="requested payment of $1,105.28"):
        staff.request_payment()
    wait_for_mail(shop.mail, DANA)
    with life.step(card="Nothing is due on this order.", activity="Paid $1,105.28 by Visa"):
        pay_with_the_banks_consent(payer, shop.link)
    with life.step(activity="The refund of $105.28 is done"):
        life.refund("105.28", reduce=True)
    with life.step(card="$1,000.00", activity="The refund of $1,000.00 is done"):
        life.refund("", reduce=False)
    assert [refund.amount_minor for refund in Refund.objects.filter(order=shop.order)] == [10_528, 100_000]
    with life.step(card="$500.00", activity="Dispute opened"):
        dispute = shop.sandbox.dispute(life.charge, amount=50_000)
    with life.step(activity="The dispute about $500.00 was won"):
        shop.sandbox.end(dispute, "won")
    assert Dispute.objects.get(order=shop.order).state == "won"
    standing = read_standing(shop.order)
    assert (standing.balance.due.minor, standing.balance.settled.minor) == (100_000, 0)


def pay_with_the_banks_consent(page: Page, link: str) -> None:
    """3-D Secure, and the receipt."""
    open_card_form(page, link)
    type_card(page, ASKS_BANK)
    press_pay(page)
    bank(page).get_by_text("Complete authentication").click()
    expect_receipt(page)


def open_life(new_context: NewContext, shop: JourneyShop, *, seconds: float) -> Life:
    """A person of the shop's at their desk."""
    office = new_context()
    sign_in_quietly(office, shop.url, shop.owner)
    return Life(shop, BackOffice(office.new_page(), shop.url, shop.account), seconds)


def test_every_step_shows_on_the_open_order_within_ten_seconds(
    new_context: NewContext, shop: JourneyShop, worker: WorkerProcess
) -> None:
    """U15, S2, S31, M2: request, 3-D Secure, paid, part refund, rest refunded, dispute opened and won."""
    live(open_life(new_context, shop, seconds=10), new_context().new_page())
    wait_until(lambda: not ProcessorEvent.objects.filter(status="new").exists(), "every webhook is read")
    assert not ProcessorEvent.objects.filter(listed=True).exists()


def test_without_any_webhook_the_result_is_the_same_and_comes_within_a_minute(
    new_context: NewContext, shop: JourneyShop, worker: WorkerProcess
) -> None:
    """R8, N10: nobody tells us; the pages and the worker ask."""
    shop.sandbox.faults(webhooks="off")
    live(open_life(new_context, shop, seconds=60), new_context().new_page())
    assert not ProcessorEvent.objects.filter(listed=False).exists()
