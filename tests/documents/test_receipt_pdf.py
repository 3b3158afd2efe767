"""A receipt on paper."""

from datetime import date

from balancedue.documents.receipt_pdf import receipt_pdf
from tests.documents.reading import pages_of, root_of, text_of
from tests.documents.samples import make_invoice, make_paid, make_payment


def test_a_receipt_says_what_was_paid_how_and_for_what() -> None:
    """requirements.md 2.9: its own document, one page, with what is left to pay."""
    invoice = make_paid(make_invoice(3, payments=(make_payment(5000),)))
    pdf = receipt_pdf(invoice, invoice.payments[-1])
    text = text_of(pdf)
    for fact in (
        "Receipt", "pay_00000000000000000022", "Nov 22, 2026", "Visa ending 4242", "Larkspur Robotics Club",
        "Amount paid $50.36", "Payment towards invoice INV-2047", "Invoice total $100.36", "Balance due $0.00",
    ):  # fmt: skip
        assert fact in text
    assert len(pages_of(pdf)) == 1
    assert root_of(pdf)["/Lang"] == "en"
    assert "Receipt pay_00000000000000000022 from Foxglove Print Co." in root_of(pdf)["/Metadata"].get_data().decode()


def test_a_receipt_says_what_stands_on_the_statement() -> None:
    """ux.md 3.9: where it is known, and nothing where it is not."""
    known, unknown = make_payment(500, statement="FOXGLOVE* INV-2047"), make_payment(500)
    invoice = make_invoice(1, payments=(known,))
    assert "On your statement FOXGLOVE* INV-2047" in text_of(receipt_pdf(invoice, known))
    assert "statement" not in text_of(receipt_pdf(invoice, unknown))


def test_a_receipt_hides_the_reference_and_takes_a_number_of_the_shops_own() -> None:
    """M9."""
    invoice = make_invoice(1, payments=(make_payment(500),))
    text = text_of(receipt_pdf(invoice, invoice.payments[0], receipt_number="REC-7"))
    assert "REC-7" in text
    assert "Check" in text
    assert "SECRET-REF" not in text


def test_a_receipt_for_money_returned_or_reversed_says_so() -> None:
    """requirements.md 2.15."""
    refund = make_payment(-500, day=6)
    reversed_payment = make_payment(700, reversed_on=date(2026, 11, 5))
    invoice = make_invoice(1, payments=(refund, reversed_payment))
    assert "Amount refunded $5.00" in text_of(receipt_pdf(invoice, refund))
    assert "This payment was reversed on Nov 5, 2026" in text_of(receipt_pdf(invoice, reversed_payment))


def test_the_same_payment_gives_the_same_bytes() -> None:
    """ux.md 8."""
    invoice = make_invoice(1, payments=(make_payment(500),))
    assert receipt_pdf(invoice, invoice.payments[0]) == receipt_pdf(invoice, invoice.payments[0])
