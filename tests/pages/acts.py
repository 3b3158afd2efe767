"""What a person does on a page to bring it into a state. Nothing here changes anything that another state shows."""

import re

from playwright.sync_api import FrameLocator, Page, Route, expect

PAYS, DECLINED, ASKS_BANK = "4242424242424242", "4000000000000002", "4000002500003155"


def open_request(page: Page) -> None:
    """The Request Payment window."""
    page.click("#request-button")
    expect(page.locator("#request-payment .primary")).to_be_visible()


def ask(page: Page, *, to: str | None = None, cc: str = "", shown: str = "") -> None:
    """Fill the window in and press Send email; waits for what comes back into it."""
    open_request(page)
    fill_addresses(page, to, cc)
    if shown:
        page.evaluate("shown => { document.querySelector('#request-payment [name=shown]').value = shown }", shown)
    with page.expect_response(re.compile("/payment-requests/$")):
        page.click("#request-payment .primary")
    expect(page.locator("#request-payment [data-focus]")).to_be_visible()


def fill_addresses(page: Page, to: str | None, cc: str = "") -> None:
    """Put addresses in place of those there, as chips or as plain text."""
    for name, words in (("to", to), ("cc", cc)):
        if words is not None and (words or name == "to"):
            for remove in reversed(page.locator(f".chips:has(#{name}) button").all()):
                remove.click()
            page.fill(f"#{name}", words)


def ask_with(**what: str) -> object:
    """`ask`, with its answers chosen beforehand."""
    return lambda page: ask(page, **what)


def notify(page: Page) -> None:
    """Tick the notification box."""
    open_request(page)
    box = page.locator("#notify_me")
    box.check()
    box.scroll_into_view_if_needed()


def preview(page: Page) -> None:
    """See the email."""
    open_request(page)
    page.get_by_role("button", name="See the email").click()
    frame = page.frame_locator("#email-preview iframe")
    expect(frame.get_by_text("View Invoice").first).to_be_visible()
    page.locator("#email-preview").scroll_into_view_if_needed()


def lose_the_server(page: Page) -> None:
    """Send while the server cannot be reached."""
    open_request(page)
    page.route("**/payment-requests/", lambda route: route.abort())
    page.click("#request-payment .primary")
    expect(page.locator("#request-payment [data-lost]")).to_be_visible()


def paid_meanwhile(page: Page) -> None:
    """The window was drawn while something was due; the sum it shows is the old one."""
    page.evaluate(
        """() => {
          const button = document.getElementById('request-button'), page = document.createElement('a');
          document.getElementById('request-payment').showModal();
        }"""
    )
    expect(page.locator("#request-payment .dialog-foot button")).to_be_visible()


def open_payment(page: Page) -> None:
    """The Add Payment window."""
    page.get_by_role("button", name="Add Payment").first.click()
    expect(page.locator("#add-payment .primary")).to_be_visible()


def pay_above(page: Page) -> None:
    """More than is due."""
    open_payment(page)
    page.fill("#payment_amount", "99999")
    expect(page.locator("#add-payment output")).not_to_be_empty()


def pay_wrongly(page: Page) -> None:
    """An amount of nothing on no day."""
    open_payment(page)
    page.fill("#payment_amount", "0")
    page.fill("#payment_received_on", "")
    with page.expect_response(re.compile("/payments/$")):
        page.click("#add-payment .primary")
    expect(page.locator("#add-payment .problems")).to_be_visible()


def pay_again(page: Page) -> None:
    """The same payment as a moment ago."""
    open_payment(page)
    page.fill("#payment_amount", "500.00")
    page.fill("#payment_reference", "1187")
    with page.expect_response(re.compile("/payments/$")):
        page.click("#add-payment .primary")
    expect(page.locator("#add-payment .note.warn")).to_be_visible()


def submit(page: Page) -> None:
    """Press the page's primary button as it is."""
    page.locator("main form .form-foot button.primary, main form .dialog-foot button.primary").first.click()
    page.wait_for_load_state()
    expect(page.locator(".problems")).to_be_visible()


def type_and_submit(**fields: str) -> object:
    """Type into fields by name, then press the primary button."""

    def act(page: Page) -> None:
        for name, words in fields.items():
            if page.locator(f".chips:has(#{name})").count():
                fill_addresses(page, None, words)
            else:
                page.fill(f"main form:has(.primary) [name='{name}']", words)
        submit(page)

    return act


