"""An invoice on paper, read back from the PDF."""

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from balancedue.documents.invoice_pdf import invoice_file_name, invoice_pdf
from balancedue.documents.press import NotPrinted
from balancedue.rules.balance import Balance
from balancedue.rules.invoice import Address, Line, Party
from balancedue.rules.limits import MAX_PDF_LINES
from balancedue.rules.money import Money
from tests.documents.reading import fonts_of, links_of, pages_of, root_of, tags_of, text_of
from tests.documents.samples import CUSTOMER, SHOP, make_invoice, make_line, make_paid, make_payment

TOKEN = "Zk3vQ9xLr7TnB2aWc5eY8mPdQhJ4sKfG6uVtN1oRbXi"
NOTHING = Money(0, "USD")
PAY_URL = f"https://pay.foxglove.example/i/{TOKEN}"


def line(description: str, **more) -> Line:
    dollar = Money(100, "USD")
    return Line(description, more.get("detail", ""), "", Decimal(1), dollar, Decimal(0), dollar)


def shop_in(country: str, **more):
    address = replace(SHOP.party.address, country=country)
    return replace(SHOP, party=replace(SHOP.party, address=address, **more))


def test_it_shows_the_facts_of_the_order() -> None:
    """S24, M1, requirements.md 2.18: both parties, numbers, dates, every line, every sum, what is due."""
    text = text_of(invoice_pdf(make_invoice(3, payments=(make_payment(5000),)), pay_url=PAY_URL))
    for fact in (
        "Foxglove Print Co.", "Foxglove Print Company LLC", "Portland, OR 97214", "93-5550142", "(503) 555-0142",
        "Larkspur Robotics Club", "Dana Whitfield", "Beaverton, OR 97005",
        "INV-2047", "#2047", "LRC-118", "Nov 1, 2026", "Due Nov 22, 2026",
        "Heavyweight hoodie, forest green", "S 6 · M 12 · L 18 · XL 4", "$12.50", "$31.34",
        "Total $100.36", "−$50.00", "Balance due $50.36", "Page 1 of 1",
        "Balance as of the last change, Nov 5, 2026, 3:02 PM PST", "Routing 123006800", "Payment is due",
    ):  # fmt: skip
        assert fact in text


def test_it_is_tagged_titled_and_has_its_fonts_inside() -> None:
    """U19, ux.md 8: PDF/A-3b and PDF/UA-1 by their marks, language, title, table headers, embedded fonts, one page."""
    pdf = invoice_pdf(make_invoice(10), pay_url=PAY_URL)
    root = root_of(pdf)
    about = root["/Metadata"].get_data().decode()
    assert root["/Lang"] == "en"
    assert root["/MarkInfo"]["/Marked"]
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert "Invoice INV-2047 from Foxglove Print Co." in about
    assert "<pdfaid:part>3</pdfaid:part>" in about
    assert "<pdfaid:conformance>B</pdfaid:conformance>" in about
    assert "<pdfuaid:part>1</pdfuaid:part>" in about
    assert {"/H1", "/Table", "/TH", "/TD", "/Link", "/Figure"} <= tags_of(pdf)
    assert all("/FontFile2" in font or "/FontFile3" in font for font in fonts_of(pdf))
    assert len(pages_of(pdf)) == 1
    assert len(pdf) <= 150_000


def test_twelve_lines_with_everything_fit_on_one_page() -> None:
    """U19: discount, shipping, two tax rates, payments, a reversal, another ship-to address, bank details, terms."""
    payments = (make_payment(50_000), make_payment(10_000, day=4, reversed_on=date(2026, 11, 5)), make_payment(-2000))
    ship_to = Party("Sam Whitfield", "Larkspur Robotics Club", Address("Gate 4", "1200 NW Park", "Hillsboro", "OR"))
    for country in ("US", "GB"):
        invoice = make_invoice(
            12, rates=("8.25", "0"), discount=2500, shipping=1895, payments=payments,
            ship_to=ship_to, shop=shop_in(country),
        )  # fmt: skip
        assert len(pages_of(invoice_pdf(invoice, pay_url=PAY_URL))) == 1


