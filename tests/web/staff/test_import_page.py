"""Importing a file of orders in the browser: upload, columns, report, import (ux.md 3.1)."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from balancedue.actions.import_file import MAX_BYTES, forget_old_files, go_on, start_import
from balancedue.models import ImportFile, Order
from balancedue.readers.guess_columns import guess_columns
from balancedue.rules.actor import COMMAND
from tests.makers import make_account, make_user

from .desk import Desk, words

PLAIN = """Order,Item,Qty,Price,Email,Customer,Colour
7001,Heavyweight hoodie,12,19.25,dana@riverside-hs.example,Dana Whitlock,forest
7001,Screen set-up,1,25.00,dana@riverside-hs.example,Dana Whitlock,
7002,Five-panel cap,-3,13.20,ines@blueheroncanoe.example,Ines Calloway,moss
7003,Linen tote,120,8.65,,,undyed
"""
COLUMNS = {
    "number": "Order",
    "lines-description": "Item",
    "lines-detail": "Colour",
    "lines-quantity": "Qty",
    "lines-unit_price": "Price",
    "contact-email": "Email",
    "contact-name": "Customer",
    "code": "USD",
}


def _upload(desk: Desk, text: str | bytes = PLAIN, name: str = "orders.csv") -> Any:
    content = text.encode() if isinstance(text, str) else text
    return desk.post("orders/import/", {"file": SimpleUploadedFile(name, content, "text/csv")})


def _uploaded(desk: Desk, text: str | bytes = PLAIN) -> str:
    """The address of the uploaded file, below the account."""
    return str(_upload(desk, text)["Location"].removeprefix(desk.path("")))


def _done(desk: Desk, where: str) -> ImportFile:
    """Press "Go on" until the file is read."""
    for _ in range(50):
        file = ImportFile.objects.get()
        if file.phase in ("checked", "imported"):
            return file
        desk.post(f"{where}go-on/")
    raise AssertionError("it never ended")


def test_a_file_is_checked_first_and_then_imported(desk: Desk) -> None:
    """M8: every refused row with its reason, and nothing is written before the report was seen."""
    where = _uploaded(desk)
    page = desk.get(where)
    assert "Heavyweight hoodie" in words(page)  # an example beside each column
    for name in ("number", "lines-quantity", "contact-email"):
        assert f'name="{name}"' in page.content.decode()
    desk.post(where, COLUMNS)
    assert _done(desk, where).phase == "checked"
    assert not Order.objects.exists()
    read = words(desk.get(where))
    assert "Orders that would be imported 2" in read
    assert "$1,294.00" in read
    assert "#7002 , line 4 Quantity" in read
    desk.post(f"{where}go-on/", {"start": "1"})
    file = _done(desk, where)
    assert (file.phase, bytes(file.content)) == ("imported", b"")
    assert sorted(Order.objects.values_list("number", flat=True)) == ["7001", "7003"]
    order = Order.objects.get(number="7001")
    assert (order.total_minor, str(order.contact)) == (25_600, "Dana Whitlock")
    assert order.lines.first().detail == "forest"
    report = desk.get(f"{where}report.csv").content.decode()
    assert report.splitlines()[1].startswith("7002,4,lines.quantity,")


def test_the_columns_are_guessed_from_the_header(desk: Desk) -> None:
    where = _uploaded(desk)
    assert ImportFile.objects.get().columns == {
        "number": "Order",
        "contact.name": "Customer",
        "contact.email": "Email",
        "lines.description": "Item",
        "lines.quantity": "Qty",
        "lines.unit_price": "Price",
    }
    assert '<option value="Qty" selected>' in desk.get(where).content.decode()


def test_guessing_uses_no_column_twice_and_nothing_in_doubt() -> None:
    assert guess_columns(["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice"]) == {
        "number": "InvoiceNo",
        "placed_at": "InvoiceDate",
        "lines.description": "Description",
        "lines.sku": "StockCode",
        "lines.quantity": "Quantity",
        "lines.unit_price": "UnitPrice",
    }
    assert guess_columns(["a", "b", ""]) == {}
    assert guess_columns(["number", "contact.email", "lines.unit_price"]).keys() == {
        "number", "contact.email", "lines.unit_price",
    }  # fmt: skip


def test_importing_again_imports_nothing_twice(desk: Desk) -> None:
    for _ in range(2):
        ImportFile.objects.all().delete()
        where = _uploaded(desk)
        desk.post(where, COLUMNS)
        _done(desk, where)
        desk.post(f"{where}go-on/", {"start": "1"})
        _done(desk, where)
    assert Order.objects.count() == 2
    assert "Already there 2" in words(desk.get(where))


def test_a_long_file_goes_on_where_it_stopped(desk: Desk) -> None:
    """No request waits for all of it; each round does at least one order."""
    rows = "".join(f"{number},Cap,1,2.50,,,\n" for number in range(40))
    where = _uploaded(desk, PLAIN.splitlines()[0] + "\n" + rows)
    desk.post(where, COLUMNS)
    _done(desk, where)
    start_import(file=ImportFile.objects.get())
    file = go_on(file=ImportFile.objects.get(), by=COMMAND, seconds=0)
    assert (file.orders_read, file.phase) == (1, "importing")
    page = desk.get(where)
    assert "1 of 40 rows" in words(page)
    assert 'hx-trigger="load"' in page.content.decode()
    assert "Go on" in words(page)
    while ImportFile.objects.get().phase == "importing":
        file = go_on(file=ImportFile.objects.get(), by=COMMAND, seconds=0)
    assert sum(file.report["counts"]["orders"].values()) == 40
    assert Order.objects.count() == 40


def test_what_was_chosen_stays_when_something_is_missing(desk: Desk) -> None:
    """M8."""
    where = _uploaded(desk)
    answer = desk.post(where, COLUMNS | {"number": "", "lines-quantity": "Nonsense", "code": "XXQ"})
    assert answer.status_code == 422
    read = words(answer)
    assert "Choose the column with the order number" in read
    assert "This file has no column Nonsense" in read
    assert '<option value="Price" selected>' in answer.content.decode()
    assert ImportFile.objects.get().phase == "mapping"


def test_an_address_can_be_made_from_a_column(desk: Desk) -> None:
    where = _uploaded(desk)
    wrong = desk.post(where, COLUMNS | {"email_template": "{Nobody}@customers.example"})
    assert wrong.status_code == 422
    assert "no column Nobody" in words(wrong)
    desk.post(where, COLUMNS | {"email_template": "c{Order}@customers.example"})
    _done(desk, where)
    desk.post(f"{where}go-on/", {"start": "1"})
    _done(desk, where)
    assert Order.objects.get(number="7003").contact.email == "c7003@customers.example"


def test_a_field_that_is_not_in_the_file_stays_empty(desk: Desk) -> None:
    """Even where a column is called like it."""
    where = _uploaded(desk, "number,lines.quantity,lines.unit_price,po_number\n1,1,1.00,X\n")
    chosen = {"number": "number", "lines-quantity": "lines.quantity", "lines-unit_price": "lines.unit_price"}
    desk.post(where, chosen)
    _done(desk, where)
    desk.post(f"{where}go-on/", {"start": "1"})
    _done(desk, where)
    assert Order.objects.get().po_number == ""


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The file is empty"),
        (b"PK\x03\x04\x00\x00", "This is not a CSV file"),
        (b"a" * (MAX_BYTES + 1), "at most 5 MB"),
        (b'Order,Qty\n"7001,1\n', "is not CSV"),
    ],
)
def test_what_is_no_csv_file_is_refused_with_its_reason(desk: Desk, content: bytes, said: str) -> None:
    answer = _upload(desk, content)
    if answer.status_code == 302:  # the fault stands further down than the first rows
        answer = desk.post(answer["Location"].removeprefix(desk.path("")), {"number": "Order"} | COLUMNS)
    assert answer.status_code == 422
    assert said in words(answer)


def test_no_file_is_said_at_the_field(desk: Desk) -> None:
    answer = desk.post("orders/import/")
    assert answer.status_code == 422
    assert "Choose a CSV file" in words(answer)


def test_formulas_do_not_leave_by_the_report(desk: Desk) -> None:
    where = _uploaded(desk, PLAIN + "=HYPERLINK(1),Cap,x,1.00,,,\n")
    desk.post(where, COLUMNS)
    _done(desk, where)
    assert "\n'=HYPERLINK(1)," in desk.get(f"{where}report.csv").content.decode().replace("\r", "")


def test_a_manager_imports_and_nobody_sees_another_shops_file(desk: Desk, client: Client) -> None:
    """N12."""
    where = _uploaded(desk)
    client.force_login(make_user(desk.account, role="staff", name="Sam"))
    assert client.get(desk.path("orders/import/")).status_code == 403
    other = make_account()
    client.force_login(make_user(other, role="manager", name="Mo"))
    assert client.get(f"/{other.slug}/orders/import/").status_code == 200
    assert client.get(f"/{other.slug}/{where}").status_code == 404


def test_a_file_that_was_left_can_be_taken_up_and_is_forgotten_in_the_end(desk: Desk, time_machine: Any) -> None:
    where = _uploaded(desk)
    assert desk.path(where) in desk.get("orders/import/").content.decode()
    file = ImportFile.objects.get()
    forget_old_files()
    assert ImportFile.objects.exists()
    time_machine.move_to(file.uploaded_at.replace(year=file.uploaded_at.year + 1))
    forget_old_files()
    assert not ImportFile.objects.exists()


def test_a_real_wholesalers_file_is_guessed_and_checked(desk: Desk) -> None:
    """The first columns people see are right: 9,870 lines, 73 orders refused."""
    retail = Path(__file__).resolve().parents[2] / "data" / "online-retail-10000.csv"
    where = _uploaded(desk, retail.read_bytes())
    file = ImportFile.objects.get()
    chosen = {name.replace(".", "-"): column for name, column in file.columns.items()}
    desk.post(where, chosen | {"email_template": "{CustomerID}@customers.example", "code": "GBP"})
    _done(desk, where)
    read = words(desk.get(where))
    assert "Orders that would be imported 366" in read or "Orders that would be imported 439" in read
    assert "Refused 73" in read
