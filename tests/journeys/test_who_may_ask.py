"""When a payment can be requested, when not, and what the page says then (S3-S9, S11, M8, ux.md 3.3, 3.4)."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from balancedue.models import Account, Contact, Order, PaymentRequest, ProcessorConnection, User
from balancedue.rules.ids import new_id
from tests.journeys.backoffice import BackOffice, assert_books_are_right, sign_in_quietly
from tests.journeys.payer import expect_receipt, pay_by_card
from tests.journeys.shops import JourneyShop
from tests.journeys.waiting import wait_for_mail
from tests.journeys.worker_process import WorkerProcess
from tests.makers import make_account, make_connection, make_contact, make_order, make_payment, make_user

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

DANA = "dana@riverside-hs.example"


@pytest.fixture
def bare(page: Page, shop: JourneyShop) -> Iterator[tuple[BackOffice, User]]:
    """The owner of a shop without any processor, signed in."""
    account = make_account(name="Bramble Press")
    owner = make_user(account, name="Robin")
    sign_in_quietly(page.context, shop.url, owner)
    yield BackOffice(page, shop.url, account), owner
    assert_books_are_right(account)


def post_the_form_anyway(staff: BackOffice, order: Order) -> int:
    """What a page left open, or a person with a console, would send. Answers the status."""
    path = f"{staff.url}/{staff.account.slug}/orders/{order.number}/payment-requests/"
    cookies = {cookie["name"]: cookie["value"] for cookie in staff.page.context.cookies()}
    form = {"csrfmiddlewaretoken": cookies["csrftoken"], "to": DANA, "form_key": new_id("form"), "shown": "110528"}
    return staff.page.request.post(path, form=form, headers={"Origin": staff.url}, max_redirects=0).status


def link_in(account: Account, url: str) -> str:
    """The link of the account's latest request."""
    request = PaymentRequest.objects.filter(order__account=account).latest("pk")
    return f"{url}/i/{request.token}/"


def test_paypal_express_alone_cannot_and_with_a_card_processor_beside_it_can(
    page: Page, shop: JourneyShop, bare: tuple[BackOffice, User], worker: WorkerProcess
) -> None:
    """S4, S6, S7, S8: advised to add one; added by the settings page, the customer pays."""
    staff, _ = bare
    order = make_order(staff.account)
    make_connection(staff.account, kind="paypal_express")
    staff.open_order(order)
    expect(staff.request_button).to_be_disabled()
    expect(staff.card).to_contain_text("PayPal Express cannot take payment requests. Add Stripe as well.")
    assert post_the_form_anyway(staff, order) == 409
    assert not PaymentRequest.objects.filter(order=order).exists()

    staff.card.get_by_role("link", name="Add Stripe").click()
    keys = shop.sandbox.post("/_sandbox/accounts", {"secret_key": f"sk_test_{new_id('x')}"})
    page.locator("summary", has_text=re.compile("Enter the keys of .*(sandbox|test)", re.IGNORECASE)).click()
    form = page.locator("form[action$='/connect/sandbox/']")
    form.get_by_label("Secret key").fill(keys["secret_key"])
    form.get_by_label("Publishable key").fill(keys["publishable_key"])
    form.get_by_role("button", name=re.compile("^Connect")).click()
    expect(page.get_by_text("is ready. Customers can pay.")).to_be_visible()
    kinds = set(ProcessorConnection.objects.filter(account=staff.account).values_list("kind", flat=True))
    assert kinds == {"paypal_express", "sandbox"}

    staff.open_order(order)
    staff.request_payment()
    wait_for_mail(shop.mail, DANA)
    pay_by_card(page, link_in(staff.account, shop.url))
    expect_receipt(page)
    staff.open_order(order)
    expect(staff.card).to_contain_text("Nothing is due on this order.")


def test_without_a_processor_nothing_can_be_requested(shop: JourneyShop, bare: tuple[BackOffice, User]) -> None:
    """S4: the button says why and leads to the fix; the page of its own and the form refuse too."""
    staff, _ = bare
    order = make_order(staff.account)
    staff.open_order(order)
    expect(staff.request_button).to_be_disabled()
    expect(staff.card).to_contain_text("Connect a card processor to request payments.")
    staff.page.keyboard.press("r")
    expect(staff.request_window).to_be_hidden()
    staff.go(f"orders/{order.number}/request-payment/")
    expect(staff.page.get_by_role("main")).to_contain_text("Connect a card processor to request payments.")
    expect(staff.page.get_by_role("button", name="Send email")).to_have_count(0)
    assert post_the_form_anyway(staff, order) == 409
    assert not PaymentRequest.objects.filter(order=order).exists()
    staff.open_order(order)
    staff.card.get_by_role("link", name="Connect Stripe").click()
    expect(staff.page).to_have_url(re.compile("/settings/processors/$"))


