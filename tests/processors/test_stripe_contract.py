"""Every request we make is one that Stripe publishes, and one that the installed SDK's own types allow.

`tests.stripe_held` holds each request of the adapter in each test to both; here every method of the adapter is used,
the checks themselves are shown to notice mistakes, and what the SDK (16, a year newer) and the published schema at hand
(2025-10-15) do not have in common is listed with the reason.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, get_args, get_origin
from urllib.parse import parse_qsl

import pytest
import stripe

from balancedue.processors.base import Kind
from balancedue.processors.stripe import StripeProcessor
from balancedue.processors.stripe.deadline import DeadlineClient
from balancedue.processors.stripe.hooks import EVENTS
from balancedue.processors.stripe.processor import API_VERSION, statement_suffix
from balancedue.rules.ids import new_id
from balancedue.rules.money import Money
from tests.processors.loopback import Loopback, answer, loopback
from tests.processors.objects import HOOK_SECRET, SITE, charge, paid_intent, processor
from tests.servers import Sandbox, start_sandbox
from tests.stripe_held import breaches
from tests.stripe_requests import Asked, breaches_of_schema, parameters
from tests.stripe_types import breaches_of_types, fields, params_of

DOLLAR = Money(100, "USD")


@dataclass
class Stand:
    """An account at a running sandbox, our adapter connected to it, and what a payer's browser would use."""

    sandbox: Sandbox
    account: str
    adapter: StripeProcessor
    browser: stripe.StripeClient

    def charge(self, **changes: str) -> Any:
        attempt = new_id("att")
        return charge(attempt_id=attempt, key=f"acc_1:ord_1:1:{attempt}:start", **changes)

    def pay(self) -> str:
        """The reference of a payment that is in."""
        started = self.adapter.start(self.charge())
        back = {"payment_method": "pm_card_visa", "return_url": "http://localhost/back"}
        self.browser.v1.payment_intents.confirm(started.reference, back)  # type: ignore[arg-type]
        return started.reference

    def pay_out(self) -> str:
        self.pay()
        return self.sandbox.pay_out(self.account)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    running = start_sandbox(tmp_path_factory.mktemp("sandbox"), "http://localhost:1")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def stand(sandbox: Sandbox) -> Stand:
    keys = sandbox.post("/_sandbox/accounts", {"secret_key": f"sk_test_{new_id('x')}"})
    credentials = {name: keys[name] for name in ("secret_key", "publishable_key")}
    credentials |= {"webhook_secret": HOOK_SECRET, "api_base": sandbox.url}
    adapter = StripeProcessor(credentials, label="Test processor", sandbox=True, http=DeadlineClient())
    browser = stripe.StripeClient(
        keys["secret_key"],
        base_addresses={"api": sandbox.url},
        http_client=stripe.RequestsClient(timeout=10),
    )
    return Stand(sandbox, keys["id"], adapter, browser)


def _long_ago() -> datetime:
    return datetime.now(UTC) - timedelta(days=3)


def _start(stand: Stand) -> list[Kind]:
    suffix = stand.charge(statement_suffix="INV-2047")
    hosted = stand.charge(return_url="http://localhost:1/back")
    return [stand.adapter.start(one).kind for one in (suffix, hosted)]


def _look_up(stand: Stand) -> list[Kind]:
    paid = stand.pay()
    hosted = stand.adapter.start(stand.charge(return_url="http://localhost:1/back"))
    refund = stand.adapter.refund(paid, DOLLAR, new_id("key"))
    return [stand.adapter.look_up(one).kind for one in (paid, hosted.reference, refund.reference)]


def _find(stand: Stand) -> list[Kind]:
    plain, hosted = stand.charge(), stand.charge(return_url="http://localhost:1/back")
    stand.adapter.start(plain)
    stand.adapter.start(hosted)
    start = datetime.now(UTC)
    return [
        stand.adapter.find(plain.attempt_id).kind,
        stand.adapter.find(plain.attempt_id, start).kind,
        stand.adapter.find(hosted.attempt_id, start, hosted=True).kind,
    ]


def _cancel(stand: Stand) -> list[Kind]:
    plain, hosted = stand.charge(), stand.charge(return_url="http://localhost:1/back")
    references = [stand.adapter.start(one).reference for one in (plain, hosted)]
    return [stand.adapter.cancel(one).kind for one in references]


def _drop_hooks(stand: Stand) -> int:
    first = stand.adapter.set_up_hook(SITE.hook_url).reference
    second = stand.adapter.set_up_hook(SITE.hook_url, keep=first).reference
    stand.adapter.drop_hooks(SITE.hook_url, keep=second)
    return len(stand.browser.v1.webhook_endpoints.list().data)


