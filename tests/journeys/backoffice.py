"""What staff do in the back office, in a real browser."""

import re
from dataclasses import dataclass

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.test import Client
from playwright.sync_api import BrowserContext, Locator, Page, expect

from balancedue.actions.check_books import check_books
from balancedue.models import Account, Order, User
from tests.makers import PASSWORD

ASKS = re.compile("^(Request |New link|Edit and send|Send updated request|Fix address and resend)")

# Real presses of a pointer, as the page hears them; Enter on a button makes one without a count.
_COUNT = "addEventListener('click', event => { if (event.isTrusted && event.detail) clicked() }, true)"


def count_clicks(context: BrowserContext) -> list[str]:
    """Every click that a person makes in pages of `context` opened from now on, one entry each: the page's address."""
    clicks: list[str] = []
    context.expose_binding("clicked", lambda source: clicks.append(source["frame"].url))
    context.add_init_script(_COUNT)
    return clicks


def sign_in_quietly(context: BrowserContext, url: str, user: User) -> None:
    """As signed in earlier: a session of `user`'s in this browser."""
    client = Client()
    client.force_login(user)
    (cookie,) = client.cookies.values()
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": url}])


def give_real_password(user: User) -> None:
    """Tests hash passwords cheaply; the web server wants them hashed as in production."""
    hasher = PBKDF2PasswordHasher()
    User.objects.filter(pk=user.pk).update(password=hasher.encode(PASSWORD, hasher.salt()))


@dataclass(frozen=True, slots=True)
class BackOffice:
    """A person's browser tab in one account."""

    page: Page
    url: str
    account: Account

    def sign_in(self, user: User) -> None:
        """By the form, from the front door."""
        self.page.goto(self.url)
        self.page.get_by_label("Email").fill(user.email)
        self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in", exact=True).click()

    def go(self, path: str = "orders/") -> Page:
        """A page of the account, such as `settings/processors/`."""
        self.page.goto(f"{self.url}/{self.account.slug}/{path}")
        return self.page

    def open_order(self, order: Order) -> Page:
        """The order's page."""
        return self.go(f"orders/{order.number}/")

    @property
    def card(self) -> Locator:
        """The payment card of the order's page."""
        return self.page.locator("#payment-card")

    @property
    def request_button(self) -> Locator:
        """Request Payment, on the payment card, by whatever name it goes in the order's state."""
        return self.card.get_by_role("button", name=ASKS)

    @property
    def request_window(self) -> Locator:
        """The window that it opens."""
        return self.page.get_by_role("dialog", name="Request Payment")

    def type_addresses(self, name: str, addresses: str) -> None:
        """Into To, CC or Notify of the open window, once it shows what is there already as chips."""
        expect(self.request_window.locator("[data-chips]:not(:has(ul))")).to_have_count(0)
        self.request_window.get_by_role("textbox", name=name).fill(addresses)

    def request_payment(self) -> None:
        """Order open -> sent: two clicks."""
        self.request_button.click()
        self.request_window.get_by_role("button", name="Send email").click()
        expect(self.request_window).to_be_hidden()

    def add_payment(self, amount: str, *, method: str = "Check") -> None:
        """By the Add Payment window of the open order."""
        self.page.get_by_role("button", name="Add Payment").first.click()
        window = self.page.get_by_role("dialog", name="Add Payment")
        window.get_by_label("Amount").fill(amount)
        window.get_by_label("Method").select_option(label=method)
        window.get_by_role("button", name="Add Payment").click()
        expect(window).to_be_hidden()

    def expect_timeline(self, *words: str | re.Pattern[str]) -> None:
        """The order's activity tells of all this."""
        activity = self.page.get_by_role("region", name="Activity")
        for told in words:
            expect(activity).to_contain_text(told)


def assert_books_are_right(account: Account) -> None:
    """N1-N14, in the database and at the processor."""
    assert [str(breach) for breach in check_books(account)] == []
