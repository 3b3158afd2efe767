"""The card form and 3-D Secure in a real browser, on a shop's page with a strict content policy.

The `new_context` fixture fails a test if a page throws or its policy blocks anything.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import stripe
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import FrameLocator, Page, expect

from tests.browser import NewContext
from tests.ports import free_port
from tests.sandbox.conftest import client_for
from tests.sandbox.shop import Shop, open_shop
from tests.servers import Sandbox, start_sandbox

PORT = free_port()


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox that only the shop's origin may frame."""
    running = start_sandbox(tmp_path_factory.mktemp("sandbox"), f"http://localhost:{PORT}")
    yield running
    assert running.stop() == 0


@pytest.fixture
def api(sandbox: Sandbox) -> stripe.StripeClient:
    """The shop's server side."""
    return client_for(sandbox.url, sandbox.secret_key)


@pytest.fixture
def shop(sandbox: Sandbox, api: stripe.StripeClient) -> Iterator[Shop]:
    """A shop whose page may be opened."""
    with open_shop(sandbox.url, sandbox.publishable_key, api, PORT) as shop:
        yield shop


def card_form(page: Page) -> FrameLocator:
    """The Payment Element."""
    return page.frame_locator("iframe[title='Secure card details']")


def fill(page: Page, number: str, expiry: str = "12 / 40", code: str = "123") -> None:
    """Type a card."""
    form = card_form(page)
    form.get_by_label("Card number").fill(number)
    form.get_by_label("Expiry date").fill(expiry)
    form.get_by_label("Security code").fill(code)


def pay(page: Page, shop: Shop, number: str, **card: str) -> None:
    """Open the page, type a card, press Pay."""
    page.goto(shop.url)
    fill(page, number, **card)
    page.get_by_role("button", name="Pay").click()


def result(page: Page) -> Any:
    """What the shop's page says."""
    return expect(page.locator("#result"))


@pytest.mark.parametrize("number", ["4242 4242 4242 4242", "5555-5555-5555-4444"])
def test_a_card_pays(page: Page, shop: Shop, api: stripe.StripeClient, number: str) -> None:
    """From typed number to charge, with the payer's name and no card data on the shop's side."""
    pay(page, shop, number)
    result(page).to_have_text("status: succeeded")
    charge: Any = api.v1.payment_intents.retrieve(shop.intents[0], {"expand": ["latest_charge"]}).latest_charge
    assert charge.payment_method_details.card.last4 == number[-4:]
    assert charge.payment_method_details.card.exp_year == 2040
    assert (charge.billing_details.name, charge.billing_details.email) == ("Dana Whitlock", "dana@riverside-hs.example")


def test_american_express_has_its_own_groups_and_code(page: Page, shop: Shop) -> None:
    """4-6-5 and four digits on the front."""
    page.goto(shop.url)
    fill(page, "378282246310005", code="123")
    form = card_form(page)
    expect(form.get_by_label("Card number")).to_have_value("3782 822463 10005")
    expect(form.get_by_text("4 digits on the front")).to_be_visible()
    page.get_by_role("button", name="Pay").click()
    result(page).to_have_text("field: incomplete_cvc")
    form.get_by_label("Security code").fill("1234")
    page.get_by_role("button", name="Pay").click()
    result(page).to_have_text("status: succeeded")


@pytest.mark.parametrize(
    ("number", "error"),
    [
        ("4000000000000002", "card_declined generic_decline"),
        ("4000000000009995", "card_declined insufficient_funds"),
        ("4000000000000069", "expired_card"),
        ("4000000000000127", "incorrect_cvc"),
    ],
)
def test_a_declined_card_keeps_what_was_typed_and_another_can_pay(
    page: Page, shop: Shop, number: str, error: str
) -> None:
    """The error comes back as a value; the fields are not wiped."""
    pay(page, shop, number)
    result(page).to_have_text(f"error: {error}")
    expect(card_form(page).get_by_label("Expiry date")).to_have_value("12 / 40")
    fill(page, "4242424242424242")
    page.get_by_role("button", name="Pay").click()
    result(page).to_have_text("status: succeeded")


def test_problems_are_said_at_the_fields_and_nothing_is_asked_for(page: Page, shop: Shop) -> None:
    """submit() checks in the frame; the first wrong field has the focus; no intent is made."""
    page.goto(shop.url)
    form = card_form(page)
    expect(form.get_by_label("Card number")).to_be_visible()
    page.get_by_role("button", name="Pay").click()
    result(page).to_have_text("field: incomplete_number")
    expect(form.get_by_label("Card number")).to_be_focused()
    expect(form.get_by_text("Enter the full card number")).to_be_visible()
    expect(form.get_by_text("Enter it as MM / YY")).to_be_visible()
    expect(form.get_by_label("Security code")).to_have_attribute("aria-invalid", "true")
    assert shop.intents == []


