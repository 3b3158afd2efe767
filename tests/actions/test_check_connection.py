"""Check connection: what is kept of it, and a webhook that makes the whole round (ux.md 3.6)."""

import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from balancedue.actions.check_connection import check_connection, hook_url, is_ready, set_up_hook
from balancedue.actions.connect_processor import connect_processor, remove_connection
from balancedue.actions.make_round_trip import LABEL
from balancedue.actions.open_processor import OLD_SECRET, open_processor
from balancedue.actions.receive_event import process_next_event, receive_event
from balancedue.models import Account, Alarm, ProcessorConnection, ProcessorEvent
from balancedue.processors.base import Check
from balancedue.processors.reports import BadSignature
from balancedue.processors.stripe.hooks import EVENTS
from balancedue.rules.errors import Refused
from tests.card_shop import CardShop
from tests.makers import make_account, make_connection, make_order, make_user

PAYPAL = {"api_username": "shop_api1", "api_password": "secret", "api_signature": "AbC"}


@dataclass
class Reached:
    """A shop whose webhooks reach it."""

    shop: CardShop

    @property
    def connection(self) -> ProcessorConnection:
        return ProcessorConnection.objects.select_related("account").get(pk=self.shop.connection.pk)

    def endpoints(self) -> list[str]:
        return [one.id for one in self.shop.stripe.v1.webhook_endpoints.list({"limit": 100}).data]


@pytest.fixture
def reached(shop: CardShop, live_server: Any, settings: Any) -> Reached:
    settings.PUBLIC_URL = live_server.url
    settings.ROUND_TRIP_SECONDS = 8
    return Reached(shop)


def _line(lines: list[Check], label: str = LABEL) -> Check:
    return next(line for line in lines if line.label == label)


def test_a_webhook_of_our_own_makes_the_round(reached: Reached) -> None:
    """ux.md 3.6: the processor sends it, we store it, and the line says how soon."""
    set_up_hook(connection=reached.connection)
    lines = check_connection(connection=reached.connection)
    assert [line for line in lines if not line.ok and line.needed] == []
    assert is_ready(lines)
    assert _line(lines).detail.startswith("Heard after ")
    connection = reached.connection
    trip = connection.round_trip
    event = ProcessorEvent.objects.get(reference=trip["reference"])
    assert datetime.fromisoformat(trip["heard_at"]) == event.received_at
    assert [line["label"] for line in connection.checks] == [line.label for line in lines]
    assert connection.checked_at is not None


def test_the_webhook_is_known_as_our_own_and_disturbs_nobody(reached: Reached) -> None:
    """D4: it is of no order, and must not wait for a person; one of an earlier check neither."""
    set_up_hook(connection=reached.connection)
    for _ in range(2):
        check_connection(connection=reached.connection)
    while process_next_event():
        pass
    events = ProcessorEvent.objects.all()
    assert len(events) == 2
    assert {event.status for event in events} == {ProcessorEvent.DONE}
    assert not Alarm.objects.exists()


def test_one_that_comes_late_turns_its_line(reached: Reached, settings: Any) -> None:
    """ux.md 3.6: the page tells of it without another check."""
    set_up_hook(connection=reached.connection)
    settings.ROUND_TRIP_SECONDS = 0
    reached.shop.sandbox.faults(plan=[{"operation": "webhook", "fault": "delayed", "seconds": 0.5}])
    line = _line(check_connection(connection=reached.connection))
    reached.shop.sandbox.faults(plan=[])
    assert (line.ok, line.needed, line.detail) == (False, True, "Not heard within 0 s")
    assert "reachable from the internet by https" in line.fix
    _until(lambda: ProcessorEvent.objects.exists())
    assert process_next_event()
    [kept] = [line for line in reached.connection.checks if line["label"] == LABEL]
    assert kept["ok"]
    assert kept["detail"].startswith("Heard after ")
    assert kept["fix"] == ""


