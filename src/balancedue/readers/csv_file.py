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

    def __init__(self, path: Path, maps: Sequence[str]) -> None:
        """Find the columns and count the rows. Raises OSError, or Refused `invalid` for what is no such file."""
        self.path = path
        self.encoding, self.note = encoding_of(path)
        with path.open(encoding=self.encoding, newline="") as file:
            first = file.readline()
        self._delimiter = max(_DELIMITERS, key=first.count)
        rows = self._rows()
        header = next(rows, None)
        if header is None:
            raise Refused("invalid", "The file is empty")
        self._columns = Columns(header[1], maps)
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
        """Each row that is not blank, with the line of the file it ends on."""
        with self.path.open(encoding=self.encoding, newline="") as file:
            reader = csv.reader(file, delimiter=self._delimiter, strict=True)
            try:
                for row in reader:
                    if any(cell.strip() for cell in row):
                        yield reader.line_num, row
            except csv.Error as error:
                raise Refused("invalid", f"Line {reader.line_num} is not CSV: {error}") from error
