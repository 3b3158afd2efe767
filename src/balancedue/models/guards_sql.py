"""What the database itself refuses: changing history, and entries that do not balance (N7, N8; tried.md C).

A migration that alters a guarded table must drop the guards first and install them again after: SQLite loses triggers
silently when it rebuilds a table.
"""

from typing import Any

_ENTRY, _POSTING, _EVENT = "balancedue_journalentry", "balancedue_posting", "balancedue_event"
_PROOF = "balancedue_entryproof"
_APPEND_ONLY = (_ENTRY, _POSTING, _EVENT)

_COUNT_LEG = f"""
    UPDATE {_PROOF} SET
        total_minor = total_minor + NEW.amount_minor,
        legs_seen = legs_seen + 1,
        proof_id = CASE
            WHEN total_minor + NEW.amount_minor = 0
             AND legs_seen + 1 = (SELECT legs FROM {_ENTRY} WHERE id = NEW.entry_id)
            THEN NEW.entry_id ELSE -NEW.entry_id END
    WHERE entry_id = NEW.entry_id;
"""
_OPEN_PROOF = f"INSERT INTO {_PROOF} (entry_id, total_minor, legs_seen, proof_id) VALUES (NEW.id, 0, 0, -NEW.id);"


def _sqlite() -> dict[str, tuple[str, str]]:
    """Trigger name -> (table, statement)."""
    triggers = {}
    for table in _APPEND_ONLY:
        for operation in ("UPDATE", "DELETE"):
            name = f"{table}_no_{operation.lower()}"
            refuse = f"SELECT RAISE(ABORT, '{table} is append-only');"
            triggers[name] = (table, f"CREATE TRIGGER {name} BEFORE {operation} ON {table} BEGIN {refuse} END")
    name = f"{_PROOF}_no_delete"
    triggers[name] = (
        _PROOF,
        f"CREATE TRIGGER {name} BEFORE DELETE ON {_PROOF} BEGIN SELECT RAISE(ABORT, 'a proof stays'); END",
    )
    for name, table, body in (
        (f"{_ENTRY}_open_proof", _ENTRY, _OPEN_PROOF),
        (f"{_POSTING}_count_leg", _POSTING, _COUNT_LEG),
    ):
        triggers[name] = (table, f"CREATE TRIGGER {name} AFTER INSERT ON {table} BEGIN {body} END")
    return triggers


def _postgres() -> dict[str, tuple[str, str]]:
    triggers = {}
    for table in (*_APPEND_ONLY, _PROOF):
        name = f"{table}_no_truncate"
        run = "EXECUTE FUNCTION balancedue_refuse()"
        triggers[name] = (table, f"CREATE TRIGGER {name} BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {run}")
        name = f"{table}_no_change"
        operations = "DELETE" if table == _PROOF else "UPDATE OR DELETE"
        triggers[name] = (table, f"CREATE TRIGGER {name} BEFORE {operations} ON {table} FOR EACH ROW {run}")
    for name, table, function in (
        (f"{_ENTRY}_open_proof", _ENTRY, "balancedue_open_proof"),
        (f"{_POSTING}_count_leg", _POSTING, "balancedue_count_leg"),
    ):
        triggers[name] = (
            table,
            f"CREATE TRIGGER {name} AFTER INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {function}()",
        )
    return triggers


_FUNCTIONS = (
    """CREATE OR REPLACE FUNCTION balancedue_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$""",
    f"""CREATE OR REPLACE FUNCTION balancedue_open_proof() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN {_OPEN_PROOF} RETURN NULL; END $$""",
    f"""CREATE OR REPLACE FUNCTION balancedue_count_leg() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN {_COUNT_LEG} RETURN NULL; END $$""",
)


def _triggers(connection: Any) -> dict[str, tuple[str, str]]:
    return _sqlite() if connection.vendor == "sqlite" else _postgres()


def expected(connection: Any) -> set[str]:
    """The names of the triggers that must be there."""
    return set(_triggers(connection))


def present(connection: Any) -> set[str]:
    """The names of the guards that are there and switched on."""
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if connection.vendor == "sqlite"
        else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        return {row[0] for row in cursor.fetchall()} & expected(connection)


def install(connection: Any) -> None:
    """Put every guard in place."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for function in _FUNCTIONS:
                cursor.execute(function)
        for _, statement in _triggers(connection).values():
            cursor.execute(statement)


def drop(connection: Any) -> None:
    """Take every guard away: for migrations of guarded tables, and for tests that empty the database."""
    with connection.cursor() as cursor:
        for name, (table, _) in _triggers(connection).items():
            on = "" if connection.vendor == "sqlite" else f" ON {table}"
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on}")
