"""Orders imported out of files: the real wholesaler's file, our own format, and everything that can be wrong."""

import io
import json
import re
import tracemalloc
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count, Sum

from balancedue.actions.check_books import check_books
from balancedue.models import Account, Contact, Order, OrderLine
from balancedue.readers.csv_file import CsvOrders
from balancedue.rules.limits import MAX_AMOUNT_MINOR
from tests import makers

pytestmark = pytest.mark.django_db

REAL = Path(__file__).parent.parent / "data" / "online-retail-10000.csv"
MAPS = [
    "number=InvoiceNo",
    "placed_at=InvoiceDate",
    "lines.sku=StockCode",
    "lines.description=Description",
    "lines.quantity=Quantity",
    "lines.unit_price=UnitPrice",
    "contact.email={CustomerID}@customers.example",
]
OWN_NAMES = "number,lines.quantity,lines.unit_price,lines.description"


@pytest.fixture
def account() -> Account:
    return makers.make_account(currency="GBP", time_zone="Europe/London", locale="en-GB", country="GB")


def run(account: Account, file: Path, *maps: str, **options: Any) -> str:
    """The command's report."""
    out = io.StringIO()
    call_command("import_orders", account.slug, str(file), map=list(maps), stdout=out, **options)
    return out.getvalue()


def file_of(folder: Path, *rows: str, name: str = "orders.csv", encoding: str = "utf-8") -> Path:
    file = folder / name
    file.write_bytes("\n".join(rows).encode(encoding))
    return file


def refusals(report: str) -> dict[str, str]:
    """Order number -> what was said of it last."""
    return dict(re.findall(r"(?m)^refused (.*?): (.*)$", report))


@pytest.mark.slow
def test_the_real_file_comes_in_whole_and_a_second_time_not_at_all(account: Account) -> None:
    """439 orders, 9,870 lines, 184,248.33 pounds; 73 numbers refused, each named; the counts of its README."""
    dry = run(account, REAL, *MAPS, dry_run=True)
    assert "439 orders would be imported, 9,870 lines, 184248.33 GBP" in dry
    assert (Order.objects.count(), Contact.objects.count()) == (0, 0)

    report = run(account, REAL, *MAPS)
    assert "439 orders imported, 9,870 lines, 184248.33 GBP" in report
    for told in ("38 of them without a customer", "15 of them come to zero", "13 lines without a description"):
        assert told in report
    named = refusals(report)
    assert len(named) == 73
    assert sum(number.startswith("C") for number in named) == 43
    assert all("lines.quantity" in said and "Enter a quantity above 0" in said for said in named.values())
    assert refusals(dry) == named

    orders = account.orders.all()
    assert orders.count() == 439
    assert orders.aggregate(sum=Sum("total_minor"))["sum"] == 18_424_833
    assert OrderLine.objects.count() == 9870
    assert orders.filter(contact=None).count() == 38
    assert orders.filter(total_minor=0).count() == 15
    assert OrderLine.objects.filter(description="").count() == 13
    sizes = orders.annotate(n=Count("lines")).order_by("-n").values_list("n", flat=True)
    assert list(sizes[:3]) == [593, 592, 527]
    assert max(orders.values_list("total_minor", flat=True)) == 1_066_169
    assert set(orders.values_list("currency", flat=True)) == {"GBP"}
    customers = set(account.contacts.values_list("email", flat=True))
    assert (len(customers), account.contacts.count()) == (303, 303)
    assert "17850@customers.example" in customers
    first = orders.get(number="536365")
    assert first.placed_at == datetime(2010, 12, 1, 8, 26, tzinfo=ZoneInfo("Europe/London"))

    again = run(account, REAL, *MAPS)
    assert "0 orders imported" in again
    assert "439 already there" in again
    assert refusals(again) == named
    assert (orders.count(), account.contacts.count()) == (439, 303)
    assert check_books(account, ask_processors=False) == []


