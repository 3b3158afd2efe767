"""Settings: the shop, its invoices and emails, its processors, its people."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from balancedue.models import Account, ProcessorConnection
from tests.makers import KEYS, make_connection, make_order, make_sent_request, make_user

from .desk import Desk, inputs, words

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64
STRIPE = {
    "secret_key": "sk_test_abcd1234",
    "publishable_key": "pk_test_abcd1234",
    "webhook_secret": "whsec_abcd12345678",
}


def test_the_shop_says_what_stands_on_its_invoices(desk: Desk) -> None:
    """requirements.md 2.18."""
    shown = inputs(desk.get("settings/"))
    typed = shown | {"name": "Foxglove", "brand_colour": "#154FC3", "address-city": "Salem", "address-country": "CA"}
    assert desk.post("settings/", typed).status_code == 302
    account = Account.objects.get()
    assert (account.name, account.brand_colour, account.country) == ("Foxglove", "#154FC3", "CA")
    assert account.address["city"] == "Salem"


def test_a_logo_is_kept_and_shown_and_removed(desk: Desk) -> None:
    shown = inputs(desk.get("settings/")) | {"address-country": "US"}
    desk.post("settings/", shown | {"logo": SimpleUploadedFile("logo.png", PNG)})
    assert bytes(Account.objects.get().logo) == PNG
    assert desk.get("settings/logo/")["Content-Type"] == "image/png"
    desk.post("settings/", shown)
    assert Account.objects.get().logo
    desk.post("settings/", shown | {"no_logo": "on"})
    assert not Account.objects.get().logo
    assert desk.get("settings/logo/").status_code == 404


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("logo.png", b"<svg onload=alert(1)>", "Choose a PNG or JPEG picture"),
        ("logo.png", PNG + b"\x00" * 200_000, "Choose a picture of at most 200 kB"),
    ],
)
def test_what_is_no_small_picture_is_refused(desk: Desk, name: str, content: bytes, said: str) -> None:
    shown = inputs(desk.get("settings/"))
    answer = desk.post("settings/", shown | {"logo": SimpleUploadedFile(name, content)})
    assert answer.status_code == 422
    assert said in words(answer)


def test_bad_facts_are_said_at_their_fields(desk: Desk) -> None:
    """M8."""
    answer = desk.post("settings/", {"name": "", "email": "nowhere", "brand_colour": "blue"})
    read = words(answer)
    assert answer.status_code == 422
    for said in ("Enter the shop's name", "nowhere needs an @", "Enter a colour like #154FC3"):
        assert said in read


def test_the_words_of_the_emails_are_set_here(desk: Desk) -> None:
    """S36."""
    typed = {"default_message": "Thank you!", "mail_intro": "Hello", "mail_outro": "Cheers", "send_receipts": "on"}
    desk.post("settings/emails/", typed)
    account = Account.objects.get()
    assert account.default_message == "Thank you!"
    assert (account.mail_intro, account.mail_outro, account.send_receipts) == ("Hello", "Cheers", True)
    desk.post("settings/emails/", {"default_message": ""})
    assert not Account.objects.get().send_receipts
    order = make_order(desk.account)
    assert "Thank you!" not in desk.get(f"orders/{order.number}/request-payment/").content.decode()


def test_invoices_are_numbered_and_dated_as_set(desk: Desk) -> None:
    typed = {"invoice_prefix": "F-", "terms": "30 days", "locale": "en-GB", "time_zone": "Europe/London"}
    desk.post("settings/invoices/", typed)
    account = Account.objects.get()
    assert (account.invoice_prefix, account.locale, account.time_zone) == ("F-", "en-GB", "Europe/London")
    answer = desk.post("settings/invoices/", typed | {"time_zone": "Mars/Olympus"})
    assert "Choose a time zone from the list" in words(answer)


@pytest.mark.parametrize(("role", "status"), [("owner", 200), ("manager", 200), ("staff", 403), ("viewer", 403)])
def test_settings_are_for_managers(desk: Desk, role: str, status: int) -> None:
    """requirements.md 2.10."""
    desk.client.force_login(make_user(desk.account, role=role, name="Someone"))
    for tail in ("settings/", "settings/invoices/", "settings/emails/"):
        assert desk.get(tail).status_code == status
    assert desk.get("settings/processors/").status_code == 200


@pytest.mark.parametrize("role", ["manager", "staff", "viewer"])
def test_processors_are_changed_by_the_owner_alone(desk: Desk, role: str) -> None:
    """requirements.md 2.10."""
    connection = desk.account.connections.get()
    desk.client.force_login(make_user(desk.account, role=role, name="Someone"))
    page = desk.get("settings/processors/")
    assert "Only the owner can" in words(page)
    assert "<form" not in page.content.decode().split('<div class="settings">')[1].split("<dialog")[0]
    for tail in (
        "connect/stripe/",
        "default/",
        *(f"{connection.public_id}/{deed}/" for deed in ("check", "keys", "remove")),
    ):
        assert desk.post(f"settings/processors/{tail}", STRIPE).status_code == 403


def test_no_processor_is_said_and_stripe_is_offered(desk: Desk) -> None:
    """S4."""
    desk.account.connections.all().delete()
    read = words(desk.get("settings/processors/"))
    assert "No card processor yet. Customers can view invoices but not pay online." in read
    assert "Connect Stripe" in read
    assert "Connect Test processor" not in read


def test_the_test_processor_is_offered_where_it_runs(desk: Desk, settings: Any) -> None:
    desk.account.connections.all().delete()
    settings.SANDBOX_URL = "http://127.0.0.1:9"
    page = desk.get("settings/processors/")
    assert "Connect Test processor" in words(page)
    assert 'value="http://127.0.0.1:9"' in page.content.decode()


def test_paypal_express_says_what_it_cannot_do(desk: Desk) -> None:
    """S6-S8."""
    desk.account.connections.all().delete()
    typed = {"api_username": "shop", "api_password": "secret", "api_signature": "signed"}
    answer = desk.client.post(desk.path("settings/processors/connect/paypal_express/"), typed, follow=True)
    read = words(answer)
    assert "Payment requests: no. Refunds: no. PayPal Express cannot take payment requests. Add Stripe as well." in read
    make_connection(desk.account)
    assert desk.account.connections.count() == 2


def test_bad_keys_are_said_at_their_fields(desk: Desk) -> None:
    """M8."""
    desk.account.connections.all().delete()
    answer = desk.post("settings/processors/connect/stripe/", {"secret_key": "pk_test_abcd1234"})
    read = words(answer)
    assert answer.status_code == 422
    assert "This is the publishable key. Paste the secret key here" in read
    assert "Paste the publishable key. It starts with pk_" in read
    assert not ProcessorConnection.objects.exists()


def test_going_live_asks_once(desk: Desk) -> None:
    desk.account.connections.all().delete()
    live = {
        "secret_key": "sk_live_abcd1234",
        "publishable_key": "pk_live_abcd1234",
        "webhook_secret": "whsec_abcd12345678",
    }
    answer = desk.post("settings/processors/connect/stripe/", live)
    assert answer.status_code == 422
    assert "These are live keys. From now on cards are charged." in words(answer)
    assert not ProcessorConnection.objects.exists()
    assert inputs(answer)["live"] == "1"


def test_a_connected_processor_shows_the_ends_of_its_keys_only(desk: Desk) -> None:
    """J12."""
    desk.account.connections.all().delete()
    make_connection(desk.account, kind="stripe", credentials=STRIPE)
    page = desk.get("settings/processors/").content.decode()
    assert "Ends in …1234" in page
    assert STRIPE["secret_key"] not in page
    assert STRIPE["webhook_secret"] not in page


def test_the_check_is_shown_line_by_line(desk: Desk) -> None:
    connection = desk.account.connections.get()
    connection.credentials = KEYS | {"secret_key": "sk_test_abcd1234", "publishable_key": "pk_test_abcd1234"}
    connection.save()
    answer = desk.client.post(desk.path(f"settings/processors/{connection.public_id}/check/"), follow=True)
    read = words(answer)
    assert "see the lines marked with a cross" in read
    assert "Problem:" in read


def test_the_default_is_chosen_by_radio(desk: Desk) -> None:
    """S8."""
    other = make_connection(desk.account, kind="stripe", credentials=STRIPE)
    page = desk.get("settings/processors/")
    assert "Default for requests" in words(page)
    desk.post("settings/processors/default/", {"default": other.public_id})
    other.refresh_from_db()
    assert other.is_default


def test_paypal_express_cannot_be_the_default(desk: Desk) -> None:
    """S7."""
    other = make_connection(desk.account, kind="paypal_express")
    answer = desk.post("settings/processors/default/", {"default": other.public_id})
    assert answer.status_code == 409
    assert "PayPal Express cannot take payment requests." in words(answer)


def test_keys_are_replaced_and_live_never_takes_the_place_of_test(desk: Desk) -> None:
    connection = desk.account.connections.get()
    connection.credentials = (
        KEYS
        | {"secret_key": "sk_test_abcd1234", "publishable_key": "pk_test_abcd1234"}
        | {"webhook_secret": "whsec_abcd12345678"}
    )
    connection.save()
    tail = f"settings/processors/{connection.public_id}/keys/"
    assert desk.post(tail, {"secret_key": "sk_test_wxyz9876"}).status_code == 302
    connection.refresh_from_db()
    assert connection.credentials["secret_key"] == "sk_test_wxyz9876"
    assert connection.credentials["publishable_key"] == "pk_test_abcd1234"
    answer = desk.post(tail, {"secret_key": "sk_live_wxyz9876"})
    assert answer.status_code == 422


def test_removing_the_last_one_says_what_follows(desk: Desk) -> None:
    """M10."""
    connection = desk.account.connections.get()
    for _ in range(2):
        make_sent_request(make_order(desk.account), by=desk.user)
    tail = f"settings/processors/{connection.public_id}/remove/"
    assert "2 open requests cannot be paid until you connect another." in words(desk.get(tail))
    desk.post(tail)
    connection.refresh_from_db()
    assert connection.removed_at is not None
    assert "No card processor yet." in words(desk.get("settings/processors/"))


def test_a_processor_of_another_account_is_not_found(desk: Desk) -> None:
    """N12."""
    connection = desk.account.connections.get()
    stranger = make_user(name="Mallory")
    desk.client.force_login(stranger)
    assert desk.post(f"settings/processors/{connection.public_id}/remove/").status_code == 404


def test_people_and_what_they_may_do_are_listed(desk: Desk) -> None:
    make_user(desk.account, role="viewer", name="Vic")
    read = words(desk.get("settings/people/"))
    assert "Priya Owner" in read
    assert "Vic Viewer" in read


def test_a_person_names_themselves_and_switches_shortcuts_off(desk: Desk) -> None:
    """WCAG 2.1.4."""
    desk.post("settings/profile/", {"name": "Priya N.", "sent": "1"})
    desk.user.refresh_from_db()
    assert desk.user.name == "Priya N."
    assert not desk.user.keyboard_shortcuts
