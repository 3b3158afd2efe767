"""A real wholesaler's orders: imported as the documentation says, one of 593 lines asked for, paid, and told of."""

import io
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pypdf
import pytest
from django.db.models import Count
from playwright.sync_api import Page, expect

from balancedue.models import Account, Order, PaymentRequest, User
from balancedue.rules.ids import new_id
from tests.browser import NewContext
from tests.journeys.backoffice import BackOffice, assert_books_are_right, sign_in_quietly
from tests.journeys.payer import PAYS, expect_receipt, press_pay, press_pay_on_invoice, type_card
from tests.journeys.shops import JourneyShop
from tests.journeys.waiting import open_mail, wait_for_mail
from tests.journeys.worker_process import WorkerProcess

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

FILE = Path(__file__).resolve().parent.parent / "data" / "online-retail-10000.csv"
MAPPING = {
    "number": "InvoiceNo",
    "placed_at": "InvoiceDate",
    "lines.sku": "StockCode",
    "lines.description": "Description",
    "lines.quantity": "Quantity",
    "lines.unit_price": "UnitPrice",
    "contact.name": "Customer {CustomerID}",
    "contact.email": "{CustomerID}@customers.example",
}
BRISTOL = "gifts-of-bristol"
OWNER = "owner@gifts-of-bristol.example"