def test_a_zero_order_owes_nothing_and_one_without_a_customer_is_still_owed(account: Account, tmp_path: Path) -> None:
    file = file_of(tmp_path, f"{OWN_NAMES},contact.email", "1,1,0,Sample,a@b.example", "2,1,5.00,Mug,")
    run(account, file)
    zero, nobody = account.orders.order_by("number")
    assert (zero.due_minor, zero.entries.count(), nobody.due_minor, nobody.contact) == (0, 0, 500, None)


def test_every_field_finds_its_place(account: Account, tmp_path: Path) -> None:
    head = (
        "number,placed_at,due_date,currency,po_number,discount,shipping,contact.name,contact.company,contact.email,"
        "contact.phone,lines.description,lines.detail,lines.sku,lines.quantity,lines.unit_price,lines.tax_rate"
    )
    rows = [
        "A-1,2026-11-20T15:01:00+02:00,2026-12-20,USD,PO 7,5.00,12.00,Dana,Riverside,dana@b.example,"
        '555,"Hoodie, green",S to XL,H-12,"1,200.5",25.00,8.25',
        "A-1,,,,,,,,,,,Setup,,,1,10,",
    ]
    report = run(account, file_of(tmp_path, head, *rows))
    assert "1 orders imported, 2 lines" in report
    order = account.orders.get()
    line, setup = order.lines.all()
    assert (order.number, order.currency, order.po_number) == ("A-1", "USD", "PO 7")
    assert (order.discount_minor, order.shipping_minor, order.due_date) == (500, 1200, date(2026, 12, 20))
    assert order.placed_at.isoformat() == "2026-11-20T13:01:00+00:00"
    assert (line.description, line.detail, line.sku) == ("Hoodie, green", "S to XL", "H-12")
    assert (line.quantity, line.unit_price_minor, line.tax_rate) == (Decimal("1200.5"), 2500, Decimal("8.25"))
    assert (setup.unit_price_minor, setup.tax_rate) == (1000, 0)
    contact = order.contact
    assert contact is not None
    assert (contact.name, contact.company, contact.email, contact.phone) == (
        "Dana",
        "Riverside",
        "dana@b.example",
        "555",
    )


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("1,0,5,x", 'lines.quantity: "0": Enter a quantity above 0'),
        ("1,-2,5,x", 'lines.quantity: "-2": Enter a quantity above 0'),
        ("1,,5,x", "lines.quantity: Enter a quantity"),
        ("1,1e5,5,x", 'lines.quantity: "1e5"'),
        ("1,NaN,5,x", 'lines.quantity: "NaN"'),
        ("1,1.2345,5,x", "at most 3 decimals"),
        ("1,1,,x", "lines.unit_price: Enter a unit price"),
        ("1,1,-5,x", 'lines.unit_price: "-5": Enter an amount of 0 or more'),
        ("1,1,2.555,x", 'lines.unit_price: "2.555": Enter an amount with at most 2 decimals'),
        ("1,1,0.005,x", "at most 2 decimals"),
        ('1,1,"1.000,50",x', 'lines.unit_price: "1.000,50"'),
        ("1,1,\u0661\u0660,x", "with the digits 0 to 9"),
        ("1,1,1e5,x", 'lines.unit_price: "1e5"'),
        (f"1,1,{MAX_AMOUNT_MINOR},x", "Enter an amount of at most"),
        (f"1,1,5,{'x' * 501}", "Keep this to 500 characters"),
        ("1,1,5,a\x07b", "Write this in one line of plain text"),
        ("1,1,5", "3 columns, and 4 in the first line"),
        ("1,1,5,x,y", "5 columns, and 4 in the first line"),
        (",1,5,x", "number: Enter an order number"),
        (f"{'9' * 41},1,5,x", "Keep this to 40 characters"),
    ],
)
def test_a_row_that_cannot_be_is_named_with_its_line_and_reason(
    account: Account, tmp_path: Path, row: str, said: str
) -> None:
    """Amounts 0, negative, 0.005, 1e5, NaN, 1.000,50, other digits, too large; over-long text; the rest goes on."""
    report = run(account, file_of(tmp_path, OWN_NAMES, "good,1,5.00,Mug", row, "fine,1,1.00,Cup"))
    (refused,) = refusals(report).items()
    assert said in refused[1]
    assert "line 3:" in refused[1]
    assert "2 orders imported" in report
    assert "1 refused" in report