def card_form(page: Page) -> FrameLocator:
    """The processor's own frame."""
    return page.frame_locator("iframe[title='Secure card details']")


def type_card(page: Page, number: str) -> None:
    """A card, a date and a code."""
    form = card_form(page)
    form.get_by_label("Card number").fill(number)
    form.get_by_label("Expiry date").fill("12/39")
    form.get_by_label("Security code").fill("123")


def press_pay(page: Page) -> None:
    """Press Pay where a person sees it."""
    page.locator("#pay").scroll_into_view_if_needed()
    page.wait_for_timeout(150)
    page.locator("#pay").click(no_wait_after=True)


def card_loaded(page: Page) -> None:
    """The card form stands in its box."""
    expect(card_form(page).get_by_label("Card number")).to_be_visible()


def decline(page: Page) -> None:
    """Pay with a card the bank refuses."""
    type_card(page, DECLINED)
    press_pay(page)
    expect(page.locator("#told")).to_be_visible()


def at_the_bank(page: Page) -> None:
    """Pay with a card whose bank asks."""
    type_card(page, ASKS_BANK)
    press_pay(page)
    bank = page.frame_locator('iframe[title="Your bank\'s page"]')
    expect(bank.get_by_text("Complete authentication")).to_be_visible()


def mistype_email(page: Page) -> None:
    """Press Pay with an address that is none; nothing leaves for the processor's page."""
    page.fill("#email", "dana@")
    page.click("#pay")
    expect(page.locator("#email-error")).to_be_visible()


def changed_elsewhere(page: Page) -> None:
    """The page that leads to the processor's was drawn for another balance."""
    page.evaluate("document.querySelector('[name=shown]').value = '100000'")
    page.click("#pay")
    expect(page.locator(".note.warn")).to_contain_text("Nothing was charged.")


def changed_meanwhile(page: Page) -> None:
    """The page shows another sum than is due by now."""
    type_card(page, PAYS)

    def stale(route: Route) -> None:
        pressed = route.request.method == "POST"
        route.continue_(**{"post_data": route.request.post_data_json | {"shown": 110_528}} if pressed else {})

    page.route(re.compile("/pay/$"), stale)
    press_pay(page)
    expect(page.locator("#changed")).to_be_visible()


def leave_fields_empty(page: Page) -> None:
    """Pay without a card, and with an address that is none."""
    card_loaded(page)
    page.fill("#email", "dana@riverside")
    press_pay(page)
    expect(page.locator("#problems")).to_be_visible()


def loading(page: Page) -> None:
    """Nothing: the processor does not answer."""
    expect(page.get_by_text("Loading secure card form")).to_be_visible()


def failed_to_load(page: Page) -> None:
    """The processor's script never came."""
    expect(page.locator("#card-failed")).to_be_visible()


def scroll_down(page: Page) -> None:
    """Until Pay has left the view."""
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.wait_for_timeout(200)


def open_menu(selector: str) -> object:
    """Open a menu."""

    def act(page: Page) -> None:
        page.locator(f"[popovertarget={selector}]" if not selector.startswith(".") else selector).first.click()
        expect(page.locator(".menu:popover-open")).to_be_visible()

    return act


def unfold(words: str) -> object:
    """Open every disclosure of these words."""

    def act(page: Page) -> None:
        for summary in page.get_by_text(words, exact=True).all():
            summary.click()

    return act


def shortcuts(page: Page) -> None:
    """The list of keys."""
    page.keyboard.press("Shift+?")
    expect(page.locator("#shortcuts")).to_be_visible()


def lose_the_card(page: Page) -> None:
    """The card asks for news and nobody answers."""
    page.route("**/payment-card/**", lambda route: route.abort())
    page.evaluate(
        """() => htmx.ajax('GET', location.pathname + 'payment-card/', {source: '#payment-card'}).catch(() => {})"""
    )
    expect(page.locator("#payment-card [data-lost]")).to_be_visible()


def lose_the_list(page: Page) -> None:
    """Search while the server cannot be reached."""
    page.route("**/orders/?*", lambda route: route.abort())
    page.fill("[type=search]", "riverside")
    expect(page.locator("main > .page [data-lost]")).to_be_visible()


def see_what_was_sent(page: Page) -> None:
    """Unfold the email in the activity."""
    page.get_by_text("Show the email", exact=True).first.click()
    expect(page.frame_locator("#timeline iframe").get_by_text("View Invoice").first).to_be_visible()