EXERCISES: dict[str, Callable[[Stand], Any]] = {
    "start": _start,
    "look_up": _look_up,
    "find": _find,
    "cancel": _cancel,
    "refund": lambda stand: stand.adapter.refund(stand.pay(), DOLLAR, new_id("key"), refund_id="rf_1").kind,
    "refunds_of": lambda stand: stand.adapter.refunds_of(stand.pay()),
    "set_up_hook": lambda stand: stand.adapter.set_up_hook(SITE.hook_url),
    "drop_hooks": _drop_hooks,
    "account_of_keys": lambda stand: stand.adapter.account_of_keys(),
    "check": lambda stand: stand.adapter.check(SITE),
    "events_since": lambda stand: [
        stand.adapter.events_since(_long_ago(), undelivered=undelivered) for undelivered in (False, True)
    ],
    "disputes_of": lambda stand: stand.adapter.disputes_of(stand.pay()),
    "transactions_of": lambda stand: stand.adapter.transactions_of(stand.pay()),
    "payout": lambda stand: stand.adapter.payout(stand.pay_out()),
    "payouts_since": lambda stand: stand.adapter.payouts_since(_long_ago()),
    "in_payout": lambda stand: stand.adapter.in_payout(stand.pay_out()),
}
ASK_NOBODY = {"livemode", "smallest", "pay_page", "amount_in_page", "read_hook"}
METHODS = {name for name in vars(StripeProcessor) if not name.startswith("_")} - ASK_NOBODY


def test_every_method_that_asks_is_exercised() -> None:
    """C3: a new one needs a row."""
    assert set(EXERCISES) == METHODS


@pytest.mark.parametrize("method", sorted(METHODS))
def test_every_request_is_valid_and_understood(method: str, stand: Stand, asked_of_stripe: list[Asked]) -> None:
    """C3: by the schema and by the SDK; unknown parameters refused; and the stand-in knows it too."""
    said = EXERCISES[method](stand)
    assert asked_of_stripe
    assert [breach for asked in asked_of_stripe for breach in breaches(asked)] == []
    for one in said if isinstance(said, list) else [said]:
        assert one not in (None, Kind.UNKNOWN, Kind.REFUSED)


@pytest.fixture
def server() -> Iterator[Loopback]:
    with loopback() as running:
        yield running


def test_one_version_and_no_telemetry(server: Loopback) -> None:
    """One pinned version, whatever the SDK's own is."""
    server.will(answer(200, paid_intent()))
    processor(server.origin).start(charge())
    [sent] = server.asked
    assert sent.headers["stripe-version"] == API_VERSION == "2025-09-30.clover"
    assert stripe.api_version != API_VERSION
    assert "x-stripe-client-telemetry" not in sent.headers
    assert sent.headers["authorization"].startswith("Bearer sk_test_")


def test_what_a_payment_carries_and_what_it_does_not(server: Loopback) -> None:
    """C2, requirements.md 3.16: our key; opaque ids only; the receipt is ours."""
    server.will(answer(200, paid_intent()))
    processor(server.origin).start(charge(statement_suffix="INV-2047"))
    [sent] = server.asked
    assert sent.headers["idempotency-key"] == charge().key
    assert dict(sent.pairs) == {
        "amount": "1099",
        "currency": "usd",
        "automatic_payment_methods[enabled]": "true",
        "description": "Invoice INV-2047",
        "metadata[attempt]": "att_1",
        "metadata[order]": "ord_1",
        "metadata[account]": "acc_1",
        "statement_descriptor_suffix": "INV-2047",
        "expand[0]": "latest_charge",
    }


