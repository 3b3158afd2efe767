"""Settings: the shop, its invoices and emails, its people."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from balancedue.models import Account
from tests.makers import make_order, make_user

from .desk import Desk, inputs, words

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64


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
