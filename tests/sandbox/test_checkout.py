"""Checkout Sessions: the API, and the sandbox's own payment page in a real browser.

The `new_context` fixture fails a test if a page throws or its policy blocks anything.
"""

import time
from collections.abc import Iterator
from typing import Any

import pytest
import stripe
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser import NewContext
from tests.ports import free_port
from tests.sandbox.conftest import Receiver, until
from tests.sandbox.shop import Shop, open_shop
from tests.servers import Sandbox, start_sandbox

PORT = free_port()
LINE: dict[str, Any] = {
    "quantity": 2,
    "price_data": {
        "currency": "usd",
        "unit_amount": 55264,
        "product_data": {"name": "Order 2047", "description": "Balance due <b>today</b>"},
    },
}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox whose payers come back to the shop below."""
    running = start_sandbox(tmp_path_factory.mktemp("sandbox"), f"http://localhost:{PORT}")
    yield running
    assert running.stop() == 0


@pytest.fixture
def shop(sandbox: Sandbox, client: stripe.StripeClient) -> Iterator[Shop]:
    """Where payers come back to."""
    with open_shop(sandbox.url, sandbox.publishable_key, client, PORT) as shop:
        yield shop


def _create(client: stripe.StripeClient, **more: Any) -> stripe.checkout.Session:
    given: dict[str, Any] = {
        "mode": "payment",
        "line_items": [LINE],
        "success_url": f"http://localhost:{PORT}/back?session={{CHECKOUT_SESSION_ID}}",
        "cancel_url": f"http://localhost:{PORT}/back?cancelled=1",
        **more,
    }
    return client.v1.checkout.sessions.create(given)  # type: ignore[arg-type]


def _types(client: stripe.StripeClient) -> list[str]:
    return [event.type for event in client.v1.events.list({"type": "checkout.session.*"}).data][::-1]


def _pay(page: Page, number: str, email: str = "dana@riverside-hs.example") -> None:
    form = page.frame_locator("iframe[title='Secure card details']")
    if email:
        page.get_by_label("Email").fill(email)
    page.get_by_label("Name on card").fill("Dana Whitlock")
    form.get_by_label("Card number").fill(number)
    form.get_by_label("Expiry date").fill("12 / 40")
    form.get_by_label("Security code").fill("123")
    page.get_by_role("button", name="Pay").click()


def _returned(page: Page, shop: Shop) -> dict[str, str]:
    page.wait_for_url("**/back?**")
    return shop.returned[-1]


def test_a_session_is_made_listed_and_found(client: stripe.StripeClient) -> None:
    """The sum of its lines, a page of ours, no intent before anybody pays."""
    session = _create(client, client_reference_id="att_1", metadata={"attempt": "att_1"})
    assert (session.amount_total, session.currency, session.status) == (110528, "usd", "open")
    assert (session.payment_status, session.payment_intent) == ("unpaid", None)
    assert (session.client_reference_id, session.metadata["attempt"]) == ("att_1", "att_1")  # type: ignore[index]
    assert abs(session.expires_at - time.time() - 86400) < 60
    found = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["line_items"]})
    assert found.line_items is not None
    assert [(one.description, one.quantity, one.amount_total) for one in found.line_items.data] == [
        ("Order 2047", 2, 110528)
    ]
    assert [one.id for one in client.v1.checkout.sessions.list({"limit": 1}).data] == [session.id]
    assert client.v1.payment_intents.list().data == []


@pytest.mark.parametrize(
    ("change", "param", "code"),
    [
        ({"mode": "subscription"}, "mode", None),
        ({"line_items": []}, "line_items", None),
        ({"line_items": [{"price": "price_1"}]}, "price", "sandbox_unsupported"),
        ({"line_items": [{**LINE, "quantity": 0}]}, "line_items[0]", None),
        ({"success_url": "shop/back"}, "success_url", "url_invalid"),
        ({"succes_url": "http://localhost/"}, "succes_url", "parameter_unknown"),
        ({"expires_at": int(time.time()) + 60}, "expires_at", None),
        ({"customer": "cus_1"}, "customer", "sandbox_unsupported"),
        ({"payment_intent_data": {"metdata": {"a": "1"}}}, "metdata", "parameter_unknown"),
    ],
)
def test_what_stripe_would_refuse_is_refused(
    client: stripe.StripeClient, change: dict[str, Any], param: str, code: str | None
) -> None:
    """Nothing is made then."""
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        _create(client, **change)
    assert (refusal.value.param, refusal.value.code) == (param, code)
    assert client.v1.checkout.sessions.list().data == []


def test_a_sum_below_the_minimum_is_refused(client: stripe.StripeClient) -> None:
    """As for an intent."""
    price = {"currency": "usd", "unit_amount": 49, "product_data": {"name": "x"}}
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        _create(client, line_items=[{"price_data": price}])
    assert refusal.value.code == "amount_too_small"


def test_a_payer_pays_and_comes_back(page: Page, client: stripe.StripeClient, shop: Shop, receiver: Receiver) -> None:
    """The page shows what is paid; the way back names the session; the intent carries the shop's metadata."""
    client.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["checkout.session.completed"]})
    session = _create(client, payment_intent_data={"metadata": {"attempt": "att_1"}, "description": "Order 2047"})
    page.goto(str(session.url))
    expect(page.get_by_role("heading", name="Pay Sandbox account")).to_be_visible()
    expect(page.get_by_text("1,105.28 USD").first).to_be_visible()
    expect(page.get_by_text("2 ×")).to_be_visible()
    expect(page.get_by_text("Balance due <b>today</b>")).to_be_visible()
    _pay(page, "4242424242424242")
    assert _returned(page, shop)["session"] == session.id
    expand: list[Any] = ["payment_intent.latest_charge"]
    paid: Any = client.v1.checkout.sessions.retrieve(session.id, {"expand": expand})
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    assert (paid.customer_details.email, paid.customer_details.name) == ("dana@riverside-hs.example", "Dana Whitlock")
    intent = paid.payment_intent
    assert (intent.status, intent.amount_received, intent.metadata["attempt"]) == ("succeeded", 110528, "att_1")
    assert intent.latest_charge.billing_details.name == "Dana Whitlock"
    assert [one.id for one in client.v1.checkout.sessions.list({"payment_intent": intent.id}).data] == [session.id]
    receiver.wait(1)
    assert _types(client) == ["checkout.session.completed"]
    page.goto(f"{session.url}")  # once more: it is paid, and says so by going on
    assert _returned(page, shop)["session"] == session.id


