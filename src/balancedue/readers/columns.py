"""Which column holds which field: `number=InvoiceNo`, `contact.email={CustomerID}@customers.example`."""

import re
from collections.abc import Sequence

from balancedue.rules.errors import Refused

from .stated import FIELDS

NEEDED = ("number", "lines.quantity", "lines.unit_price")
_IN_BRACES = re.compile(r"\{([^{}]*)\}")
_WHOLE_FLOAT = re.compile(r"([0-9]+)\.0+")  # a number that went through a spreadsheet: 17850.0
_NAMES_THINGS = frozenset({"number", "po_number", "contact.phone"})  # digits that name something and count nothing

_Part = str | int  # a text as it stands, or the index of a column


class Columns:
    """How to find the fields in the rows of one CSV file."""

    def __init__(self, header: Sequence[str], maps: Sequence[str], *, by_name: bool = True) -> None:
        """`maps`: FIELD=COLUMN or FIELD=template. A column that is called like a field needs none,
        unless `by_name` is off: then only what is stated counts.

        Raises Refused `invalid` for an unknown field or column, or when a needed field has no column.
        """
        self.header = [name.strip() for name in header]
        self._index = {name: index for index, name in reversed(list(enumerate(self.header)))}
        alike = [name for name in FIELDS if name in self._index] if by_name else []
        self._parts: dict[str, list[_Part]] = {name: [self._index[name]] for name in alike}
        for stated in maps:
            name, equals, source = stated.partition("=")
            if not equals or name not in FIELDS:
                raise _refused(f"--map {stated}: write FIELD=COLUMN with one of the fields {', '.join(FIELDS)}")
            self._parts[name] = self._read(stated, source)
        missing = [name for name in NEEDED if name not in self._parts]
        if missing:
            raise _refused(
                f"No column for {', '.join(missing)}. Say which with --map, such as --map {missing[0]}=COLUMN. "
                f"The file has the columns {', '.join(self.header)}"
            )

    def _read(self, stated: str, source: str) -> list[_Part]:
        if not _IN_BRACES.search(source):
            return [self._column(stated, source)]
        parts: list[_Part] = []
        for index, piece in enumerate(_IN_BRACES.split(source)):
            if index % 2:
                parts.append(self._column(stated, piece))
            elif piece:
                parts.append(piece)
        return parts

    def _column(self, stated: str, name: str) -> int:
        if name not in self._index:
            raise _refused(f"--map {stated}: no column {name}. The file has the columns {', '.join(self.header)}")
        return self._index[name]

    def number(self, row: Sequence[str]) -> str:
        """The order number of a row."""
        return self._text("number", row)

    def texts(self, row: Sequence[str]) -> dict[str, str]:
        """The texts of a row by field."""
        return {name: self._text(name, row) for name in self._parts}

    def _text(self, name: str, row: Sequence[str]) -> str:
        """A template of which any column is empty gives an empty text (contract.md)."""
        parts = self._parts[name]
        is_template = len(parts) > 1
        pieces = []
        for part in parts:
            if isinstance(part, str):
                pieces.append(part)
                continue
            piece = " ".join(row[part].split()) if part < len(row) else ""
            if not piece:
                return ""
            pieces.append(_WHOLE_FLOAT.sub(r"\1", piece) if _is_whole(piece, name, is_template) else piece)
        return "".join(pieces)


def _is_whole(piece: str, name: str, is_template: bool) -> bool:
    return (is_template or name in _NAMES_THINGS) and _WHOLE_FLOAT.fullmatch(piece) is not None


def _refused(sentence: str) -> Refused:
    return Refused("invalid", sentence, field="map")
