"""`balancedue connect-processor`: the same set-up as in the browser, and its lines printed (ux.md 3.6)."""

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from balancedue.models import Account
from balancedue.rules.ids import new_id
from tests.makers import make_account
from tests.servers import Sandbox, start_sandbox


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    running = start_sandbox(tmp_path_factory.mktemp("sandbox"))
    yield running
    running.stop()


@pytest.fixture
def account(transactional_db: None) -> Account:
    return make_account(slug="shop")


def _connect(*words: str, sandbox: Sandbox, **keys: str) -> list[str]:
    made = sandbox.post("/_sandbox/accounts", {"secret_key": f"sk_test_{new_id('x')}"})
    given = {name: made[name] for name in ("secret_key", "publishable_key")} | {"api_base": sandbox.url, **keys}
    sets = [word for name, value in given.items() for word in ("--set", f"{name}={value}")]
    said = StringIO()
    call_command("connect_processor", "shop", "sandbox", *sets, *words, stdout=said)
    return said.getvalue().splitlines()


def test_it_sets_all_up_and_prints_each_line(
    account: Account, sandbox: Sandbox, live_server: Any, settings: Any
) -> None:
    """S6-S8."""
    settings.PUBLIC_URL, settings.ROUND_TRIP_SECONDS = live_server.url, 8
    first, *lines, last = _connect(sandbox=sandbox)
    assert first.startswith("Test processor is connected to shop as pc_")
    assert last == "Test processor is ready."
    assert [line[:3] for line in lines] == ["ok "] * 8 + ["-  "]
    assert lines[-2].startswith("ok  Test webhook · Heard after ")
    assert account.connections.get().processor_account.startswith("acct_")


def test_what_does_not_hold_is_said_and_it_stays_connected(account: Account, sandbox: Sandbox) -> None:
    """ux.md 3.6: nobody hears the webhook."""
    *lines, last = _connect(sandbox=sandbox)
    assert last == "Test processor is not ready yet."
    assert lines[-2].startswith("NOT Test webhook · Not heard within 0 s")
    assert account.connections.count() == 1


def test_webhooks_that_cannot_be_set_up_are_said(account: Account, sandbox: Sandbox) -> None:
    """The connection stays, to be put right."""
    _, second, *lines, _ = _connect(sandbox=sandbox, secret_key="sk_test_mistyped")
    assert second.startswith("NOT Webhooks · Test processor did not accept the secret key")
    assert [line[:14] for line in lines] == ["NOT Secret key"]


def test_nobody_is_asked_without_a_check(account: Account, sandbox: Sandbox, asked_of_stripe: list[Any]) -> None:
    """For machines that are not up yet."""
    [line] = _connect("--no-check", sandbox=sandbox)
    assert line.startswith("Test processor is connected to shop")
    assert asked_of_stripe == []


def test_bad_keys_and_unknown_accounts_are_refused(account: Account, sandbox: Sandbox) -> None:
    """M8."""
    with pytest.raises(CommandError, match="secret_key: This is the publishable key"):
        _connect(sandbox=sandbox, secret_key="pk_test_abcd1234")
    assert not account.connections.exists()
    account.slug = "elsewhere"
    account.save()
    with pytest.raises(CommandError, match="There is no account shop"):
        _connect(sandbox=sandbox)
