"""A shop with somebody at its desk."""

from importlib import import_module
from typing import Any

import pytest
from django.test import Client


@pytest.fixture
def desk(db: None, client: Client) -> Any:
    """Priya, the owner, signed in to a shop with a card processor."""
    makers: Any = import_module("tests.makers")  # tables can only be imported once settings are read
    Desk: Any = import_module("tests.web.staff.desk").Desk
    account = makers.make_account()
    user = makers.make_user(account)
    makers.make_connection(account)
    client.force_login(user)
    return Desk(client, account, user)
