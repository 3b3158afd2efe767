"""Check connection at Stripe: what is looked at, what is put right, and what is only said (ux.md 3.6)."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import stripe

from balancedue.processors.base import Check, Findings, Site
from balancedue.processors.stripe import StripeProcessor
from balancedue.processors.stripe.hooks import EVENTS
from balancedue.processors.stripe.wallets import public_host
from balancedue.rules.errors import Refused
from balancedue.rules.ids import new_id
from tests.processors.loopback import Loopback, answer, error, loopback, reset
from tests.processors.objects import HOOK_SECRET, SITE, fixture, intent, processor
from tests.servers import Sandbox, start_sandbox

FULL = ["Secret key", "Account", "Mode", "Currencies", "Test payment", "Publishable key", "Webhooks", "Wallets"]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    running = start_sandbox(tmp_path_factory.mktemp("sandbox"), "http://localhost:1")
    yield running
    running.stop()


class Shop:
    """An account of its own at the sandbox."""

    def __init__(self, sandbox: Sandbox, kind: str = "sk", **facts: str) -> None:
        self.sandbox = sandbox
        keys = sandbox.post("/_sandbox/accounts", {"secret_key": f"{kind}_test_{new_id('x')}", **facts})
        self.account = keys["id"]
        self.keys = {name: keys[name] for name in ("secret_key", "publishable_key")} | {"api_base": sandbox.url}
        self.stripe = stripe.StripeClient(
            keys["secret_key"],
            base_addresses={"api": sandbox.url},
            http_client=stripe.RequestsClient(timeout=10),
        )

    def opened(self, **keys: str) -> StripeProcessor:
        given = {**self.keys, "webhook_secret": HOOK_SECRET, **keys}
        return StripeProcessor(given, label="Test processor", sandbox=True)

    def check(self, site: Site = SITE, **keys: str) -> Findings:
        return self.opened(**keys).check(site)

    def hooked(self) -> Site:
        """Webhooks set up, as they are after Connect."""
        return replace(SITE, hook=self.opened().set_up_hook(SITE.hook_url).reference)

    def endpoints(self) -> list[dict[str, Any]]:
        return [one.to_dict() for one in self.stripe.v1.webhook_endpoints.list({"limit": 100}).data]


@pytest.fixture
def shop(sandbox: Sandbox) -> Iterator[Shop]:
    yield Shop(sandbox)
    sandbox.faults(plan=[])


def _lines(found: Findings) -> dict[str, Check]:
    return {line.label: line for line in found.lines}


def test_all_is_well_and_said_line_by_line(shop: Shop) -> None:
    """ux.md 3.6: nothing is taken, and the account is remembered."""
    found = shop.check(shop.hooked())
    assert list(_lines(found)) == FULL
    assert [line for line in found.lines if not line.ok] == []
    assert (found.accepts_key, found.account) == (True, shop.account)
    assert shop.account in _lines(found)["Account"].detail
    made = shop.stripe.v1.payment_intents.retrieve(found.test_event)
    assert (made.status, made.amount, made.currency) == ("canceled", 50, "usd")
    assert made.metadata.to_dict() == {"attempt": SITE.mark}
    assert found.sent_at is not None


def test_a_rolled_key_ends_the_check_with_its_fix(shop: Shop) -> None:
    """ux.md 3.6."""
    found = shop.check(secret_key="sk_test_rolledrolled")
    [line] = found.lines
    assert (line.label, line.ok, found.accepts_key) == ("Secret key", False, False)
    assert "Copy the current secret key from Test processor" in line.fix


def test_keys_of_two_modes_are_not_asked_with(shop: Shop, asked_of_stripe: list[Any]) -> None:
    """N3: test and live are never mixed, and a live key never leaves for the sandbox."""
    live = shop.keys["secret_key"].replace("_test_", "_live_")
    [line] = shop.check(secret_key=live).lines
    assert (line.label, line.ok) == ("Secret key", False)
    assert asked_of_stripe == []


def test_silence_is_not_a_rejected_key() -> None:
    """C3: an outage takes no shop down."""
    with loopback() as server:
        server.will(reset)
        found = processor(server.origin).check(SITE)
    assert found.accepts_key is None
    assert "did not answer" in found.lines[0].fix


def test_a_publishable_key_of_another_account_is_noticed(shop: Shop) -> None:
    """ux.md 3.6: with it every payment would fail in the browser."""
    other = Shop(shop.sandbox)
    line = _lines(shop.check(publishable_key=other.keys["publishable_key"]))["Publishable key"]
    assert not line.ok
    assert line.needed
    assert "Copy the publishable key" in line.fix


def test_keys_of_another_account_than_payments_are_in_are_noticed(shop: Shop) -> None:
    """D6."""
    line = _lines(shop.check(replace(SITE, account="acct_before")))["Account"]
    assert not line.ok
    assert "acct_before" in line.fix


def test_an_account_that_may_not_charge_yet_is_said() -> None:
    """ux.md 3.6."""
    with loopback() as server:
        _answers(server, account=fixture("account", charges_enabled=False))
        line = _lines(processor(server.origin).check(SITE))["Account"]
    assert (line.ok, line.needed) == (False, True)
    assert "Finish its set-up there" in line.fix


@pytest.mark.parametrize(
    ("currencies", "ok", "needed", "detail"),
    [
        (("USD",), True, True, "Charged in USD; paid out in USD"),
        (("EUR", "USD"), True, True, "Charged in EUR, USD; paid out in USD, converted by the processor"),
        (("USD", "UGX"), False, False, "Charged in USD; paid out in USD"),
        (("UGX", "USD"), False, True, "Charged in USD; paid out in USD"),
    ],
)
def test_currencies_that_cannot_be_charged_are_named(
    shop: Shop, currencies: tuple[str, ...], ok: bool, needed: bool, detail: str
) -> None:
    """F1: a currency not in the table is refused; only the shop's own is needed."""
    line = _lines(shop.check(replace(SITE, currencies=currencies)))["Currencies"]
    assert (line.ok, line.needed, line.detail) == (ok, needed, detail)
    assert ("UGX" in line.fix) is not ok


