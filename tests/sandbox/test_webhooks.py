"""Events: recorded with the change, signed, sent again until taken."""

import json
from typing import Any

import pytest
import stripe

from tests.sandbox.conftest import Receiver, client_for, until
from tests.servers import Sandbox, start_sandbox

PAID: dict[str, Any] = {"amount": 110528, "currency": "usd", "confirm": True, "payment_method": "pm_card_visa"}


def _listen(client: stripe.StripeClient, receiver: Receiver, *events: Any) -> str:
    endpoint = client.v1.webhook_endpoints.create(
        {"url": receiver.url, "enabled_events": list(events) or ["payment_intent.succeeded"]}
    )
    assert endpoint.secret is not None
    return endpoint.secret


def test_a_payment_is_told_and_signed(client: stripe.StripeClient, receiver: Receiver) -> None:
    """Stripe's own SDK takes the signature, and refuses it for another secret or another body."""
    secret = _listen(client, receiver)
    intent = client.v1.payment_intents.create({**PAID, "metadata": {"attempt": "att_1"}})
    body, headers = receiver.wait(1)[0]
    event = stripe.Webhook.construct_event(body, headers["Stripe-Signature"], secret)  # type: ignore[no-untyped-call]
    assert (event.type, event.data.object.id) == ("payment_intent.succeeded", intent.id)
    assert event.data.object.metadata["attempt"] == "att_1"
    for changed, key in ((body + b" ", secret), (body, "whsec_other")):
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.Webhook.construct_event(changed, headers["Stripe-Signature"], key)  # type: ignore[no-untyped-call]


def test_only_what_was_asked_for_is_sent(client: stripe.StripeClient, receiver: Receiver) -> None:
    """enabled_events chooses; `*` means all."""
    _listen(client, receiver, "payment_intent.canceled")
    client.v1.payment_intents.create(PAID)
    cancelled = client.v1.payment_intents.create({"amount": 500, "currency": "usd"})
    client.v1.payment_intents.cancel(cancelled.id)
    receiver.wait(1)
    assert [json.loads(body)["type"] for body, _ in receiver.taken] == ["payment_intent.canceled"]


def test_it_is_sent_again_until_it_is_taken(client: stripe.StripeClient, receiver: Receiver) -> None:
    """An answer other than 2xx is followed by another try of the same event."""
    _listen(client, receiver)
    receiver.status = 500
    client.v1.payment_intents.create(PAID)
    receiver.wait(2)
    undelivered = client.v1.events.list({"delivery_success": False})
    assert [event.type for event in undelivered.data] == ["payment_intent.succeeded"]
    assert undelivered.data[0].pending_webhooks == 1
    receiver.status = 204
    until(lambda: client.v1.events.list({"delivery_success": False}).data == [])
    assert len({json.loads(body)["id"] for body, _ in receiver.taken}) == 1


def test_events_can_be_listed_by_kind(client: stripe.StripeClient) -> None:
    """Catch-up reads them from here, newest first."""
    intent = client.v1.payment_intents.create(PAID)
    events = client.v1.events.list({"types": ["payment_intent.*"]}).data
    assert [event.type for event in events] == ["payment_intent.succeeded", "payment_intent.created"]
    one = client.v1.events.retrieve(events[0].id)
    assert one.data.object["id"] == intent.id
    assert one.request is not None
    assert one.request.id == intent.last_response.headers["Request-Id"]
    assert [event.type for event in client.v1.events.list({"type": "charge.succeeded"}).data] == ["charge.succeeded"]


def test_an_endpoint_switched_off_or_deleted_gets_nothing(client: stripe.StripeClient, receiver: Receiver) -> None:
    """Disabling or deleting stops retries as well."""
    _listen(client, receiver, "*")
    endpoint = client.v1.webhook_endpoints.list().data[0]
    assert "secret" not in endpoint.to_dict()
    off = client.v1.webhook_endpoints.update(endpoint.id, {"disabled": True})
    assert off.status == "disabled"
    client.v1.payment_intents.create(PAID)
    assert client.v1.webhook_endpoints.delete(endpoint.id).deleted is True
    client.v1.payment_intents.create(PAID)
    assert client.v1.webhook_endpoints.list().data == []
    assert receiver.taken == []


def test_webhooks_can_be_held_back_and_come_later(
    sandbox: Sandbox, client: stripe.StripeClient, receiver: Receiver
) -> None:
    """Mute: nothing comes; switched on again, what waited goes out."""
    _listen(client, receiver)
    sandbox.faults(webhooks="off")
    client.v1.payment_intents.create(PAID)
    assert client.v1.events.list({"delivery_success": False}).data != []
    assert receiver.taken == []
    sandbox.faults(webhooks="on")
    receiver.wait(1)


def test_webhooks_can_come_twice(sandbox: Sandbox, client: stripe.StripeClient, receiver: Receiver) -> None:
    """The same event, twice."""
    _listen(client, receiver)
    sandbox.faults(webhooks="twice")
    client.v1.payment_intents.create(PAID)
    taken = receiver.wait(2)
    sandbox.faults(webhooks="on")
    assert len({json.loads(body)["id"] for body, _ in taken}) == 1


def test_an_old_event_can_be_sent_again(sandbox: Sandbox, client: stripe.StripeClient, receiver: Receiver) -> None:
    """For rehearsing duplicates long after."""
    _listen(client, receiver)
    client.v1.payment_intents.create(PAID)
    event = json.loads(receiver.wait(1)[0][0])
    assert sandbox.post("/_sandbox/redeliver", {"event": event["id"]}) == {"event": event["id"], "deliveries": 1}
    receiver.wait(2)


def test_what_was_not_delivered_survives_a_restart(tmp_path: Any, receiver: Receiver) -> None:
    """The event is on disk with the payment; a new process sends it."""
    first = start_sandbox(tmp_path)
    client = client_for(first.url, first.secret_key)
    _listen(client, receiver)
    first.faults(webhooks="off")
    client.v1.payment_intents.create(PAID)
    first.stop()
    second = start_sandbox(tmp_path)
    assert second.secret_key == first.secret_key
    assert receiver.taken == []
    second.faults(webhooks="on")
    receiver.wait(1)
    second.stop()