def test_one_bad_row_refuses_its_whole_order_and_names_every_bad_row(account: Account, tmp_path: Path) -> None:
    """Atomic per order."""
    report = run(account, file_of(tmp_path, OWN_NAMES, "1,1,5,a", "1,0,5,b", "2,1,5,c", "1,1,x,d"))
    assert re.findall(r"refused 1: line (\d+)", report) == ["3", "5"]
    assert list(account.orders.values_list("number", flat=True)) == ["2"]


def test_rows_of_one_order_need_not_stand_together(account: Account, tmp_path: Path) -> None:
    run(account, file_of(tmp_path, OWN_NAMES, "1,1,5,a", "2,1,5,b", "1,1,5,c"))
    assert [line.description for line in account.orders.get(number="1").lines.all()] == ["a", "c"]


def test_rows_that_disagree_about_their_order_are_refused(account: Account, tmp_path: Path) -> None:
    report = run(account, file_of(tmp_path, f"{OWN_NAMES},shipping", "1,1,5,a,4.00", "1,1,5,b,", "1,1,5,c,5.00"))
    assert refusals(report) == {"1": 'line 4: shipping: "5.00" here and "4.00" before'}


def test_an_order_there_with_other_content_is_refused(account: Account, tmp_path: Path) -> None:
    run(account, file_of(tmp_path, OWN_NAMES, "1,1,5,a"))
    for changed in ("1,2,5,a", "1,1,6,a", "1,1,5,b"):
        report = run(account, file_of(tmp_path, OWN_NAMES, changed))
        assert refusals(report) == {"1": "the order: number: There is already an order 1 with other content"}
    assert "1 already there" in run(account, file_of(tmp_path, OWN_NAMES, "1,1.000,5.00,a"))
    assert account.orders.get().total_minor == 500


def test_another_accounts_orders_and_contacts_are_not_seen(account: Account, tmp_path: Path) -> None:
    """N12."""
    other = makers.make_account(currency="GBP")
    file = file_of(tmp_path, f"{OWN_NAMES},contact.email", "1,1,5,a,a@b.example")
    run(other, file)
    assert "1 orders imported" in run(account, file)
    assert account.contacts.get().pk != other.contacts.get().pk


def test_a_refused_order_leaves_nothing_behind(account: Account, tmp_path: Path) -> None:
    """Atomic per order, its contact as well."""
    file = file_of(tmp_path, f"{OWN_NAMES},contact.email,discount", "1,1,5,a,a@b.example,6.00")
    assert "discount" in refusals(run(account, file))["1"]
    assert (Order.objects.count(), Contact.objects.count()) == (0, 0)


def test_contacts_are_known_by_their_address(account: Account, tmp_path: Path) -> None:
    dana = makers.make_contact(account, email="dana@b.example")
    head = f"{OWN_NAMES},contact.email,contact.name"
    rows = ["1,1,5,a,dana@B.example,Someone", "2,1,5,a,,Sam", "3,1,5,a,,Sam", "4,1,5,a,sam@b.example,Sam"]
    run(account, file_of(tmp_path, head, *rows))
    by_number = {order.number: order.contact for order in account.orders.select_related("contact")}
    assert by_number["1"] == dana
    assert by_number["2"] == by_number["3"] != by_number["4"]
    assert account.contacts.count() == 3


