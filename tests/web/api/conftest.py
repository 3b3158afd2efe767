"""A program with a key, and the shop it calls for."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest


@pytest.fixture
def program(db: None) -> Iterator[Any]:
    """A tests.web.api.caller.Caller of a shop that can take payment requests. Its books must be right afterwards."""
    makers: Any = import_module("tests.makers")  # tables can only be imported once settings are read
    account = makers.make_account()
    makers.make_connection(account)
    makers.make_user(account)
    yield import_module("tests.web.api.caller").Caller(account)
    assert import_module("balancedue.actions.check_books").check_books(ask_processors=False) == []


@pytest.fixture
def stranger(db: None) -> Any:
    """A program of another shop."""
    account = import_module("tests.makers").make_account()
    return import_module("tests.web.api.caller").Caller(account)
