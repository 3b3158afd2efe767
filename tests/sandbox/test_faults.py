"""The fault plan (money-safety.md 3 C and D): what goes wrong, how often, and that it is the same every time."""

import json
import sqlite3
import time
import urllib.error
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests
import stripe

from balancedue.sandbox.errors import ApiError
from balancedue.sandbox.plan import Fault, Rule, read_rule
from tests.sandbox.conftest import Receiver, client_for, until
from tests.servers import Sandbox, start_sandbox

SUM: dict[str, Any] = {"amount": 110528, "currency": "usd"}
PAID: dict[str, Any] = {**SUM, "confirm": True, "payment_method": "pm_card_visa"}
CREATE = "POST /v1/payment_intents"


@pytest.fixture(autouse=True)
def no_plan(sandbox: Sandbox) -> Iterator[None]:
    """Nothing stays for the next test."""
    yield
    sandbox.faults(plan=[])


@pytest.fixture
def hasty(sandbox: Sandbox, account: dict[str, str]) -> stripe.StripeClient:
    """Waits a third of a second and does not try again."""
    return stripe.StripeClient(
        account["secret_key"],
        base_addresses={"api": sandbox.url},
        max_network_retries=0,
        http_client=stripe.RequestsClient(timeout=0.3),
    )


def _counts(sandbox: Sandbox) -> list[tuple[int, int]]:
    return [(rule["seen"], rule["hits"]) for rule in sandbox.get("/_sandbox/faults")["plan"]]


@pytest.mark.parametrize(
    ("fault", "made"), [("timeout_before", 0), ("reset", 0), ("timeout_after", 1), ("reset_after", 1)]
)
def test_an_answer_is_lost_before_or_after_the_effect(
    sandbox: Sandbox, client: stripe.StripeClient, hasty: stripe.StripeClient, fault: str, made: int
) -> None:
    """C1, C2: whether money moved cannot be told from the error; the same key finds out, and makes one."""
    sandbox.faults(plan=[{"operation": CREATE, "fault": fault, "times": 1, "seconds": 0.6}])
    with pytest.raises(stripe.APIConnectionError):
        hasty.v1.payment_intents.create(PAID, {"idempotency_key": fault})
    assert len(client.v1.payment_intents.list().data) == made
    again = client.v1.payment_intents.create(PAID, {"idempotency_key": fault})
    assert again.last_response.headers.get("Idempotent-Replayed") == ("true" if made else None)
    assert [one.id for one in client.v1.payment_intents.list().data] == [again.id]
    assert _counts(sandbox) == [(1, 1)]


@pytest.mark.parametrize(
    ("rule", "error", "status", "code"),
    [
        ({"status": 500}, stripe.APIError, 500, None),
        ({"status": 502}, stripe.APIError, 502, None),
        ({"status": 503, "retry_after": 2}, stripe.APIError, 503, None),
        ({"status": 429, "retry_after": 2}, stripe.RateLimitError, 429, None),
        (
            {"status": 402, "code": "card_declined", "decline_code": "fraudulent"},
            stripe.CardError,
            402,
            "card_declined",
        ),
        ({"status": 400, "code": "amount_too_small"}, stripe.InvalidRequestError, 400, "amount_too_small"),
        ({"status": 404, "code": "resource_missing"}, stripe.InvalidRequestError, 404, "resource_missing"),
        ({"status": 401}, stripe.AuthenticationError, 401, None),
        ({"status": 409, "code": "idempotency_key_in_use"}, stripe.APIError, 409, None),
    ],
)
def test_an_error_is_answered_as_stripe_words_it(
    sandbox: Sandbox,
    client: stripe.StripeClient,
    rule: dict[str, Any],
    error: type[stripe.StripeError],
    status: int,
    code: str | None,
) -> None:
    """C3: the SDK's own exception, with Retry-After if the rule has one; nothing was done."""
    sandbox.faults(plan=[{"operation": CREATE, "fault": "error", **rule}])
    with pytest.raises(error) as raised:
        client.v1.payment_intents.create(PAID)
    assert (raised.value.http_status, raised.value.code) == (status, code)
    assert raised.value.headers is not None
    assert raised.value.headers.get("Retry-After") == ("2" if "retry_after" in rule else None)
    assert client.v1.payment_intents.list().data == []


