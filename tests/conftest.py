"""Where every test runs: on which database, with which environment, and what it may reach."""

import os
import shutil
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings

from tests import environment, network, postgres

pytest_plugins = ["tests.browser", "tests.postbox", "tests.stripe_held"]

HOME = "BALANCEDUE_TESTS_HOME"
_stop: list[Callable[[], None]] = []

hypothesis_settings.register_profile("here", deadline=None, print_blob=True)
hypothesis_settings.load_profile("here")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of our own."""
    group = parser.getgroup("balancedue")
    group.addoption("--engine", choices=["sqlite", "postgres"], default="sqlite", help="database to test on")
    group.addoption("--prove", action="store_true", help="include the tests marked prove")


def pytest_configure(config: pytest.Config) -> None:
    """Prepare the environment, start PostgreSQL where asked for, and only then read Django's settings."""
    settings = import_module("django.conf").settings
    if not hasattr(config, "workerinput"):  # the processes of xdist inherit what the first one set up
        if settings.configured:
            raise pytest.UsageError("Unset DJANGO_SETTINGS_MODULE: settings must not be read before the database runs.")
        home = environment.make_home()
        _stop.append(lambda: shutil.rmtree(home, ignore_errors=True))
        url = f"sqlite:///{home / 'unused.sqlite3'}"
        if config.getoption("--engine") == "postgres":
            server = postgres.start(home)
            _stop.append(server.cleanup)
            url = postgres.url(server)
        environment.prepare(home, url)
        os.environ[HOME] = str(home)
    network.stay_here()
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # strength is not under test


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave no process and no file behind."""
    while _stop:
        _stop.pop()()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without --prove, leave the long proofs out."""
    if config.getoption("--prove"):
        return
    left_out = [item for item in items if item.get_closest_marker("prove")]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Fixtures see whether their test failed: `request.node.failed`."""
    report = yield
    item.failed = getattr(item, "failed", False) or report.failed  # type: ignore[attr-defined]
    return report


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> None:
    """On SQLite a file, not memory: real processes and threads share it with the test."""
    databases: Any = import_module("django.conf").settings.DATABASES
    if databases["default"]["ENGINE"].endswith("sqlite3"):
        worker = os.environ.get("PYTEST_XDIST_WORKER", "one")
        databases["default"].setdefault("TEST", {})["NAME"] = str(Path(os.environ[HOME]) / f"test-{worker}.sqlite3")


@pytest.fixture(scope="session", autouse=True)
def _flush_lifts_the_guards() -> Iterator[None]:
    """The journal's triggers refuse to be emptied; between tests with real commits they are lifted for a moment."""
    case = import_module("django.test").TransactionTestCase
    guards: Any = import_module("balancedue.models.guards_sql")
    connection = import_module("django.db").connection
    flush = case._fixture_teardown

    def lifted(self: Any) -> None:
        guards.drop(connection)
        try:
            flush(self)
        finally:
            guards.install(connection)

    case._fixture_teardown = lifted
    yield
    case._fixture_teardown = flush


@pytest.fixture
def database_url(transactional_db: None) -> str:
    """DATABASE_URL of the database under test, for processes the test starts."""
    connection = import_module("django.db").connection
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{database['NAME']}"
    return f"postgres://postgres@/{database['NAME']}?host={database['OPTIONS']['host']}"


@pytest.fixture
def child_environment(database_url: str) -> dict[str, str]:
    """The environment of a product process started by a test: its database and keys, files served as in production."""
    without = {"BALANCEDUE_STATIC_STORAGE", "DJANGO_ALLOW_ASYNC_UNSAFE"}
    return {name: value for name, value in os.environ.items() if name not in without} | {"DATABASE_URL": database_url}
