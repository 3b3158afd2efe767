"""The sandbox's answers and events are valid against Stripe's published schema, and have its fixtures' fields."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

import balancedue.sandbox as sandbox_package
from balancedue.sandbox import checkout_operations, hook_operations, money_operations, operations
from tests.sandbox.conftest import Receiver, until
from tests.servers import Sandbox
from tests.stripe_held import NOT_IN_THE_SCHEMA
from tests.stripe_schema import fixtures, pattern_of, problems_of_answer, problems_of_object, published

SUM = {"amount": "110528", "currency": "usd", "metadata[order]": "ord_1"}
SESSION = {
    "mode": "payment",
    "success_url": "https://shop.example/back?session={CHECKOUT_SESSION_ID}",
    "cancel_url": "https://shop.example/",
    "line_items[0][price_data][currency]": "usd",
    "line_items[0][price_data][unit_amount]": "110528",
    "line_items[0][price_data][product_data][name]": "Order 2047",
    "line_items[0][quantity]": "1",
    "payment_intent_data[metadata][attempt]": "att_1",
}
PARTS = (operations, money_operations, hook_operations, checkout_operations)
# Fields of Stripe's newer fixtures that no payment here ever fills, and that the published schema does not know.
ELSEWHERE: dict[str, set[str]] = {
    "payment_intent": {"managed_payments"},
    "charge": {"refunds"},
    "refund": {"payment_method"},
    "checkout.session": {"managed_payments"},
}


class Caller:
    """Plain HTTP, every answer held to the schema."""

    def __init__(self, url: str, key: str) -> None:
        self.url, self.key = url, key
        self.seen: set[tuple[str, int]] = set()
        self.answered: set[tuple[str, str]] = set()

    def __call__(self, method: str, path: str, data: dict[str, str] | None = None) -> Any:
        answer = requests.request(
            method, self.url + path, data=data, headers={"Authorization": f"Bearer {self.key}"}, timeout=10
        )
        body = answer.json()
        place = path.partition("?")[0]
        if place.startswith(tuple(NOT_IN_THE_SCHEMA)):
            return body
        assert problems_of_answer(method, place, answer.status_code, body) == []
        self.seen.add((method, answer.status_code))
        self.answered.add((method, pattern_of(place)))
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


def _payments(call: Caller) -> None:
    """Payment intents, charges, events and webhook endpoints, in every way they can be called."""
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


def test_every_answer_is_valid(call: Caller) -> None:
    """Both ways of the contract: successes and refusals."""
    _payments(call)
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


def _money_that_moves_later(call: Caller, sandbox: Sandbox, account: dict[str, str]) -> None:
    """Refunds in every status, disputes in every status, balance transactions, payouts."""
    for token in ("pm_card_visa", "pm_card_pendingRefund", "pm_card_refundFail", "pm_card_sandboxRefundWaitsForFunds"):
        refund = call("POST", "/v1/refunds", {"payment_intent": _intent(call, token)["id"], "amount": "500"})
    sandbox.end(refund["id"], "failed")
    call("GET", f"/v1/refunds/{refund['id']}")
    asks = call("POST", "/v1/refunds", {"charge": _intent(call, "pm_card_sandboxRefundAsks")["latest_charge"]})
    call("POST", f"/v1/refunds/{asks['id']}/cancel")
    call("POST", f"/v1/refunds/{asks['id']}/cancel")
    call("POST", f"/v1/refunds/{refund['id']}", {"metadata[a]": "1"})
    call("POST", "/v1/refunds", {"charge": refund["charge"], "amount": "999999"})
    call("GET", "/v1/refunds?limit=100")
    for outcome, status in (("won", "needs_response"), ("lost", "needs_response"), ("lost", "warning_needs_response")):
        dispute = sandbox.dispute(_intent(call, "pm_card_visa")["latest_charge"], status=status)
        call("GET", f"/v1/disputes/{dispute}")
        call("POST", f"/v1/disputes/{dispute}", {"evidence[customer_name]": "Dana"})
        sandbox.end(dispute, outcome)
    call("POST", f"/v1/disputes/{dispute}/close")
    call("GET", "/v1/disputes?limit=100")
    held = call("GET", "/v1/balance_transactions?limit=100")
    call("GET", f"/v1/balance_transactions/{held['data'][0]['id']}")
    call("GET", f"/v1/charges/{refund['charge']}?expand[]=balance_transaction&expand[]=refunds")
    payout = sandbox.pay_out(account["id"])
    call("GET", f"/v1/payouts/{payout}")
    sandbox.end(payout, "failed")
    call("GET", "/v1/payouts")
    call("GET", f"/v1/balance_transactions?payout={payout}")


def test_every_answer_about_money_that_moves_later_is_valid(
    call: Caller, sandbox: Sandbox, account: dict[str, str]
) -> None:
    """Whatever became of it."""
    _money_that_moves_later(call, sandbox, account)
    statuses = {one["status"] for one in call("GET", "/v1/refunds?limit=100")["data"]}
    assert statuses >= {"succeeded", "failed", "canceled"}


def _sessions(call: Caller) -> None:
    """Made, listed, with its lines, expired, refused."""
    session = call("POST", "/v1/checkout/sessions", SESSION)
    call("GET", f"/v1/checkout/sessions/{session['id']}?expand[]=line_items")
    call("POST", f"/v1/checkout/sessions/{session['id']}/expire")
    call("POST", f"/v1/checkout/sessions/{session['id']}/expire")
    call("POST", "/v1/checkout/sessions", {**SESSION, "mode": "setup"})
    call("GET", "/v1/checkout/sessions")


LEFT_OUT = {
    ("POST", "/v1/payment_intents/{intent}/capture")
}  # what is authorised is captured: nothing here asks for it


def test_every_operation_is_answered_validly(call: Caller, sandbox: Sandbox, account: dict[str, str]) -> None:
    """Each that is published but for one, and each that the sandbox has."""
    _payments(call)
    _money_that_moves_later(call, sandbox, account)
    _sessions(call)
    everything = {(method.upper(), path) for path, methods in published()["paths"].items() for method in methods}
    assert call.answered == everything - LEFT_OUT
    own = {(method, path) for part in PARTS for method, path, _ in part.OPERATIONS}
    assert {(method, pattern_of(path)) for method, path in own if not path.startswith(tuple(NOT_IN_THE_SCHEMA))} == (
        call.answered
    )


RECORDED = re.compile(r'record\(\s*tx,\s*\w+(?:\.\w+)*,[^"]*?"([a-z_.]+)"(?: if \w+ else "([a-z_.]+)")?')


def _recordable() -> set[str]:
    """Every type of event that the sandbox's source writes down."""
    text = "\n".join(path.read_text() for path in Path(sandbox_package.__file__).parent.glob("*.py"))
    found = {kind for pair in RECORDED.findall(text) for kind in pair if kind}
    return found | {"payout.paid", "payout.failed", "account.updated"}  # written in another way


