"""Connecting card processors: which is asked, whose keys, and what stays of one that was removed."""

from datetime import timedelta

import pytest
from django.utils import timezone

from balancedue.actions.ask_gate import read_processors, request_gate
from balancedue.actions.ask_processor import check_attempt
from balancedue.actions.check_connection import check_connection
from balancedue.actions.connect_processor import (
    choose_default,
    choose_page,
    connect_processor,
    remove_connection,
    replace_credentials,
    stays_refundable,
)
from balancedue.actions.open_processor import old_secret_until, open_processor
from balancedue.actions.refund import refund_payment
from balancedue.models import Account, ProcessorConnection, read_standing
from balancedue.rules.actor import PROCESSOR
from balancedue.rules.errors import Invalid, Refused
from balancedue.rules.gate import Gate
from balancedue.rules.ids import new_id
from balancedue.rules.money import Money
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


def test_a_field_left_empty_keeps_its_key(shop: CardShop) -> None:
    """Ux.md 3.6: replacing one key; a broken connection gets another chance."""
    good, connection = shop.connection.credentials, shop.connection
    connection.credentials = {**good, "secret_key": "sk_test_rolledaway"}
    connection.broken_at = connection.created_at
    connection.save()
    given = {"secret_key": f" {good['secret_key']}\n", "publishable_key": "", "webhook_secret": " "}
    replaced = replace_credentials(connection=connection, credentials=given)
    assert replaced.credentials == good
    assert replaced.broken_at is None
    assert replaced.processor_account.startswith("acct_")


def test_a_wrong_key_does_not_take_a_working_shop_down(shop: CardShop) -> None:
    """Ux.md 3.6: the new key is tried first, and the one before stays in use."""
    for wrong in ({"secret_key": "sk_test_mistyped"}, {"publishable_key": _rolled(shop)["publishable_key"]}):
        shop.begin()
        with pytest.raises(Refused) as refusal:
            replace_credentials(connection=shop.connection, credentials=wrong)
        assert refusal.value.field == next(iter(wrong))
        assert "stay in use" in refusal.value.sentence
    assert ProcessorConnection.objects.get().credentials == shop.connection.credentials
    assert check_connection(connection=shop.connection)[0].ok


def test_a_key_that_cannot_be_tried_does_not_take_its_place_either(shop: CardShop) -> None:
    """N14: silence is no yes."""
    shop.sandbox.faults(mode="reset")
    with pytest.raises(Refused) as refusal:
        replace_credentials(connection=shop.connection, credentials={"secret_key": "sk_test_unheard1"})
    assert refusal.value.code == "processor_unreachable"
    assert ProcessorConnection.objects.get().credentials == shop.connection.credentials


def test_keys_of_another_account_never_take_their_place(shop: CardShop) -> None:
    """D6: its payments would be looked for where they are not."""
    check_connection(connection=shop.connection)
    with pytest.raises(Refused, match="payments so far are in acct_"):
        replace_credentials(connection=shop.connection, credentials=_rolled(shop))


def test_an_account_that_was_never_said_is_told_by_its_payments(shop: CardShop) -> None:
    """D6: the old keys are over, and nobody ever asked whose they were."""
    shop.begin()
    connection = shop.connection
    connection.credentials = {**connection.credentials, "secret_key": "sk_test_rolledaway"}
    connection.save()
    with pytest.raises(Refused, match="payments made so far are not found"):
        replace_credentials(connection=connection, credentials=_rolled(shop))


def test_a_webhook_secret_is_pasted_without_trying_anything(shop: CardShop) -> None:
    """D8: both hold while the endpoint is changed at the processor."""
    shop.sandbox.faults(mode="reset")
    replaced = replace_credentials(connection=shop.connection, credentials={"webhook_secret": "whsec_pasted123"})
    assert replaced.credentials["webhook_secret"] == "whsec_pasted123"
    assert replaced.credentials["webhook_secret_old"] == "whsec_testtesttest"
    until = old_secret_until(replaced.credentials)
    assert until is not None
    assert timedelta(days=2) < until - timezone.now() <= timedelta(days=3)
    assert "webhook_secret_old_until" in replaced.credentials_shown


def test_two_people_replacing_keys_at_once_do_not_mix_them(shop: CardShop, monkeypatch: pytest.MonkeyPatch) -> None:
    """J12: the second sees what the first did."""
    read = ProcessorConnection.credentials.fget
    assert read is not None

    def meanwhile(connection: ProcessorConnection) -> dict[str, str]:
        ProcessorConnection.objects.filter(pk=connection.pk).update(
            credentials_sealed=shop.connection.credentials_sealed[::-1]
        )
        return read(connection)

    monkeypatch.setattr(ProcessorConnection, "credentials", property(meanwhile))
    with pytest.raises(Refused) as refusal:
        replace_credentials(connection=shop.connection, credentials={"webhook_secret": "whsec_pasted123"})
    assert refusal.value.code == "not_possible"


def test_live_keys_never_take_the_place_of_test_keys(account: Account) -> None:
    """N3: payments made under one would be looked for under the other."""
    connection = connect_processor(account=account, kind="stripe", credentials=TEST_KEYS)
    with pytest.raises(Refused, match="not test keys"):
        replace_credentials(connection=connection, credentials=LIVE_KEYS)
    assert ProcessorConnection.objects.get().credentials == TEST_KEYS


def test_customers_pay_on_the_processors_page_where_it_has_one(account: Account) -> None:
    """S6: by capability, never by name."""
    stripe = connect_processor(account=account, kind="stripe", credentials=TEST_KEYS)
    choose_page(connection=stripe, hosted=True)
    stripe.refresh_from_db()
    assert stripe.hosted
    choose_page(connection=stripe, hosted=False)
    stripe.refresh_from_db()
    assert not stripe.hosted
    paypal = connect_processor(account=account, kind="paypal_express", credentials=PAYPAL)
    with pytest.raises(Refused):
        choose_page(connection=paypal, hosted=True)


def test_what_stays_refundable_is_counted(shop: CardShop) -> None:
    """Ux.md 3.6: said before a processor is removed."""
    assert stays_refundable(shop.connection) == 0
    begun = shop.begin()
    shop.confirm(begun.attempt.reference)
    payment = check_attempt(begun.attempt, by=PROCESSOR).payment
    assert stays_refundable(shop.connection) == 1
    remove_connection(connection=shop.connection)
    refund_payment(payment=payment, amount=Money(100, "USD"), reason="other", note="A cent", by=shop.owner.actor)
    assert stays_refundable(shop.connection) == 1
    refund_payment(payment=payment, amount=None, reason="other", note="The rest", by=shop.owner.actor)
    assert stays_refundable(shop.connection) == 0


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


def _sandbox(account: Account) -> ProcessorConnection:
    return connect_processor(
        account=account, kind="sandbox", credentials=TEST_KEYS | {"api_base": "http://127.0.0.1:9"}
    )


def _rolled(shop: CardShop) -> dict[str, str]:
    """Keys of an account of its own."""
    made = shop.sandbox.post("/_sandbox/accounts", {"secret_key": f"sk_test_{new_id('x')}"})
    return {name: made[name] for name in ("secret_key", "publishable_key")}