def test_one_found_by_asking_is_not_one_that_came(reached: Reached, settings: Any) -> None:
    """ux.md 3.6: only a webhook proves that webhooks come."""
    connection = _checked_in_silence(reached, settings)
    note = {"connection": connection, "external_id": "evt_1", "type": "payment_intent.canceled", "body": "{}"}
    now = timezone.now()
    ProcessorEvent.objects.create(
        **note, reference=connection.round_trip["reference"], listed=True, received_at=now, next_try_at=now
    )
    assert process_next_event()
    assert reached.connection.round_trip["heard_at"] == ""
    assert ProcessorEvent.objects.get().status == ProcessorEvent.DONE


def test_without_a_secret_nothing_is_waited_for(reached: Reached) -> None:
    """Nothing that comes could be told from a forgery."""
    connection = reached.connection
    connection.credentials = {k: v for k, v in connection.credentials.items() if k != "webhook_secret"}
    connection.save()
    lines = check_connection(connection=reached.connection)
    assert LABEL not in [line.label for line in lines]
    assert not is_ready(lines)


def test_new_endpoints_take_the_place_of_the_old_once_heard(reached: Reached) -> None:
    """ux.md 3.6: none piles up, and while they change both secrets hold (D8)."""
    first = set_up_hook(connection=reached.connection)
    second = set_up_hook(connection=reached.connection)
    assert set(reached.endpoints()) == {first.hook_reference, second.hook_reference}
    old, new = first.credentials["webhook_secret"], second.credentials["webhook_secret"]
    assert (second.credentials[OLD_SECRET], old != new) == (old, True)
    check_connection(connection=reached.connection)
    assert reached.endpoints() == [second.hook_reference]


def test_the_old_endpoint_stays_while_the_new_one_is_not_heard(shop: CardShop, settings: Any) -> None:
    """ux.md 3.6: a working endpoint is not given up for one that may not work."""
    settings.PUBLIC_URL = "http://127.0.0.1:9"
    first = set_up_hook(connection=shop.connection)
    second = set_up_hook(connection=first)
    check_connection(connection=second)
    listed = {one.id for one in shop.stripe.v1.webhook_endpoints.list().data}
    assert listed == {first.hook_reference, second.hook_reference}


def test_the_old_secret_holds_for_three_days(shop: CardShop) -> None:
    """D8: what was signed with it may still be on its way; then it is over."""
    connection = set_up_hook(connection=shop.connection)
    body = b'{"object": "event", "id": "evt_1", "type": "x"}'
    head = {"Stripe-Signature": _sign(body, "whsec_testtesttest")}
    receive_event(connection=connection, headers=head, body=body)
    connection.credentials = connection.credentials | {
        "webhook_secret_old_until": (timezone.now() - timedelta(seconds=1)).isoformat()
    }
    connection.save()
    with pytest.raises(BadSignature):
        receive_event(connection=connection, headers=head, body=body)


def test_the_account_is_remembered_and_never_changed_by_a_check(shop: CardShop) -> None:
    """D6: from then on `settle` compares it."""
    check_connection(connection=shop.connection)
    shop.connection.refresh_from_db()
    assert shop.connection.processor_account.startswith("acct_")
    assert shop.begin().attempt.processor_account == shop.connection.processor_account
    ProcessorConnection.objects.update(processor_account="acct_before")
    shop.connection.refresh_from_db()
    assert not _line(check_connection(connection=shop.connection), "Account").ok
    shop.connection.refresh_from_db()
    assert shop.connection.processor_account == "acct_before"


def test_a_check_says_whether_the_key_works(shop: CardShop) -> None:
    """ux.md 3.3: an outage breaks nothing, a rejected key does, a good check mends."""
    account = shop.connection.processor_account
    shop.sandbox.faults(mode="reset")
    check_connection(connection=shop.connection)
    shop.sandbox.faults(mode="none")
    assert _fresh(shop).broken_at is None
    shop.sandbox.faults(plan=[{"operation": "GET /v1/account", "fault": "error", "status": 401}])
    check_connection(connection=_fresh(shop))
    shop.sandbox.faults(plan=[])
    assert _fresh(shop).broken_at is not None
    check_connection(connection=_fresh(shop))
    assert _fresh(shop).broken_at is None
    assert _fresh(shop).processor_account != account


