"""`balancedue import-orders`: orders out of a file, with a progress bar and a report of every row refused."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from balancedue.actions.import_orders import import_orders
from balancedue.actions.import_report import ImportReport
from balancedue.models import Account
from balancedue.readers.csv_file import CsvOrders
from balancedue.readers.own_file import OwnOrders
from balancedue.readers.stated import FIELDS, RawOrder
from balancedue.rules.actor import COMMAND
from balancedue.rules.errors import Refused

FORMATS = ("csv", "own")
OWN_ENDINGS = (".jsonl", ".ndjson", ".json")

MORE = f"""
fields of --map:
  {", ".join(FIELDS)}

example:
  balancedue import-orders my-shop orders.csv --currency GBP \\
      --map number=InvoiceNo --map placed_at=InvoiceDate --map lines.sku=StockCode \\
      --map lines.description=Description --map lines.quantity=Quantity --map lines.unit_price=UnitPrice \\
      --map 'contact.email={{CustomerID}}@customers.example'
"""


class Command(BaseCommand):
    help = "Import orders. Each is taken whole or refused with the reason; running it again imports nothing twice."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = MORE
        parser.add_argument("slug")
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--format", choices=FORMATS, help="csv, or own: one JSON object per line (by the file's name)"
        )
        parser.add_argument("--map", action="append", default=[], metavar="FIELD=COLUMN", help="repeat for each field")
        parser.add_argument("--currency", default="", help="for orders that name none (default: the account's)")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen and write nothing")

    def handle(self, *args: Any, slug: str, file: Path, currency: str, dry_run: bool, **options: Any) -> None:
        account = Account.objects.filter(slug=slug).first()
        if account is None:
            raise CommandError(f"There is no account {slug}")
        try:
            source = _source(file, options["format"], options["map"])
            tally = self._import(account, source, currency.upper(), dry_run)
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror or error}") from error
        except Refused as refusal:
            raise CommandError(refusal.sentence) from refusal
        self._report(tally, dry_run)

    def _import(self, account: Account, source: CsvOrders | OwnOrders, currency: str, dry_run: bool) -> ImportReport:
        if source.note:
            self.stdout.write(source.note)
        tally = ImportReport()
        with _progress() as progress:
            task = progress.add_task("Importing" if not dry_run else "Checking", total=source.count)

            def orders() -> Iterator[RawOrder]:
                for order, rows in source:
                    yield order
                    progress.advance(task, rows)

            for result in import_orders(
                account=account, orders=orders(), by=COMMAND, currency=currency, dry_run=dry_run
            ):
                tally.add(result)
                for fault in result.faults:
                    self.stdout.write(f"refused {result.number or '(no number)'}: {fault}")
        return tally

    def _report(self, tally: ImportReport, dry_run: bool) -> None:
        taken = tally.taken
        sums = ", ".join(f"{money.plain} {money.currency}" for money in tally.sums)
        would = "would be " if dry_run else ""
        self.stdout.write(f"{taken:,} orders {would}imported, {tally.lines:,} lines{f', {sums}' if sums else ''}")
        for count, words in (
            (tally.without_contact, "of them without a customer"),
            (tally.zero, "of them come to zero"),
            (tally.unnamed_lines, "lines without a description"),
        ):
            if count:
                self.stdout.write(f"  {count:,} {words}")
        self.stdout.write(f"{tally.there:,} already there")
        self.stdout.write(f"{tally.refused:,} refused")


def _source(path: Path, stated: str | None, maps: list[str]) -> CsvOrders | OwnOrders:
    own = stated == "own" or (stated is None and path.suffix.lower() in OWN_ENDINGS)
    if own and maps:
        raise Refused("invalid", "--map is for CSV files: our own format has its own names")
    return OwnOrders(path) if own else CsvOrders(path, maps)


def _progress() -> Progress:
    """A bar on the terminal; nothing where nobody looks."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, TimeRemainingColumn(), console=Console(file=sys.stderr), disable=not sys.stderr.isatty())
