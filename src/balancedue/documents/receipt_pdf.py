"""A receipt for one payment as PDF: its own document, not an invoice with a stamp (ux.md 8)."""

import json

from balancedue.documents.coverage import printable
from balancedue.documents.sheet import Json, Sheet, print_sheet
from balancedue.rules.invoice import Invoice, PaymentLine

TEMPLATE = "receipt.typ"


def receipt_pdf(invoice: Invoice, payment: PaymentLine, *, receipt_number: str = "") -> bytes:
    """The receipt, tagged PDF/A-3b and PDF/UA-1; the same bytes for the same facts.

    `receipt_number` defaults to the payment's public id. Raises NotPrinted (documents.press) when it cannot be printed.
    """
    return print_sheet(TEMPLATE, invoice, lambda facts: receipt_data(facts, payment, receipt_number=receipt_number))


def receipt_data(invoice: Invoice, payment: PaymentLine, *, receipt_number: str = "") -> str:
    """What the template reads, as JSON."""
    sheet = Sheet(invoice)
    back = payment.amount.minor < 0
    number = receipt_number or payment.public_id
    return json.dumps(
        {
            **sheet.frame("receipt", number),
            "shop": sheet.shop(),
            "facts": _facts(sheet, payment, number),
            "parties": _parties(sheet),
            "state": {
                "kind": "paid_in_full" if not payment.reversed_on and not back else "reversed",
                "label": sheet.say("amount_refunded" if back else "amount_paid"),
                "amount": sheet.money(abs(payment.amount)),
                "note": _note(sheet, payment),
            },
            "columns": [sheet.say("description"), sheet.say("amount")],
            "towards": sheet.say("refund_towards" if back else "payment_towards", number=printable(invoice.number)),
            "paid": sheet.money(abs(payment.amount)),
            "totals": [
                (sheet.say("invoice_total"), sheet.money(invoice.total)),
                (sheet.say("credit"), sheet.money(invoice.balance.credit))
                if invoice.balance.credit
                else (sheet.say("balance_due"), sheet.money(invoice.balance.due)),
            ],
            "as_of": sheet.as_of(),
            "notes": [],
        },
        ensure_ascii=False,
    )


def _facts(sheet: Sheet, payment: PaymentLine, number: str) -> list[tuple[str, str]]:
    invoice = sheet.invoice
    facts = (
        ("receipt_number", printable(number)),
        ("refunded_on" if payment.amount.minor < 0 else "paid_on", sheet.day(payment.received_on)),
        ("method", sheet.method(payment)),
        ("statement", printable(payment.statement)),
        ("number", printable(invoice.number)),
        ("order", printable(f"#{invoice.order_number}")),
        ("po_number", printable(invoice.po_number)),
    )
    return [(sheet.say(key), value) for key, value in facts if value]


def _parties(sheet: Sheet) -> list[Json]:
    party = sheet.party(sheet.invoice.bill_to, contact=True)
    return [{"label": sheet.say("received_from"), **party}] if party["name"] or party["lines"] else []


def _note(sheet: Sheet, payment: PaymentLine) -> str:
    if payment.reversed_on:
        return sheet.say("payment_reversed", date=sheet.day(payment.reversed_on))
    return sheet.method(payment)