def test_a_wrong_digit_is_said_when_the_number_is_complete_and_left(page: Page, shop: Shop) -> None:
    """ux.md 3.8: Luhn only when the length is complete and the focus leaves; an edit clears it."""
    page.goto(shop.url)
    form = card_form(page)
    number = form.get_by_label("Card number")
    message = form.get_by_text("Check the card number, a digit is wrong")
    number.fill("4242 4242 4242")
    number.blur()
    expect(number).not_to_have_attribute("aria-invalid", "true")
    number.fill("4242 4242 4242 4243")
    expect(message).to_have_count(0)
    number.blur()
    expect(message).to_be_visible()
    number.press("End")
    number.press("Backspace")
    expect(message).to_have_count(0)


def test_a_real_card_never_leaves_the_browser(page: Page, shop: Shop) -> None:
    """A number that is no test card is refused in the frame; no request carries it."""
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.url} {request.post_data or ''}"))
    pay(page, shop, "4111 1111 1111 1111")
    result(page).to_have_text("field: invalid_number")
    expect(card_form(page).get_by_text("Use a test card")).to_be_visible()
    assert not any("4111" in one for one in sent)
    assert shop.intents == []


@pytest.mark.parametrize(
    ("typed", "shown"),
    [("1240", "12 / 40"), ("12/40", "12 / 40"), ("12/2040", "12 / 2040"), ("540", "05 / 40"), ("5/40", "05 / 40")],
)
def test_the_expiry_date_is_taken_in_every_usual_form(page: Page, shop: Shop, typed: str, shown: str) -> None:
    """MMYY, MM/YY, MM/YYYY; the slash comes by itself."""
    page.goto(shop.url)
    form = card_form(page)
    form.get_by_label("Card number").fill("4242424242424242")
    form.get_by_label("Expiry date").press_sequentially(typed)
    expect(form.get_by_label("Expiry date")).to_have_value(shown)
    form.get_by_label("Security code").fill("123")
    page.get_by_role("button", name="Pay").click()
    result(page).to_have_text("status: succeeded")


@pytest.mark.parametrize(("typed", "code"), [("13/40", "invalid_expiry_month"), ("01/20", "invalid_expiry_year_past")])
def test_a_date_that_cannot_be_is_refused(page: Page, shop: Shop, typed: str, code: str) -> None:
    """A month from 01 to 12, not in the past."""
    pay(page, shop, "4242424242424242", expiry=typed)
    result(page).to_have_text(f"field: {code}")


def test_the_caret_stays_where_the_digit_was_put(page: Page, shop: Shop) -> None:
    """A forgotten digit is put in the middle; deleting goes over the gap."""
    page.goto(shop.url)
    number = card_form(page).get_by_label("Card number")
    number.fill("4242 4242 4242 424")
    number.evaluate("field => field.setSelectionRange(2, 2)")
    number.press_sequentially("99")
    expect(number).to_have_value("4299 4242 4242 4242")
    assert number.evaluate("field => field.selectionStart") == 4
    number.evaluate("field => field.setSelectionRange(5, 5)")
    number.press("Backspace")
    expect(number).to_have_value("4294 2424 2424 242")
    assert number.evaluate("field => field.selectionStart") == 3


def test_the_fields_tell_browsers_what_they_are_for(page: Page, shop: Shop) -> None:
    """WCAG 1.3.5: autocomplete tokens; a numeric keyboard."""
    page.goto(shop.url)
    form = card_form(page)
    for label, token in (("Card number", "cc-number"), ("Expiry date", "cc-exp"), ("Security code", "cc-csc")):
        expect(form.get_by_label(label)).to_have_attribute("autocomplete", token)
        expect(form.get_by_label(label)).to_have_attribute("inputmode", "numeric")


def test_a_balance_that_changed_meanwhile_is_not_charged(page: Page, shop: Shop, api: stripe.StripeClient) -> None:
    """The sum in the page is not the intent's: refused, nothing taken."""
    shop.amount = 125528
    pay(page, shop, "4242424242424242")
    result(page).to_have_text("error: elements_amount_mismatch")
    assert api.v1.payment_intents.retrieve(shop.intents[0]).status == "requires_payment_method"


def test_a_slow_card_comes_back_as_processing(page: Page, shop: Shop) -> None:
    """Not paid yet, and said so."""
    pay(page, shop, "4000000000006009")
    result(page).to_have_text("status: processing")