def test_every_type_of_event_is_valid_and_so_is_what_it_carries(
    call: Caller, sandbox: Sandbox, account: dict[str, str]
) -> None:
    """Listed, whether or not a webhook was sent: each type the sandbox can write down."""
    endpoint = call("POST", "/v1/webhook_endpoints", {"url": "http://127.0.0.1:9/", "enabled_events[]": "*"})
    sandbox.post("/_sandbox/ping", {"endpoint": endpoint["id"]})
    call("DELETE", f"/v1/webhook_endpoints/{endpoint['id']}")
    _payments(call)
    _money_that_moves_later(call, sandbox, account)
    sandbox.end(sandbox.pay_out(account["id"]), "paid")
    inquiry = sandbox.dispute(_intent(call, "pm_card_visa")["latest_charge"], status="warning_needs_response")
    sandbox.end(inquiry, "escalated")
    _sessions(call)
    for card in ("pm_card_visa", "pm_card_sandboxPending", "pm_card_sandboxPendingFails"):
        _pay_at_the_page(call, card)
    wanted = _recordable()
    assert len(wanted) >= 26  # or the source is written in a way that is not seen here
    until(lambda: {one["type"] for one in _events(call)} >= wanted)
    for event in _events(call):
        carried = event["data"]["object"]
        assert problems_of_object("event", event) == []
        assert problems_of_object(carried["object"], carried) == []


def _pay_at_the_page(call: Caller, card: str) -> None:
    session = call("POST", "/v1/checkout/sessions", SESSION)
    requests.post(session["url"], timeout=10).raise_for_status()
    intent = call("GET", f"/v1/checkout/sessions/{session['id']}")["payment_intent"]
    call("POST", f"/v1/payment_intents/{intent}/confirm", {"payment_method": card})


