"""New orders, changed orders, and their customers."""

from decimal import Decimal
from typing import Any

import pytest

from balancedue.actions.order_lines import NewLine
from balancedue.models import Contact, Order, read_balance
from tests.makers import make_account, make_contact, make_order, make_payment, make_user

from .desk import Desk, inputs, words

LINE = {"line-0-description": "Mug", "line-0-quantity": "2", "line-0-unit_price": "12.50", "line-0-tax_rate": "8.25"}
GOOD = {"lines": "3", "currency": "USD", **LINE}


def test_an_order_is_placed_with_its_customer(desk: Desk) -> None:
    extras = {"name": "Zoe", "email": "zoe@z.example", "discount": "5", "shipping": "4.28", "po_number": "PO-7"}
    answer = desk.post("orders/new/", GOOD | extras)
    order = Order.objects.get()
    assert answer["Location"] == desk.path(f"orders/{order.number}/")
    assert order.number == "1001"
    assert order.contact is not None
    assert (order.contact.name, order.contact.email) == ("Zoe", "zoe@z.example")
    assert read_balance(order).due.minor == 2_500 - 500 + 428 + 165
    assert order.po_number == "PO-7"


def test_a_customer_of_before_is_chosen_from_the_list(desk: Desk) -> None:
    contact = make_contact(desk.account)
    desk.post("orders/new/", GOOD | {"contact": contact.public_id})
    assert Order.objects.get().contact == contact


def test_a_customer_of_another_account_cannot_be_chosen(desk: Desk) -> None:
    """N12."""
    contact = make_contact(make_account())
    answer = desk.post("orders/new/", GOOD | {"contact": contact.public_id})
    assert answer.status_code == 422
    assert "Choose a customer from the list" in words(answer)


