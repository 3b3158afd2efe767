"""A whole shop for the journeys: web server, stand-in processor and mail server."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from tests.journeys.servers import WebServer
from tests.servers import Sandbox, start_sandbox


@pytest.fixture(scope="session")
def web_server() -> Iterator[WebServer]:
    """One web server for this process's journeys; `shop` starts it."""
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
    web_server.start(child_environment)
    shops: Any = import_module("tests.journeys.shops")  # tables can only be imported once settings are read
    with shops.open_shop(web_server.url, journey_sandbox, mail_server) as opened:
        yield opened
