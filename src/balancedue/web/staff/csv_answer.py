"""A table as a CSV file that a spreadsheet may open without harm."""

import csv
import io
from collections.abc import Iterable
from decimal import Decimal

from django.http import HttpResponse
from django.utils.http import content_disposition_header


def csv_answer(name: str, head: list[str], rows: Iterable[Iterable[object]]) -> HttpResponse:
    """The file to save as `name`. Decimals and whole numbers stay figures; every other cell is made harmless."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(head)
    for row in rows:
        writer.writerow([cell if isinstance(cell, Decimal | int) else _harmless(str(cell or "")) for cell in row])
    disposition = content_disposition_header(True, name) or "attachment"
    return HttpResponse(
        text.getvalue(), content_type="text/csv; charset=utf-8", headers={"Content-Disposition": disposition}
    )


def _harmless(cell: str) -> str:
    """A spreadsheet takes a cell that begins like this for a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
