"""Changing the keys that secrets are sealed with (J12)."""

import base64
import os
from typing import Any

import pytest

from balancedue.actions.reseal_secrets import reseal_secrets
from balancedue.models import PaymentRequest, ProcessorConnection
from balancedue.models.sealing import CannotUnseal
from tests.makers import make_account, make_connection, make_order, make_request, make_user


def _key(name: str) -> str:
    return f"{name}:{base64.b64encode(os.urandom(32)).decode()}"


def test_an_old_key_can_be_thrown_away_after_resealing(db: None, settings: Any) -> None:
    """J12: add the new key in front, reseal, take the old one out; nothing is lost and nothing needs the old one."""
    old, new = _key("old"), _key("new")
    settings.FIELD_KEYS = [old]
    account = make_account()
    connection = make_connection(account)
    request = make_request(make_order(account), by=make_user(account))
    token, credentials = request.token, connection.credentials

    settings.FIELD_KEYS = [new, old]
    assert reseal_secrets() == (2, [])

    settings.FIELD_KEYS = [new]
    assert ProcessorConnection.objects.get().credentials == credentials
    assert PaymentRequest.objects.get().token == token


def test_what_no_key_opens_is_named_and_left_as_it_is(db: None, settings: Any) -> None:
    """J12: a key taken out too early is no catastrophe; put it back and run again."""
    account = make_account()
    connection = make_connection(account)
    sealed = connection.credentials_sealed
    settings.FIELD_KEYS = [_key("new")]
    assert reseal_secrets() == (0, [connection.public_id])
    kept = ProcessorConnection.objects.get()
    assert kept.credentials_sealed == sealed
    with pytest.raises(CannotUnseal):
        _ = kept.credentials
