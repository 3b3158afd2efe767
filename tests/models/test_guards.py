"""What the database itself refuses, on both engines: changed history, and entries that do not balance (tried.md C)."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import IntegrityError, connection, models, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from balancedue.models import Account, EntryProof, Event, JournalEntry, Order, Posting, guards_sql
from tests.makers import make_account, make_order, make_payment

GUARDED = ("balancedue_journalentry", "balancedue_posting", "balancedue_event")


@pytest.fixture
def order(db: None) -> Order:
    order = make_order(make_account())
    make_payment(order, 5_000)
    return order


@pytest.fixture
def committed(transactional_db: None) -> Order:
    return make_order(make_account())


def _sql(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _refused(deed: Callable[[], object]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        deed()


@pytest.mark.parametrize("table", GUARDED)
@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET order_id = order_id", "DELETE FROM {}", "UPDATE {} SET id = id + 1000"]
)
def test_history_is_not_changed_by_plain_sql(order: Order, table: str, statement: str) -> None:
    """A3, N7."""
    _refused(lambda: _sql(statement.format(table)))


@pytest.mark.parametrize("model", [JournalEntry, Posting, Event])
def test_history_is_not_changed_row_by_row(order: Order, model: Any) -> None:
    """A3: save() of what was read, delete() of one."""
    row = model.objects.first()
    _refused(row.save)
    _refused(lambda: model.objects.filter(pk=row.pk)._raw_delete(using="default"))


@pytest.mark.parametrize("model", [JournalEntry, Posting, Event])
def test_history_is_not_changed_in_bulk(order: Order, model: Any) -> None:
    """A3: update(), bulk_update()."""
    _refused(lambda: model.objects.update(order=order))
    rows = list(model.objects.all())
    _refused(lambda: model.objects.bulk_update(rows, ["order"]))


def test_history_does_not_go_with_what_it_belongs_to(order: Order) -> None:
    """A3: a cascade stops at it."""
    with pytest.raises(ProtectedError):
        order.delete()
    with pytest.raises(ProtectedError):
        Account.objects.all().delete()
    _refused(lambda: (_sql(f"DELETE FROM balancedue_order WHERE id = {order.pk}"), connection.check_constraints()))


def test_a_row_is_not_replaced_under_the_same_key(order: Order) -> None:
    """A3, tried.md C: INSERT OR REPLACE deletes without saying so; on PostgreSQL the same is ON CONFLICT."""
    row = Posting.objects.first()
    assert row is not None
    columns = "(id, entry_id, order_id, ledger, amount_minor)"
    values = f"({row.pk}, {row.entry_id}, {row.order_id}, '{row.ledger}', 1)"
    if connection.vendor == "sqlite":
        _refused(lambda: _sql(f"INSERT OR REPLACE INTO balancedue_posting {columns} VALUES {values}"))
    on_conflict = "ON CONFLICT (id) DO UPDATE SET amount_minor = 1"
    _refused(lambda: _sql(f"INSERT INTO balancedue_posting {columns} VALUES {values} {on_conflict}"))


@pytest.mark.parametrize("table", [*GUARDED, "balancedue_entryproof"])
def test_history_is_not_emptied(committed: Order, table: str) -> None:
    """A3: TRUNCATE passes row triggers; it has a guard of its own."""
    if connection.vendor == "postgresql":
        _refused(lambda: _sql(f"TRUNCATE {table} CASCADE"))
    _refused(lambda: _sql(f"DELETE FROM {table}"))


def test_a_proof_is_never_forged(order: Order) -> None:
    """N8, tried.md C3: whoever points it at its entry by hand needs a sum of zero; and it stays."""
    _refused(lambda: EntryProof.objects.update(total_minor=5))
    proof = EntryProof.objects.first()
    assert proof is not None
    _refused(lambda: EntryProof.objects.filter(pk=proof.pk)._raw_delete(using="default"))  # type: ignore[attr-defined]


# --- Entries must balance at COMMIT: real transactions ------------------------------------------------------------


def _entry(order: Order, legs: int = 2, version: int = 2) -> JournalEntry:
    return JournalEntry.objects.create(
        account=order.account, order=order, kind="payment", version=version, currency="USD", legs=legs,
        at=timezone.now(), by="user:x", cause="pay_x", hash="x",
    )  # fmt: skip


def _post(entry: JournalEntry, **amounts: int) -> None:
    for ledger, minor in amounts.items():
        Posting.objects.create(entry=entry, order=entry.order, ledger=ledger, amount_minor=minor)


BAD_ENTRIES: dict[str, Callable[[Order], object]] = {
    "unbalanced": lambda order: _post(_entry(order), bank=100, receivable=-99),
    "one leg of two": lambda order: _post(_entry(order), bank=100),
    "no legs": _entry,
    "too few legs": lambda order: _post(_entry(order, legs=3), bank=100, receivable=-100),
    "too many legs": lambda order: _post(_entry(order), bank=100, receivable=-100, cash=5, fees=-5),
    "a pair added later": lambda order: _post(order.entries.get(), bank=100, cash=-100),
    "balanced with another entry": lambda order: (
        _post(_entry(order, version=2), bank=100, receivable=-50),
        _post(_entry(order, version=3), bank=-100, receivable=50),
    ),
}


@pytest.mark.parametrize("what", BAD_ENTRIES)
def test_what_does_not_balance_cannot_be_committed(committed: Order, what: str) -> None:
    """A3, N8: whatever wrote it, the database refuses at COMMIT and nothing of it stays."""
    before = Posting.objects.count()
    _refused(lambda: BAD_ENTRIES[what](committed))
    assert (Posting.objects.count(), JournalEntry.objects.count()) == (before, 1)


def test_without_a_transaction_not_even_the_first_leg_is_taken(committed: Order) -> None:
    """N8: in autocommit every statement is a COMMIT."""
    with pytest.raises(IntegrityError):
        _entry(committed)
    assert JournalEntry.objects.count() == 1


def test_a_balanced_entry_is_taken(committed: Order) -> None:
    """N8."""
    with transaction.atomic():
        _post(_entry(committed, legs=3), bank=100, fees=5, receivable=-105)
    proof = EntryProof.objects.latest("entry_id")
    assert (proof.total_minor, proof.legs_seen, proof.proof_id) == (0, 3, proof.entry_id)


def test_nothing_is_done_after_a_commit_that_was_refused(committed: Order) -> None:
    """Tried.md C3: on_commit is not called."""
    told: list[int] = []

    def deed() -> None:
        transaction.on_commit(lambda: told.append(1))
        BAD_ENTRIES["unbalanced"](committed)

    _refused(deed)
    assert told == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"legs": 1}, {"kind": "gift"},
    ],
)  # fmt: skip
def test_an_entry_has_a_known_kind_and_two_legs(order: Order, wrong: dict[str, object]) -> None:
    """A4."""
    facts: dict[str, Any] = {
        "account": order.account, "order": order, "kind": "payment", "version": 9, "currency": "USD", "legs": 2,
        "at": timezone.now(), "by": "x", "cause": "x", "hash": "x",
    }  # fmt: skip
    _refused(lambda: JournalEntry.objects.create(**facts | wrong))


def test_a_posting_is_on_a_known_ledger_once_and_never_zero(order: Order) -> None:
    """A4."""
    entry = order.entries.latest("pk")
    for ledger, minor in (("gifts", 5), ("cash", 0), ("bank", 5)):
        _refused(lambda ledger=ledger, minor=minor: _post(entry, **{ledger: minor}))  # type: ignore[misc]


# --- Guards and migrations ----------------------------------------------------------------------------------------


@pytest.fixture
def guards_afterwards(transactional_db: None) -> Iterator[None]:
    yield
    guards_sql.drop(connection)
    guards_sql.install(connection)


@pytest.mark.usefixtures("guards_afterwards")
def test_guards_survive_a_migration_that_rebuilds_their_table(committed: Order) -> None:
    """Tried.md C: SQLite loses triggers silently when it rebuilds a table; bracketed, with data, they are back."""
    check = models.CheckConstraint(condition=~models.Q(by="nobody"), name="somebody_did_it")
    with connection.schema_editor() as editor:
        guards_sql.drop(connection)
        editor.add_constraint(JournalEntry, check)
        guards_sql.install(connection)
    assert guards_sql.present(connection) == guards_sql.expected(connection)
    _refused(lambda: _sql("UPDATE balancedue_journalentry SET by = 'x'"))
    _refused(lambda: BAD_ENTRIES["unbalanced"](committed))
    with connection.schema_editor() as editor:
        guards_sql.drop(connection)
        editor.remove_constraint(JournalEntry, check)
        guards_sql.install(connection)
    make_payment(committed, 500)
    assert JournalEntry.objects.count() == 2


@pytest.mark.usefixtures("guards_afterwards")
def test_a_lost_guard_is_seen() -> None:
    """N7: present() is what readiness and check-books look at."""
    guards_sql.drop(connection)
    assert guards_sql.present(connection) == set()
    guards_sql.install(connection)
    assert guards_sql.present(connection) == guards_sql.expected(connection)


@pytest.mark.usefixtures("guards_afterwards")
def test_a_guard_that_is_switched_off_counts_as_lost() -> None:
    """N7: PostgreSQL lets the table's owner disable a trigger; SQLite knows only to drop it."""
    if connection.vendor == "sqlite":
        _sql("DROP TRIGGER balancedue_posting_no_update")
        assert guards_sql.expected(connection) - guards_sql.present(connection) == {"balancedue_posting_no_update"}
        return
    _sql("ALTER TABLE balancedue_posting DISABLE TRIGGER balancedue_posting_no_change")
    assert guards_sql.expected(connection) - guards_sql.present(connection) == {"balancedue_posting_no_change"}


def test_every_append_only_table_is_guarded(db: None) -> None:
    """A3: all three operations on all tables that hold history."""
    names = guards_sql.expected(connection)
    for table in GUARDED:
        assert any(name.startswith(f"{table}_no_") for name in names)
    assert len(names) == (9 if connection.vendor == "sqlite" else 10)


def test_the_settings_that_money_needs_are_on(db: None) -> None:
    """Money-safety.md 6.9."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            wanted = {"foreign_keys": 1, "recursive_triggers": 1, "synchronous": 2, "journal_mode": "wal"}
            found = {name: cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in wanted}
        else:
            wanted = {"standard_conforming_strings": "on", "transaction_read_only": "off"}
            found = {}
            for name in wanted:
                cursor.execute(f"SHOW {name}")
                found[name] = cursor.fetchone()[0]
    assert found == wanted