@pytest.mark.parametrize(
    ("typed", "said", "where"),
    [
        ({"line-0-unit_price": "abc"}, "Enter an amount like 1105.28", "line-0-unit_price"),
        ({"line-0-unit_price": ""}, "Enter an amount", "line-0-unit_price"),
        ({"line-0-unit_price": "-1"}, "Enter a unit price of 0 or more", "line-0-unit_price"),
        ({"line-0-quantity": ""}, "Enter a quantity", "line-0-quantity"),
        ({"line-0-quantity": "0"}, "Enter a quantity above 0", "line-0-quantity"),
        ({"line-0-tax_rate": "101"}, "Enter a tax rate from 0 to 100", "line-0-tax_rate"),
        ({"discount": "99"}, "Enter a discount no larger than the subtotal", "discount"),
        ({"shipping": "x"}, "Enter an amount like 1105.28", "shipping"),
        ({"due_date": "soon"}, "Enter a date like 2026-11-22", "due_date"),
        ({"email": "zoe@"}, "zoe@ needs a domain like school.org", "email"),
        ({"currency": "XXX"}, "Choose a currency from the list", "currency"),
        (dict.fromkeys(LINE, ""), "Add at least one line", ""),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(
    desk: Desk, typed: dict[str, str], said: str, where: str
) -> None:
    """M8."""
    answer = desk.post("orders/new/", GOOD | {"internal_note": "Keep me", "name": "Zoe"} | typed)
    assert answer.status_code == 422
    assert said in words(answer)
    assert "Keep me" in answer.content.decode()
    assert f'<a href="#{where}">' in answer.content.decode() or not where
    assert not Order.objects.exists()
    assert not Contact.objects.exists()


def test_several_problems_are_said_at_once(desk: Desk) -> None:
    """M8."""
    answer = desk.post("orders/new/", GOOD | {"line-0-quantity": "x", "line-0-unit_price": "y", "shipping": "z"})
    assert answer.content.decode().count('class="error"') == 3


def test_more_lines_are_added_without_a_script(desk: Desk) -> None:
    """U7."""
    page = desk.post("orders/new/", GOOD | {"more": "1"})
    assert page.status_code == 200
    assert inputs(page)["lines"] == "8"
    assert inputs(page)["line-0-description"] == "Mug"
    assert not Order.objects.exists()


def test_a_number_can_be_given_once(desk: Desk) -> None:
    desk.post("orders/new/", GOOD | {"number": "A-1"})
    answer = desk.post("orders/new/", GOOD | {"number": "A-1"})
    assert answer.status_code == 422
    assert "There is already an order A-1" in words(answer)


def test_an_order_is_changed_and_its_payments_stay(desk: Desk) -> None:
    lines = [NewLine("Hoodie", Decimal("2.5"), 2_000, "S 1 · M 1", tax_rate=Decimal("8.25"))]
    order = make_order(desk.account, lines=lines, discount_minor=500)
    make_payment(order, 1_000)
    shown = inputs(desk.get(f"orders/{order.number}/edit/"))
    assert shown["line-0-quantity"] == "2.5"
    assert shown["line-0-unit_price"] == "20.00"
    assert shown["line-0-tax_rate"] == "8.25"
    assert shown["discount"] == "5.00"
    contact: Any = order.contact
    typed = shown | {"line-0-quantity": "3", "contact": contact.public_id, "internal_note": ""}
    assert desk.post(f"orders/{order.number}/edit/", typed).status_code == 302
    order.refresh_from_db()
    assert order.contact == contact
    assert order.lines.get().detail == "S 1 · M 1"
    assert read_balance(order).total.minor == 5_500 + 454
    assert read_balance(order).settled.minor == 1_000
    assert "Priya changed the order: $10.83 more" in words(desk.order(order))


def test_an_order_is_typed_in_the_shops_own_way(desk: Desk) -> None:
    account = make_account(locale="de-DE", currency="EUR")
    desk.client.force_login(make_user(account))
    typed = {"lines": "1", "currency": "EUR", "line-0-description": "Becher"}
    numbers = {"line-0-quantity": "1,5", "line-0-unit_price": "1.000,50", "line-0-tax_rate": "19"}
    desk.client.post(f"/{account.slug}/orders/new/", typed | numbers)
    order = Order.objects.get()
    assert read_balance(order).total.minor == 150_075 + 28_514
    shown = inputs(desk.client.get(f"/{account.slug}/orders/{order.number}/edit/"))
    assert (shown["line-0-quantity"], shown["line-0-unit_price"]) == ("1,5", "1000,50")


def test_a_viewer_makes_no_orders(desk: Desk) -> None:
    desk.client.force_login(make_user(desk.account, role="viewer", name="Vic"))
    assert desk.post("orders/new/", GOOD).status_code == 403
    assert not Order.objects.exists()


def test_the_customer_is_changed_on_a_page_of_its_own(desk: Desk) -> None:
    order = make_order(desk.account)
    tail = f"orders/{order.number}/contact/"
    shown = inputs(desk.get(tail))
    assert shown["email"] == "dana@riverside-hs.example"
    assert shown["bill-city"] == "Milwaukie"
    typed = shown | {"email": "new@school.org", "bill-country": "US", "ship-line1": "Dock 4"}
    assert desk.post(tail, typed).status_code == 302
    contact = Contact.objects.get()
    assert contact.email == "new@school.org"
    assert contact.billing_address["country"] == "US"
    assert contact.shipping_address == {"line1": "Dock 4"}


def test_a_bad_address_of_a_customer_is_refused_and_kept(desk: Desk) -> None:
    """M8."""
    order = make_order(desk.account)
    answer = desk.post(f"orders/{order.number}/contact/", {"name": "Dana", "email": "dana@"})
    assert answer.status_code == 422
    assert "dana@ needs a domain like school.org" in words(answer)
    assert inputs(answer)["email"] == "dana@"


def test_an_order_without_a_customer_gets_one(desk: Desk) -> None:
    order = make_order(desk.account, no_contact=True)
    desk.post(f"orders/{order.number}/contact/", {"name": "Zoe", "email": "zoe@z.example"})
    order.refresh_from_db()
    assert order.contact is not None
    assert order.contact.email == "zoe@z.example"
    assert read_balance(order).due.minor == 110_528