def balancedue(environment: dict[str, str], *arguments: str, given: str = "") -> str:
    """One command, as an operator types it; what it says."""
    command = [sys.executable, "-m", "balancedue", *arguments]
    done = subprocess.run(command, env=environment, input=given, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def set_up(shop: JourneyShop, environment: dict[str, str]) -> Account:
    """An account made, connected and filled on the command line."""
    balancedue(
        environment, "create-account", BRISTOL, "--name", "Gifts of Bristol", "--owner-email", OWNER,
        "--currency", "GBP", "--country", "GB", "--time-zone", "Europe/London", "--password-stdin",
        given="kept elsewhere\n",
    )  # fmt: skip
    keys = shop.sandbox.post("/_sandbox/accounts", {"secret_key": f"sk_test_{new_id('x')}", "currency": "gbp"})
    names = ("secret_key", "publishable_key")
    sets = [word for name in names for word in ("--set", f"{name}={keys[name]}")]
    reached = environment | {"BALANCEDUE_PUBLIC_URL": shop.url, "BALANCEDUE_ROUND_TRIP_SECONDS": "8"}
    said = balancedue(reached, "connect-processor", BRISTOL, "sandbox", *sets, "--set", f"api_base={shop.sandbox.url}")
    assert "NOT" not in said, said
    return Account.objects.get(slug=BRISTOL)


def import_orders(environment: dict[str, str]) -> str:
    maps = [word for name, column in MAPPING.items() for word in ("--map", f"{name}={column}")]
    return balancedue(environment, "import-orders", BRISTOL, str(FILE), "--currency", "GBP", *maps)


def pages_of(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages]


def assert_all_lines_are_printed(order: Order, pdf: bytes) -> None:
    """U19, ux.md 8: the head of the table and the page number on every page, and every line once."""
    pages = pages_of(pdf)
    assert len(pages) > 10
    for number, page in enumerate(pages, 1):
        assert f"Page {number} of {len(pages)}" in page
    lines = list(order.lines.all())
    heads = [page for page in pages if "Description" in page or "Item" in page]
    assert len(heads) >= len(pages) - 1  # the last may hold the sums alone
    printed = re.sub(r"\s+", "", "".join(pages))
    missing = [line.description for line in lines if re.sub(r"\s+", "", line.description) not in printed]
    assert missing == []


def test_a_wholesalers_orders_are_imported_requested_and_paid(
    page: Page, new_context: NewContext, shop: JourneyShop, child_environment: dict[str, str], worker: WorkerProcess
) -> None:
    """Issue text "On real input", S1-S34 over real orders, N1-N14."""
    account = set_up(shop, child_environment)
    said = import_orders(child_environment)
    assert "439 orders imported, 9,870 lines, 184248.33 GBP" in said
    assert "38 of them without a customer" in said
    assert "15 of them come to zero" in said
    assert "13 lines without a description" in said
    assert "73 refused" in said
    assert len(re.findall(r"^refused \S+: ", said, re.MULTILINE)) >= 73
    assert Order.objects.filter(account=account).count() == 439
    again = import_orders(child_environment)
    assert "0 orders imported" in again
    assert "439 already there" in again

    owner = User.objects.get(email=OWNER)
    sign_in_quietly(page.context, shop.url, owner)
    staff = BackOffice(page, shop.url, account)
    longest = Order.objects.filter(account=account).annotate(size=Count("lines")).order_by("-size")[0]
    assert longest.size == 593  # type: ignore[attr-defined]
    _request_and_pay(staff, new_context, shop, longest, owner)
    with_three = Order.objects.filter(account=account, contact__isnull=False, due_minor__gt=1000)
    short = with_three.annotate(size=Count("lines")).filter(size=3).order_by("pk")[0]
    _request_and_pay(staff, new_context, shop, short, owner)
    _refuses_an_order_of_nothing(staff, child_environment)
    _asks_for_an_address(staff, shop)
    assert_books_are_right(account)


def _request_and_pay(staff: BackOffice, new_context: NewContext, shop: JourneyShop, order: Order, owner: User) -> None:
    """Request, mail, invoice, PDF, payment, receipt, notice."""
    size, due = order.lines.count(), order.total.show("en-GB")
    staff.open_order(order)
    expect(staff.card).to_contain_text(due)
    if order.contact is None:
        staff.request_button.click()
        staff.type_addresses("To", f"order-{order.number}@customers.example")
    else:
        staff.request_button.click()
    staff.request_window.get_by_label("Send email notification upon payment").check()
    staff.request_window.get_by_role("button", name="Send email").click()
    expect(staff.request_window).to_be_hidden()
    request = PaymentRequest.objects.get(order=order)
    told_before = len(shop.mail.to(OWNER))
    letter = wait_for_mail(shop.mail, request.to[0])
    assert due in letter.message["Subject"]
    payer = new_context().new_page()
    open_mail(payer, letter)
    payer.get_by_role("link", name="View Invoice").click()
    expect(payer.get_by_role("heading", name=f"Invoice INV-{order.number}")).to_be_visible()
    expect(payer.get_by_role("region", name="Items").get_by_role("row")).to_have_count(size + 1)
    pdf = payer.request.get(f"{payer.url}invoice.pdf")
    assert pdf.ok
    assert due in "".join(pages_of(pdf.body()))
    if size > 500:
        assert_all_lines_are_printed(order, pdf.body())
    press_pay_on_invoice(payer)
    type_card(payer, PAYS)
    press_pay(payer)
    expect_receipt(payer, first_name="")
    notice = wait_for_mail(shop.mail, OWNER, number=told_before + 1)
    assert due in notice.text
    order.refresh_from_db()
    assert order.due_minor == 0
    payer.close()


def _refuses_an_order_of_nothing(staff: BackOffice, environment: dict[str, str]) -> None:
    """S5: by the page and by the API, with its code."""
    nothing = Order.objects.filter(account=staff.account, total_minor=0).order_by("pk")[0]
    staff.open_order(nothing)
    expect(staff.request_button).to_be_disabled()
    expect(staff.card).to_contain_text("Nothing is due on this order.")
    key = balancedue(environment, "create-api-key", BRISTOL, "--name", "journey").splitlines()[-1]
    answer: Any = staff.page.request.post(
        f"{staff.url}/api/v1/orders/{nothing.number}/payment-requests",
        data={"to": ["buyer@customers.example"]},
        headers={"Authorization": f"Bearer {key}", "Idempotency-Key": new_id("key")},
    )
    assert answer.status in (409, 422)
    assert answer.json()["code"] == "nothing_due"


def _asks_for_an_address(staff: BackOffice, shop: JourneyShop) -> None:
    """S11, requirements.md 2.2: an order without a customer."""
    alone = Order.objects.filter(account=staff.account, contact=None, due_minor__gt=0).order_by("pk")[0]
    staff.open_order(alone)
    staff.request_button.click()
    window = staff.request_window
    expect(window).to_contain_text("This order has no contact yet.")
    window.get_by_role("button", name="Send email").click()
    expect(window).to_contain_text("Enter at least one email address in To")
    assert not PaymentRequest.objects.filter(order=alone).exists()
    staff.type_addresses("To", "walk-in@customers.example")
    window.get_by_role("button", name="Send email").click()
    wait_for_mail(shop.mail, "walk-in@customers.example")
    alone.refresh_from_db()
    assert alone.contact is not None and alone.contact.email == "walk-in@customers.example"
