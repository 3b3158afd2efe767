"""What a file states about an order: first as texts, then as facts. Nothing is guessed; every fault is named."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from decimal import Decimal
from functools import partial
from typing import TypeVar

from balancedue.rules.addresses import read_address
from balancedue.rules.currencies import currency as known_currency
from balancedue.rules.errors import Refused
from balancedue.rules.limits import MAX_ORDER_LINES
from balancedue.rules.money import Money
from balancedue.rules.texts import text_fault
from balancedue.rules.totals import parse_quantity, parse_rate

T = TypeVar("T")
U = TypeVar("U")

# Fields of the own format, with the longest text each may hold. Amounts are in major units: "2.55".
ORDER_FIELDS = {"number": 40, "placed_at": 40, "due_date": 10, "currency": 3, "po_number": 60, "discount": 64}
ORDER_FIELDS |= {"shipping": 64}
CONTACT_FIELDS = {"contact.name": 120, "contact.company": 200, "contact.email": 254, "contact.phone": 60}
LINE_FIELDS = {"lines.description": 500, "lines.detail": 500, "lines.sku": 80}
LINE_FIELDS |= {"lines.quantity": 64, "lines.unit_price": 64, "lines.tax_rate": 64}
FIELDS = {**ORDER_FIELDS, **CONTACT_FIELDS, **LINE_FIELDS}

_YEARS = range(1900, 2200)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an order cannot be taken. `row` is the line of the file, None when it is about the whole order."""

    row: int | None
    field: str
    sentence: str

    def __str__(self) -> str:
        where = f"line {self.row}" if self.row is not None else "the order"
        return f"{where}: {self.field}: {self.sentence}" if self.field else f"{where}: {self.sentence}"


@dataclass(slots=True)
class RawOrder:
    """An order as texts by field, as it stands in the file."""

    number: str
    row: int
    fields: dict[str, str] = field(default_factory=dict)
    lines: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def add(self, row: int, texts: Mapping[str, str]) -> None:
        """Take one more row of the order in. What it says of the order itself must agree with the rows before."""
        for name, text in texts.items():
            if name in LINE_FIELDS or not text:
                continue
            before = self.fields.setdefault(name, text)
            if before != text and name != "placed_at":  # a till may need more than a minute for one order
                self.faults.append(Fault(row, name, f'"{_short(text)}" here and "{_short(before)}" before'))
        if len(self.lines) < MAX_ORDER_LINES:
            self.lines.append((row, {name: text for name, text in texts.items() if name in LINE_FIELDS}))
        elif not any(fault.field == "lines" for fault in self.faults):
            self.faults.append(Fault(row, "lines", f"An order has at most {MAX_ORDER_LINES:,} lines"))


@dataclass(frozen=True, slots=True)
class StatedLine:
    description: str
    quantity: Decimal
    unit_price_minor: int
    detail: str
    sku: str
    tax_rate: Decimal  # percent


@dataclass(frozen=True, slots=True)
class StatedOrder:
    """An order as facts. `contact` has the keys name, company, email and phone; it is empty when there is nobody."""

    number: str
    placed_at: datetime | None
    due_date: date | None
    currency: str
    po_number: str
    discount_minor: int
    shipping_minor: int
    contact: dict[str, str]
    lines: tuple[StatedLine, ...]
    rows: tuple[int, ...]  # where each line stands in the file


def read_order(raw: RawOrder, *, currency: str, zone: tzinfo) -> StatedOrder | list[Fault]:
    """The order as facts, or everything that is wrong with it.

    `currency` is for orders that name none; times without a zone are in `zone`.
    """
    reading = _Reading(raw)
    code = reading.head("currency", _currency, currency)
    amount = partial(_amount, currency=code)
    if not raw.number:
        reading.faults.append(Fault(raw.row, "number", "Enter an order number"))
    contact = {name: reading.head(name, _address if name == "contact.email" else str, "") for name in CONTACT_FIELDS}
    stated = StatedOrder(
        number=reading.head("number", str, ""),
        placed_at=reading.head("placed_at", partial(_moment, zone=zone), None),
        due_date=reading.head("due_date", _day, None),
        currency=code,
        po_number=reading.head("po_number", str, ""),
        discount_minor=reading.head("discount", amount, 0),
        shipping_minor=reading.head("shipping", amount, 0),
        contact={name.partition(".")[2]: text for name, text in contact.items() if text},
        lines=tuple(reading.line(row, texts, amount) for row, texts in raw.lines),
        rows=tuple(row for row, _ in raw.lines),
    )
    return sorted(reading.faults, key=lambda fault: fault.row or 0) if reading.faults else stated


class _Reading:
    """Reads the texts of one order, and keeps what is wrong with them."""

    def __init__(self, raw: RawOrder) -> None:
        self.raw = raw
        self.faults = list(raw.faults)

    def head(self, name: str, way: Callable[[str], T], otherwise: U) -> T | U:
        """A field of the order itself; `otherwise` where it is empty or wrong."""
        return self._read(self.raw.row, name, self.raw.fields.get(name, ""), way, otherwise)

    def line(self, row: int, texts: Mapping[str, str], amount: Callable[[str], int]) -> StatedLine:
        """One line. Quantity and price it must have."""
        for name, words in (("lines.quantity", "a quantity"), ("lines.unit_price", "a unit price")):
            if not texts.get(name):
                self.faults.append(Fault(row, name, f"Enter {words}"))

        def part(name: str, way: Callable[[str], T], otherwise: T) -> T:
            return self._read(row, f"lines.{name}", texts.get(f"lines.{name}", ""), way, otherwise)

        return StatedLine(
            description=part("description", str, ""),
            quantity=part("quantity", parse_quantity, Decimal(1)),
            unit_price_minor=part("unit_price", amount, 0),
            detail=part("detail", str, ""),
            sku=part("sku", str, ""),
            tax_rate=part("tax_rate", parse_rate, Decimal(0)),
        )

    def _read(self, row: int, name: str, text: str, way: Callable[[str], T], otherwise: U) -> T | U:
        if not text:
            return otherwise
        sentence = text_fault(text, at_most=FIELDS[name])
        if not sentence:
            try:
                return way(text)
            except Refused as refusal:
                sentence = refusal.sentence
        self.faults.append(Fault(row, name, f'"{_short(text)}": {sentence}'))
        return otherwise


def _currency(text: str) -> str:
    return known_currency(text.upper()).code


def _address(text: str) -> str:
    return read_address(text, field="contact.email")


def _amount(text: str, currency: str) -> int:
    """In minor units, 0 or more. Finer than a minor unit is refused: nothing is rounded on the way in."""
    money = Money.parse(text, currency)
    if money.minor < 0:
        raise Refused("invalid", "Enter an amount of 0 or more")
    return money.minor


def _moment(text: str, zone: tzinfo) -> datetime:
    try:
        moment: datetime | None = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.year not in _YEARS:
        raise Refused("invalid", "Enter a time like 2026-11-20 15:01")
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _day(text: str) -> date:
    try:
        day: date | None = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.year not in _YEARS:
        raise Refused("invalid", "Enter a day like 2026-11-20")
    return day


def _short(text: str) -> str:
    printable = "".join(sign if sign.isprintable() else "\ufffd" for sign in text)
    return printable if len(printable) <= 40 else f"{printable[:39]}…"
