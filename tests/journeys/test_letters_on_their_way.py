"""Between Send email and the customer's mailbox: undo, send now, refused addresses (M8, requirements.md 2.12, U14)."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from balancedue.models import Delivery, PaymentRequest
from tests.journeys.backoffice import BackOffice, sign_in_quietly
from tests.journeys.servers import WebServer
from tests.journeys.shops import JourneyShop
from tests.journeys.waiting import wait_for_mail, wait_until
from tests.journeys.worker_process import WorkerProcess
from tests.makers import make_order
from tests.smtp import start_smtp

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

DANA, TREASURER, DANAS_OTHER = "dana@riverside-hs.example", "treasurer@riverside-hs.example", "dana@home.example"
HOLD_SECONDS = "30"  # as long as may be: a test that is held up must not run into it


@pytest.fixture
def patient_server(shop: JourneyShop, child_environment: dict[str, str]) -> Iterator[WebServer]:
    """A web server that holds letters back for as long as it may."""
    server = WebServer()
    server.start(child_environment | {"BALANCEDUE_SEND_HOLD_SECONDS": HOLD_SECONDS})
    yield server
    server.stop()


def test_undo_takes_it_back_and_send_now_does_not_wait(
    page: Page, shop: JourneyShop, patient_server: WebServer, worker: WorkerProcess
) -> None:
    """Requirements.md 2.12, ux.md 3.3: the draft is kept, and nothing has left."""
    order = make_order(shop.account)
    sign_in_quietly(page.context, patient_server.url, shop.owner)
    staff = BackOffice(page, patient_server.url, shop.account)
    staff.open_order(order)
    staff.request_button.click()
    staff.type_addresses("CC", TREASURER)
    staff.request_window.get_by_label("Message").fill("Too early")
    staff.request_window.get_by_role("button", name="Send email").click()
    expect(staff.card).to_contain_text(f"Sending to {DANA}")
    staff.card.get_by_role("button", name="Undo").click()
    expect(staff.card).to_contain_text("Not sent. Your draft is kept.")
    assert PaymentRequest.objects.get(order=order).status == "withdrawn"

    staff.card.get_by_role("button", name="Edit and send").click()
    window = staff.request_window
    expect(window.get_by_label("Message")).to_have_value("Too early")
    expect(window.get_by_role("list", name="CC")).to_have_text(TREASURER)
    window.get_by_label("Message").fill("Now it is time")
    window.get_by_role("button", name="Send email").click()
    expect(staff.card).to_contain_text(f"Sending to {DANA}")
    staff.card.get_by_role("button", name="Send now").click()
    letter = wait_for_mail(shop.mail, DANA)
    wait_for_mail(shop.mail, TREASURER)
    assert "Now it is time" in letter.text
    assert len(shop.mail.messages) == 2
    expect(staff.card.get_by_role("listitem").filter(has_text="Sent")).to_be_visible()


def test_a_refused_address_is_said_on_the_order_and_in_the_list(
    page: Page, shop: JourneyShop, start_worker: Callable[..., WorkerProcess]
) -> None:
    """M8, H3, U12, U14: one bad address holds up no other; the sender is told; with another address it arrives."""
    order = make_order(shop.account)
    sign_in_quietly(page.context, shop.url, shop.owner)
    staff = BackOffice(page, shop.url, shop.account)
    with start_smtp(rcpt={DANA: "550 5.1.1 no such user here"}) as mail:
        worker = start_worker(email_url=mail.url)
        staff.open_order(order)
        staff.request_button.click()
        staff.type_addresses("CC", TREASURER)
        staff.request_window.get_by_role("button", name="Send email").click()
        wait_for_mail(mail, TREASURER)
        expect(staff.card).to_contain_text(f"Not delivered to {DANA}", timeout=60_000)
        wait_for_mail(mail, shop.owner.email)
        staff.go("orders/")
        row = page.get_by_role("row").filter(has_text=f"#{order.number}")
        expect(row).to_contain_text("Email bounced")
        page.get_by_role("link", name=re.compile("^Needs attention")).click()
        expect(page.get_by_role("link", name=f"#{order.number}", exact=True)).to_be_visible()

        staff.open_order(order)
        staff.card.get_by_role("button", name="Fix address and resend").click()
        window = staff.request_window
        window.get_by_role("button", name=f"Remove {DANA}").click()
        staff.type_addresses("To", DANAS_OTHER)
        window.get_by_role("button", name="Send email").click()
        wait_for_mail(mail, DANAS_OTHER)
        expect(staff.card).not_to_contain_text("Not delivered")
        worker.stop()


def test_a_mail_server_that_is_busy_is_tried_again(
    page: Page, shop: JourneyShop, start_worker: Callable[..., WorkerProcess]
) -> None:
    """H1, H3: said on the order while it lasts; then it arrives, once, under the same Message-ID."""
    order = make_order(shop.account)
    sign_in_quietly(page.context, shop.url, shop.owner)
    staff = BackOffice(page, shop.url, shop.account)
    with start_smtp(rcpt={DANA: ["451 4.7.1 try again later"]}) as mail:
        worker = start_worker(email_url=mail.url)
        staff.open_order(order)
        staff.request_payment()
        wait_until(lambda: mail.attempts == [DANA], "one try")
        expect(staff.card).to_contain_text(f"Still trying {DANA}", timeout=60_000)
        soon = Delivery.objects.get(order=order)
        Delivery.objects.filter(pk=soon.pk).update(next_try_at=soon.created_at)  # half a minute later
        letter = wait_for_mail(mail, DANA)
        assert letter.message["Message-ID"] == soon.message_id
        assert len(mail.messages) == 1
        worker.stop()