def _events(call: Caller) -> list[Any]:
    """Every event of the account."""
    rows: list[Any] = []
    while True:
        after = f"&starting_after={rows[-1]['id']}" if rows else ""
        page = call("GET", f"/v1/events?limit=100{after}")
        rows += page["data"]
        if not page["has_more"]:
            return rows


def test_every_event_about_money_that_moves_later_is_valid(
    call: Caller, receiver: Receiver, sandbox: Sandbox, account: dict[str, str]
) -> None:
    """Refunds, disputes, payouts, sessions; and what each event carries."""
    call("POST", "/v1/webhook_endpoints", {"url": receiver.url, "enabled_events[]": "*"})
    refund = call("POST", "/v1/refunds", {"charge": _intent(call, "pm_card_visa")["latest_charge"]})
    sandbox.end(refund["id"], "failed")
    for outcome in ("won", "lost"):
        dispute = sandbox.dispute(_intent(call, "pm_card_visa")["latest_charge"])
        call("POST", f"/v1/disputes/{dispute}", {"metadata[a]": "1"})
        sandbox.end(dispute, outcome)
    for outcome in ("paid", "failed"):
        sandbox.end(sandbox.pay_out(account["id"]), outcome)
        _intent(call, "pm_card_visa")
    call("POST", f"/v1/checkout/sessions/{call('POST', '/v1/checkout/sessions', SESSION)['id']}/expire")
    wanted = {
        "charge.refunded", "charge.updated", "refund.created", "refund.updated", "refund.failed",
        "charge.refund.updated", "charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed",
        "charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated", "payout.created", "payout.paid",
        "payout.failed", "checkout.session.expired",
    }  # fmt: skip
    until(lambda: {json.loads(body)["type"] for body, _ in receiver.taken} >= wanted)
    for body, _ in receiver.taken:
        event = json.loads(body)
        carried = event["data"]["object"]
        assert problems_of_object("event", event) == []
        assert problems_of_object(carried["object"], carried) == []


def test_disputes_and_payouts_have_the_fields_of_stripes_own_fixtures(
    call: Caller, sandbox: Sandbox, account: dict[str, str]
) -> None:
    """Nothing that Stripe's objects have is missing, down to the evidence."""
    dispute = call("GET", f"/v1/disputes/{sandbox.dispute(_intent(call, 'pm_card_visa')['latest_charge'])}")
    _intent(call, "pm_card_visa")
    sandbox.end(dispute["id"], "won")
    payout = call("GET", f"/v1/payouts/{sandbox.pay_out(account['id'])}")
    assert set(fixtures()["dispute"]) - set(dispute) == set()
    assert set(fixtures()["dispute"]["evidence"]) == set(dispute["evidence"])
    assert set(fixtures()["payout"]) - set(payout) == set()


def _objects(call: Caller) -> Iterator[dict[str, Any]]:
    intent = _intent(call, "pm_card_visa")
    yield intent
    yield call("GET", f"/v1/charges/{intent['latest_charge']}")
    yield call("GET", "/v1/account")
    yield call("GET", "/v1/events?limit=1")["data"][0]
    endpoint = call("POST", "/v1/webhook_endpoints", {"url": "https://shop.example/", "enabled_events[]": "*"})
    yield call("GET", f"/v1/webhook_endpoints/{endpoint['id']}")
    yield call("POST", "/v1/refunds", {"charge": intent["latest_charge"], "amount": "500"})
    yield call("GET", "/v1/balance_transactions?type=charge&limit=1")["data"][0]
    yield call("POST", "/v1/checkout/sessions", SESSION)


def test_objects_have_the_fields_of_stripes_own_fixtures(call: Caller) -> None:
    """What a reader of Stripe's objects may look for is there."""
    for found in _objects(call):
        kind = found["object"]
        assert set(fixtures()[kind]) - set(found) <= ELSEWHERE.get(kind, set()), kind


@pytest.mark.parametrize(
    "change", [{"amount": 10.5}, {"status": "paid"}, {"currency": None}, {"metadata": {"n": 1}}, {"created": "now"}]
)
def test_the_check_itself_notices_a_mistake(call: Caller, change: dict[str, Any]) -> None:
    """A float, a wrong word or a null would not pass."""
    intent = _intent(call)
    assert problems_of_object("payment_intent", intent) == []
    assert problems_of_object("payment_intent", {**intent, **change}) != []
