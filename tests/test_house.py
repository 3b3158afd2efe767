"""The house rules that a machine can check: floors, who may write, what names mean (docs/decisions/0001-floors.md)."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command

from balancedue.rules import states
from tests.house import PACKAGE, ROOT, calls, circles, dictionaries, functions, imports, modules, own_imports, room

FLOORS = [
    {"rules"},
    {"models", "processors", "transports", "documents", "readers"},
    {"actions"},
    {"web", "web.staff", "web.customer", "web.api", "web.hooks", "templatetags"},
    {"config", "management", "running", "cli", "apps", "__main__"},  # where everything is wired together and started
]
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
BESIDE = {"sandbox", "mailbox"}  # programs of their own that share nothing with the house
HANDED_ON = {("web", "mailbox")}  # /mailbox/ passes a request on to that program, and its answer back
SHARED = {"web", "templatetags"}  # files directly in web/, and the words of templates, serve all rooms of the web

WRITES = {
    *("save", "create", "bulk_create", "bulk_update", "get_or_create", "update_or_create", "select_for_update"),
    *("asave", "acreate", "aget_or_create", "aupdate_or_create", "abulk_create", "abulk_update"),
    *("atomic", "on_commit", "execute", "executemany", "raw"),
}
WRITES_WITHOUT_ARGUMENTS = {"delete", "adelete", "update", "aupdate"}  # cache.delete(key) is something else

TABLES = {
    "attempt": states.ATTEMPT_STATES,
    "request": states.REQUEST_STATES,
    "delivery": states.DELIVERY_STATES,
}
KNOWS_THE_TIME = {"now", "utcnow", "today", "time", "monotonic", "time_ns"}
RULES_MAY_IMPORT = {"babel", "balancedue", "email_validator", "idna"}
RULES_MAY_NOT_IMPORT = {"time", "socket", "http", "urllib.request", "subprocess", "asyncio", "sqlite3", "random", "os"}
SAYS_NOTHING = {"utils", "helpers", "common", "misc", "core", "manager", "managers", "util", "helper"}

REGISTRY = re.compile(r'https?://[^ "]*(/simple/|/packages/[0-9a-f]{2}/|//registry\.)|--(extra-)?index-url')
LOCKS_WITH_ADDRESSES = {"uv.lock", "pylock.toml", "package-lock.json", "poetry.lock", "Pipfile.lock"}
REQUIREMENTS = [
    *(f"{letter}{number}" for letter, last in (("S", 36), ("M", 10)) for number in range(1, last + 1)),
    # The processor's faults, webhooks, races and sums of money-safety.md, section 3.
    *("C1", "C2", "C3", "C4", "C5", "C8", "C11"),
    *(f"{letter}{number}" for letter, last in (("D", 8), ("E", 7), ("F", 6)) for number in range(1, last + 1)),
]
MENTION = re.compile(r"\b([CDEFMS])(\d+)(?:-\1?(\d+))?\b")


def test_every_module_is_in_a_room_that_has_a_floor() -> None:
    assert {room(module) for module in modules()} - FLOOR.keys() - BESIDE - {""} == set()


def test_imports_only_go_down() -> None:
    upwards = [
        f"{module} imports {imported}"
        for module in modules()
        for imported in own_imports(module)
        if not _may_know(room(module), room(imported))
    ]
    assert upwards == []


def _may_know(one: str, other: str) -> bool:
    if one == other or not other:
        return True
    if one in BESIDE or other in BESIDE:
        return one not in BESIDE and (FLOOR[one] == len(FLOORS) - 1 or (one, other) in HANDED_ON)
    if FLOOR[one] == FLOOR[other]:
        return other in SHARED or FLOOR[one] == len(FLOORS) - 1
    return FLOOR[one] > FLOOR[other]


def test_no_imports_go_in_circles() -> None:
    assert [" -> ".join(circle) for circle in circles()] == []


def test_no_function_imports() -> None:
    inside = [
        f"{module}:{node.lineno}"
        for module, tree in modules().items()
        for function in functions(tree)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert inside == []


def test_nothing_happens_by_signal() -> None:
    listening = [
        module for module in modules() if any("signals" in name or "dispatch" in name for name in imports(module))
    ]
    assert listening == []


def test_web_never_writes() -> None:
    writing = [
        f"{module}:{call.lineno} {name}"
        for module in modules()
        if room(module).split(".")[0] == "web"
        for name, call in calls(module)
        if _writes(name, call, dictionaries(module))
    ]
    assert writing == []


def _writes(name: str, call: ast.Call, dictionaries: set[str]) -> bool:
    if ast.unparse(call.func) in {f"{dictionary}.update" for dictionary in dictionaries}:
        return False
    return name in WRITES or (name in WRITES_WITHOUT_ARGUMENTS and not call.args)


def test_only_actions_open_transactions() -> None:
    elsewhere = [
        f"{module}:{call.lineno}"
        for module in modules()
        if room(module) in FLOOR and room(module) != "actions"
        for name, call in calls(module)
        if name == "atomic"
    ]
    assert elsewhere == []


def test_rules_know_no_framework_and_no_network() -> None:
    known = {
        f"{module} imports {name}"
        for module in modules()
        if room(module) == "rules"
        for name in imports(module)
        if not _is_plain(name)
    }
    assert known == set()


def _is_plain(name: str) -> bool:
    forbidden = any(name == other or name.startswith(f"{other}.") for other in RULES_MAY_NOT_IMPORT)
    top = name.split(".")[0]
    return not forbidden and (top in RULES_MAY_IMPORT or top in sys.stdlib_module_names)


def test_rules_are_told_the_time() -> None:
    asking = [
        f"{module}:{call.lineno} {name}"
        for module in modules()
        if room(module) == "rules"
        for name, call in calls(module)
        if name in KNOWS_THE_TIME and isinstance(call.func, ast.Attribute) and not call.args
    ]
    assert asking == []


@pytest.mark.django_db
def test_tables_and_migrations_agree() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_only_one_processor_knows_stripe() -> None:
    knowing = {module for module in modules() if any(name.split(".")[0] == "stripe" for name in imports(module))}
    assert {module for module in knowing if not module.startswith("balancedue.processors.stripe")} == set()


def test_names_say_what_is_inside() -> None:
    silent = [str(path.relative_to(ROOT)) for path in PACKAGE.rglob("*") if path.stem.lower() in SAYS_NOTHING]
    assert silent == []


@pytest.mark.parametrize("noun", TABLES)
def test_every_state_has_a_page(noun: str) -> None:
    shown = "\n".join(
        path.read_text()
        for folder in ("web", "templates", "templatetags")
        for path in (PACKAGE / folder).rglob("*")
        if path.suffix in {".py", ".html", ".txt"}
    )
    nowhere = [state for state in TABLES[noun] if not re.search(rf"\b({state}|{state.upper()})\b", shown)]
    assert nowhere == [], f"states of {noun} that no page shows"


@pytest.mark.parametrize("noun", TABLES)
def test_every_state_is_reached_in_a_test(noun: str) -> None:
    told = "\n".join(path.read_text() for path in _tests())
    nowhere = [state for state in TABLES[noun] if not re.search(rf"""["']{state}["']|\b{state.upper()}\b""", told)]
    assert nowhere == [], f"states of {noun} that no test reaches"


def test_every_requirement_is_named_by_a_test() -> None:
    named = {requirement for path in _tests() for requirement in _named(path)}
    assert [requirement for requirement in REQUIREMENTS if requirement not in named] == []


def _tests() -> list[Path]:
    return sorted(path for path in (ROOT / "tests").rglob("test_*.py") if path.name != Path(__file__).name)


def _named(path: Path) -> Iterator[str]:
    """The requirement ids in the docstrings of a file's tests; "S16-S18" names three."""
    for function in functions(ast.parse(path.read_text())):
        if function.name.startswith("test_"):
            for letter, first, last in MENTION.findall(ast.get_docstring(function) or ""):
                yield from (f"{letter}{number}" for number in range(int(first), int(last or first) + 1))


def test_no_tracked_file_names_a_registry_or_this_machine() -> None:
    here = {f"{path}/" for path in (ROOT, Path.home()) if len(path.parts) > 1}
    found = []
    for path in _tracked():
        try:
            lines = path.read_text().splitlines()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(lines, start=1):
            if any(place in line for place in here) or (path.suffix != ".md" and REGISTRY.search(line)):
                found.append(f"{path.relative_to(ROOT)}:{number}")
    assert found == []


def test_locks_hold_hashes_and_no_addresses() -> None:
    assert [str(path) for path in _tracked() if path.name in LOCKS_WITH_ADDRESSES] == []
    for lock in (ROOT / "requirements.lock", ROOT / "requirements-dev.lock"):
        assert "://" not in lock.read_text()
        assert "--hash=sha256:" in lock.read_text()


def _tracked() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone: nothing is tracked")
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]
