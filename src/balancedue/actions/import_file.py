"""Import a file that was uploaded: held until a person has said which column is what, then read in short rounds.

A round ends after a few seconds, so that no request waits for long; the next one goes on where it ended. First all of
it is read without writing anything, then orders are placed. Each order is taken whole or not at all, and none twice.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from balancedue.models import Account, ImportFile, User
from balancedue.readers.csv_file import CsvOrders, read_header
from balancedue.readers.guess_columns import guess_columns
from balancedue.readers.stated import FIELDS, RawOrder
from balancedue.rules.actor import Actor
from balancedue.rules.currencies import currency as known_currency
from balancedue.rules.errors import Invalid, Refused
from balancedue.rules.ids import new_id

from .import_orders import import_orders
from .import_report import ImportReport

MAX_BYTES = 5_000_000
MAX_COLUMNS = 200
KEPT_FAULTS = 20_000
KEPT_FILES = 20  # of one account
KEPT_FOR = timedelta(days=7)
ROUND_SECONDS = 5.0
LEASE = timedelta(seconds=60)
WORDS_FOR_NEEDED = {
    "number": "Choose the column with the order number",
    "lines.quantity": "Choose the column with the quantity",
    "lines.unit_price": "Choose the column with the unit price",
}
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def hold_file(*, account: Account, name: str, content: bytes, by: User) -> ImportFile:
    """Keep an uploaded file, with its columns guessed. Raises Invalid for what is no CSV file of at most MAX_BYTES."""
    if not content.strip():
        raise Invalid({"file": "The file is empty"})
    if len(content) > MAX_BYTES:
        raise Invalid({"file": "Choose a file of at most 5 MB. A larger one comes in with balancedue import-orders"})
    if b"\x00" in content[:4096] and not content.startswith(_UTF_16):
        raise Invalid({"file": "This is not a CSV file. In a spreadsheet choose Save as, then CSV"})
    file = ImportFile(account=account, by=by, name=name[:200] or "orders.csv", content=content)
    with _path_of(file) as path:
        try:
            names, example = read_header(path)
        except Refused as refusal:
            raise Invalid({"file": refusal.sentence}) from refusal
    if len(names) > MAX_COLUMNS:
        raise Invalid({"file": f"This file has {len(names):,} columns; at most {MAX_COLUMNS} can be read"})
    texts = [*example, *[""] * len(names)]
    file.header = [[column, texts[index][:40]] for index, column in enumerate(names)]
    file.columns, file.currency, file.uploaded_at = guess_columns(names), account.currency, timezone.now()
    with transaction.atomic():
        file.save()
        newest = account.import_files.order_by("-pk").values_list("pk", flat=True)[:KEPT_FILES]
        account.import_files.exclude(pk__in=list(newest)).delete()
    return file


def choose_columns(*, file: ImportFile, columns: Mapping[str, str], currency: str) -> ImportFile:
    """Say which column, or template of columns, holds which field, and begin to check. Raises Invalid, Refused."""
    chosen = {name: column for name, column in columns.items() if column and name in FIELDS}
    problems = {name: words for name, words in WORDS_FOR_NEEDED.items() if name not in chosen}
    names = {column for column, _ in file.header}
    problems |= {
        name: f"This file has no column {column[:60]}"
        for name, column in chosen.items()
        if column not in names and "{" not in column
    }
    try:
        code = known_currency(currency.strip().upper() or file.account.currency).code
    except Refused as refusal:
        problems["currency"] = refusal.sentence
    if problems:
        raise Invalid(problems)
    try:
        with _path_of(file) as path:
            rows = CsvOrders(path, _maps(chosen), by_name=False).count
    except Refused as refusal:
        is_template = any("{" in column for column in chosen.values())
        raise Invalid({"contact.email" if is_template else "": refusal.sentence.removeprefix("--map ")}) from refusal
    with transaction.atomic():
        file = ImportFile.objects.select_for_update().get(pk=file.pk)
        if file.phase not in ("mapping", "checking", "checked"):
            raise Refused("not_possible", "This file is being imported already.")
        file.columns, file.currency, file.rows = chosen, code, rows
        _begin(file, "checking")
        return file


def start_import(*, file: ImportFile) -> ImportFile:
    """After the check: from now on orders are placed. Starting twice starts once."""
    with transaction.atomic():
        file = ImportFile.objects.select_for_update().get(pk=file.pk)
        if file.phase == "checked":
            _begin(file, "importing")
        return file


def go_on(*, file: ImportFile, by: Actor, seconds: float = ROUND_SECONDS) -> ImportFile:
    """Read on for `seconds`, at least one order. Answers the file as it stands; while another reads it nothing is done.

    Orders placed by a round that died are told as already there.
    """
    now, lease = timezone.now(), new_id("lease")
    free = Q(leased_until=None) | Q(leased_until__lt=now)
    to_read = ImportFile.objects.filter(free, pk=file.pk, phase__in=["checking", "importing"])
    claimed = to_read.update(lease=lease, leased_until=now + LEASE + timedelta(seconds=seconds))
    file = ImportFile.objects.select_related("account").get(pk=file.pk)
    if claimed:
        mine = ImportFile.objects.filter(pk=file.pk, lease=lease)
        try:
            facts = _read_on(file, by, time.monotonic() + seconds)
            mine.update(**facts)
        finally:
            mine.update(lease="", leased_until=None)
        file.refresh_from_db()
    return file


def forget_old_files() -> None:
    """Remove files, and reports of files, that nobody came back to."""
    ImportFile.objects.filter(uploaded_at__lt=timezone.now() - KEPT_FOR).delete()


def _begin(file: ImportFile, phase: str) -> None:
    file.phase, file.rows_read, file.orders_read, file.report = phase, 0, 0, {}
    file.lease, file.leased_until = "", None  # a round still under way writes nothing more
    file.save()


def _read_on(file: ImportFile, by: Actor, until: float) -> dict[str, Any]:
    """What to write down after one round."""
    checking = file.phase == "checking"
    report = ImportReport.read(file.report.get("counts", {}))
    faults: list[list[Any]] = file.report.get("faults", [])
    done, rows, finished = file.orders_read, 0, True
    with _path_of(file) as path:
        source = CsvOrders(path, _maps(file.columns), by_name=False)

        def ahead() -> Iterator[RawOrder]:
            nonlocal rows
            for index, (order, taken) in enumerate(source):
                rows += taken
                if index >= file.orders_read:
                    yield order

        results = import_orders(account=file.account, orders=ahead(), by=by, currency=file.currency, dry_run=checking)
        for result in results:
            done += 1
            report.add(result)
            faults += [[result.number, fault.row, fault.field, fault.sentence] for fault in result.faults]
            if time.monotonic() > until:
                finished = False
                break
    facts: dict[str, Any] = {
        "orders_read": done,
        "rows_read": file.rows if finished else rows,
        "report": {"counts": report.stored(), "faults": faults[:KEPT_FAULTS]},
    }
    if finished:
        facts |= {"phase": "checked"} if checking else {"phase": "imported", "content": b""}
    return facts


def _maps(columns: Mapping[str, str]) -> list[str]:
    return [f"{name}={column}" for name, column in columns.items()]


@contextmanager
def _path_of(file: ImportFile) -> Iterator[Path]:
    """The content as a file, which the readers want; gone afterwards."""
    with NamedTemporaryFile(prefix="balancedue-import-") as held:
        held.write(file.content)
        held.flush()
        yield Path(held.name)