def test_without_a_secret_webhooks_have_a_cross(shop: Shop) -> None:
    """ux.md 3.6."""
    line = _lines(shop.check(webhook_secret=""))["Webhooks"]
    assert (line.ok, line.needed) == (False, True)
    assert "Press Connect webhooks" in line.fix


def test_an_endpoint_that_lacks_events_or_is_off_is_put_right(shop: Shop) -> None:
    """D5: a newer version needs more events than were asked for; what the shop added itself stays."""
    site = shop.hooked()
    fewer: Any = {"enabled_events": ["charge.failed", "customer.created"], "disabled": True}
    shop.stripe.v1.webhook_endpoints.update(site.hook, fewer)
    line = _lines(shop.check(site))["Webhooks"]
    assert line.ok
    assert line.detail == f"Put right: switched on again and {len(EVENTS) - 1} kinds of event added"
    [endpoint] = shop.endpoints()
    assert set(endpoint["enabled_events"]) == {*EVENTS, "customer.created"}
    assert endpoint["status"] == "enabled"
    assert _lines(shop.check(site))["Webhooks"].detail == f"All {len(EVENTS)} kinds of event come to this server"


def test_an_endpoint_for_all_events_is_complete(shop: Shop) -> None:
    """The shop made it itself and pasted its secret."""
    shop.stripe.v1.webhook_endpoints.create({"url": SITE.hook_url, "enabled_events": ["*"]})
    assert _lines(shop.check())["Webhooks"].ok
    assert shop.endpoints()[0]["enabled_events"] == ["*"]


def test_an_endpoint_for_another_address_is_said_and_left_alone(shop: Shop) -> None:
    """A copy of the shop on a test server must not take the shop's webhooks away."""
    site = shop.hooked()
    line = _lines(shop.check(replace(site, hook_url="https://copy.example.com/hooks/pc_1/")))["Webhooks"]
    assert not line.ok
    assert SITE.hook_url in line.detail
    assert shop.endpoints()[0]["url"] == SITE.hook_url


def test_an_endpoint_that_was_deleted_is_said(shop: Shop) -> None:
    """ux.md 3.6."""
    site = shop.hooked()
    shop.stripe.v1.webhook_endpoints.delete(site.hook)
    line = _lines(shop.check(site))["Webhooks"]
    assert not line.ok
    assert "Press Renew webhooks" in line.fix


