"""A shop with a running stand-in processor, and a customer who pays at it."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from tests.servers import Sandbox, start_sandbox


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One stand-in processor for all these tests; each has keys of its own."""
    running = start_sandbox(tmp_path_factory.mktemp("actions"))
    yield running
    running.stop()


@pytest.fixture
def shop(transactional_db: None, sandbox: Sandbox) -> Iterator[Any]:
    """A tests.card_shop.CardShop that is owed $1,105.28. Its books must be right afterwards (N1-N14)."""
    card_shop: Any = import_module("tests.card_shop")  # tables can only be imported once settings are read
    with card_shop.open_card_shop(sandbox) as opened:
        yield opened


@pytest.fixture
def desk(db: None) -> Iterator[Any]:
    """A tests.actions.desk.Desk: a shop and one order, no processor running. Its books must be right afterwards."""
    opened: Any = import_module("tests.actions.desk").open_desk()
    yield opened
    assert opened.breaches() == []
