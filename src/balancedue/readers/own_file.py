"""Our own format: one JSON object per line, one line per order (docs/import.md)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from balancedue.rules.money import Money

from .encodings import encoding_of
from .stated import CONTACT_FIELDS, LINE_FIELDS, ORDER_FIELDS, Fault, RawOrder, StatedOrder

MAX_LINE = 8_000_000  # characters of one order


class OwnOrders:
    """The orders of one file. Amounts and quantities may be written as numbers or as texts; both are read exactly."""

    def __init__(self, path: Path) -> None:
        """Count the lines. Raises OSError."""
        self.path = path
        self.encoding, self.note = encoding_of(path)
        self.count = sum(1 for _ in self._lines())

    def __iter__(self) -> Iterator[tuple[RawOrder, int]]:
        """Each order, with 1 for the one line it took."""
        for row, line in self._lines():
            yield _order(row, line), 1

    def _lines(self) -> Iterator[tuple[int, str]]:
        with self.path.open(encoding=self.encoding) as file:
            row = 0
            while line := file.readline(MAX_LINE):
                row += 1
                if line.strip():
                    yield row, line


def _order(row: int, line: str) -> RawOrder:
    try:
        stated = json.loads(line, parse_float=str, parse_int=str, parse_constant=str)
    except (json.JSONDecodeError, RecursionError) as error:
        return RawOrder("", row, faults=[Fault(row, "", f"Not JSON: {error}")])
    raw = RawOrder("", row)
    head = _texts(raw, stated, "", {*ORDER_FIELDS, "contact", "lines"})
    contact = _texts(raw, stated.get("contact") or {}, "contact.", {*CONTACT_FIELDS}) if head is not None else None
    raw.fields = {**(head or {}), **(contact or {})}
    raw.number = raw.fields.get("number", "")
    lines = (stated.get("lines") or []) if head is not None else []
    if not isinstance(lines, list):
        raw.faults.append(Fault(row, "lines", "Give a list of lines"))
        lines = []
    for each in lines:
        raw.add(row, _texts(raw, each, "lines.", {*LINE_FIELDS}) or {})
    return raw


def _texts(raw: RawOrder, stated: Any, prefix: str, known: set[str]) -> dict[str, str] | None:
    """The plain fields of one object as texts; faults for what is unknown or no text."""
    if not isinstance(stated, dict):
        raw.faults.append(Fault(raw.row, prefix.rstrip("."), "Give an object, in curly brackets"))
        return None
    found = {}
    for key, value in stated.items():
        name = f"{prefix}{key}"
        if name not in known:
            raw.faults.append(Fault(raw.row, name[:60], "This field is not known"))
        elif name in ("contact", "lines") or value is None:
            continue
        elif isinstance(value, str):
            found[name] = value.strip()
        else:
            raw.faults.append(Fault(raw.row, name, "Give a text or a number"))
    return found


def order_text(order: StatedOrder) -> str:
    """The order as one line of our format, without a line end. Reading it gives the same order again."""
    stated = {
        "number": order.number,
        "placed_at": order.placed_at.isoformat() if order.placed_at else None,
        "due_date": order.due_date.isoformat() if order.due_date else None,
        "currency": order.currency,
        "po_number": order.po_number,
        "discount": Money(order.discount_minor, order.currency).plain,
        "shipping": Money(order.shipping_minor, order.currency).plain,
        "contact": order.contact,
        "lines": [
            {
                "description": line.description,
                "detail": line.detail,
                "sku": line.sku,
                "quantity": f"{line.quantity:f}",
                "unit_price": Money(line.unit_price_minor, order.currency).plain,
                "tax_rate": f"{line.tax_rate:f}",
            }
            for line in order.lines
        ],
    }
    return json.dumps(_without_nothing(stated), ensure_ascii=False, separators=(",", ":"))


def _without_nothing(stated: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in stated.items() if value not in (None, "", {})}