@pytest.mark.parametrize(
    ("paid_minor", "sentence", "headline"),
    [
        pytest.param(110_528, "Nothing is due on this order.", "$0.00", id="paid"),
        pytest.param(114_528, "The customer has paid $40.00 too much.", "$40.00", id="credit"),
    ],
)
def test_with_nothing_due_the_button_is_disabled(
    page: Page, shop: JourneyShop, paid_minor: int, sentence: str, headline: str
) -> None:
    """S5, S9, requirements.md 2.7: and the server refuses too."""
    order = make_order(shop.account)
    make_payment(order, paid_minor)
    sign_in_quietly(page.context, shop.url, shop.owner)
    staff = BackOffice(page, shop.url, shop.account)
    staff.open_order(order)
    expect(staff.request_button).to_be_disabled()
    expect(staff.card).to_contain_text(sentence)
    expect(staff.card.locator(".sum")).to_contain_text(headline)
    assert post_the_form_anyway(staff, order) == 409
    assert not PaymentRequest.objects.filter(order=order).exists()


def test_a_viewer_sees_and_may_not(page: Page, shop: JourneyShop) -> None:
    """Requirements.md 2.10."""
    order = make_order(shop.account)
    sign_in_quietly(page.context, shop.url, make_user(shop.account, role="viewer", name="Vic"))
    staff = BackOffice(page, shop.url, shop.account)
    staff.open_order(order)
    expect(staff.request_button).to_be_disabled()
    expect(staff.card).to_contain_text("Your role can view orders but not request payments.")
    assert post_the_form_anyway(staff, order) == 403
    assert not PaymentRequest.objects.filter(order=order).exists()


def test_a_contact_without_an_address_is_asked_for_one(page: Page, shop: JourneyShop, worker: WorkerProcess) -> None:
    """S11, M8, requirements.md 2.2: To is empty and needed; what is typed is saved to the contact."""
    contact = make_contact(shop.account, name="Ines Duarte", company="", email="")
    order = make_order(shop.account, contact=contact)
    sign_in_quietly(page.context, shop.url, shop.owner)
    staff = BackOffice(page, shop.url, shop.account)
    staff.open_order(order)
    staff.request_button.click()
    window = staff.request_window
    expect(window).to_contain_text("This contact has no email address yet.")
    expect(window.get_by_label("Save to Ines Duarte")).to_be_checked()
    window.get_by_label("Message").fill("Kept, whatever happens.")
    window.get_by_role("button", name="Send email").click()
    expect(window).to_contain_text("Enter at least one email address in To")
    expect(window.get_by_label("Message")).to_have_value("Kept, whatever happens.")
    staff.type_addresses("To", "ines@duarte")
    window.get_by_role("button", name="Send email").click()
    expect(window.get_by_role("alert").first).to_contain_text("ines@duarte")
    window.get_by_role("button", name="Remove ines@duarte").click()
    staff.type_addresses("To", "ines@duarte.example")
    window.get_by_role("button", name="Send email").click()
    letter = wait_for_mail(shop.mail, "ines@duarte.example")
    assert "Kept, whatever happens." in letter.text
    assert Contact.objects.get(pk=contact.pk).email == "ines@duarte.example"
    assert PaymentRequest.objects.filter(order=order).count() == 1


def test_the_box_ticked_without_an_address_is_refused(page: Page, shop: JourneyShop, worker: WorkerProcess) -> None:
    """S15-S18, requirements.md 2.6: the default can be removed, another added."""
    order = make_order(shop.account)
    sign_in_quietly(page.context, shop.url, make_user(shop.account, name="Sam"))
    staff = BackOffice(page, shop.url, shop.account)
    staff.open_order(order)
    staff.request_button.click()
    window = staff.request_window
    window.get_by_label("Send email notification upon payment").check()
    notify = window.get_by_role("list", name="Notify")
    notify.get_by_role("button", name=re.compile("^Remove sam")).click()
    window.get_by_role("button", name="Send email").click()
    expect(window.get_by_role("alert").first).to_be_visible()
    assert not PaymentRequest.objects.filter(order=order).exists()
    staff.type_addresses("Notify", "till@foxgloveprint.example")
    window.get_by_role("button", name="Send email").click()
    wait_for_mail(shop.mail, DANA)
    pay_by_card(page, link_in(shop.account, shop.url))
    expect_receipt(page)
    wait_for_mail(shop.mail, "till@foxgloveprint.example")
    assert not [message for message in shop.mail.messages if any("sam" in to for to in message.recipients)]
