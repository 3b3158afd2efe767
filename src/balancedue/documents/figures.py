"""The column of figures under the lines, from subtotal to balance due. Whatever the facts, it adds up on paper."""

from dataclasses import dataclass
from datetime import date

from balancedue.documents.sheet import Sheet
from balancedue.rules.money import Money


@dataclass(frozen=True, slots=True)
class Figure:
    """One row. `kind`: "" plain, "total", "fine" (said, not added), "paid". `note`: a second, smaller line."""

    label: str
    amount: str
    kind: str = ""
    note: str = ""


def figures(sheet: Sheet) -> list[Figure]:
    """Every row above the last one, the balance."""
    return [*_charges(sheet), *_total(sheet), *_movements(sheet)]


def _charges(sheet: Sheet) -> list[Figure]:
    invoice = sheet.invoice
    rows = [
        (sheet.say("discount"), -invoice.discount),
        (sheet.say("shipping"), invoice.shipping),
    ]
    shown = [Figure(label, sheet.money(amount)) for label, amount in rows if amount]
    if not invoice.prices_include_tax:
        shown += _taxes(sheet, "tax_on", kind="")
    return [Figure(sheet.say("subtotal"), sheet.money(invoice.subtotal)), *shown] if shown else []


def _total(sheet: Sheet) -> list[Figure]:
    taxes = _taxes(sheet, "includes_tax_on", kind="fine") if sheet.invoice.prices_include_tax else []
    return [Figure(sheet.say("total"), sheet.money(sheet.invoice.total), "total"), *taxes]


def _taxes(sheet: Sheet, key: str, *, kind: str) -> list[Figure]:
    return [
        Figure(
            sheet.say(key, tax=sheet.tax, rate=sheet.percent(line.rate), base=sheet.money(line.base)),
            sheet.money(line.tax),
            kind,
        )
        for line in sheet.invoice.taxes
    ]


def _movements(sheet: Sheet) -> list[Figure]:
    """Payments with their reversals, and first whatever else changed what is owed (cancellation, write-off)."""
    invoice = sheet.invoice
    moves = _moves(sheet)
    moved = sum((amount for _, amount, _, _ in moves), Money(0, invoice.currency))
    other = invoice.balance.remaining + moved - invoice.total + invoice.reduced
    rows = []
    if invoice.reduced:
        rows.append(Figure(sheet.say("reduced"), sheet.money(-invoice.reduced)))
    if other:
        key = "cancelled" if invoice.status == "cancelled" else "adjustment"
        rows.append(Figure(sheet.say(key), sheet.money(other)))
    return rows + [
        Figure(sheet.say(key, date=sheet.day(day)), sheet.money(-amount), "paid", note)
        for key, amount, day, note in moves
    ]


def _moves(sheet: Sheet) -> list[tuple[str, Money, date, str]]:
    """(word, amount received, day, method). A payment marked as reversed gets its counter-row,

    unless the facts already hold one: then the sum of all lines is what was settled.
    """
    invoice = sheet.invoice
    received = sum((payment.amount for payment in invoice.payments), Money(0, invoice.currency))
    told_apart = received != invoice.balance.settled
    moves = []
    for payment in invoice.payments:
        key = "dispute" if payment.by_bank else "payment" if payment.amount.minor >= 0 else "refund"
        moves.append((key, payment.amount, payment.received_on, sheet.method(payment)))
        if told_apart and payment.reversed_on:
            moves.append(("reversed", -payment.amount, payment.reversed_on, sheet.method(payment)))
    return moves