def test_593_lines_have_page_numbers_and_repeated_heads() -> None:
    """U19: every line of 593 is there, no row is split, totals stand together at the end."""
    lines = tuple(line(f"Item number {n:03d}", detail=f"its detail {n:03d}") for n in range(593))
    pages = pages_of(invoice_pdf(make_invoice(lines=lines), pay_url=PAY_URL))
    seen = []
    for number, page in enumerate(pages, start=1):
        assert f"Page {number} of {len(pages)}" in page
        items, details = re.findall(r"Item number (\d+)", page), re.findall(r"its detail (\d+)", page)
        assert items == details
        assert not items or "Description" in page
        seen += [int(item) for item in items]
    assert seen == list(range(593))
    assert "Total" in pages[-1]
    assert "Balance due $593.00" in pages[-1]


def test_a_row_longer_than_a_page_runs_on() -> None:
    """ux.md 8.4: a description is never cut off, whatever its length."""
    words = " ".join(f"word{n:04d}" for n in range(2000))
    text = text_of(invoice_pdf(make_invoice(lines=(line(words),))))
    assert [int(n) for n in re.findall(r"word(\d{4})", text)] == list(range(2000))


def test_more_lines_than_the_press_takes_are_refused_before_any_work() -> None:
    """J5: sizes are limited first, in words for people."""
    with pytest.raises(NotPrinted, match="too long for a PDF"):
        invoice_pdf(make_invoice(lines=tuple(make_line(n, "USD") for n in range(MAX_PDF_LINES + 1))))


def test_the_same_facts_give_the_same_bytes() -> None:
    """ux.md 8: deterministic, and dated by the books, not by a clock."""
    one, two = (invoice_pdf(make_invoice(4), pay_url=PAY_URL) for _ in range(2))
    assert one == two
    assert b"20261105230200" in one
    assert invoice_pdf(make_invoice(5), pay_url=PAY_URL) != one


def test_the_pay_block_stands_only_where_something_is_payable() -> None:
    """M6, M7: link and QR code while something is due; never on a paid or cancelled invoice."""
    due = make_invoice(2)
    cancelled = replace(
        due,
        status="cancelled",
        cancelled_on=date(2026, 11, 4),
        balance=Balance(NOTHING, NOTHING, NOTHING, 4),
    )
    assert links_of(invoice_pdf(due, pay_url=PAY_URL)) == {PAY_URL}
    assert TOKEN in re.sub(r"\s", "", text_of(invoice_pdf(due, pay_url=PAY_URL)))
    for nothing_to_pay in (make_paid(due), cancelled):
        pdf = invoice_pdf(nothing_to_pay, pay_url=PAY_URL)
        assert not links_of(pdf)
        assert "Pay by card" not in text_of(pdf)


def test_no_token_is_in_the_metadata() -> None:
    """I1, ux.md 8: the link is on the page to be used, and nowhere else."""
    root = root_of(invoice_pdf(make_invoice(2), pay_url=PAY_URL))
    assert TOKEN not in root["/Metadata"].get_data().decode()


def test_nothing_for_staff_is_printed() -> None:
    """M9: the reference of a payment is for staff."""
    assert "SECRET-REF" not in text_of(invoice_pdf(make_invoice(2, payments=(make_payment(100),))))


def test_a_paid_invoice_says_so() -> None:
    """M6."""
    text = text_of(invoice_pdf(make_paid(make_invoice(2))))
    assert "Paid in full Nov 22, 2026" in text
    assert "Visa ending 4242" in text
    assert "Balance due $0.00" in text


