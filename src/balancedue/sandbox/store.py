"""The sandbox's SQLite file: one table of Stripe objects, and small ones beside it.

Every change happens inside one BEGIN IMMEDIATE, synchronously written (WAL, FULL): what was answered is on disk,
and two confirmations of one intent come one after the other.
"""

import json
import queue
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS account (
    id TEXT PRIMARY KEY, secret_key TEXT NOT NULL UNIQUE, publishable_key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL, country TEXT NOT NULL, currency TEXT NOT NULL, created INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS object (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, account TEXT NOT NULL, kind TEXT NOT NULL,
    parent TEXT, created INTEGER NOT NULL, status TEXT, body TEXT NOT NULL, private TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS object_by_kind ON object (account, kind, seq);
CREATE INDEX IF NOT EXISTS object_by_parent ON object (parent);
CREATE UNIQUE INDEX IF NOT EXISTS one_charge_per_intent ON object (parent)
    WHERE kind = 'charge' AND status IN ('succeeded', 'pending');
CREATE TABLE IF NOT EXISTS idempotency (
    account TEXT NOT NULL, key TEXT NOT NULL, digest TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL,
    request TEXT NOT NULL, PRIMARY KEY (account, key));
CREATE TABLE IF NOT EXISTS challenge (id TEXT PRIMARY KEY, intent TEXT NOT NULL, return_url TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS appointment (subject TEXT PRIMARY KEY, due REAL NOT NULL);
CREATE INDEX IF NOT EXISTS appointment_due ON appointment (due);
CREATE TABLE IF NOT EXISTS delivery (
    id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, endpoint TEXT NOT NULL, state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, due REAL NOT NULL, answer TEXT NOT NULL DEFAULT '', ended REAL,
    treatment TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS delivery_due ON delivery (state, due);
CREATE INDEX IF NOT EXISTS delivery_of ON delivery (event);
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


@dataclass(slots=True)
class Stored:
    """A Stripe object as held: `body` is what the API shows, `private` what it does not."""

    id: str
    account: str
    kind: str
    parent: str | None
    body: dict[str, Any]
    private: dict[str, Any]


@dataclass(slots=True)
class Page:
    """Which part of a list is wanted; newest first."""

    limit: int = 10
    after: str | None = None
    before: str | None = None
    created: dict[str, int] = field(default_factory=dict)
    """Bounds by operator: `gt`, `gte`, `lt`, `lte`, `eq`, in Unix seconds."""


_OPERATORS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "eq": "="}


class Transaction:
    """What can be read and changed; all of it or nothing is kept."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db
        self.request_id: str | None = None
        self.idempotency_key: str | None = None

    def add(
        self,
        kind: str,
        account: str,
        body: dict[str, Any],
        *,
        parent: str | None = None,
        private: dict[str, Any] | None = None,
    ) -> Stored:
        """Insert a new object; its id and creation time are those in `body`."""
        stored = Stored(body["id"], account, kind, parent, body, private or {})
        self.db.execute(
            "INSERT INTO object (id, account, kind, parent, created, status, body, private) VALUES (?,?,?,?,?,?,?,?)",
            (
                stored.id,
                account,
                kind,
                parent,
                body["created"],
                body.get("status"),
                json.dumps(body),
                json.dumps(stored.private),
            ),
        )
        return stored

    def save(self, stored: Stored) -> None:
        """Write back a changed object."""
        self.db.execute(
            "UPDATE object SET status = ?, body = ?, private = ? WHERE id = ?",
            (stored.body.get("status"), json.dumps(stored.body), json.dumps(stored.private), stored.id),
        )

    def remove(self, stored: Stored) -> None:
        """Delete an object."""
        self.db.execute("DELETE FROM object WHERE id = ?", (stored.id,))

    def appoint(self, subject: str, due: float) -> None:
        """Have the clock come to an object at a Unix time; a second call moves the first."""
        self.db.execute("INSERT OR REPLACE INTO appointment VALUES (?,?)", (subject, due))

    def dismiss(self, subject: str) -> None:
        """The clock need not come any more."""
        self.db.execute("DELETE FROM appointment WHERE subject = ?", (subject,))

    def find(self, kind: str, id: str, account: str | None = None) -> Stored | None:
        """The object of that kind and id, of that account if one is named."""
        row = self.db.execute("SELECT * FROM object WHERE id = ? AND kind = ?", (id, kind)).fetchone()
        return _stored(row) if row is not None and account in (None, row["account"]) else None

    def get(self, kind: str, id: str) -> Stored:
        """The object, known to exist. Raises LookupError."""
        stored = self.find(kind, id)
        if stored is None:
            raise LookupError(f"{kind} {id}")
        return stored

    def list(
        self, kind: str, account: str | None, page: Page, where: str = "", values: tuple[Any, ...] = ()
    ) -> tuple[list[Stored], bool]:
        """A page of objects, newest first, and whether there are more. `where` is SQL of ours, never a caller's."""
        clauses, bound = ["kind = ?"], [kind, *values]
        if where:
            clauses.append(where)
        if account is not None:
            clauses.append("account = ?")
            bound.append(account)
        for operator, moment in page.created.items():
            clauses.append(f"created {_OPERATORS[operator]} ?")
            bound.append(moment)
        for id, sign in ((page.after, "<"), (page.before, ">")):
            if id is not None:
                clauses.append(f"seq {sign} (SELECT seq FROM object WHERE id = ?)")  # noqa: S608
                bound.append(id)
        order = "ASC" if page.before else "DESC"
        sql = f"SELECT * FROM object WHERE {' AND '.join(clauses)} ORDER BY seq {order} LIMIT ?"  # noqa: S608 all ours
        rows = self.db.execute(sql, (*bound, page.limit + 1)).fetchall()
        found = [_stored(row) for row in rows[: page.limit]]
        return (found[::-1] if page.before else found), len(rows) > page.limit


def _upgrade(db: sqlite3.Connection) -> None:
    """Bring a file of an earlier release up to date."""
    tables = {row["name"] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if "settlement" in tables:
        db.execute("INSERT OR IGNORE INTO appointment SELECT intent, due FROM settlement")
        db.execute("DROP TABLE settlement")
    if "treatment" not in {row["name"] for row in db.execute("PRAGMA table_info(delivery)")}:
        db.execute("ALTER TABLE delivery ADD COLUMN treatment TEXT NOT NULL DEFAULT ''")


def _stored(row: sqlite3.Row) -> Stored:
    return Stored(
        row["id"], row["account"], row["kind"], row["parent"], json.loads(row["body"]), json.loads(row["private"])
    )


class Store:
    """Opens the file and hands out transactions; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        """Creates the file and its tables if they are missing."""
        self._path = path
        self._idle: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        self._writing = threading.Lock()  # writers queue here instead of polling SQLite's lock
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._connection() as db:
            db.executescript(_SCHEMA)
            _upgrade(db)

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            db = self._idle.get_nowait()
        except queue.Empty:
            db = sqlite3.connect(self._path, timeout=10, isolation_level=None, check_same_thread=False)
            db.row_factory = sqlite3.Row
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
        try:
            yield db
        finally:
            self._idle.put(db)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """One consistent view."""
        with self._connection() as db:
            db.execute("BEGIN")
            try:
                yield Transaction(db)
            finally:
                db.execute("ROLLBACK")

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """All changes of the block, on disk when it ends; none of them if it raises."""
        with self._writing, self._connection() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield Transaction(db)
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    def close(self) -> None:
        """Close what is idle; SQLite then folds the WAL back into the file."""
        while not self._idle.empty():
            self._idle.get_nowait().close()