def test_a_bad_address_is_named(account: Account, tmp_path: Path) -> None:
    """M8."""
    report = run(account, file_of(tmp_path, f"{OWN_NAMES},contact.email", "1,1,5,a,dana@", "2,1,5,a,a@b.example,"[:-1]))
    assert list(refusals(report)) == ["1"]
    assert "contact.email" in refusals(report)["1"]


def test_templates_and_whole_numbers_of_spreadsheets(account: Account, tmp_path: Path) -> None:
    """contract.md: a template whose column is empty gives an empty field."""
    head = "No,Q,P,D,Who,Area"
    maps = ["number=No", "lines.quantity=Q", "lines.unit_price=P", "lines.description=D"]
    maps += ["contact.email={Who}.{Area}@customers.example", "contact.company=Customer {Who}"]
    rows = ["17.0,6.0,2.5,Size 9.0,17850.0,N", "18,1,1,x,,N", "19,1,1,x,17850.5,"]
    run(account, file_of(tmp_path, head, *rows), *maps)
    one, two, three = account.orders.order_by("number").select_related("contact")
    assert (one.number, one.contact.email, one.contact.company) == (  # type: ignore[union-attr]
        "17", "17850.N@customers.example", "Customer 17850",
    )  # fmt: skip
    assert one.lines.get().description == "Size 9.0"
    assert two.contact is None
    assert (three.contact.email, three.contact.company) == ("", "Customer 17850.5")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("encoding", "note"),
    [("utf-8", ""), ("utf-8-sig", ""), ("latin-1", "Not UTF-8 from line 2 on"), ("utf-16", "UTF-16")],
)
def test_encodings_are_told_apart_and_reported(account: Account, tmp_path: Path, encoding: str, note: str) -> None:
    report = run(account, file_of(tmp_path, OWN_NAMES, "1,1,£5.00,Café", encoding=encoding))
    assert account.orders.get().lines.get().description == "Café"
    assert (note in report) if note else report.startswith("1 orders")


@pytest.mark.parametrize("sign", [";", "\t", "|"])
def test_other_separators_are_seen(account: Account, tmp_path: Path, sign: str) -> None:
    run(account, file_of(tmp_path, OWN_NAMES.replace(",", sign), sign.join(["1", "2", "5.00", "Mug, green"]), ""))
    assert account.orders.get().total_minor == 1000