def test_a_cancelled_invoice_adds_up_to_nothing() -> None:
    """M7: what was asked is taken off on paper too."""
    balance = Balance(NOTHING, NOTHING, NOTHING, 4)
    invoice = make_invoice(2, status="cancelled", cancelled_on=date(2026, 11, 4), balance=balance)
    text = text_of(invoice_pdf(invoice))
    assert "Nothing to pay" in text
    assert "Cancelled −$43.84" in text
    assert "Balance due $0.00" in text


def test_money_beyond_the_total_is_credit() -> None:
    """requirements.md 2.7."""
    text = text_of(invoice_pdf(make_invoice(1, payments=(make_payment(5000),))))
    assert "Credit $37.50" in text
    assert "Balance due" not in text


def test_a_reversed_payment_is_shown_with_its_counter_entry() -> None:
    """requirements.md 2.15: reversed, never deleted; whichever way the facts tell it, the column adds up."""
    told_by_date = make_invoice(1, payments=(make_payment(1000, day=3, reversed_on=date(2026, 11, 5)),))
    text = text_of(invoice_pdf(told_by_date))
    assert "−$10.00" in text
    assert "Reversed, Nov 5, 2026" in text
    assert "Balance due $12.50" in text
    told_by_line = make_invoice(1, payments=(make_payment(1000), make_payment(-1000, day=5)))
    assert "Refund, Nov 5, 2026" in text_of(invoice_pdf(told_by_line))


def test_whatever_the_books_hold_the_column_adds_up() -> None:
    """M1: a write-off changes what is owed and not the order's total; it has a row of its own."""
    invoice = make_invoice(1)
    less = replace(invoice, balance=replace(invoice.balance, total=Money(1000, "USD")))
    text = text_of(invoice_pdf(less))
    assert "Adjustment −$2.50" in text
    assert "Balance due $10.00" in text


def test_a_pending_payment_is_named() -> None:
    """requirements.md 3.13: on its way, neither paid nor payable."""
    invoice = make_invoice(1, pending=1250)
    pdf = invoice_pdf(invoice, pay_url=PAY_URL)
    assert "A payment of $12.50 is being confirmed" in text_of(pdf)
    assert not links_of(pdf)


def test_tax_has_its_name_rate_and_base() -> None:
    """requirements.md 2.18: each rate with its net base; added, or shown as included."""
    added = text_of(invoice_pdf(make_invoice(4, rates=("8.25", "0"), discount=500, shipping=700)))
    assert "Discount −$5.00" in added
    assert "Shipping $7.00" in added
    assert re.search(r"Sales tax 8\.25% on \$\d", added)
    assert re.search(r"Sales tax 0% on \$\d", added)
    gross = make_invoice(4, rates=("20",), included=True, currency="GBP", locale="en-GB", shop=shop_in("GB"))
    assert "Includes VAT 20% on £157.00" in text_of(invoice_pdf(gross))


def test_paper_follows_the_country_of_the_shop() -> None:
    """ux.md 8: Letter in the Americas where it is used, else A4."""
    widths = {}
    for country in ("US", "MX", "GB", "JP"):
        box = root_of(invoice_pdf(make_invoice(1, shop=shop_in(country))))["/Pages"]["/Kids"][0].get_object()[
            "/MediaBox"
        ]
        widths[country] = round(float(box[2]))
    assert widths == {"US": 612, "MX": 612, "GB": 595, "JP": 595}


@pytest.mark.parametrize(
    ("locale", "currency", "shown"),
    [
        ("ja-JP", "JPY", "1,250"),
        ("ar-KW", "KWD", "1.250"),
        ("de-DE", "EUR", "12,50 €"),
        ("fr-FR", "USD", "12,50 $US"),
        ("hi-IN", "INR", "₹12.50"),
        ("he-IL", "ILS", "12.50"),
        ("xx-nonsense", "USD", "$12.50"),
    ],
)
def test_amounts_are_those_of_the_customers_locale(locale: str, currency: str, shown: str) -> None:
    """requirements.md 3.4: currencies of 0, 2 and 3 decimals, and what marks them."""
    invoice = make_invoice(2, locale=locale, currency=currency, rates=("7.5",), payments=(make_payment(100, currency),))
    assert shown in text_of(invoice_pdf(invoice, pay_url=PAY_URL))