def test_endpoints_do_not_pile_up(shop: Shop) -> None:
    """The one in use stays until the new one is heard; what was left over goes; other addresses are not ours."""
    elsewhere = shop.stripe.v1.webhook_endpoints.create(
        {"url": "https://elsewhere.example.com/", "enabled_events": ["*"]}
    )
    opened = shop.opened()
    first = opened.set_up_hook(SITE.hook_url)
    left_over = opened.set_up_hook(SITE.hook_url, keep=first.reference)
    second = opened.set_up_hook(SITE.hook_url, keep=first.reference)
    assert {one["id"] for one in shop.endpoints()} == {elsewhere.id, first.reference, second.reference}
    assert len({first.secret, left_over.secret, second.secret}) == 3
    opened.drop_hooks(SITE.hook_url, keep="we_unknown")
    assert len(shop.endpoints()) == 3
    opened.drop_hooks(SITE.hook_url, keep=second.reference)
    assert {one["id"] for one in shop.endpoints()} == {elsewhere.id, second.reference}


def test_what_is_not_heard_while_tidying_changes_nothing(shop: Shop) -> None:
    """They go at the next check."""
    shop.sandbox.faults(plan=[{"operation": "* /v1/webhook_endpoints", "fault": "reset"}])
    shop.opened().drop_hooks(SITE.hook_url, keep="we_1")


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        ("POST /v1/refunds", "write refunds"),
        ("GET /v1/charges", "read charges"),
        ("GET /v1/disputes", "read disputes"),
        ("GET /v1/balance_transactions", "read balance transactions"),
        ("GET /v1/payouts", "read payouts"),
        ("GET /v1/events", "read events"),
        ("GET /v1/checkout/sessions", "write Checkout Sessions"),
    ],
)
def test_a_permission_that_a_restricted_key_lacks_is_named(sandbox: Sandbox, operation: str, words: str) -> None:
    """ux.md 3.6."""
    shop = Shop(sandbox, "rk")
    _forbid(sandbox, operation)
    lines = _lines(shop.check(shop.hooked()))
    sandbox.faults(plan=[])
    assert not lines["Permissions"].ok
    assert lines["Permissions"].detail == f"Missing: {words}"
    assert f"let it {words}" in lines["Permissions"].fix
    assert _lines(shop.check())["Permissions"].ok


@pytest.mark.parametrize(
    ("operation", "label", "needed", "words"),
    [
        ("POST /v1/payment_intents", "Test payment", True, "let it write payment intents"),
        ("GET /v1/webhook_endpoints", "Webhooks", False, "write webhook endpoints"),
        ("GET /v1/payment_method_domains", "Wallets", False, "write payment method domains"),
    ],
)
def test_a_missing_permission_is_said_on_its_line(
    sandbox: Sandbox, operation: str, label: str, needed: bool, words: str
) -> None:
    """ux.md 3.6."""
    shop = Shop(sandbox, "rk")
    _forbid(sandbox, operation)
    line = _lines(shop.check())[label]
    sandbox.faults(plan=[])
    assert (line.ok, line.needed) == (False, needed)
    assert words in line.fix


def test_a_key_that_may_not_read_the_account_is_still_good(sandbox: Sandbox) -> None:
    """The rest is tried all the same."""
    shop = Shop(sandbox, "rk")
    _forbid(sandbox, "GET /v1/account")
    found = shop.check(shop.hooked())
    sandbox.faults(plan=[])
    assert [line for line in found.lines if not line.ok] == []
    assert _lines(found)["Account"].detail == "Not shown to this key"
    assert found.account == ""


def test_a_payment_that_is_not_cancelled_is_said_and_can_be_paid_by_nobody(shop: Shop) -> None:
    """N14: its client secret never leaves the server."""
    shop.sandbox.faults(plan=[{"operation": "POST /v1/payment_intents/{id}/cancel", "fault": "reset"}])
    found = shop.check()
    line = _lines(found)["Test payment"]
    assert not line.ok
    assert "Nothing was charged, and nobody can pay it" in line.fix
    assert found.test_event == ""


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://pay.shop.example.com", "pay.shop.example.com"),
        ("https://shop.example.com.:8443/x", "shop.example.com"),
        ("http://shop.example.com", ""),
        ("https://localhost", ""),
        ("https://shop", ""),
        ("https://192.0.2.7", ""),
        ("https://[2001:db8::1]", ""),
        ("https://shop.local", ""),
    ],
)
def test_where_wallets_can_be(origin: str, host: str) -> None:
    """ux.md 3.8: a public name, and https."""
    assert public_host(origin) == host


