"""What arrived: one .eml file per message, and an index of them in SQLite. Several processes may read it."""

import contextlib
import json
import sqlite3
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cached_property
from pathlib import Path

_TABLE = """
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    received_at TEXT NOT NULL,
    mail_from TEXT NOT NULL,
    recipients TEXT NOT NULL,
    file TEXT NOT NULL
)"""


@dataclass(frozen=True)
class Stored:
    """One message as it arrived. `recipients` are those of the envelope (RCPT TO), not of the headers."""

    id: int
    received_at: datetime
    mail_from: str
    recipients: tuple[str, ...]
    content: bytes

    @cached_property
    def headers(self) -> list[tuple[str, str]]:
        """Names and decoded values, in order; as they came where they cannot be decoded."""
        try:
            return [(name, str(value)) for name, value in self._parsed.items()]
        except (AttributeError, LookupError, TypeError, ValueError):  # the parser trips over some headers
            plain = message_from_bytes(self.content, policy=policy.compat32)
            return [(name, str(value)) for name, value in plain.items()]

    def header(self, name: str) -> str:
        """One header's decoded value, or ""."""
        return next((value for known, value in self.headers if known.lower() == name.lower()), "")

    @cached_property
    def text(self) -> str:
        """The text part, or ""."""
        return self._part("plain")

    @cached_property
    def html(self) -> str:
        """The HTML part, or ""."""
        return self._part("html")

    @cached_property
    def _parsed(self) -> EmailMessage:
        parsed = message_from_bytes(self.content, policy=policy.default)
        if not isinstance(parsed, EmailMessage):
            raise TypeError("the default policy makes EmailMessage")
        return parsed

    def _part(self, subtype: str) -> str:
        try:
            part = self._parsed.get_body((subtype,))
            return str(part.get_content()).replace("\r\n", "\n") if part is not None else ""
        except (AttributeError, LookupError, ValueError):  # an unknown character set, a broken part
            return ""


class Store:
    """The messages in one folder, which is made when the first one arrives."""

    def __init__(self, folder: Path | str) -> None:
        self._folder = Path(folder)
        self._index = self._folder / "mailbox.sqlite3"

    def keep(self, mail_from: str, recipients: list[str], content: bytes) -> int:
        """Store one message; its number. The file is complete before the index names it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        file = f"{uuid.uuid4().hex}.eml"
        (self._folder / file).write_bytes(content)
        with self._open() as index:
            row = index.execute(
                "INSERT INTO messages (received_at, mail_from, recipients, file) VALUES (?, ?, ?, ?)",
                (datetime.now(UTC).isoformat(), mail_from, json.dumps(recipients), file),
            )
            return int(row.lastrowid or 0)

    def newest(self, *, limit: int = 200, after: int = 0) -> list[Stored]:
        """Messages newest first, at most `limit`, with a number above `after`."""
        return self._select("WHERE id > ? ORDER BY id DESC LIMIT ?", after, limit)

    def get(self, number: int) -> Stored | None:
        """One message, or None when there is none of that number."""
        return next(iter(self._select("WHERE id = ?", number)), None)

    def last_number(self) -> int:
        """The number of the newest message; 0 when there is none."""
        return next((message.id for message in self.newest(limit=1)), 0)

    def clear(self) -> None:
        """Delete every message. Numbers are not used again."""
        if not self._index.exists():
            return
        with self._open() as index:
            files = [file for (file,) in index.execute("SELECT file FROM messages")]
            index.execute("DELETE FROM messages")
        for file in files:
            (self._folder / file).unlink(missing_ok=True)

    def _select(self, where: str, *values: int) -> list[Stored]:
        if not self._index.exists():
            return []
        with self._open() as index:
            query = f"SELECT id, received_at, mail_from, recipients, file FROM messages {where}"  # noqa: S608 - ours
            rows = index.execute(query, values).fetchall()
        return [message for row in rows if (message := self._read(row)) is not None]

    def _read(self, row: tuple[int, str, str, str, str]) -> Stored | None:
        number, received_at, mail_from, recipients, file = row
        try:
            content = (self._folder / file).read_bytes()
        except FileNotFoundError:  # cleared by another process meanwhile
            return None
        return Stored(number, datetime.fromisoformat(received_at), mail_from, tuple(json.loads(recipients)), content)

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection for one piece of work, committed at its end."""
        with contextlib.closing(sqlite3.connect(self._index, timeout=10)) as index:
            index.execute("PRAGMA journal_mode=WAL")
            index.execute(_TABLE)
            with index:
                yield index
