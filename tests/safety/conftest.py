"""A shop at a running stand-in processor, and a crew of processes that race for it."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from tests.safety.crew import Crew
from tests.servers import Sandbox, start_sandbox

_crew: list[Crew] = []


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One stand-in processor for all these tests; each has keys of its own."""
    running = start_sandbox(tmp_path_factory.mktemp("safety"))
    yield running
    running.stop()


@pytest.fixture
def shop(transactional_db: None, sandbox: Sandbox) -> Iterator[Any]:
    """A tests.card_shop.CardShop that is owed $1,105.28. Its books must be right afterwards (N1-N14)."""
    card_shop: Any = import_module("tests.card_shop")
    with card_shop.open_card_shop(sandbox) as opened:
        yield opened


@pytest.fixture(scope="session")
def _crew_ends(django_db_setup: None) -> Iterator[None]:
    """Before the database goes, the crew has let go of it."""
    yield
    while _crew:
        _crew.pop().stop()


@pytest.fixture
def crew(_crew_ends: None, child_environment: dict[str, str]) -> Crew:
    """Processes on the database under test."""
    if not _crew:
        _crew.append(Crew(child_environment))
    return _crew[0]