@pytest.mark.parametrize(
    ("button", "said"),
    [
        ("Complete authentication", "status: succeeded"),
        ("Fail authentication", "error: payment_intent_authentication_failure"),
    ],
)
def test_the_bank_asks_in_a_dialog(page: Page, shop: Shop, button: str, said: str) -> None:
    """3-D Secure without leaving the page."""
    pay(page, shop, "4000002500003155")
    dialog = page.get_by_role("dialog", name="Confirm with your bank")
    expect(dialog).to_be_visible()
    page.frame_locator('iframe[title="Your bank\'s page"]').get_by_role("button", name=button).click()
    result(page).to_have_text(said)
    expect(dialog).to_have_count(0)


@pytest.mark.parametrize("way", ["Cancel", "Escape", "Escape in the bank's page"])
def test_the_bank_can_be_cancelled_and_another_card_used(page: Page, shop: Shop, way: str) -> None:
    """Cancel fails the authentication; the page stays usable."""
    pay(page, shop, "4000002500003155")
    expect(page.get_by_role("dialog")).to_be_visible()
    if way == "Cancel":
        page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    elif way == "Escape":
        page.keyboard.press("Escape")
    else:
        bank = page.frame_locator('iframe[title="Your bank\'s page"]')
        bank.get_by_role("button", name="Complete authentication").press("Escape")
    result(page).to_have_text("error: payment_intent_authentication_failure")
    fill(page, "4242424242424242")
    page.get_by_role("button", name="Pay").click()
    result(page).to_have_text("status: succeeded")


def test_a_card_may_be_declined_after_the_bank_agreed(page: Page, shop: Shop) -> None:
    """Authentication is not payment."""
    pay(page, shop, "4000008400001629")
    bank = page.frame_locator('iframe[title="Your bank\'s page"]')
    bank.get_by_role("button", name="Complete authentication").click()
    result(page).to_have_text("error: card_declined generic_decline")


@pytest.mark.parametrize(
    ("number", "button", "redirect_status", "status"),
    [
        ("4242424242424242", "", "succeeded", "succeeded"),
        ("4000002500003155", "Complete authentication", "succeeded", "succeeded"),
        ("4000002500003155", "Fail authentication", "failed", "requires_payment_method"),
    ],
)
def test_redirects_come_back_with_stripes_parameters(
    page: Page, shop: Shop, number: str, button: str, redirect_status: str, status: str
) -> None:
    """redirect "always": top-level to the bank and back, Lax cookies included; the way back looks the intent up."""
    shop.redirect = "always"
    pay(page, shop, number)
    if button:
        page.get_by_role("button", name=button).click()
    page.wait_for_url("**/back?**")
    result(page).to_have_text(f"status: {status}")
    [returned] = shop.returned
    assert returned["invoice"] == "7"
    assert (returned["payment_intent"], returned["redirect_status"]) == (shop.intents[0], redirect_status)
    assert returned["payment_intent_client_secret"].startswith(shop.intents[0])
    assert shop.cookies == ["lax=1"]


def test_a_decline_does_not_redirect(page: Page, shop: Shop) -> None:
    """As at Stripe, errors stay on the page."""
    shop.redirect = "always"
    pay(page, shop, "4000000000000002")
    result(page).to_have_text("error: card_declined generic_decline")
    assert shop.returned == []


def test_an_answered_question_is_not_asked_again(page: Page, shop: Shop) -> None:
    """Back to the bank's page: it says there is nothing to confirm."""
    shop.redirect = "always"
    pay(page, shop, "4000002500003155")
    page.wait_for_url("**/3ds/**")
    bank = page.url
    page.get_by_role("button", name="Complete authentication").click()
    page.wait_for_url("**/back?**")
    answer = page.goto(bank)
    assert answer is not None
    assert answer.status == 410
    expect(page.get_by_text("nothing to confirm")).to_be_visible()


def test_there_are_no_wallets_and_the_page_hears_what_happens(page: Page, shop: Shop) -> None:
    """ready, change and the express element's empty answer; the frame is as high as its fields."""
    page.goto(shop.url)
    fill(page, "4242424242424242")
    page.get_by_role("button", name="Pay").click()
    result(page).to_have_text("status: succeeded")
    heard = page.evaluate("window.heard")
    names = [name for name, _ in heard]
    assert names.count("wallets") == names.count("ready") == 1
    assert next(event for name, event in heard if name == "wallets") == {
        "elementType": "expressCheckout",
        "availablePaymentMethods": None,
    }
    last = [event for name, event in heard if name == "change"][-1]
    assert (last["complete"], last["empty"], last["value"]) == (True, False, {"type": "card"})
    inner = card_form(page).locator("body").evaluate("body => body.getBoundingClientRect().height")
    assert page.locator("#card iframe").evaluate("frame => frame.clientHeight") == pytest.approx(inner, abs=1)