def test_an_error_may_hide_an_effect(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    """500, and the card was charged."""
    sandbox.faults(plan=[{"operation": CREATE, "fault": "error_after", "status": 500}])
    with pytest.raises(stripe.APIError):
        client.v1.payment_intents.create(PAID)
    assert [one.status for one in client.v1.payment_intents.list().data] == ["succeeded"]


@pytest.mark.parametrize("fault", ["slow", "drip"])
def test_an_answer_may_take_its_time(sandbox: Sandbox, client: stripe.StripeClient, fault: str) -> None:
    """C3: late as a whole, or a few bytes at a time so that no single read takes long; right in the end."""
    sandbox.faults(plan=[{"operation": CREATE, "fault": fault, "seconds": 0.4}])
    begun = time.monotonic()
    assert client.v1.payment_intents.create(PAID).status == "succeeded"
    assert time.monotonic() - begun >= 0.4


@pytest.mark.parametrize(
    ("rule", "amount", "currency"),
    [
        ({"fault": "wrong_amount"}, 110428, "usd"),
        ({"fault": "wrong_amount", "amount": 1}, 1, "usd"),
        ({"fault": "wrong_currency"}, 110528, "eur"),
        ({"fault": "wrong_currency", "currency": "jpy"}, 110528, "jpy"),
    ],
)
def test_an_answer_may_be_wrong_about_the_money(
    sandbox: Sandbox, client: stripe.StripeClient, rule: dict[str, Any], amount: int, currency: str
) -> None:
    """F3, N3: in the answer only; what is held is right."""
    sandbox.faults(plan=[{"operation": "GET /v1/payment_intents/{id}", "times": 1, **rule}])
    id = client.v1.payment_intents.create(PAID).id
    seen: Any = client.v1.payment_intents.retrieve(id, {"expand": ["latest_charge"]})
    assert (seen.amount, seen.amount_received, seen.latest_charge.amount) == (amount, amount, amount)
    assert (seen.currency, seen.latest_charge.currency) == (currency, currency)
    right = client.v1.payment_intents.retrieve(id)
    assert (right.amount_received, right.currency) == (110528, "usd")


@pytest.mark.parametrize(
    ("operation", "method", "path", "fits"),
    [
        ("POST /v1/refunds", "POST", "/v1/refunds", True),
        ("POST /v1/refunds", "GET", "/v1/refunds", False),
        ("POST /v1/refunds", "POST", "/v1/refunds/re_1", False),
        ("GET /v1/refunds/{id}", "GET", "/v1/refunds/re_1", True),
        ("GET /v1/refunds/{id}", "GET", "/v1/refunds/re_1/cancel", False),
        ("* /v1/*", "DELETE", "/v1/webhook_endpoints/we_1", True),
        ("* /v1/*", "GET", "/elements/payment", False),
        ("GET /*stripe.js", "GET", "/clover/stripe.js", True),
        ("webhook", "POST", "/v1/refunds", False),
    ],
)
def test_a_rule_is_about_an_operation(operation: str, method: str, path: str, fits: bool) -> None:
    """{id} is one part of a path, * is anything."""
    fault = Fault.LOST if operation == "webhook" else Fault.RESET
    assert Rule(operation, fault).fits_request(method, path) is fits


def test_chance_follows_from_the_seed() -> None:
    """The same run each time; another seed is another run; about as often as the probability says."""
    runs = {
        seed: [Rule(CREATE, Fault.RESET, probability=0.3, seed=seed).strikes(n) for n in range(1000)] for seed in (1, 2)
    }
    again = [Rule(CREATE, Fault.RESET, probability=0.3, seed=1).strikes(n) for n in range(1000)]
    assert runs[1] == again != runs[2]
    assert 250 < sum(again) < 350
    assert not any(Rule(CREATE, Fault.RESET, probability=0).strikes(n) for n in range(100))
    assert [Rule(CREATE, Fault.RESET, skip=2).strikes(n) for n in range(4)] == [False, False, True, True]


def test_a_plan_at_random_gives_the_same_run_over_http_and_after_a_restart(tmp_path: Path) -> None:
    """Counts are kept: a restart goes on where it was."""
    rule = {"operation": "GET /v1/account", "fault": "error", "probability": 0.5, "seed": 7}
    expected = [Rule("GET /v1/account", Fault.ERROR, probability=0.5, seed=7).strikes(n) for n in range(20)]
    sandbox, struck = start_sandbox(tmp_path), []
    sandbox.faults(plan=[rule])
    for chance in range(20):
        if chance == 10:
            sandbox.stop()
            sandbox = start_sandbox(tmp_path)
        answer = requests.get(f"{sandbox.url}/v1/account", auth=(sandbox.secret_key, ""), timeout=5)
        struck.append(answer.status_code == 500)
    assert struck == expected
    assert _counts(sandbox) == [(20, sum(expected))]
    sandbox.stop()


def test_the_first_rule_that_fits_and_has_not_run_out_is_taken(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    """In the order of the plan."""
    sandbox.faults(
        plan=[
            {"operation": CREATE, "fault": "error", "status": 503, "times": 1},
            {"operation": "* /v1/*", "fault": "error", "status": 500, "times": 1},
        ]
    )
    said = []
    for _ in range(3):
        try:
            said.append(client.v1.payment_intents.create(SUM).status)
        except stripe.APIError as error:
            said.append(str(error.http_status))
    assert said == ["503", "500", "requires_payment_method"]


@pytest.mark.parametrize(
    ("rule", "named"),
    [
        ({}, "operation"),
        ({"operation": CREATE}, "fault"),
        ({"operation": "post payments", "fault": "reset"}, "operation"),
        ({"operation": CREATE, "fault": "sideways"}, "fault"),
        ({"operation": CREATE, "fault": "lost"}, "fault"),
        ({"operation": "webhook", "fault": "reset"}, "fault"),
        ({"operation": CREATE, "fault": "reset", "times": 0}, "times"),
        ({"operation": CREATE, "fault": "reset", "times": 1.5}, "times"),
        ({"operation": CREATE, "fault": "reset", "probability": 2}, "probability"),
        ({"operation": CREATE, "fault": "reset", "probability": "nan"}, "probability"),
        ({"operation": CREATE, "fault": "error", "status": 200}, "status"),
        ({"operation": CREATE, "fault": "slow", "seconds": "inf"}, "seconds"),
        ({"operation": CREATE, "fault": "reset", "tims": 1}, "tims"),
    ],
)
def test_a_rule_that_means_nothing_is_refused(rule: dict[str, Any], named: str) -> None:
    """A typing error in a rehearsal is not silence."""
    with pytest.raises(ApiError) as refusal:
        read_rule(rule, "plan[0]")
    assert refusal.value.body["error"]["param"] == f"plan[0][{named}]"


def test_a_wrong_plan_changes_nothing(sandbox: Sandbox) -> None:
    """All or nothing, the switch included."""
    sandbox.faults(plan=[{"operation": CREATE, "fault": "reset"}])
    with pytest.raises(urllib.error.HTTPError) as refusal:
        sandbox.faults(mode="down", plan=[{"operation": CREATE, "fault": "sideways"}])
    refusal.value.close()
    state = sandbox.get("/_sandbox/faults")
    assert state["mode"] == "none"
    assert [rule["fault"] for rule in state["plan"]] == ["reset"]


def test_rules_are_added_and_removed_one_by_one(sandbox: Sandbox) -> None:
    """As the buttons of the page do."""
    sandbox.faults(add={"operation": CREATE, "fault": "reset"})
    sandbox.faults(add={"operation": "webhook", "fault": "lost"})
    sandbox.faults(remove=0)
    assert [rule["fault"] for rule in sandbox.get("/_sandbox/faults")["plan"]] == ["lost"]
    with pytest.raises(urllib.error.HTTPError) as refusal:
        sandbox.faults(remove=1)
    refusal.value.close()


# Webhooks ------------------------------------------------------------------------------------------------------------


def _listen(client: stripe.StripeClient, receiver: Receiver, *events: Any) -> str:
    wanted = list(events) or ["payment_intent.succeeded"]
    return str(client.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": wanted}).secret)


def _taken(receiver: Receiver) -> list[str]:
    return [json.loads(body)["type"] for body, _ in receiver.taken]


def test_webhooks_are_lost_and_can_be_found_by_listing(
    sandbox: Sandbox, client: stripe.StripeClient, receiver: Receiver
) -> None:
    """Never sent, listed with delivery_success=false; others arrive."""
    sandbox.faults(plan=[{"operation": "webhook payment_intent.succeeded", "fault": "lost"}])
    _listen(client, receiver, "payment_intent.created", "payment_intent.succeeded")
    client.v1.payment_intents.create(PAID)
    until(lambda: _counts(sandbox) == [(1, 1)])
    receiver.wait(1)

    def undelivered() -> list[str]:
        return [event.type for event in client.v1.events.list({"delivery_success": False}).data]

    until(lambda: undelivered() == ["payment_intent.succeeded"])
    time.sleep(0.4)  # longer than the pause before a retry
    assert _taken(receiver) == ["payment_intent.created"]


def test_webhooks_come_late(sandbox: Sandbox, client: stripe.StripeClient, receiver: Receiver) -> None:
    """After so many seconds."""
    sandbox.faults(plan=[{"operation": "webhook", "fault": "delayed", "seconds": 0.6}])
    _listen(client, receiver)
    begun = time.monotonic()
    client.v1.payment_intents.create(PAID)
    receiver.wait(1)
    assert time.monotonic() - begun >= 0.6
    assert _counts(sandbox) == [(1, 1)]


def test_webhooks_come_several_times(sandbox: Sandbox, client: stripe.StripeClient, receiver: Receiver) -> None:
    """D1: the same event, count times."""
    sandbox.faults(plan=[{"operation": "webhook", "fault": "repeated", "count": 5}])
    _listen(client, receiver)
    client.v1.payment_intents.create(PAID)
    taken = receiver.wait(5)
    time.sleep(0.1)
    assert len(taken) == 5
    assert len({json.loads(body)["id"] for body, _ in taken}) == 1


def test_webhooks_come_in_reverse(sandbox: Sandbox, client: stripe.StripeClient, receiver: Receiver) -> None:
    """D7: what happened last is told first."""
    sandbox.faults(plan=[{"operation": "webhook", "fault": "reordered", "seconds": 0.5}])
    _listen(client, receiver, "payment_intent.created", "payment_intent.succeeded", "charge.refunded")
    intent = client.v1.payment_intents.create(PAID)
    client.v1.refunds.create({"payment_intent": intent.id})
    receiver.wait(3)
    assert _taken(receiver) == ["charge.refunded", "payment_intent.succeeded", "payment_intent.created"]


def test_webhooks_are_badly_signed_first(sandbox: Sandbox, client: stripe.StripeClient, receiver: Receiver) -> None:
    """D8: a wrong secret; who refuses it gets it rightly signed later."""
    sandbox.faults(plan=[{"operation": "webhook", "fault": "badly_signed"}])
    secret = _listen(client, receiver)
    receiver.status = 400
    client.v1.payment_intents.create(PAID)
    receiver.wait(2)
    (first, headers), (second, more) = receiver.taken[:2]
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(first, headers["Stripe-Signature"], secret)  # type: ignore[no-untyped-call]
    event = stripe.Webhook.construct_event(second, more["Stripe-Signature"], secret)  # type: ignore[no-untyped-call]
    assert event.type == "payment_intent.succeeded"


def test_a_round_trip_can_be_asked_for(sandbox: Sandbox, client: stripe.StripeClient, receiver: Receiver) -> None:
    """An event that means nothing, whatever the endpoint asked for."""
    secret = _listen(client, receiver, "charge.failed")
    endpoint = client.v1.webhook_endpoints.list().data[0].id
    answer = sandbox.post("/_sandbox/ping", {"endpoint": endpoint})
    body, headers = receiver.wait(1)[0]
    event = stripe.Webhook.construct_event(body, headers["Stripe-Signature"], secret)  # type: ignore[no-untyped-call]
    assert (event.id, event.type) == (answer["event"], "account.updated")


def test_a_sandbox_that_holds_its_answers_still_stops(tmp_path: Path) -> None:
    """No request sleeps through the end."""
    sandbox = start_sandbox(tmp_path)
    sandbox.faults(plan=[{"operation": "* /v1/*", "fault": "timeout_after", "seconds": 60}])
    with pytest.raises(requests.Timeout):
        requests.get(f"{sandbox.url}/v1/account", timeout=0.2)
    begun = time.monotonic()
    assert sandbox.stop() == 0
    assert time.monotonic() - begun < 2


def test_a_file_of_an_earlier_release_is_taken_over(tmp_path: Path) -> None:
    """What was to settle still does; deliveries have a column more."""
    first = start_sandbox(tmp_path)
    client = client_for(first.url, first.secret_key)
    intent = client.v1.payment_intents.create({**SUM, "confirm": True, "payment_method": "pm_card_sandboxPending"})
    first.stop()
    _make_old(tmp_path / "sandbox" / "sandbox.sqlite3")
    second = start_sandbox(tmp_path)
    client = client_for(second.url, second.secret_key)
    until(lambda: client.v1.payment_intents.retrieve(intent.id).status == "succeeded")
    second.stop()


def _make_old(file: Path) -> None:
    with closing(sqlite3.connect(file)) as db, db:
        db.execute("CREATE TABLE settlement (intent TEXT PRIMARY KEY, due REAL NOT NULL)")
        db.execute("INSERT INTO settlement SELECT subject, due FROM appointment")
        db.execute("DROP TABLE appointment")
        db.execute("ALTER TABLE delivery DROP COLUMN treatment")
