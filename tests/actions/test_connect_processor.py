"""Connecting card processors: which is asked, whose keys, and what stays of one that was removed."""

import pytest

from balancedue.actions.ask_gate import read_processors, request_gate
from balancedue.actions.connect_processor import (
    check_connection,
    choose_default,
    connect_processor,
    hook_url,
    remove_connection,
    replace_credentials,
    set_up_hook,
)
from balancedue.actions.open_processor import open_processor
from balancedue.models import Account, ProcessorConnection, read_standing
from balancedue.rules.errors import Invalid, Refused
from balancedue.rules.gate import Gate
from tests.card_shop import CardShop
from tests.makers import make_account, make_order, make_user

TEST_KEYS = {"secret_key": "sk_test_51abcdefghijklmnop", "publishable_key": "pk_test_51abcdefghijklmnop"}
PAYPAL = {"api_username": "shop_api1", "api_password": "secret", "api_signature": "AbC"}
LIVE_KEYS = {name: key.replace("_test_", "_live_") for name, key in TEST_KEYS.items()}


@pytest.fixture
def account(db: None) -> Account:
    account = make_account()
    make_user(account)
    return account


def _gate(account: Account) -> Gate:
    order = account.orders.first() or make_order(account)
    return request_gate(order, read_standing(order), read_processors(account), role="owner")


def test_paypal_express_alone_does_not_open_the_gate_and_stripe_beside_it_does(account: Account) -> None:
    """S6, S7, S8: several live side by side."""
    assert _gate(account).code == "no_processor"
    paypal = connect_processor(account=account, kind="paypal_express", credentials=PAYPAL)
    assert not paypal.is_default
    gate = _gate(account)
    assert (gate.code, gate.fix, gate.fix_page) == ("processor_not_compatible", "Add Stripe", "processors")
    stripe = connect_processor(account=account, kind="stripe", credentials=TEST_KEYS)
    assert (stripe.is_default, stripe.livemode) == (True, False)
    assert _gate(account).is_open
    assert account.connections.count() == 2


def test_the_first_that_can_take_requests_is_the_default(account: Account) -> None:
    """S8: the second waits to be chosen."""
    first = connect_processor(account=account, kind="stripe", credentials=LIVE_KEYS)
    second = _sandbox(account)
    assert (first.is_default, first.livemode, second.is_default) == (True, True, False)
    choose_default(connection=second)
    assert [c.kind for c in account.connections.filter(is_default=True)] == ["sandbox"]
    assert read_processors(account).for_requests == second
    assert read_processors(account).test_mode


def test_one_that_cannot_take_requests_is_never_the_default(account: Account) -> None:
    """S6."""
    paypal = connect_processor(account=account, kind="paypal_express", credentials=PAYPAL)
    with pytest.raises(Refused) as refusal:
        choose_default(connection=paypal)
    assert refusal.value.code == "processor_not_compatible"


def test_a_removed_one_cannot_be_chosen(account: Account) -> None:
    """Requirements.md 3.28: the page was old; another stays the default."""
    kept, gone = connect_processor(account=account, kind="stripe", credentials=TEST_KEYS), _sandbox(account)
    remove_connection(connection=gone)
    with pytest.raises(Refused):
        choose_default(connection=gone)
    kept.refresh_from_db()
    assert kept.is_default


def test_the_same_kind_is_connected_once(account: Account) -> None:
    """Ux.md 3.6."""
    connect_processor(account=account, kind="stripe", credentials=TEST_KEYS)
    with pytest.raises(Refused) as refusal:
        connect_processor(account=account, kind="stripe", credentials=LIVE_KEYS)
    assert refusal.value.code == "already_connected"


@pytest.mark.parametrize(
    ("credentials", "fields"),
    [
        ({}, {"secret_key", "publishable_key"}),
        ({"secret_key": "pk_test_51abcdefghijklmnop", "publishable_key": "sk_test_51abcdefghijklmnop"},
         {"secret_key", "publishable_key"}),
        (TEST_KEYS | {"publishable_key": LIVE_KEYS["publishable_key"]}, {"publishable_key"}),
        (TEST_KEYS | {"colour": "red"}, {"colour"}),
        (TEST_KEYS | {"webhook_secret": "sk_test_51abc"}, {"webhook_secret"}),
    ],
)  # fmt: skip
def test_keys_that_cannot_be_right_are_refused_at_their_fields(
    account: Account, credentials: dict[str, str], fields: set[str]
) -> None:
    """M8, ux.md 3.6: before anybody is asked."""
    with pytest.raises(Invalid) as refusal:
        connect_processor(account=account, kind="stripe", credentials=credentials)
    assert set(refusal.value.problems) == fields
    assert not account.connections.exists()


