"""Apple Pay and Google Pay, as far as our page goes: a script in place of the processor's reports a device's wallet.

The stand-in has no wallet, and no test browser has one either.
"""

from collections.abc import Callable
from typing import Any

import pytest
import stripe
from playwright.sync_api import Page, expect

from balancedue.models import PaymentAttempt
from tests.browser import NewContext
from tests.journeys.payer import expect_receipt, open_card_form
from tests.journeys.shops import JourneyShop
from tests.makers import make_payment

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

SCRIPT = """
window.heard = [];
window.Stripe = () => ({
  elements(options) {
    heard.push(["elements", options]);
    const create = kind => {
      const handlers = {}, on = (name, handler) => { handlers[name] = handler };
      const mount = target => setTimeout(() => {
        handlers.ready(kind === "payment" ? {} : {availablePaymentMethods: %(methods)s});
        if (kind === "payment" || !%(methods)s) return;
        const button = (words, event) => {
          const made = Object.assign(document.createElement("button"), {type: "button", textContent: words});
          made.addEventListener("click", event);
          document.querySelector(target).append(made);
        };
        button("Wallet", () => handlers.confirm({paymentFailed: told => heard.push(["closed", told])}));
        button("Cancel wallet", () => handlers.cancel?.({}));
      });
      return {on, mount, focus() {}};
    };
    return {create, update(options) { heard.push(["update", options]) }, submit: async () => ({})};
  },
  async confirmPayment({clientSecret, confirmParams}) {
    await window.payAtProcessor(clientSecret, confirmParams);
    return {};
  },
});
"""
APP = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"


def client_of(shop: JourneyShop) -> stripe.StripeClient:
    return stripe.StripeClient(
        shop.connection.credentials["secret_key"], base_addresses={"api": shop.sandbox.url}, max_network_retries=0
    )


@pytest.fixture
def with_wallet(shop: Any) -> Callable[..., Page]:
    """The payment page on a device that has, or has not, a wallet. Nothing but the way back is confirmed with."""

    def opened(page: Page, *, methods: str = "{applePay: true}") -> Page:
        def pay(secret: str, params: dict[str, Any]) -> None:
            assert list(params) == ["return_url"]  # name and address are the wallet's own
            confirm: Any = {"payment_method": "pm_card_visa", "return_url": "http://localhost/back"}
            client_of(shop).v1.payment_intents.confirm(secret.partition("_secret_")[0], confirm)

        page.expose_function("payAtProcessor", pay)
        script = SCRIPT % {"methods": methods}
        page.route("**/stripe.js", lambda route: route.fulfill(content_type="text/javascript", body=script))
        open_card_form(page, shop.link)
        return page

    return opened


def heard(page: Page, name: str) -> list[Any]:
    """What the page told the processor's script under that name."""
    return [what for kind, what in page.evaluate("heard") if kind == name]


def test_a_wallet_pays_and_nothing_exists_before_its_button_is_pressed(
    page: Page, shop: JourneyShop, with_wallet: Callable[..., Page]
) -> None:
    """S28, ux.md 3.8: sum and currency are known to the script, the intent is made after the gesture alone."""
    with_wallet(page)
    wallet = page.get_by_role("button", name="Wallet", exact=True)
    expect(wallet).to_be_visible()
    expect(page.get_by_text("or pay by card")).to_be_visible()
    above = "document.querySelector('#wallets').compareDocumentPosition(document.querySelector('#card')) & 4"
    assert page.evaluate(above)
    [options] = heard(page, "elements")
    assert (options["mode"], options["amount"], options["currency"]) == ("payment", 110_528, "usd")
    assert "clientSecret" not in options
    assert client_of(shop).v1.payment_intents.list().data == []
    assert not PaymentAttempt.objects.exists()
    wallet.click()
    expect_receipt(page, first_name="")
    assert [payment.amount_minor for payment in shop.payments] == [110_528]


@pytest.mark.slow
def test_a_sheet_that_is_closed_says_nothing(page: Page, with_wallet: Callable[..., Page]) -> None:
    """ux.md 3.8."""
    with_wallet(page)
    page.get_by_role("button", name="Cancel wallet").click()
    page.wait_for_timeout(300)
    for said in ("#told", "#changed", "#problems"):
        expect(page.locator(said)).to_be_hidden()
    assert not PaymentAttempt.objects.exists()


@pytest.mark.slow
def test_a_changed_balance_closes_the_sheet_and_is_shown(
    page: Page, shop: JourneyShop, with_wallet: Callable[..., Page]
) -> None:
    """S30: the sheet lies over what our page says."""
    with_wallet(page)
    make_payment(shop.order, 50_000)
    page.get_by_role("button", name="Wallet", exact=True).click()
    expect(page.locator("#changed")).to_contain_text("It was $1,105.28 and is now $605.28.")
    assert heard(page, "closed") == [{"reason": "fail"}]
    assert heard(page, "update")[-1] == {"amount": 60_528}
    assert not PaymentAttempt.objects.exists()


@pytest.mark.slow
@pytest.mark.parametrize(("agent", "hint"), [("", False), (APP, True), (f"{APP} Safari/604.1", False)])
def test_no_wallet_no_block(new_context: NewContext, with_wallet: Callable[..., Page], agent: str, hint: bool) -> None:
    """ux.md 3.8: gone, not empty; a quiet line inside an email app, where the phone may have one all the same."""
    page = new_context(**({"user_agent": agent} if agent else {})).new_page()
    with_wallet(page, methods="undefined")
    expect(page.locator("#wallets")).to_have_count(0)
    expect(page.get_by_text("Open in your browser for Apple Pay")).to_be_visible(visible=hint)


@pytest.mark.slow
def test_without_the_script_there_is_no_dead_wallet(new_context: NewContext, shop: JourneyShop) -> None:
    """ux.md 3.8."""
    page = new_context(watched=False).new_page()
    page.route("**/stripe.js", lambda route: route.abort())
    open_card_form(page, shop.link)
    expect(page.get_by_text("The card form did not load.")).to_be_visible()
    expect(page.locator("#wallets")).to_have_count(0)