def test_a_check_of_keys_replaced_meanwhile_is_not_kept(shop: CardShop) -> None:
    """What was found is of other keys."""
    stale = _fresh(shop)
    ProcessorConnection.objects.update(credentials_sealed="replaced")
    check_connection(connection=stale)
    assert _fresh(shop).checks == []


def test_keys_that_cannot_be_opened_are_a_line(shop: CardShop) -> None:
    """J12: the field key is gone."""
    ProcessorConnection.objects.update(credentials_sealed="lost:x", broken_at=timezone.now())
    [line] = check_connection(connection=_fresh(shop))
    assert not line.ok
    assert "Enter the keys again" in line.fix
    assert _fresh(shop).broken_at is not None


def test_currencies_of_orders_are_looked_at_too(shop: CardShop) -> None:
    """F1."""
    make_order(shop.account, currency="UGX", total_minor=100)
    line = _line(check_connection(connection=shop.connection), "Currencies")
    assert (line.ok, line.needed) == (False, False)
    assert "UGX" in line.fix


def test_an_endpoint_is_completed_by_a_check(reached: Reached) -> None:
    """A new version of Balancedue needs more events."""
    made = set_up_hook(connection=reached.connection)
    fewer: Any = {"enabled_events": ["charge.failed"]}
    reached.shop.stripe.v1.webhook_endpoints.update(made.hook_reference, fewer)
    assert is_ready(check_connection(connection=reached.connection))
    [endpoint] = reached.shop.stripe.v1.webhook_endpoints.list().data
    assert set(endpoint.enabled_events) == set(EVENTS)


def test_a_removed_connection_still_hears(reached: Reached) -> None:
    """Requirements.md 3.28: old payments stay refundable, and their webhooks are answered."""
    connection = set_up_hook(connection=reached.connection)
    remove_connection(connection=connection)
    reached.shop.stripe.v1.payment_intents.cancel(
        reached.shop.stripe.v1.payment_intents.create({"amount": 100, "currency": "usd"}).id
    )
    _until(lambda: ProcessorEvent.objects.filter(connection=connection).exists())
    assert open_processor(connection).account_of_keys().startswith("acct_")


def test_a_processor_without_webhooks_says_so(db: None) -> None:
    """S6: by capability, never by name."""
    account = make_account()
    make_user(account)
    paypal = connect_processor(account=account, kind="paypal_express", credentials=PAYPAL)
    with pytest.raises(Refused):
        set_up_hook(connection=paypal)
    [line] = check_connection(connection=paypal)
    assert not line.ok
    assert Account.objects.get().connections.get().broken_at is None


def test_where_webhooks_go(db: None) -> None:
    """Contract.md: /hooks/<connection>/."""
    connection = make_connection(make_account())
    assert hook_url(connection).endswith(f"/hooks/{connection.public_id}/")


def _sign(body: bytes, secret: str) -> str:
    now = int(time.time())
    return f"t={now},v1={hmac.new(secret.encode(), b'%d.' % now + body, hashlib.sha256).hexdigest()}"


def _fresh(shop: CardShop) -> ProcessorConnection:
    return ProcessorConnection.objects.get(pk=shop.connection.pk)


def _checked_in_silence(reached: Reached, settings: Any) -> ProcessorConnection:
    """Checked while webhooks get lost."""
    set_up_hook(connection=reached.connection)
    settings.ROUND_TRIP_SECONDS = 0
    reached.shop.sandbox.faults(plan=[{"operation": "webhook", "fault": "lost"}])
    check_connection(connection=reached.connection)
    reached.shop.sandbox.faults(plan=[])
    return reached.connection


def _until(holds: Callable[[], bool], seconds: float = 8) -> None:
    end = timezone.now() + timedelta(seconds=seconds)
    while not holds():
        assert timezone.now() < end, "it did not come"
        time.sleep(0.05)