GOOD = {
    "POST /v1/payment_intents": "amount=1099&currency=usd&automatic_payment_methods[enabled]=true&metadata[a]=1"
    "&expand[0]=latest_charge",
    "GET /v1/payment_intents": "created[gte]=1&created[lte]=2&limit=100&starting_after=pi_1",
    "POST /v1/payment_intents/pi_1/cancel": "cancellation_reason=abandoned&expand[0]=latest_charge",
    "POST /v1/refunds": "payment_intent=pi_1&amount=100&reason=duplicate&metadata[refund]=rf_1",
    "GET /v1/refunds": "payment_intent=pi_1&limit=100",
    "POST /v1/webhook_endpoints": "url=https://shop.example/&enabled_events[0]=charge.failed&description=Shop",
    "POST /v1/checkout/sessions": "mode=payment&success_url=https://shop.example/&line_items[0][quantity]=1"
    "&line_items[0][price_data][currency]=usd&line_items[0][price_data][unit_amount]=1099"
    "&line_items[0][price_data][product_data][name]=Order",
    "GET /v1/events": "created[gt]=1&delivery_success=false&types[0]=charge.failed&limit=100",
    "GET /v1/disputes": "payment_intent=pi_1&limit=10",
    "GET /v1/balance_transactions": "payout=po_1&type=charge&limit=100",
    "GET /v1/payouts": "created[gte]=1&limit=100&status=paid",
    "POST /v1/payment_method_domains": "domain_name=shop.example&enabled=true",
}
MUTATED = [
    ("POST /v1/payment_intents", "amount=1099", "amount=10.99"),
    ("POST /v1/payment_intents", "amount=1099", "amount=1099.0"),
    ("POST /v1/payment_intents", "amount=1099", "amont=1099"),
    ("POST /v1/payment_intents", "amount=1099&", ""),
    ("POST /v1/payment_intents", "currency=usd&", ""),
    ("POST /v1/payment_intents", "[enabled]=true", "[enabled]=maybe"),
    ("POST /v1/payment_intents", "[enabled]=true", "[enabeld]=true"),
    ("POST /v1/payment_intents", "metadata[a]=1", "capture_method=someday"),
    ("POST /v1/payment_intents", "expand[0]=latest_charge", "expand=latest_charge"),
    ("GET /v1/payment_intents", "limit=100", "limit=100.0"),
    ("GET /v1/payment_intents", "created[gte]", "created[since]"),
    ("GET /v1/payment_intents", "starting_after", "after"),
    ("POST /v1/payment_intents/pi_1/cancel", "abandoned", "forgotten"),
    ("POST /v1/payment_intents/pi_1/cancel", "cancellation_reason", "reason"),
    ("POST /v1/refunds", "amount=100", "amount=1e2"),
    ("POST /v1/refunds", "payment_intent", "payment_intents"),
    ("POST /v1/refunds", "reason=duplicate", "reason=twice"),
    ("GET /v1/refunds", "limit=100", "limit=many"),
    ("GET /v1/refunds", "payment_intent", "intent"),
    ("POST /v1/webhook_endpoints", "charge.failed", "charge.broke"),
    ("POST /v1/webhook_endpoints", "&enabled_events[0]=charge.failed", ""),
    ("POST /v1/webhook_endpoints", "url", "uri"),
    ("POST /v1/checkout/sessions", "mode=payment", "mode=pay"),
    ("POST /v1/checkout/sessions", "[unit_amount]=1099", "[unit_amount]=10.99"),
    ("POST /v1/checkout/sessions", "[currency]", "[curency]"),
    ("POST /v1/checkout/sessions", "line_items[0][price_data][currency]=usd&", ""),
    ("GET /v1/events", "delivery_success=false", "delivery_success=no"),
    ("GET /v1/events", "types[0]", "kinds[0]"),
    ("GET /v1/disputes", "limit=10", "limit=1.0"),
    ("GET /v1/disputes", "payment_intent", "payment"),
    ("GET /v1/balance_transactions", "payout=po_1", "pay_out=po_1"),
    ("GET /v1/payouts", "created[gte]=1", "created[gte]=soon"),
]


def _request(operation: str, form: str) -> Asked:
    method, path = operation.split(" ")
    headers = {"stripe-version": API_VERSION, "idempotency-key": "key"}
    pairs = parse_qsl(form, keep_blank_values=True)
    assert pairs
    target, body = (f"{path}?{form}", b"") if method == "GET" else (path, form.encode())
    return Asked(method, target, headers, body)


@pytest.mark.parametrize("operation", GOOD)
def test_a_request_without_a_mistake_passes(operation: str) -> None:
    """The checks themselves, before a mistake is made."""
    assert breaches(_request(operation, GOOD[operation])) == []


@pytest.mark.parametrize(("operation", "old", "new"), MUTATED)
def test_a_mutated_request_makes_each_check_fail(operation: str, old: str, new: str) -> None:
    """The checks themselves: a typo, a float, a missing field, a wrong word."""
    assert old in GOOD[operation]
    mutated = _request(operation, GOOD[operation].replace(old, new))
    assert breaches_of_schema(mutated)
    assert breaches_of_types(mutated)


@pytest.mark.parametrize(
    ("old", "new"), [("domain_name=shop.example&", ""), ("domain_name", "domain"), ("=true", "=yes"), ("shop", "[")]
)
def test_wallet_domains_are_held_to_the_sdk(old: str, new: str) -> None:
    """The schema leaves them out, so the SDK's types alone speak."""
    operation = "POST /v1/payment_method_domains"
    mutated = _request(operation, GOOD[operation].replace(old, new))
    assert bool(breaches(mutated)) is (new != "[")
    assert breaches_of_schema(mutated) == ["no such operation: POST /v1/payment_method_domains"]


def test_a_request_of_another_version_or_without_a_key_is_noticed() -> None:
    """C2."""
    request = _request("POST /v1/refunds", GOOD["POST /v1/refunds"])
    request.headers.clear()
    assert len(breaches(request)) == 2
    assert breaches(_request("POST /v1/coffees", "sugar=1"))


