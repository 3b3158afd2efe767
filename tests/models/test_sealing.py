"""Secrets at rest: bound to their place, rotated without a pause, useless without the key (J12, I1)."""

import base64
import secrets
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from balancedue.models import PaymentRequest, ProcessorConnection
from balancedue.models.sealing import CannotUnseal, seal, unseal
from balancedue.rules.ids import token_hash
from tests.makers import make_account, make_connection, make_order, make_request, make_user

PLACE = "processor_connection:pc_1:credentials"


def _key(name: str) -> str:
    return f"{name}:{base64.b64encode(secrets.token_bytes(32)).decode()}"


@pytest.fixture
def keys(settings: Any) -> Any:
    settings.FIELD_KEYS = [_key("one")]
    return settings


@pytest.mark.parametrize("plain", ["", "sk_test_1", "Ünïcode ✓", "x" * 10_000])
def test_what_was_sealed_is_read_again(keys: Any, plain: str) -> None:
    """J12."""
    sealed = seal(plain, place=PLACE)
    assert unseal(sealed, place=PLACE) == plain
    assert not plain or plain not in sealed


def test_the_same_secret_looks_different_each_time(keys: Any) -> None:
    """J12: nothing to compare."""
    assert len({seal("sk_test_1", place=PLACE) for _ in range(100)}) == 100


@pytest.mark.parametrize("elsewhere", ["processor_connection:pc_2:credentials", "payment_request:pc_1:token", ""])
def test_it_opens_only_where_it_was_sealed(keys: Any, elsewhere: str) -> None:
    """J12: another row, column or table."""
    with pytest.raises(CannotUnseal):
        unseal(seal("sk_test_1", place=PLACE), place=elsewhere)


def test_every_changed_character_is_seen(keys: Any) -> None:
    """J12."""
    sealed = seal("sk_test1", place=PLACE)  # 36 bytes with nonce and tag: no spare bits in base64
    for at in range(len(sealed)):
        changed = sealed[:at] + ("A" if sealed[at] != "A" else "B") + sealed[at + 1 :]
        with pytest.raises(CannotUnseal):
            unseal(changed, place=PLACE)
    for broken in ("", "one", "one:", "one:!!!", sealed[:-4], f"{sealed}AAAA"):
        with pytest.raises(CannotUnseal):
            unseal(broken, place=PLACE)


def test_keys_are_rotated_with_both_valid(keys: Any) -> None:
    """J12: the newest seals, each still opens; a key that is gone opens nothing."""
    old = seal("sk_test_1", place=PLACE)
    keys.FIELD_KEYS = [_key("two"), *keys.FIELD_KEYS]
    new = seal("sk_test_1", place=PLACE)
    assert (old.partition(":")[0], new.partition(":")[0]) == ("one", "two")
    assert unseal(old, place=PLACE) == unseal(new, place=PLACE) == "sk_test_1"
    keys.FIELD_KEYS = keys.FIELD_KEYS[:1]
    assert unseal(new, place=PLACE) == "sk_test_1"
    with pytest.raises(CannotUnseal, match="'one'"):
        unseal(old, place=PLACE)


def test_another_key_of_the_same_name_opens_nothing(keys: Any) -> None:
    """J12."""
    sealed = seal("sk_test_1", place=PLACE)
    keys.FIELD_KEYS = [_key("one")]
    with pytest.raises(CannotUnseal):
        unseal(sealed, place=PLACE)


@pytest.mark.parametrize("bad", ["one:%%%%", "one:" + base64.b64encode(b"short").decode(), "one"])
def test_a_key_that_is_no_key_is_said_so_without_showing_it(settings: Any, bad: str) -> None:
    """J12."""
    settings.FIELD_KEYS = [bad]
    with pytest.raises(ImproperlyConfigured) as refusal:
        seal("x", place=PLACE)
    shown = bad.partition(":")[2]
    assert not shown or shown not in str(refusal.value)


@pytest.mark.django_db
def test_credentials_moved_to_another_account_do_not_open() -> None:
    """J12: swap ciphertext between tenants, decrypt fails."""
    one, other = make_connection(make_account()), make_connection(make_account())
    ProcessorConnection.objects.filter(pk=other.pk).update(credentials_sealed=one.credentials_sealed)
    assert ProcessorConnection.objects.get(pk=one.pk).credentials["secret_key"]
    with pytest.raises(CannotUnseal):
        _ = ProcessorConnection.objects.get(pk=other.pk).credentials


@pytest.mark.django_db
def test_a_dump_without_the_key_gives_no_link_and_no_credential() -> None:
    """I1, J12: hash and sealed copy only; 256 random bits."""
    account = make_account()
    processor = make_connection(account)
    request = make_request(make_order(account), by=make_user(account))
    token, secret = request.token, processor.credentials["webhook_secret"]
    assert len(base64.urlsafe_b64decode(token + "=")) == 32
    assert request.token_hash == token_hash(token)
    dump = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            dump += [str(row) for row in cursor.fetchall()]
    everything = "\n".join(dump)
    assert request.token_hash in everything
    assert token not in everything
    assert secret not in everything


@pytest.mark.django_db
def test_a_link_moved_to_another_request_does_not_open() -> None:
    """I1, M4."""
    account = make_account()
    make_connection(account)
    user = make_user(account)
    one, other = (make_request(make_order(account), by=user) for _ in range(2))
    PaymentRequest.objects.filter(pk=other.pk).update(token_sealed=one.token_sealed)
    with pytest.raises(CannotUnseal):
        _ = PaymentRequest.objects.get(pk=other.pk).token