def test_wallets_are_only_advice_where_they_cannot_be(shop: Shop) -> None:
    """ux.md 3.8: cards work without."""
    line = _lines(shop.check(replace(SITE, origin="http://localhost:8000")))["Wallets"]
    assert (line.ok, line.needed, line.detail) == (False, False, "Not at http://localhost:8000")
    assert shop.stripe.v1.payment_method_domains.list().data == []


def test_the_domain_is_registered_once_and_switched_on(shop: Shop) -> None:
    """ux.md 3.8: a missing registration makes the buttons vanish without an error."""
    first = _lines(shop.check())["Wallets"]
    assert (first.ok, first.detail) == (True, "Apple Pay, Google Pay, Link at shop.example.com")
    [domain] = shop.stripe.v1.payment_method_domains.list().data
    shop.stripe.v1.payment_method_domains.update(domain.id, {"enabled": False})
    assert _lines(shop.check())["Wallets"].ok
    [domain] = shop.stripe.v1.payment_method_domains.list().data
    assert domain.enabled


def test_a_wallet_that_is_not_active_is_looked_at_again_and_named() -> None:
    """ux.md 3.8."""
    off = {"status": "inactive", "status_details": {"error_message": "The file could not be read."}}
    domain = {"id": "pmd_1", "enabled": True, "apple_pay": off, "google_pay": {"status": "active"}}
    domain["link"] = {"status": "active"}
    with loopback() as server:
        _answers(server, domain=domain)
        line = _lines(processor(server.origin).check(SITE))["Wallets"]
        assert server.asked[-1].path == "/v1/payment_method_domains/pmd_1/validate"
    assert (line.ok, line.needed, line.detail) == (False, False, "shop.example.com: not Apple Pay")
    assert "Test processor says: The file could not be read." in line.fix


def test_keys_are_tried_without_making_anything(shop: Shop) -> None:
    """ux.md 3.6, rotation: the account is named, and both keys are of it."""
    assert shop.opened().account_of_keys() == shop.account
    assert shop.stripe.v1.payment_intents.list().data == []
    shop.check()
    assert shop.opened().account_of_keys() == shop.account
    with pytest.raises(Refused) as refusal:
        shop.opened(publishable_key=Shop(shop.sandbox).keys["publishable_key"]).account_of_keys()
    assert (refusal.value.code, refusal.value.field) == ("processor_key_rejected", "publishable_key")


@pytest.mark.parametrize(("said", "code"), [(error(401), "processor_key_rejected"), (reset, "processor_unreachable")])
def test_keys_that_do_not_work_are_refused_at_their_field(said: Any, code: str) -> None:
    """ux.md 3.6: a wrong key never takes the place of one that works."""
    with loopback() as server:
        server.will(said)
        with pytest.raises(Refused) as refusal:
            processor(server.origin).account_of_keys()
    assert (refusal.value.code, refusal.value.field) == (code, "secret_key")
    assert "The keys from before stay in use." in refusal.value.sentence


def test_a_secret_is_not_in_any_line(shop: Shop) -> None:
    """J12."""
    shop.sandbox.faults(plan=[{"operation": "* /v1/*", "fault": "error", "message": shop.keys["secret_key"]}])
    found = shop.check()
    assert shop.keys["secret_key"] not in str(found)
    assert HOOK_SECRET not in str(found)


def _forbid(sandbox: Sandbox, operation: str) -> None:
    said = {"status": 403, "type": "invalid_request_error", "message": "This key may not do this."}
    sandbox.faults(plan=[{"operation": operation, "fault": "error", **said}])


def _answers(server: Loopback, account: Any = None, domain: Any = None) -> None:
    """What Stripe would say to each request of a check."""
    listed = {"object": "list", "has_more": False, "url": "/v1/x"}
    endpoint = {"id": "we_1", "url": SITE.hook_url, "enabled_events": ["*"], "status": "enabled"}
    server.will(
        answer(200, account or fixture("account", charges_enabled=True)),
        answer(200, {**listed, "data": [endpoint]}),
        answer(200, intent()),
        answer(200, intent(status="canceled")),
        answer(200, intent(status="canceled")),
        answer(200, {**listed, "data": [domain] if domain else []}),
        answer(200, domain or {"id": "pmd_1", "enabled": True}),
    )
