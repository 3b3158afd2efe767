"""An invoice as PDF (S24, ux.md 8): the same facts as the page, as of the last change of the books."""

import json
import re
import unicodedata
from dataclasses import asdict

from balancedue.documents.coverage import printable, printable_lines
from balancedue.documents.figures import figures
from balancedue.documents.pictures import qr_svg
from balancedue.documents.sheet import Json, Sheet, print_sheet
from balancedue.rules.invoice import Invoice, Line, Party
from balancedue.rules.limits import MAX_PDF_ROW_TEXT

TEMPLATE = "invoice.typ"


def invoice_pdf(invoice: Invoice, *, pay_url: str = "") -> bytes:
    """The invoice, tagged PDF/A-3b and PDF/UA-1; the same bytes for the same facts.

    `pay_url` is printed, with a QR code, only while something is payable. Raises NotPrinted (documents.press) for more
    than MAX_PDF_LINES lines, or when the press cannot print it in time.
    """
    return print_sheet(TEMPLATE, invoice, lambda facts: invoice_data(facts, pay_url=pay_url), rows=len(invoice.lines))


def invoice_file_name(invoice: Invoice, kind: str = "Invoice") -> str:
    """Plain ASCII, safe in a header and on every disk: "Invoice-INV-2047-Foxglove-Print-Co.pdf"."""
    shop = invoice.shop.party.name or invoice.shop.party.company
    text = unicodedata.normalize("NFKD", f"{kind}-{invoice.number}-{shop}").encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")[:100].strip("-") + ".pdf"


def invoice_data(invoice: Invoice, *, pay_url: str = "") -> str:
    """What the template reads, as JSON: finished strings, nothing left to work out."""
    sheet = Sheet(invoice)
    taxed = any(line.tax_rate for line in invoice.lines)
    return json.dumps(
        {
            **sheet.frame("invoice", invoice.number),
            "shop": sheet.shop(),
            "facts": _facts(sheet),
            "parties": _parties(sheet),
            "state": _state(sheet),
            "as_of": sheet.as_of(),
            "columns": _columns(sheet, taxed),
            "lines": [_line(sheet, line, taxed) for line in invoice.lines],
            "no_lines": sheet.say("no_lines"),
            "totals": _totals(sheet),
            "pay": _pay(sheet, pay_url),
            "notes": sheet.notes(),
        },
        ensure_ascii=False,
    )


def _facts(sheet: Sheet) -> list[tuple[str, str]]:
    invoice = sheet.invoice
    due = sheet.day(invoice.due_on) if invoice.due_on else ""
    facts = (
        ("number", printable(invoice.number)),
        ("issued", sheet.day(invoice.issued_on)),
        ("due", due),
        ("order", printable(f"#{invoice.order_number}")),
        ("po_number", printable(invoice.po_number)),
    )
    return [(sheet.say(key), value) for key, value in facts if value]


def _parties(sheet: Sheet) -> list[Json]:
    invoice = sheet.invoice
    parties = [("bill_to", sheet.party(invoice.bill_to, contact=True))]
    if invoice.ship_to not in (invoice.bill_to, Party()):
        parties.append(("ship_to", sheet.party(invoice.ship_to, contact=False)))
    return [{"label": sheet.say(key), **party} for key, party in parties if party["name"] or party["lines"]]


def _state(sheet: Sheet) -> Json:
    """The box that says where things stand: one word, one sum, one date. `kind` picks its look."""
    invoice, balance = sheet.invoice, sheet.invoice.balance
    if balance.credit:
        return _box(sheet, "credit", amount=sheet.money(balance.credit), note=sheet.say("credit_note"))
    if invoice.status == "cancelled":
        return _box(
            sheet,
            "cancelled",
            amount=sheet.day(invoice.cancelled_on) if invoice.cancelled_on else "",
            note=sheet.say("nothing_to_pay"),
        )
    if balance.due:
        return _box(sheet, "balance_due", amount=sheet.money(balance.due), note=_due_note(sheet))
    if balance.is_paid:
        return _box(sheet, "paid_in_full", amount=sheet.day(invoice.paid_on) if invoice.paid_on else "")
    return _box(sheet, "nothing_to_pay", amount=sheet.money(balance.due))


def _box(sheet: Sheet, key: str, *, amount: str, note: str = "") -> Json:
    return {"kind": key, "label": sheet.say(key), "amount": amount, "note": note}


def _due_note(sheet: Sheet) -> str:
    invoice = sheet.invoice
    if invoice.balance.pending:
        return sheet.say("pending", amount=sheet.money(invoice.balance.pending))
    return sheet.say("due_on", date=sheet.day(invoice.due_on)) if invoice.due_on else ""


def _columns(sheet: Sheet, taxed: bool) -> list[str]:
    columns = [sheet.say(key) for key in ("description", "quantity", "unit_price", "amount")]
    return [*columns[:3], sheet.tax, columns[3]] if taxed else columns


def _line(sheet: Sheet, line: Line, taxed: bool) -> Json:
    description = printable_lines(line.description) or [sheet.say("no_description")]
    beneath = _beneath(sheet, line)
    cells = [sheet.number(line.quantity), sheet.money(line.unit_price), sheet.money(line.amount)]
    if taxed:
        cells.insert(2, sheet.percent(line.tax_rate))
    long = sum(map(len, description + beneath)) + 60 * len(description + beneath) > MAX_PDF_ROW_TEXT
    return {"description": description, "detail": beneath, "cells": cells, "splits": long}


def _beneath(sheet: Sheet, line: Line) -> list[str]:
    """The detail, with the SKU at the end of its last line."""
    *above, last = printable_lines(line.detail) or [""]
    sku = sheet.say("sku", sku=printable(line.sku)) if line.sku else ""
    joined = " · ".join(text for text in (last, sku) if text)
    return [*above, joined] if joined else above


def _totals(sheet: Sheet) -> Json:
    balance = sheet.invoice.balance
    return {
        "heading": sheet.say("totals"),
        "rows": [asdict(figure) for figure in figures(sheet)],
        "label": sheet.say("credit" if balance.credit else "balance_due"),
        "amount": sheet.money(balance.credit or balance.due),
    }


def _pay(sheet: Sheet, pay_url: str) -> Json | None:
    if not pay_url or not sheet.invoice.balance.payable or sheet.invoice.status == "cancelled":
        return None
    return {
        "heading": sheet.say("pay_heading"),
        "hint": sheet.say("pay_hint"),
        "url": pay_url,
        "shown": printable(pay_url),
        "qr": qr_svg(pay_url),
        "alt": sheet.say("qr_alt"),
    }
