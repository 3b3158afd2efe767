"""Orders out of a CSV file: one row per line of an order, grouped by order number wherever the rows stand."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from balancedue.rules.errors import Refused

from .columns import Columns
from .encodings import encoding_of
from .stated import Fault, RawOrder

_DELIMITERS = ",;\t|"


class CsvOrders:
    """The orders of one file, in the order in which they end. Rows are read twice; only open orders are held."""

    def __init__(self, path: Path, maps: Sequence[str], *, by_name: bool = True) -> None:
        """Find the columns and count the rows. Raises OSError, or Refused `invalid` for what is no such file."""
        self.path = path
        self.encoding, self.note = encoding_of(path)
        self._delimiter = _delimiter_of(path, self.encoding)
        rows = self._rows()
        header = next(rows, None)
        if header is None:
            raise Refused("invalid", "The file is empty")
        self._columns = Columns(header[1], maps, by_name=by_name)
        self._last: dict[str, int] = {}
        self.count = 0
        for line, row in rows:
            self.count += 1
            if self._fits(row):
                self._last[self._columns.number(row)] = line

    def __iter__(self) -> Iterator[tuple[RawOrder, int]]:
        """Each order with how many rows were read since the one before."""
        started: dict[str, RawOrder] = {}
        read = 0
        rows = self._rows()
        next(rows)
        for line, row in rows:
            read += 1
            order = self._take(line, row, started)
            if order is not None:
                yield order, read
                read = 0

    def _take(self, line: int, row: list[str], started: dict[str, RawOrder]) -> RawOrder | None:
        """Put the row into its order; answers the order once it is whole."""
        if not self._fits(row):
            sentence = f"{len(row)} columns, and {len(self._columns.header)} in the first line"
            number = self._columns.number(row)
            fault = Fault(line, "", sentence)
            if number in self._last and (number in started or self._last[number] > line):
                started.setdefault(number, RawOrder(number, line)).faults.append(fault)
                return None
            return RawOrder(number, line, faults=[fault], fields={"number": number})
        texts = self._columns.texts(row)
        number = texts["number"]
        if not number:
            nameless = RawOrder("", line)
            nameless.add(line, texts)
            return nameless
        started.setdefault(number, RawOrder(number, line)).add(line, texts)
        return started.pop(number) if self._last[number] == line else None

    def _fits(self, row: list[str]) -> bool:
        return len(row) == len(self._columns.header)

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        return _rows(self.path, self.encoding, self._delimiter)


def read_header(path: Path) -> tuple[list[str], list[str]]:
    """The names of the columns, and the first row as an example. Raises OSError, or Refused `invalid`."""
    encoding, _ = encoding_of(path)
    rows = _rows(path, encoding, _delimiter_of(path, encoding))
    header = next(rows, None)
    if header is None:
        raise Refused("invalid", "The file is empty")
    _, example = next(rows, (0, []))
    return [name.strip() for name in header[1]], example


def _delimiter_of(path: Path, encoding: str) -> str:
    with path.open(encoding=encoding, newline="") as file:
        first = file.readline()
    return max(_DELIMITERS, key=first.count)


def _rows(path: Path, encoding: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not blank, with the line of the file it ends on."""
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        try:
            for row in reader:
                if any(cell.strip() for cell in row):
                    yield reader.line_num, row
        except csv.Error as error:
            raise Refused("invalid", f"Line {reader.line_num} is not CSV: {error}") from error