def test_confirming_without_submitting_is_a_mistake_of_the_page(page: Page, shop: Shop) -> None:
    """The deferred flow as Stripe enforces it."""
    page.goto(shop.url)
    fill(page, "4242424242424242")
    said = page.evaluate(
        """async () => { try { await shop.stripe.confirmPayment({
             elements: shop.elements, clientSecret: "pi_1_secret_2", redirect: "if_required" }) }
           catch (error) { return [error.name, error.message] } }"""
    )
    assert said[0] == "IntegrationError"
    assert "elements.submit()" in said[1]


def test_the_shops_colours_are_used_and_change_with_it(page: Page, shop: Shop) -> None:
    """Appearance variables that are colours are; anything else is left out."""
    page.goto(shop.url)
    number = card_form(page).get_by_label("Card number")
    expect(number).to_have_css("color", "rgb(30, 26, 20)")
    appearance = {
        "theme": "night",
        "variables": {
            "colorBackground": "#102030",
            "colorText": "rgb(1, 2, 3)",
            "borderRadius": "11px",
            "fontFamily": "Georgia, serif",
            "colorDanger": "url(https://elsewhere.example/)",
        },
    }
    page.evaluate("appearance => shop.elements.update({ appearance })", appearance)
    expect(number).to_have_css("color", "rgb(1, 2, 3)")
    expect(number).to_have_css("background-color", "rgb(16, 32, 48)")
    expect(number).to_have_css("border-top-left-radius", "11px")
    expect(number).to_have_css("font-family", "Georgia, serif")
    root = card_form(page).locator("html")
    assert root.evaluate("html => getComputedStyle(html).getPropertyValue('--colorDanger').trim()") == "#F69088"


def test_a_lost_connection_is_an_error_and_no_charge(page: Page, shop: Shop, sandbox: Sandbox) -> None:
    """The processor goes away while the form is open."""
    page.goto(shop.url)
    fill(page, "4242424242424242")
    said = page.evaluate_handle("shop.elements.submit()").json_value()
    assert said == {"selectedPaymentMethod": "card"}
    sandbox.faults(mode="reset")
    try:
        error = page.evaluate(
            """() => shop.stripe.confirmPayment({ elements: shop.elements, clientSecret: "pi_1_secret_2",
                 redirect: "if_required", confirmParams: { payment_method_data: { billing_details: {
                 name: "Dana", email: "dana@riverside-hs.example" } } } })"""
        )
    finally:
        sandbox.faults(mode="none")
    assert error["error"]["type"] == "api_connection_error"


def test_another_site_may_not_show_the_form(new_context: NewContext, shop: Shop) -> None:
    """frame-ancestors names the shop's origin exactly: 127.0.0.1 is not localhost."""
    page = new_context(watched=False).new_page()
    page.clock.install()
    page.goto(shop.url.replace("localhost", "127.0.0.1"))
    expect(page.locator("#card iframe")).to_be_attached()
    page.clock.fast_forward(9000)  # the script gives up after 8 seconds
    page.wait_for_function("() => (window.heard || []).some(([name]) => name === 'loaderror')")
    expect(card_form(page).get_by_label("Card number")).to_have_count(0)


@pytest.mark.parametrize(("theme", "width"), [("stripe", 320), ("night", 390), ("stripe", 1280), ("night", 320)])
def test_nothing_is_in_the_way_of_anybody(new_context: NewContext, shop: Shop, theme: str, width: int) -> None:
    """axe: no violation, in the form, with errors, and in the bank's dialog; no sideways scrolling."""
    shop.theme = theme
    scheme: Any = "dark" if theme == "night" else "light"
    page = new_context(viewport={"width": width, "height": 800}, color_scheme=scheme).new_page()
    page.goto(shop.url)
    page.get_by_role("button", name="Pay").click()
    expect(card_form(page).get_by_text("Enter the full card number")).to_be_visible()
    _check(page)
    fill(page, "4000002500003155")
    page.get_by_role("button", name="Pay").click()
    bank = page.frame_locator('iframe[title="Your bank\'s page"]')
    expect(bank.get_by_role("button", name="Complete authentication")).to_be_visible()
    _check(page)


def _check(page: Page) -> None:
    found = Axe().run(page, options={"resultTypes": ["violations"]})
    assert found.response["violations"] == []
    for frame in page.frames:
        assert frame.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
