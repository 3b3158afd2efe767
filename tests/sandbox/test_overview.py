"""The sandbox's own page: what it holds, and the switch for trouble."""

from typing import Any

import pytest
import stripe
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser import NewContext
from tests.sandbox.conftest import Receiver, until
from tests.servers import Sandbox


def _fill(client: stripe.StripeClient, receiver: Receiver) -> str:
    client.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["payment_intent.succeeded"]})
    paid: dict[str, Any] = {"amount": 110528, "currency": "usd", "confirm": True, "payment_method": "pm_card_visa"}
    intent = client.v1.payment_intents.create({**paid, "metadata": {"order": "<b>2047</b>"}})
    with pytest.raises(stripe.CardError):
        client.v1.payment_intents.create({**paid, "payment_method": "pm_card_visa_chargeDeclined"})
    until(lambda: receiver.taken != [] and client.v1.events.list({"delivery_success": False}).data == [])
    return intent.id


def test_it_shows_what_the_sandbox_holds(
    page: Page, sandbox: Sandbox, client: stripe.StripeClient, receiver: Receiver, account: dict[str, str]
) -> None:
    """Intents, charges, events with their deliveries, endpoints, cards, keys; text from outside is text."""
    intent = _fill(client, receiver)
    page.goto(sandbox.url)
    row = page.get_by_role("region", name="Payment intents").get_by_role("row").filter(has_text=intent)
    expect(row).to_contain_text("1,105.28 USD")
    expect(row).to_contain_text("succeeded")
    expect(row).to_contain_text("order: <b>2047</b>")
    expect(page.get_by_role("region", name="Charges")).to_contain_text("card_declined")
    expect(page.get_by_role("region", name="Events").get_by_text("delivered").first).to_be_visible()
    expect(page.get_by_role("region", name="Webhook endpoints")).to_contain_text(receiver.url)
    expect(page.get_by_role("region", name="Test cards")).to_contain_text("4000 0025 0000 3155")
    expect(page.get_by_role("region", name="Keys")).to_contain_text(account["secret_key"])


def test_the_switch_works_and_an_event_can_be_sent_again(
    page: Page, sandbox: Sandbox, client: stripe.StripeClient, receiver: Receiver
) -> None:
    """By hand, in the page."""
    _fill(client, receiver)
    page.goto(sandbox.url)
    page.get_by_label("Requests").select_option("slow")
    page.get_by_label("Seconds when slow").fill("1.5")
    page.get_by_role("button", name="Set").click()
    expect(page.get_by_label("Requests")).to_have_value("slow")
    assert sandbox.get("/_sandbox/faults") == {"mode": "slow", "webhooks": "on", "seconds": 1.5, "plan": []}
    sandbox.faults(mode="none")
    event = client.v1.events.list({"type": "payment_intent.succeeded"}).data[0].id
    page.get_by_role("button", name=f"Send {event} again").click()
    receiver.wait(2)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_is_in_the_way_of_anybody(
    new_context: NewContext,
    sandbox: Sandbox,
    client: stripe.StripeClient,
    receiver: Receiver,
    scheme: Any,
    width: int,
) -> None:
    """axe: no violation; the page itself never scrolls sideways."""
    _fill(client, receiver)
    page = new_context(viewport={"width": width, "height": 900}, color_scheme=scheme).new_page()
    page.goto(sandbox.url)
    assert Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