@pytest.mark.parametrize(
    ("content", "maps", "said"),
    [
        ("", [], "The file is empty"),
        ("a,b", [], "No column for number, lines.quantity, lines.unit_price"),
        (OWN_NAMES, ["number=Nummer"], "no column Nummer"),
        (OWN_NAMES, ["number={Nummer}"], "no column Nummer"),
        (OWN_NAMES, ["nummer=number"], "write FIELD=COLUMN"),
        (OWN_NAMES, ["number"], "write FIELD=COLUMN"),
        (f'{OWN_NAMES}\n1,1,1,"x', [], "is not CSV"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_words(
    account: Account, tmp_path: Path, content: str, maps: list[str], said: str
) -> None:
    with pytest.raises(CommandError, match=re.escape(said)):
        run(account, file_of(tmp_path, content), *maps)


def test_what_is_not_there_is_said(account: Account, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        run(account, tmp_path / "gone.csv")
    with pytest.raises(CommandError, match="There is no account nobody"):
        call_command("import_orders", "nobody", str(tmp_path / "x.csv"))
    with pytest.raises(CommandError, match="Choose a currency"):
        run(account, file_of(tmp_path, OWN_NAMES, "1,1,1,x"), currency="XXX")
    with pytest.raises(CommandError, match="--map is for CSV"):
        run(account, file_of(tmp_path, "{}", name="a.jsonl"), "number=a")


def test_currencies_of_other_decimals(account: Account, tmp_path: Path) -> None:
    """N5, requirements.md 3.4."""
    report = run(account, file_of(tmp_path, OWN_NAMES, "1,1,500,x", "2,1,5.00,x"), currency="jpy")
    assert list(refusals(report)) == ["2"]
    assert account.orders.get().total_minor == 500


def test_our_own_format_goes_out_and_comes_back_the_same(account: Account, tmp_path: Path) -> None:
    """Exported, imported elsewhere, exported again: the same bytes."""
    few = file_of(tmp_path, *REAL.read_text().splitlines()[:1000])
    run(account, few, *MAPS)
    count = account.orders.count()
    assert count > 30
    other = makers.make_account(currency="USD")
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    call_command("export_orders", account.slug, str(one), stdout=io.StringIO())
    report = run(other, one)
    assert f"{count} orders imported" in report
    call_command("export_orders", other.slug, str(two), stdout=io.StringIO())
    assert one.read_bytes() == two.read_bytes()
    assert f"{count} already there" in run(account, one)
    with pytest.raises(CommandError, match="File exists"):
        call_command("export_orders", account.slug, str(one))


def test_numbers_in_our_own_format_are_read_digit_by_digit(account: Account, tmp_path: Path) -> None:
    line = '{"description": "x", "quantity": 3, "unit_price": 2.55, "tax_rate": 0}'
    big = '{"description": "y", "quantity": 0.001, "unit_price": 90071992.93}'
    run(account, file_of(tmp_path, f'{{"number": 7, "contact": null, "lines": [{line}, {big}]}}', name="a.jsonl"))
    first, second = account.orders.get(number="7").lines.all()
    assert (first.unit_price_minor, second.unit_price_minor, second.quantity) == (255, 9_007_199_293, Decimal("0.001"))


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ("{", "Not JSON"),
        ("[]", "Give an object"),
        ('{"number": "1"}', "Add at least one line"),
        ('{"number": "1", "lines": "x"}', "Give a list of lines"),
        ('{"number": "1", "lines": [7]}', "Give an object"),
        ('{"number": "1", "colour": "red", "lines": []}', "colour: This field is not known"),
        ('{"number": true, "lines": []}', "number: Give a text or a number"),
        ('{"number": "1", "contact": [], "lines": [{"quantity": 1, "unit_price": 1}], "x": 1}', "not known"),
        ('{"number": "1", "lines": [{"quantity": 1, "unit_price": NaN}]}', "lines.unit_price"),
        ('{"number": "1", "lines": [{"quantity": 1, "unit_price": 1e5}]}', "lines.unit_price"),
        ('{"number": "1", "placed_at": "soon", "lines": [{"quantity": 1, "unit_price": 1}]}', "placed_at"),
        ('{"number": "1", "due_date": "0001-01-01", "lines": [{"quantity": 1, "unit_price": 1}]}', "due_date"),
    ],
)
def test_our_own_format_is_refused_line_by_line(account: Account, tmp_path: Path, stated: str, said: str) -> None:
    good = '{"number": "good", "lines": [{"quantity": 1, "unit_price": 1}]}'
    report = run(account, file_of(tmp_path, stated, "", good, name="a.jsonl"))
    assert said in report
    assert "1 orders imported" in report
    assert "1 refused" in report


def test_a_dry_run_remembers_what_it_would_have_placed(account: Account, tmp_path: Path) -> None:
    one = {"number": "1", "lines": [{"quantity": 1, "unit_price": 1}]}
    other = {"number": "1", "lines": [{"quantity": 2, "unit_price": 1}]}
    file = file_of(tmp_path, *(json.dumps(each) for each in (one, one, other)), name="a.jsonl")
    dry, real = run(account, file, dry_run=True), run(account, file)
    assert dry.replace("would be ", "") == real
    assert "1 already there" in real


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """Only open orders are held: ten times the lines, about the same memory."""

    def peak(orders: int) -> int:
        rows = (f"{n},1,5,{'x' * 400}" for n in range(orders) for _ in range(20))
        file = file_of(tmp_path, OWN_NAMES, *rows)
        tracemalloc.start()
        count = sum(1 for _ in CsvOrders(file, []))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert count == orders
        return most

    assert peak(1000) < 2 * peak(100) + 300_000
