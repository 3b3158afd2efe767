"""Orders by API: placed, listed, looked at, changed, cancelled."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from balancedue.models import Contact, JournalEntry, Order
from balancedue.rules.limits import MAX_AMOUNT_MINOR
from tests import makers
from tests.web.api.caller import Caller, fields

LINE = {"description": "Fleece hoodie", "quantity": "40", "unit_price": 2500}


def test_an_order_adds_up_as_on_the_invoice(program: Caller) -> None:
    """S9, M1: 40 x 25.00 less 50.00, 8.25 percent of that, and 12.00 shipping."""
    line = LINE | {"tax_rate": "8.25", "sku": "H-12", "detail": "10 S, 30 M"}
    told = program.order(lines=[line], discount=5000, shipping=1200, due_date="2027-01-15", po_number="PO 7")
    sums = {name: told[name] for name in ("subtotal", "discount", "shipping", "tax", "total", "balance_due")}
    assert sums == {
        "subtotal": 100_000, "discount": 5000, "shipping": 1200, "tax": 7838, "total": 104_038, "balance_due": 104_038,
    }  # fmt: skip
    assert told["lines"] == [
        {
            "description": "Fleece hoodie",
            "detail": "10 S, 30 M",
            "sku": "H-12",
            "quantity": "40",
            "unit_price": 2500,
            "tax_rate": "8.25",
            "amount": 100_000,
        }
    ]
    assert (told["number"], told["status"], told["currency"]) == ("1001", "open", "USD")
    assert (told["due_date"], told["po_number"]) == ("2027-01-15", "PO 7")
    assert told["contact"]["email"] == "dana@riverside-hs.example"
    assert program.last.headers["Location"] == f"/api/v1/orders/{told['id']}"


def test_an_order_is_found_by_its_id_and_by_its_number(program: Caller) -> None:
    told = program.order(number="A-17")
    assert program.get(f"/orders/{told['id']}") == (200, told)
    assert program.get("/orders/A-17") == (200, told)


def test_currencies_keep_their_own_minor_units(program: Caller) -> None:
    """N5."""
    assert program.order(currency="JPY")["balance_due"] == 110_528
    assert program.order(currency="KWD", lines=[LINE | {"quantity": "0.333", "unit_price": 1000}])["total"] == 333
    status, told = program.post("/orders", {"currency": "XXX", "lines": [LINE]})
    assert (status, fields(told)) == (422, {"currency": 'Give an ISO 4217 code such as "USD"'})


def test_a_number_is_taken_once(program: Caller, stranger: Caller) -> None:
    program.order(number="7")
    status, told = program.post("/orders", {"number": "7", "lines": [LINE]})
    assert (status, told["code"], fields(told)) == (409, "number_taken", {"number": "There is already an order 7"})
    assert stranger.order(number="7")["number"] == "7"


def test_an_order_refused_leaves_no_contact_behind(program: Caller) -> None:
    program.order(number="7", contact={"name": "One"})
    assert program.post("/orders", {"number": "7", "contact": {"name": "Two"}, "lines": [LINE]})[0] == 409
    assert program.post("/orders", {"contact": {"name": "Two"}, "lines": [LINE], "discount": 100_001})[0] == 422
    assert list(Contact.objects.values_list("name", flat=True)) == ["One"]


def test_the_same_customer_is_used_again_and_another_is_not(program: Caller) -> None:
    dana = {"name": "Dana Whitlock", "email": "dana@riverside-hs.example"}
    first = program.order(contact=dana)["contact"]["id"]
    assert program.order(contact=dana)["contact"]["id"] == first
    assert program.order(contact=dana | {"phone": "1"})["contact"]["id"] != first
    assert program.order(contact={"name": "Dana Whitlock"})["contact"]["id"] != first
    assert program.order(contact={"id": first})["contact"]["id"] == first


@pytest.mark.parametrize(
    ("contact", "field"),
    [
        ({}, "contact"),
        ({"phone": "1"}, "contact"),
        ({"id": "con_x"}, "contact.id"),
        ({"id": "con_x", "name": "Dana"}, "contact"),
        ({"email": "dana"}, "contact.email"),
        ({"email": "a@b.example\nBcc: c@d.example"}, "contact.email"),
        ({"name": "D\x00"}, "contact.name"),
        ({"name": "x" * 121}, "contact.name"),
        ({"nick": "D"}, "contact.nick"),
        ({"name": "D", "billing_address": {"country": "usa"}}, "contact.billing_address.country"),
    ],
)
def test_a_contact_that_cannot_be_is_named(program: Caller, contact: dict[str, Any], field: str) -> None:
    """M8."""
    status, told = program.post("/orders", {"contact": contact, "lines": [LINE]})
    assert (status, list(fields(told))) == (422, [field])


def test_a_contact_of_another_shop_does_not_exist(program: Caller, stranger: Caller) -> None:
    """N12, M4."""
    theirs = stranger.order()["contact"]["id"]
    assert program.post("/orders", {"contact": {"id": theirs}, "lines": [LINE]})[0] == 422


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"unit_price": 25.0}, "unit_price"),
        ({"unit_price": 0.005}, "unit_price"),
        ({"unit_price": "2500"}, "unit_price"),
        ({"unit_price": True}, "unit_price"),
        ({"unit_price": None}, "unit_price"),
        ({"unit_price": -1}, "unit_price"),
        ({"unit_price": MAX_AMOUNT_MINOR + 1}, "unit_price"),
        ({"unit_price": 10**30}, "unit_price"),
        ({"quantity": 1.5}, "quantity"),
        ({"quantity": "1e3"}, "quantity"),
        ({"quantity": "0"}, "quantity"),
        ({"quantity": 0}, "quantity"),
        ({"quantity": "-1"}, "quantity"),
        ({"quantity": "1.2345"}, "quantity"),
        ({"quantity": "1,5"}, "quantity"),
        ({"quantity": "\u0664"}, "quantity"),
        ({"quantity": "NaN"}, "quantity"),
        ({"quantity": "1\n"}, "quantity"),
        ({"quantity": True}, "quantity"),
        ({"tax_rate": 8.25}, "tax_rate"),
        ({"tax_rate": "100.001"}, "tax_rate"),
        ({"tax_rate": "-1"}, "tax_rate"),
        ({"description": 7}, "description"),
        ({"description": "a\nb"}, "description"),
        ({"description": "\ud800"}, "description"),
        ({"description": "x" * 501}, "description"),
        ({"colour": "green"}, "colour"),
    ],
)
def test_a_line_that_cannot_be_is_named_with_its_place(program: Caller, change: dict[str, Any], field: str) -> None:
    """No float, no text for a number, no unknown field (requirements.md 3.3, J9)."""
    status, told = program.post("/orders", {"lines": [LINE, LINE | change]})
    assert (status, told["code"], list(fields(told))) == (422, "invalid", [f"lines.1.{field}"])
    assert all(word not in str(told).lower() for word in ("pydantic", "oops", "value error"))
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"lines": []}, "lines"),
        ({"lines": {}}, "lines"),
        ({"lines": ["hoodie"]}, "lines.0"),
        ({"discount": True}, "discount"),
        ({"discount": -1}, "discount"),
        ({"discount": 100_001}, "discount"),
        ({"shipping": "12.00"}, "shipping"),
        ({"due_date": "2026-13-01"}, "due_date"),
        ({"due_date": "20261120"}, "due_date"),
        ({"due_date": 1}, "due_date"),
        ({"number": ""}, "number"),
        ({"number": "x" * 41}, "number"),
        ({"po_number": "x" * 61}, "po_number"),
        ({"prices_include_tax": "yes"}, "prices_include_tax"),
        ({"total": 5}, "total"),
    ],
)
def test_an_order_that_cannot_be_is_named(program: Caller, change: dict[str, Any], field: str) -> None:
    status, told = program.post("/orders", {"lines": [LINE]} | change)
    assert (status, list(fields(told))) == (422, [field])


def test_too_large_a_total_is_refused(program: Caller) -> None:
    line = LINE | {"quantity": "2", "unit_price": MAX_AMOUNT_MINOR}
    status, told = program.post("/orders", {"lines": [line]})
    assert (status, list(fields(told))) == (422, ["lines"])


def test_every_fault_is_told_at_once(program: Caller) -> None:
    status, told = program.post("/orders", {"lines": [{"quantity": 0}], "discount": "1", "foo": 1})
    assert status == 422
    assert set(fields(told)) == {"lines.0.description", "lines.0.quantity", "lines.0.unit_price", "discount", "foo"}


def test_a_change_is_an_entry_of_its_own_and_leaves_the_rest(program: Caller) -> None:
    told = program.order(number="9", po_number="PO 7", discount=28)
    status, changed = program.patch("/orders/9", {"lines": [LINE], "discount": None})
    assert status == 200
    assert (changed["total"], changed["discount"], changed["po_number"]) == (100_000, 0, "PO 7")
    assert changed["contact"] == told["contact"]
    kinds = list(JournalEntry.objects.order_by("version").values_list("kind", flat=True))
    assert kinds == ["order_placed", "order_changed"]
    assert program.patch("/orders/9", {}) == (200, changed)


def test_a_change_of_the_contact_writes_on_it_or_puts_another_in_its_place(program: Caller) -> None:
    told = program.order(number="9")
    status, changed = program.patch("/orders/9", {"contact": {"email": "new@riverside-hs.example"}})
    assert status == 200
    assert changed["contact"] == told["contact"] | {"email": "new@riverside-hs.example"}
    other = program.order(contact={"company": "Northgate Running"})["contact"]
    assert program.patch("/orders/9", {"contact": {"id": other["id"]}})[1]["contact"] == other
    assert program.patch("/orders/9", {"contact": None})[1]["contact"] is None
    assert program.patch("/orders/9", {"contact": {"name": "Sam"}})[1]["contact"]["name"] == "Sam"


@pytest.mark.parametrize(
    "change",
    [{"currency": "EUR"}, {"number": "8"}, {"lines": []}, {"lines": None}, {"discount": 200_000}, {"status": "x"}],
)
def test_a_change_that_cannot_be_is_refused(program: Caller, change: dict[str, Any]) -> None:
    told = program.order(number="9")
    assert program.patch("/orders/9", change)[0] == 422
    assert program.get("/orders/9") == (200, told)


def test_a_cancelled_order_is_owed_no_more(program: Caller) -> None:
    """M7."""
    program.order(number="9")
    program.post("/orders/9/payments", {"amount": 500, "method": "cash"})
    status, told = program.post("/orders/9/cancellation")
    assert (status, told["status"], told["total"], told["balance_due"], told["credit"]) == (200, "cancelled", 0, 0, 500)
    assert told["why_not"] == "order_cancelled"
    again = program.post("/orders/9/cancellation", {})
    assert again == (200, told)
    assert program.post("/orders/9/cancellation", {"why": "x"})[0] == 422
    assert program.patch("/orders/9", {"discount": 1})[1]["code"] == "order_cancelled"


def test_lists_are_newest_first_and_paged_by_cursor(program: Caller) -> None:
    now = timezone.now()
    for number in range(1, 8):
        makers.make_order(program.account, number=str(number), placed_at=now - timedelta(minutes=number // 2))
    expected = [order.number for order in Order.objects.order_by("-placed_at", "-pk")]
    seen: list[str] = []
    cursor, pages = "", []
    while True:
        status, page = program.get("/orders", limit=3, cursor=cursor)
        assert status == 200
        seen += [order["number"] for order in page["results"]]
        pages.append([order["number"] for order in page["results"]])
        if page["next"] is None:
            break
        cursor = page["next"]
        makers.make_order(program.account, placed_at=now + timedelta(minutes=len(seen)))  # comes in meanwhile
    assert seen == expected
    status, back = program.get("/orders", limit=3, cursor=page["previous"])
    assert [order["number"] for order in back["results"]] == pages[-2]


def test_lists_are_narrowed(program: Caller, stranger: Caller) -> None:
    stranger.order(number="1")
    program.order(number="1")
    program.order(number="2")
    program.order(number="3")
    program.post("/orders/2/payments", {"amount": 110_528, "method": "cash"})
    program.post("/orders/3/cancellation")

    def numbers(**filters: str) -> list[str]:
        return [order["number"] for order in program.get("/orders", **filters)[1]["results"]]

    assert numbers() == ["3", "2", "1"]
    assert numbers(status="open") == ["2", "1"]
    assert numbers(status="cancelled") == ["3"]
    assert numbers(has_balance_due="true") == ["1"]
    assert numbers(has_balance_due="false") == ["3", "2"]
    assert numbers(number="2") == ["2"]
    assert numbers(number="nope") == []


@pytest.mark.parametrize(
    "query",
    [
        {"status": "paid"}, {"limit": "0"}, {"limit": "101"}, {"limit": "x"}, {"has_balance_due": "maybe"},
        {"cursor": "x"}, {"cursor": "A" * 5000}, {"cursor": "bnVsbA"},
        {"cursor": "WyIwMDAxLTAxLTAxVDAwOjAwOjAwKzE0OjAwIiwgMSwgZmFsc2Vd"}, {"number": "\x00"}, {"nmber": "1"},
    ],
)  # fmt: skip
def test_filters_that_are_not_understood_are_refused_not_ignored(program: Caller, query: dict[str, str]) -> None:
    """J9."""
    status, told = program.get("/orders", **query)
    assert (status, list(fields(told))) == (422, list(query))


def test_a_list_takes_as_many_queries_for_many_orders_as_for_one(
    program: Caller, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    owner = makers.make_user(program.account)

    def fill(count: int) -> None:
        for _ in range(count):
            order = makers.make_order(program.account)
            makers.make_payment(order, 100)
            makers.make_request(order, by=owner)

    fill(1)
    program.get("/orders")
    for _ in range(2):
        with django_assert_max_num_queries(
            11
        ):  # key; orders, lines, payments, refunds, disputes, requests, deliveries; journal, attempts; gate
            assert program.get("/orders", limit=50)[0] == 200
        fill(20)


def test_without_a_processor_a_list_asks_no_more_either(
    stranger: Caller, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(12):
        stranger.order()
    with django_assert_max_num_queries(9):
        _, page = stranger.get("/orders")
    assert {order["why_not"] for order in page["results"]} == {"no_processor"}