def test_a_decline_stays_on_the_page_and_another_card_pays(page: Page, client: stripe.StripeClient, shop: Shop) -> None:
    """One intent for both."""
    session = _create(client, customer_email="dana@riverside-hs.example")
    page.goto(str(session.url))
    expect(page.get_by_label("Email")).to_have_value("dana@riverside-hs.example")
    _pay(page, "4000000000000002", email="")
    expect(page.get_by_role("alert")).to_have_text("Your card was declined.")
    _pay(page, "4242424242424242", email="")
    _returned(page, shop)
    assert [one.status for one in client.v1.payment_intents.list().data] == ["succeeded"]
    assert sorted(one.status for one in client.v1.charges.list().data) == ["failed", "succeeded"]


def test_the_bank_may_ask(page: Page, client: stripe.StripeClient, shop: Shop) -> None:
    """3-D Secure in a dialog: failed first, then passed."""
    session = _create(client)
    page.goto(str(session.url))
    _pay(page, "4000002500003155")
    bank = page.frame_locator('iframe[title="Your bank\'s page"]')
    bank.get_by_role("button", name="Fail authentication").click()
    expect(page.get_by_role("alert")).to_contain_text("We are unable to authenticate")
    page.get_by_role("button", name="Pay").click()
    bank.get_by_role("button", name="Complete authentication").click()
    assert _returned(page, shop)["session"] == session.id
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"


@pytest.mark.parametrize(
    ("number", "event", "status"),
    [
        ("4000000000006009", "checkout.session.async_payment_succeeded", "paid"),
        ("4000000000006017", "checkout.session.async_payment_failed", "unpaid"),
    ],
)
def test_a_slow_payment_is_complete_before_it_is_paid(
    page: Page, client: stripe.StripeClient, shop: Shop, number: str, event: str, status: str
) -> None:
    """Submitted is not paid; a later event says how it ended."""
    session = _create(client)
    page.goto(str(session.url))
    _pay(page, number)
    assert _returned(page, shop)["session"] == session.id
    until(lambda: _types(client) == ["checkout.session.completed", event])
    ended = client.v1.checkout.sessions.retrieve(session.id)
    assert (ended.status, ended.payment_status) == ("complete", status)


def test_what_is_missing_is_said_and_nothing_is_asked_for(page: Page, client: stripe.StripeClient, shop: Shop) -> None:
    """The first wrong field has the focus; no intent is made."""
    page.goto(str(_create(client).url))
    form = page.frame_locator("iframe[title='Secure card details']")
    expect(form.get_by_label("Card number")).to_be_visible()
    page.get_by_role("button", name="Pay").click()
    expect(page.get_by_label("Email")).to_be_focused()
    expect(page.get_by_text("Enter the name on the card")).to_be_visible()
    expect(form.get_by_text("Enter the full card number")).to_be_visible()
    assert client.v1.payment_intents.list().data == []


