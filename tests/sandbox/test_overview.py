"""The sandbox's own page: what it holds, and the switch for trouble."""

from collections.abc import Iterator
from typing import Any

import pytest
import stripe
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.browser import NewContext
from tests.sandbox.conftest import Receiver, until
from tests.servers import Sandbox


@pytest.fixture(autouse=True)
def no_plan(sandbox: Sandbox) -> Iterator[None]:
    """Nothing stays for the next test."""
    yield
    sandbox.faults(plan=[])


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


def _row(page: Page, region: str, text: str) -> Locator:
    return page.get_by_role("region", name=region).get_by_role("row").filter(has_text=text)


def test_a_bank_and_a_dashboard_are_played_by_hand(
    page: Page, sandbox: Sandbox, client: stripe.StripeClient, receiver: Receiver
) -> None:
    """Refund, its failure, dispute, its end, payout, ping: buttons of plain forms."""
    intent = client.v1.payment_intents.retrieve(_fill(client, receiver))
    charge = str(intent.latest_charge)
    page.goto(sandbox.url)
    page.get_by_role("button", name=f"Refund {charge}").click()
    expect(_row(page, "Refunds", charge)).to_contain_text("succeeded")
    _row(page, "Refunds", charge).get_by_role("button", name="Fail").click()
    expect(_row(page, "Refunds", charge)).to_contain_text("failed expired or canceled card")
    page.get_by_role("button", name=f"Dispute {charge}").click()
    expect(_row(page, "Disputes", charge)).to_contain_text("needs response")
    page.get_by_role("button", name=f"Refund {charge}").click()
    expect(page.get_by_text("has been charged back; cannot issue a refund. Go back")).to_be_visible()
    page.go_back()
    _row(page, "Disputes", charge).get_by_role("button", name="Won").click()
    expect(_row(page, "Disputes", charge)).to_contain_text("won")
    expect(_row(page, "Balance", charge)).to_contain_text("1,105.28 USD")
    page.get_by_role("button", name="Pay out 1,057.93 USD").first.click()
    expect(_row(page, "Payouts", "1,057.93 USD").first).to_contain_text("in transit")
    page.get_by_role("button", name=f"Ping {receiver.url}").click()
    receiver.wait(2)


def test_a_fault_plan_is_made_by_hand(page: Page, sandbox: Sandbox, client: stripe.StripeClient) -> None:
    """A ready-made rule, one of one's own, what they did, and the way out."""
    page.goto(sandbox.url)
    page.get_by_role("button", name="Webhooks come three times").click()
    page.get_by_label("Operation").select_option(label="Look a payment up")
    page.get_by_label("Fault", exact=True).select_option(label="Error, nothing done")
    page.get_by_label("Times").fill("2")
    page.get_by_label("Status of an error").select_option("503")
    page.get_by_role("button", name="Add rule").click()
    with pytest.raises(stripe.APIError):
        client.v1.payment_intents.retrieve("pi_any")
    page.reload()
    expect(_row(page, "Fault plan", "GET /v1/payment_intents/{id}")).to_contain_text("Error, nothing done 503")
    assert [(one["fault"], one["times"], one["hits"]) for one in sandbox.get("/_sandbox/faults")["plan"]] == [
        ("repeated", None, 0),
        ("error", 2, 1),
    ]
    page.get_by_role("button", name="Remove rule 1").click()
    expect(_row(page, "Fault plan", "webhook")).to_have_count(0)
    page.get_by_role("button", name="Empty the plan").click()
    assert sandbox.get("/_sandbox/faults")["plan"] == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 320)])
def test_nothing_is_in_the_way_of_anybody(
    new_context: NewContext,
    sandbox: Sandbox,
    client: stripe.StripeClient,
    receiver: Receiver,
    scheme: Any,
    width: int,
) -> None:
    """axe: no violation; the page itself never scrolls sideways."""
    intent = client.v1.payment_intents.retrieve(_fill(client, receiver))
    client.v1.refunds.create({"payment_intent": intent.id, "amount": 500})
    sandbox.dispute(str(intent.latest_charge), amount=1000)
    sandbox.faults(plan=[{"operation": "POST /v1/refunds", "fault": "timeout_after", "probability": 0.5}])
    page = new_context(viewport={"width": width, "height": 900}, color_scheme=scheme).new_page()
    page.goto(sandbox.url)
    assert Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