ONE_SIDED: dict[tuple[str, str], tuple[set[str], set[str]]] = {
    # operation: parameters that only the SDK has, and those that only the schema has
    ("get", "/v1/checkout/sessions"): ({"created", "customer_account", "status"}, set()),
    ("post", "/v1/checkout/sessions"): (
        {
            *("adaptive_pricing", "allowed_payment_method_types", "branding_settings", "customer_account"),
            *("excluded_payment_method_types", "integration_identifier", "managed_payments", "name_collection"),
            *("optional_items", "origin_context", "payment_method_configuration", "permissions"),
            *("payment_method_data", "redirect_on_completion", "return_url", "saved_payment_method_options", "ui_mode"),
            "wallet_options",
        },
        {"payment_method_types"},
    ),
    ("post", "/v1/disputes/{dispute}"): ({"intended_submission_method"}, set()),
    ("get", "/v1/payment_intents"): ({"customer_account"}, set()),
    ("post", "/v1/payment_intents"): (
        {
            *("allowed_payment_method_types", "amount_details", "confirmation_token", "customer_account"),
            *("excluded_payment_method_types", "hooks", "payment_details", "payment_method_configuration"),
        },
        {"payment_method_types"},
    ),
}
"""Parameters of the operations we use that one side alone knows. What only the SDK has came after the schema and is not
sent, or the pinned version would refuse it; `payment_method_types` was renamed since, and the methods are chosen
automatically instead, so neither name is sent."""

OPERATIONS = [
    *(("get", "/v1/account"), ("get", "/v1/balance_transactions"), ("get", "/v1/charges"), ("get", "/v1/disputes")),
    *(("get", "/v1/events"), ("get", "/v1/payouts"), ("get", "/v1/payouts/{payout}"), ("get", "/v1/refunds")),
    *(("post", "/v1/refunds"), ("get", "/v1/refunds/{refund}"), ("get", "/v1/webhook_endpoints")),
    *(("post", "/v1/webhook_endpoints"), ("post", "/v1/webhook_endpoints/{webhook_endpoint}")),
    *(("post", "/v1/payment_intents/{intent}/cancel"), ("get", "/v1/payment_intents/{intent}")),
    *(("post", "/v1/checkout/sessions/{session}/expire"), ("get", "/v1/checkout/sessions/{session}")),
    *ONE_SIDED,
]


@pytest.mark.parametrize("operation", OPERATIONS, ids=" ".join)
def test_where_the_sdk_and_the_schema_differ_is_known(operation: tuple[str, str]) -> None:
    """A newer SDK, or another schema, is noticed here."""
    sdk, schema = set(fields(params_of(*operation))), set(parameters(*operation)["properties"])
    assert (sdk - schema, schema - sdk) == ONE_SIDED.get(operation, (set(), set()))


EVENTS_ONLY_THE_SDK_KNOWS = {
    "refund.failed",  # newer than the schema; `refund.updated` and `charge.refund.updated` say the same
}
FAMILIES = ("payment_intent.", "charge.", "refund.", "checkout.session.", "payout.")


def _listed(hint: Any) -> set[str]:
    """Every word of a type that lists words."""
    if get_origin(hint) is Literal:
        return set(get_args(hint))
    return {word for part in get_args(hint) for word in _listed(part)}


def test_every_event_we_ask_for_is_published() -> None:
    """D5: and of the families we hear of, what else there is by now."""
    schema = set(parameters("post", "/v1/webhook_endpoints")["properties"]["enabled_events"]["items"]["enum"])
    sdk = _listed(fields(params_of("post", "/v1/webhook_endpoints"))["enabled_events"])
    assert set(EVENTS) <= schema & sdk
    assert {one for one in sdk ^ schema if one.startswith(FAMILIES)} == EVENTS_ONLY_THE_SDK_KNOWS


def test_the_pinned_version_is_one_the_sdk_knows() -> None:
    """`webhook_endpoints.api_version`: the schema's list of versions is masked by its build time, so it cannot be held
    to that; it is not sent, and webhooks carry the account's version: nothing but ids and metadata is read from them.
    """
    versions = _listed(fields(params_of("post", "/v1/webhook_endpoints"))["api_version"])
    assert API_VERSION in versions
    masked = parameters("post", "/v1/webhook_endpoints")["properties"]["api_version"]["enum"]
    assert API_VERSION not in masked


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("INV-2047", "INV-2047"),
        ("  INV   7 ", "INV 7"),
        ("INV-2047-ABCDEF", "INV-2047-A"),
        ("<b>'\"*\\", "b"),
        ("12345", ""),
        ("注文", ""),
        ("", ""),
    ],
)
def test_what_may_stand_on_a_card_statement(text: str, shown: str) -> None:
    """ux.md 3.9: Latin letters, no markup signs, short enough beside the shop's own name."""
    assert statement_suffix(text) == shown