def test_a_payer_may_turn_back(page: Page, client: stripe.StripeClient, shop: Shop) -> None:
    """The cancel link; the page can still be paid on."""
    session = _create(client)
    page.goto(str(session.url))
    page.get_by_role("link", name="Back to Sandbox account").click()
    assert _returned(page, shop) == {"cancelled": "1"}
    assert client.v1.checkout.sessions.retrieve(session.id).status == "open"


def test_an_expired_page_takes_nothing(page: Page, client: stripe.StripeClient, shop: Shop) -> None:
    """Not even when it was open: its intent is cancelled, the page says so, and it cannot expire twice."""
    session = _create(client)
    page.goto(str(session.url))
    _pay(page, "4000000000000002")
    expect(page.get_by_role("alert")).to_have_text("Your card was declined.")
    expired = client.v1.checkout.sessions.expire(session.id)
    assert (expired.status, expired.url) == ("expired", None)
    assert client.v1.payment_intents.retrieve(str(expired.payment_intent)).status == "canceled"
    _pay(page, "4242424242424242")
    expect(page.get_by_role("heading", name="This page has expired")).to_be_visible()
    page.get_by_role("link", name="Back to the shop").click()
    assert _returned(page, shop) == {"cancelled": "1"}
    assert _types(client) == ["checkout.session.expired"]
    with pytest.raises(stripe.InvalidRequestError, match="not in an open state"):
        client.v1.checkout.sessions.expire(session.id)


def test_the_way_back_is_not_open_before_payment(page: Page, client: stripe.StripeClient, shop: Shop) -> None:
    """C8: whoever types the address of the end comes back to the page."""
    session = _create(client)
    page.goto(f"{session.url}/done")
    expect(page.get_by_role("button", name="Pay")).to_be_visible()
    assert shop.returned == []
    answer = page.goto(str(session.url)[:-3] + "xxx")
    assert answer is not None
    assert answer.status == 404


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 320)])
def test_nothing_is_in_the_way_of_anybody(
    new_context: NewContext, client: stripe.StripeClient, scheme: Any, width: int
) -> None:
    """axe: no violation, with and without errors, and when it has expired; no sideways scrolling."""
    page = new_context(viewport={"width": width, "height": 900}, color_scheme=scheme).new_page()
    session = _create(client)
    page.goto(str(session.url))
    page.get_by_role("button", name="Pay").click()
    expect(page.get_by_text("Enter the name on the card")).to_be_visible()
    _check(page)
    client.v1.checkout.sessions.expire(session.id)
    page.goto(str(session.url))
    _check(page)


def _check(page: Page) -> None:
    assert Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"] == []
    for frame in page.frames:
        assert frame.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


# Wallet domains ------------------------------------------------------------------------------------------------------


def test_a_wallet_domain_is_registered_once(client: stripe.StripeClient) -> None:
    """A second registration finds the first; it can be listed, switched off and looked at again."""
    domain = client.v1.payment_method_domains.create({"domain_name": "pay.shop.example"})
    assert (domain.enabled, domain.apple_pay.status, domain.google_pay.status) == (True, "active", "active")
    assert client.v1.payment_method_domains.create({"domain_name": "Pay.Shop.Example"}).id == domain.id
    assert client.v1.payment_method_domains.update(domain.id, {"enabled": False}).enabled is False
    assert client.v1.payment_method_domains.list({"enabled": True}).data == []
    found = client.v1.payment_method_domains.list({"domain_name": "pay.shop.example"}).data
    assert [one.id for one in found] == [domain.id]
    assert client.v1.payment_method_domains.validate(domain.id).apple_pay.status == "active"


def test_a_name_that_cannot_be_reached_shows_no_wallets(client: stripe.StripeClient) -> None:
    """localhost: registered, inactive, with the reason."""
    domain = client.v1.payment_method_domains.create({"domain_name": "localhost"})
    assert domain.apple_pay.status == "inactive"
    assert domain.apple_pay.status_details is not None
    assert "localhost" in domain.apple_pay.status_details.error_message


@pytest.mark.parametrize("name", ["https://shop.example", "shop.example/pay", "", "-shop.example", "shop..example"])
def test_what_is_no_host_is_refused(client: stripe.StripeClient, name: str) -> None:
    """A host name and nothing else."""
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.payment_method_domains.create({"domain_name": name})
    assert refusal.value.param == "domain_name"


def test_a_wallet_domain_has_what_the_sdk_expects(client: stripe.StripeClient) -> None:
    """It is not in the schema at hand: held to the SDK's own type instead, with nothing missing and nothing more."""
    domain = client.v1.payment_method_domains.create({"domain_name": "pay.shop.example"}).to_dict()
    known = {name for name in stripe.PaymentMethodDomain.__annotations__ if not name.startswith(("_", "OBJECT"))}
    assert set(domain) == known
    for wallet in ("amazon_pay", "apple_pay", "google_pay", "klarna", "link", "paypal"):
        assert domain[wallet] == {"status": "active"}
