"""Settings, card processors: connected, checked, replaced and removed, and what is wrong with them (ux.md 3.6)."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from balancedue.actions.raise_alarm import clear_alarm, raise_alarm
from balancedue.actions.settle import settle
from balancedue.models import Account, ProcessorConnection
from balancedue.processors.base import Kind, Outcome
from balancedue.rules.actor import PROCESSOR
from balancedue.rules.ids import new_id
from balancedue.rules.money import Money
from tests.makers import KEYS, make_attempt, make_connection, make_order, make_sent_request, make_user
from tests.servers import Sandbox, start_sandbox

from .desk import Desk, inputs, words

STRIPE = {
    "secret_key": "sk_test_abcd1234",
    "publishable_key": "pk_test_abcd1234",
    "webhook_secret": "whsec_abcd12345678",
}


@pytest.mark.parametrize("role", ["manager", "staff", "viewer"])
def test_processors_are_changed_by_the_owner_alone(desk: Desk, role: str) -> None:
    """requirements.md 2.10."""
    connection = desk.account.connections.get()
    desk.client.force_login(make_user(desk.account, role=role, name="Someone"))
    page = desk.get("settings/processors/")
    assert "Only the owner can" in words(page)
    assert "<form" not in page.content.decode().split('<div class="settings">')[1].split("<dialog")[0]
    for tail in (
        "connect/stripe/",
        "default/",
        *(f"{connection.public_id}/{deed}/" for deed in ("check", "keys", "page", "webhooks", "remove")),
    ):
        assert desk.post(f"settings/processors/{tail}", STRIPE).status_code == 403


def test_no_processor_is_said_and_stripe_is_offered(desk: Desk) -> None:
    """S4."""
    desk.account.connections.all().delete()
    read = words(desk.get("settings/processors/"))
    assert "No card processor yet. Customers can view invoices but not pay online." in read
    assert "Connect Stripe" in read
    assert "Connect Test processor" not in read


def test_the_test_processor_is_offered_where_it_runs(desk: Desk, settings: Any) -> None:
    desk.account.connections.all().delete()
    settings.SANDBOX_URL = "http://127.0.0.1:9"
    page = desk.get("settings/processors/")
    assert "Connect Test processor" in words(page)
    assert 'value="http://127.0.0.1:9"' in page.content.decode()


def test_paypal_express_says_what_it_cannot_do(desk: Desk) -> None:
    """S6-S8."""
    desk.account.connections.all().delete()
    typed = {"api_username": "shop", "api_password": "secret", "api_signature": "signed"}
    answer = desk.client.post(desk.path("settings/processors/connect/paypal_express/"), typed, follow=True)
    read = words(answer)
    assert "Payment requests: no. Refunds: no. PayPal Express cannot take payment requests. Add Stripe as well." in read
    make_connection(desk.account)
    assert desk.account.connections.count() == 2


def test_bad_keys_are_said_at_their_fields(desk: Desk) -> None:
    """M8."""
    desk.account.connections.all().delete()
    answer = desk.post("settings/processors/connect/stripe/", {"secret_key": "pk_test_abcd1234"})
    read = words(answer)
    assert answer.status_code == 422
    assert "This is the publishable key. Paste the secret key here" in read
    assert "Paste the publishable key. It starts with pk_" in read
    assert not ProcessorConnection.objects.exists()


def test_going_live_asks_once(desk: Desk) -> None:
    desk.account.connections.all().delete()
    live = {
        "secret_key": "sk_live_abcd1234",
        "publishable_key": "pk_live_abcd1234",
        "webhook_secret": "whsec_abcd12345678",
    }
    answer = desk.post("settings/processors/connect/stripe/", live)
    assert answer.status_code == 422
    assert "These are live keys. From now on cards are charged." in words(answer)
    assert not ProcessorConnection.objects.exists()
    assert inputs(answer)["live"] == "1"


def test_a_connected_processor_shows_the_ends_of_its_keys_only(desk: Desk) -> None:
    """J12."""
    desk.account.connections.all().delete()
    make_connection(desk.account, kind="stripe", credentials=STRIPE)
    page = desk.get("settings/processors/").content.decode()
    assert "Ends in …1234" in page
    assert STRIPE["secret_key"] not in page
    assert STRIPE["webhook_secret"] not in page


def test_the_check_is_shown_line_by_line(desk: Desk) -> None:
    connection = desk.account.connections.get()
    connection.credentials = KEYS | {"secret_key": "sk_test_abcd1234", "publishable_key": "pk_test_abcd1234"}
    connection.save()
    answer = desk.client.post(desk.path(f"settings/processors/{connection.public_id}/check/"), follow=True)
    read = words(answer)
    assert "see the lines marked with a cross" in read
    assert "Problem:" in read


def test_the_default_is_chosen_by_radio(desk: Desk) -> None:
    """S8."""
    other = make_connection(desk.account, kind="stripe", credentials=STRIPE)
    page = desk.get("settings/processors/")
    assert "Default for requests" in words(page)
    desk.post("settings/processors/default/", {"default": other.public_id})
    other.refresh_from_db()
    assert other.is_default


def test_paypal_express_cannot_be_the_default(desk: Desk) -> None:
    """S7."""
    other = make_connection(desk.account, kind="paypal_express")
    answer = desk.post("settings/processors/default/", {"default": other.public_id})
    assert answer.status_code == 409
    assert "PayPal Express cannot take payment requests." in words(answer)


def test_removing_the_last_one_says_what_follows(desk: Desk) -> None:
    """M10."""
    connection = desk.account.connections.get()
    for _ in range(2):
        make_sent_request(make_order(desk.account), by=desk.user)
    attempt = make_attempt(make_order(desk.account), state="pending")
    sum_ = Money(attempt.amount_minor, attempt.currency)
    settle(attempt, Outcome(Kind.PAID, reference=attempt.reference, amount=sum_, received=sum_), by=PROCESSOR)
    tail = f"settings/processors/{connection.public_id}/remove/"
    read = words(desk.get(tail))
    assert "2 open requests cannot be paid until you connect another." in read
    assert "1 payment stays refundable from the order" in read
    desk.post(tail)
    connection.refresh_from_db()
    assert connection.removed_at is not None
    assert "No card processor yet." in words(desk.get("settings/processors/"))


def test_a_processor_of_another_account_is_not_found(desk: Desk) -> None:
    """N12."""
    connection = desk.account.connections.get()
    stranger = make_user(name="Mallory")
    desk.client.force_login(stranger)
    assert desk.post(f"settings/processors/{connection.public_id}/remove/").status_code == 404


def test_alarms_are_shown_with_what_to_do(desk: Desk) -> None:
    """F5: here for everybody, and in one line above the orders for those who can do something."""
    make_order(desk.account)
    raise_alarm(desk.account, "webhooks_missing", processor="Stripe")
    raise_alarm(desk.account, "payout_failed", processor="Stripe", amount="$41.20")
    for role, told in (("owner", True), ("manager", True), ("staff", False), ("viewer", False)):
        desk.client.force_login(make_user(desk.account, role=role, name="Someone"))
        read = words(desk.get("settings/processors/"))
        assert "Webhooks do not arrive" in read
        assert "Stripe took a payment and told us nothing." in read
        assert "Press Check connection on the card processors page." in read
        assert "Check the bank account you entered at Stripe." in read
        assert ("A payout did not arrive , and 1 more." in words(desk.get())) is told
    for kind in ("webhooks_missing", "payout_failed"):
        clear_alarm(desk.account, kind)
    assert "Webhooks do not arrive" not in words(desk.get("settings/processors/"))


def test_alarms_of_another_account_are_not_shown(desk: Desk) -> None:
    """N12."""
    raise_alarm(Account.objects.create(slug="other", name="Other"), "webhooks_missing", processor="Stripe")
    assert "Webhooks do not arrive" not in words(desk.get("settings/processors/"))


def test_resting_cards_are_said_with_their_reason(desk: Desk) -> None:
    """K1: the alarm is the note with the button, and is not said twice."""
    until = timezone.now() + timedelta(minutes=20)
    Account.objects.update(cards_rest_until=until, time_zone="UTC", locale="en-GB")
    raise_alarm(desk.account, "card_testing", declined=14, tries=20, until=f"{until:%H:%M}")
    read = words(desk.get("settings/processors/"))
    assert f"Card payments rest until {until:%H:%M}: 14 of the last 20 cards were declined." in read
    assert "Card payments rest: many cards are being declined" not in read
    desk.client.force_login(make_user(desk.account, role="staff", name="Someone"))
    assert "Only a manager or the owner can do this." in words(desk.get("settings/processors/"))
    assert desk.post("settings/processors/cards/").status_code == 403


def test_card_payments_go_on_when_a_manager_says_so(desk: Desk) -> None:
    """K1: these were customers."""
    Account.objects.update(cards_rest_until=timezone.now() + timedelta(minutes=20))
    raise_alarm(desk.account, "card_testing", declined=14, tries=20, until="15:40")
    desk.client.force_login(make_user(desk.account, role="manager", name="Someone"))
    assert "Let card payments go on" in words(desk.get("settings/processors/"))
    answer = desk.client.post(desk.path("settings/processors/cards/"), follow=True)
    assert "Card payments go on." in words(answer)
    assert "Card payments rest" not in words(answer)
    assert not desk.account.alarms.filter(over_at=None).exists()
    assert "Card payments do not rest any more." in words(
        desk.client.post(desk.path("settings/processors/cards/"), follow=True)
    )


def test_customers_can_be_sent_to_the_processors_page(desk: Desk) -> None:
    """The switch is there where the processor has a page of its own."""
    connection = desk.account.connections.get()
    tail = f"settings/processors/{connection.public_id}/page/"
    assert "Customers pay on Test processor's page instead of ours" in words(desk.get("settings/processors/"))
    desk.post(tail, {"hosted": "on"})
    connection.refresh_from_db()
    assert connection.hosted
    assert "hosted" in inputs(desk.get("settings/processors/"))
    desk.post(tail)
    connection.refresh_from_db()
    assert not connection.hosted
    desk.account.connections.all().delete()
    paypal = make_connection(desk.account, kind="paypal_express")
    assert "instead of ours" not in words(desk.get("settings/processors/"))
    assert desk.post(f"settings/processors/{paypal.public_id}/page/", {"hosted": "on"}).status_code == 403


def test_what_is_not_needed_has_no_cross(desk: Desk) -> None:
    """ux.md 3.8: wallets are advice."""
    line = {"label": "Wallets", "ok": False, "detail": "Not at http://localhost", "fix": "Cards work.", "needed": False}
    ProcessorConnection.objects.update(checks=[line], checked_at=timezone.now())
    read = words(desk.get("settings/processors/"))
    assert "Not needed: Wallets" in read
    assert "Problem:" not in read


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    running = start_sandbox(tmp_path_factory.mktemp("sandbox"))
    yield running
    running.stop()


@pytest.fixture
def keys(sandbox: Sandbox, live_server: Any, settings: Any) -> dict[str, str]:
    """Keys of an account of its own, at a processor whose webhooks reach this shop."""
    settings.PUBLIC_URL, settings.ROUND_TRIP_SECONDS, settings.SANDBOX_URL = live_server.url, 8, sandbox.url
    made = sandbox.post("/_sandbox/accounts", {"secret_key": f"sk_test_{new_id('x')}"})
    return {name: made[name] for name in ("secret_key", "publishable_key")} | {"api_base": sandbox.url}


def test_connecting_sets_everything_up_and_says_so(desk: Desk, keys: dict[str, str]) -> None:
    """ux.md 3.6, S8: "Stripe is ready. Customers can pay." """
    desk.account.connections.all().delete()
    answer = desk.client.post(desk.path("settings/processors/connect/sandbox/"), keys, follow=True)
    read = words(answer)
    assert "Test processor is ready. Customers can pay." in read
    assert "Test webhook · Heard after " in read
    assert "Not needed: Wallets" in read
    connection = desk.account.connections.get()
    assert connection.processor_account.startswith("acct_")
    assert connection.hook_reference.startswith("we_")


def test_webhooks_are_renewed_and_both_secrets_said_to_hold(desk: Desk, keys: dict[str, str]) -> None:
    """D8."""
    desk.account.connections.all().delete()
    desk.post("settings/processors/connect/sandbox/", keys)
    connection = desk.account.connections.get()
    answer = desk.client.post(desk.path(f"settings/processors/{connection.public_id}/webhooks/"), follow=True)
    read = words(answer)
    assert "Webhooks are connected." in read
    assert "Two webhook secrets hold: this one, and until" in read
    renewed = desk.account.connections.get()
    assert renewed.hook_reference != connection.hook_reference


def test_keys_are_replaced_once_they_work(desk: Desk, keys: dict[str, str]) -> None:
    """ux.md 3.6: a wrong one is refused at its field and the old one stays; live never takes the place of test."""
    desk.account.connections.all().delete()
    desk.post("settings/processors/connect/sandbox/", keys)
    connection = desk.account.connections.get()
    tail = f"settings/processors/{connection.public_id}/keys/"
    answer = desk.post(tail, {"secret_key": "sk_test_mistyped"})
    assert answer.status_code == 422
    assert "The keys from before stay in use." in words(answer)
    assert desk.post(tail, {"secret_key": "sk_live_wxyz9876"}).status_code == 422
    assert desk.account.connections.get().credentials == connection.credentials
    assert desk.post(tail, {"secret_key": keys["secret_key"]}).status_code == 302
    assert desk.account.connections.get().credentials == connection.credentials
