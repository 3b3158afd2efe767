"""A whole shop for the journeys: web server, stand-in processor and mail server."""

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser import PATIENCE_MS
from tests.journeys.servers import WebServer
from tests.journeys.worker_process import WorkerProcess
from tests.servers import Sandbox, start_sandbox

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def web_server(django_db_setup: None) -> Iterator[WebServer]:
    """One web server for this process's journeys; `shop` starts it. It ends before its database does."""
    server = WebServer()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def journey_sandbox(web_server: WebServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """The stand-in processor, which shows its card form on that web server's pages only."""
    sandbox = start_sandbox(tmp_path_factory.mktemp("journeys"), web_server.url, settle_seconds=2)
    yield sandbox
    sandbox.stop()


@pytest.fixture
def shop(
    web_server: WebServer, journey_sandbox: Sandbox, child_environment: dict[str, str], mail_server: Any, settings: Any
) -> Iterator[Any]:
    """A tests.journeys.shops.JourneyShop, open for business on a running web server."""
    settings.PUBLIC_URL = web_server.url
    waits = {"BALANCEDUE_ROUND_TRIP_SECONDS": "3"}
    web_server.start(child_environment | {"BALANCEDUE_SANDBOX_URL": journey_sandbox.url} | waits)
    shops: Any = import_module("tests.journeys.shops")  # tables can only be imported once settings are read
    with shops.open_shop(web_server.url, journey_sandbox, mail_server) as opened:
        yield opened


@pytest.fixture
def start_worker(
    shop: Any, child_environment: dict[str, str], web_server: WebServer, mail_server: Any, tmp_path: Path
) -> Iterator[Callable[..., WorkerProcess]]:
    """Starts real workers, which send to this test's mail server or another; they are gone when the shop closes."""
    workers: list[WorkerProcess] = []
    environment = child_environment | {"EMAIL_URL": mail_server.url, "BALANCEDUE_PUBLIC_URL": web_server.url}

    def start(*, email_url: str = "") -> WorkerProcess:
        log = tmp_path / f"worker-{len(workers)}.log"
        workers.append(WorkerProcess(environment | ({"EMAIL_URL": email_url} if email_url else {}), log))
        return workers[-1]

    yield start
    for worker in workers:
        if worker.process.poll() is None:
            worker.stop()


@pytest.fixture
def worker(start_worker: Callable[..., WorkerProcess]) -> WorkerProcess:
    """One worker at work for the whole test."""
    return start_worker()