def test_an_unknown_kind_is_refused(account: Account) -> None:
    """Contract.md: KIND."""
    with pytest.raises(Refused) as refusal:
        connect_processor(account=account, kind="shells", credentials={})
    assert refusal.value.field == "kind"


def test_keys_are_sealed_and_only_their_ends_shown(account: Account) -> None:
    """J12: the row holds no key."""
    connection = connect_processor(account=account, kind="stripe", credentials=TEST_KEYS)
    row = ProcessorConnection.objects.values().get(pk=connection.pk)
    assert TEST_KEYS["secret_key"] not in str(row)
    assert row["credentials_shown"]["secret_key"] == "mnop"
    assert ProcessorConnection.objects.get(pk=connection.pk).credentials == TEST_KEYS


def test_a_field_left_empty_keeps_its_key(account: Account) -> None:
    """Ux.md 3.6: replacing one key; a broken connection gets another chance."""
    connection = connect_processor(account=account, kind="stripe", credentials=TEST_KEYS)
    ProcessorConnection.objects.update(broken_at=connection.created_at)
    fresh = {"secret_key": "sk_test_51zzzzzzzzzzzzzzzz", "publishable_key": " "}
    replaced = replace_credentials(connection=connection, credentials=fresh)
    assert replaced.credentials == TEST_KEYS | {"secret_key": "sk_test_51zzzzzzzzzzzzzzzz"}
    assert replaced.broken_at is None


def test_live_keys_never_take_the_place_of_test_keys(account: Account) -> None:
    """N3: payments made under one would be looked for under the other."""
    connection = connect_processor(account=account, kind="stripe", credentials=TEST_KEYS)
    with pytest.raises(Refused, match="not test keys"):
        replace_credentials(connection=connection, credentials=LIVE_KEYS)
    assert ProcessorConnection.objects.get().credentials == TEST_KEYS


def test_a_removed_connection_stays_for_its_payments_and_another_takes_over(account: Account) -> None:
    """Requirements.md 3.28."""
    first = connect_processor(account=account, kind="stripe", credentials=TEST_KEYS)
    second = _sandbox(account)
    remove_connection(connection=first)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.is_default, first.is_enabled, first.removed_at is None) == (False, False, False)
    assert second.is_default
    assert open_processor(first) is not None
    remove_connection(connection=second)
    assert _gate(account).code == "no_processor"
    again = connect_processor(account=account, kind="stripe", credentials=TEST_KEYS)
    assert again.is_default


def test_removing_another_leaves_the_default_alone(account: Account) -> None:
    """S8."""
    first = connect_processor(account=account, kind="stripe", credentials=TEST_KEYS)
    remove_connection(connection=_sandbox(account))
    first.refresh_from_db()
    assert first.is_default


def test_a_check_is_kept_with_its_lines(shop: CardShop) -> None:
    """Ux.md 3.6: what was checked and when."""
    lines = check_connection(connection=shop.connection)
    shop.connection.refresh_from_db()
    assert [line["label"] for line in shop.connection.checks] == [line.label for line in lines]
    assert shop.connection.checked_at is not None


def test_webhooks_are_set_up_and_the_old_secret_holds_a_while(shop: CardShop) -> None:
    """D8: two secrets while one is rolled."""
    connection = set_up_hook(connection=shop.connection)
    assert connection.credentials["webhook_secret"].startswith("whsec_")
    assert connection.credentials["webhook_secret_old"] == "whsec_testtesttest"
    assert hook_url(connection).endswith(f"/hooks/{connection.public_id}/")


def test_a_processor_without_webhooks_says_so(account: Account) -> None:
    """S6: by capability, never by name."""
    paypal = connect_processor(account=account, kind="paypal_express", credentials=PAYPAL)
    with pytest.raises(Refused):
        set_up_hook(connection=paypal)


def _sandbox(account: Account) -> ProcessorConnection:
    return connect_processor(
        account=account, kind="sandbox", credentials=TEST_KEYS | {"api_base": "http://127.0.0.1:9"}
    )