def test_an_order_without_due_date_lines_or_addresses_is_still_an_invoice() -> None:
    """requirements.md 3.45: what is missing leaves no hole and no error."""
    nobody = Party()
    bare = replace(SHOP, party=Party(name="Shop"), terms="", bank_details="", brand_colour="red", time_zone="Mars/Base")
    invoice = make_invoice(0, due_on=None, po_number="", bill_to=nobody, ship_to=nobody, shop=bare)
    text = text_of(invoice_pdf(invoice))
    assert "This order has no lines." in text
    assert "Bill to" not in text
    assert "Due" not in text.replace("Balance due", "")
    assert "No description" in text_of(invoice_pdf(make_invoice(lines=(line("  "),))))


def test_test_mode_is_written_across_every_page() -> None:
    """ux.md 8.3."""
    assert all("TEST" in page for page in pages_of(invoice_pdf(make_invoice(60, test_mode=True))))
    assert "TEST" not in text_of(invoice_pdf(make_invoice(1)))


@pytest.mark.parametrize(
    "text",
    [
        '#read("/etc/passwd")',
        '#import "@preview/cetz:0.3.0": *',
        '#include "invoice.typ"',
        '#image("https://example.com/a.png")',
        '#eval("1+1")',
        "#{while true {}}",
        "$ x^2 $ *bold* _it_ [x] <label> @ref // comment",
        "= Heading \\ line",
        '"]) #panic()',
        "{{ 7*7 }} <script>alert(1)</script>",
    ],
)
def test_text_is_printed_and_never_obeyed(text: str) -> None:
    """J5: in every field a person can fill in."""
    party = Party(text, text, Address(text, text, text, text, text), text, text, text)
    shop = replace(
        SHOP, party=replace(party, address=replace(party.address, country="US")), terms=text, bank_details=text
    )
    payment = make_payment(1, card=text)
    row = replace(line(text), detail=text, sku=text)
    invoice = make_invoice(
        lines=(row,), shop=shop, bill_to=party, number=text, order_number=text, po_number=text, payments=(payment,)
    )
    found = re.sub(r"\s", "", text_of(invoice_pdf(invoice, pay_url=PAY_URL)))
    assert found.count(re.sub(r"\s", "", text)) >= 6
    assert "root:" not in found


def test_a_logo_is_shown_and_a_broken_one_gives_way_to_the_name(logo_png: bytes, logo_jpeg: bytes) -> None:
    """ux.md 8.1: PNG and JPEG; whatever else is stored there, there is still an invoice."""
    plain = tags_of(invoice_pdf(make_invoice(1)))
    assert "/Figure" not in plain
    for logo in (logo_png, logo_jpeg):
        assert "/Figure" in tags_of(invoice_pdf(make_invoice(1, shop=replace(SHOP, logo=logo))))
    for broken in (logo_png[:60], logo_png[:30], b"GIF89a", b'<svg><image href="/etc/passwd"/></svg>', logo_jpeg[:300]):
        assert "Foxglove Print Co." in text_of(invoice_pdf(make_invoice(1, shop=replace(SHOP, logo=broken))))


def test_the_file_name_is_plain() -> None:
    """ux.md 8: no character that a header or a disk could trip over."""
    assert invoice_file_name(make_invoice(1)) == "Invoice-INV-2047-Foxglove-Print-Co.pdf"
    odd = make_invoice(1, number='../../a"\r\nX: 1', shop=replace(SHOP, party=replace(CUSTOMER, name="Café 北京/..")))
    assert re.fullmatch(r"[A-Za-z0-9-]+\.pdf", invoice_file_name(odd))
