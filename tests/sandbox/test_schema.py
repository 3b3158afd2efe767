"""The sandbox's answers and events are valid against Stripe's published schema, and have its fixtures' fields."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.sandbox.conftest import Receiver, until
from tests.servers import Sandbox
from tests.stripe_schema import fixtures, problems_of_answer, problems_of_object

SUM = {"amount": "110528", "currency": "usd", "metadata[order]": "ord_1"}
# Fields of Stripe's newer fixtures that no payment here ever fills, and that the published schema does not know.
ELSEWHERE = {
    "payment_intent": {"managed_payments"},
    "charge": {"refunds"},
    "account": set(),
    "webhook_endpoint": set(),
    "event": set(),
}


class Caller:
    """Plain HTTP, every answer held to the schema."""

    def __init__(self, url: str, key: str) -> None:
        self.url, self.key = url, key
        self.seen: set[tuple[str, int]] = set()

    def __call__(self, method: str, path: str, data: dict[str, str] | None = None) -> Any:
        answer = requests.request(
            method, self.url + path, data=data, headers={"Authorization": f"Bearer {self.key}"}, timeout=10
        )
        body = answer.json()
        assert problems_of_answer(method, path.partition("?")[0], answer.status_code, body) == []
        self.seen.add((method, answer.status_code))
        return body


@pytest.fixture
def call(sandbox: Sandbox, account: dict[str, str]) -> Caller:
    """Calls as the test's account."""
    return Caller(sandbox.url, account["secret_key"])


def _intent(call: Caller, token: str = "", **more: str) -> Any:
    intent = call("POST", "/v1/payment_intents", SUM)
    if not token:
        return intent
    return call("POST", f"/v1/payment_intents/{intent['id']}/confirm", {"payment_method": token, **more})


def test_every_answer_is_valid(call: Caller) -> None:
    """Both ways of the contract: every operation, its successes and its refusals."""
    call("GET", "/v1/account")
    paid = _intent(call, "pm_card_visa")
    call("GET", f"/v1/payment_intents/{paid['id']}?expand[]=latest_charge")
    call("GET", f"/v1/charges/{paid['latest_charge']}")
    call("GET", "/v1/payment_intents?limit=3&expand[]=data.latest_charge")
    call("POST", f"/v1/payment_intents/{paid['id']}/cancel", {})
    call("POST", f"/v1/payment_intents/{paid['id']}", {"description": "Order 2047", "shipping[name]": "Dana"})
    _intent(call, "pm_card_visa_chargeDeclined")
    _intent(call, "pm_card_sandboxPending")
    _intent(call, "pm_card_authenticationRequired", return_url="http://localhost:1/back")
    open_intent = _intent(call)
    call("POST", f"/v1/payment_intents/{open_intent['id']}/cancel", {"cancellation_reason": "abandoned"})
    call("GET", "/v1/payment_intents/pi_none")
    call("POST", "/v1/payment_intents", {"amount": "x", "currency": "usd"})
    call("GET", "/v1/charges?limit=2")
    endpoint = call(
        "POST", "/v1/webhook_endpoints", {"url": "https://shop.example/hooks/", "enabled_events[]": "charge.failed"}
    )
    call("GET", "/v1/webhook_endpoints")
    call("POST", f"/v1/webhook_endpoints/{endpoint['id']}", {"disabled": "true"})
    call("GET", f"/v1/webhook_endpoints/{endpoint['id']}")
    call("DELETE", f"/v1/webhook_endpoints/{endpoint['id']}")
    events = call("GET", "/v1/events?limit=100")
    call("GET", f"/v1/events/{events['data'][0]['id']}")
    assert call.seen == {("GET", 200), ("GET", 404), ("POST", 200), ("POST", 400), ("POST", 402), ("DELETE", 200)}


def test_every_event_sent_is_valid_and_so_is_what_it_carries(call: Caller, receiver: Receiver) -> None:
    """Events of a whole life: made, challenged, declined, processing, paid, cancelled."""
    call("POST", "/v1/webhook_endpoints", {"url": receiver.url, "enabled_events[]": "*"})
    for token in ("pm_card_visa", "pm_card_visa_chargeDeclined", "pm_card_sandboxPending"):
        _intent(call, token)
    _intent(call, "pm_card_authenticationRequired", return_url="http://localhost:1/back")
    call("POST", f"/v1/payment_intents/{_intent(call)['id']}/cancel", {})
    wanted = {
        "payment_intent.created", "payment_intent.succeeded", "payment_intent.payment_failed",
        "payment_intent.processing", "payment_intent.requires_action", "payment_intent.canceled",
        "charge.succeeded", "charge.failed", "charge.pending",
    }  # fmt: skip
    until(lambda: {json.loads(body)["type"] for body, _ in receiver.taken} >= wanted)
    for body, _ in receiver.taken:
        event = json.loads(body)
        carried = event["data"]["object"]
        assert problems_of_object("event", event) == []
        assert problems_of_object(carried["object"], carried) == []


def _objects(call: Caller) -> Iterator[dict[str, Any]]:
    intent = _intent(call, "pm_card_visa")
    yield intent
    yield call("GET", f"/v1/charges/{intent['latest_charge']}")
    yield call("GET", "/v1/account")
    yield call("GET", "/v1/events?limit=1")["data"][0]
    endpoint = call("POST", "/v1/webhook_endpoints", {"url": "https://shop.example/", "enabled_events[]": "*"})
    yield call("GET", f"/v1/webhook_endpoints/{endpoint['id']}")


def test_objects_have_the_fields_of_stripes_own_fixtures(call: Caller) -> None:
    """What a reader of Stripe's objects may look for is there."""
    for found in _objects(call):
        kind = found["object"]
        assert set(fixtures()[kind]) - set(found) <= ELSEWHERE[kind], kind


@pytest.mark.parametrize(
    "change", [{"amount": 10.5}, {"status": "paid"}, {"currency": None}, {"metadata": {"n": 1}}, {"created": "now"}]
)
def test_the_check_itself_notices_a_mistake(call: Caller, change: dict[str, Any]) -> None:
    """A float, a wrong word or a null would not pass."""
    intent = _intent(call)
    assert problems_of_object("payment_intent", intent) == []
    assert problems_of_object("payment_intent", {**intent, **change}) != []
