"""Signing in, errors, help, the API's own page, and what the demo has beside the product (ux.md 2)."""

import os
from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from playwright.sync_api import Page, expect

from balancedue.actions.write_letter import address_letter, write_letter
from balancedue.mailbox.pages import respond
from balancedue.mailbox.store import Store
from balancedue.models import Delivery
from balancedue.rules.errors import Refused
from balancedue.transports.envelope import build
from balancedue.web import errors
from tests.makers import PASSWORD
from tests.pages.catalogue import NOBODY, OWNER, STRANGER, VIEWER, state
from tests.pages.shops import Shops, at


def sign_in_wrongly(page: Page) -> None:
    """The wrong password."""
    page.fill("[name=login]", "priya@foxgloveprint.example")
    page.fill("[name=password]", f"not {PASSWORD}")
    page.locator("main form button").first.click()
    expect(page.locator(".problems, .error, .errorlist").first).to_be_visible()


state("sign-in", NOBODY, title="^Sign in")(lambda shops: "/login/")
state("sign-in-errors", NOBODY, title="Sign in", act=sign_in_wrongly, refuses=(400, 422))(lambda shops: "/login/")
state("sign-out", OWNER, title=".+")(lambda shops: "/logout/")
state("password-reset", NOBODY, title=".+")(lambda shops: "/login/password/reset/")
state("password-change", OWNER, title=".+")(lambda shops: "/login/password/change/")
state("two-step", OWNER, title=".+")(lambda shops: "/login/2fa/")

state("error-404", NOBODY, status=404)(lambda shops: "/help/nothing-here/")
state("error-no-account", STRANGER, status=403, title=".+")(lambda shops: "/")


@state("error-role", VIEWER, status=403)
def role_too_low(shops: Shops) -> str:
    return at(shops.order(), "add-payment/")


@state("error-403", NOBODY)
def forbidden(shops: Shops) -> str:
    return shops.rendered(errors.forbidden)


@state("error-409", NOBODY)
def conflict(shops: Shops) -> str:
    return shops.rendered(
        errors.refused, Refused("order_cancelled", "This order was cancelled. There is nothing to pay.")
    )


@state("error-429", NOBODY)
def too_many(shops: Shops) -> str:
    def page(request: HttpRequest) -> HttpResponse:
        return render(request, "429.html", status=429)

    return shops.rendered(page)


@state("error-500", NOBODY)
def failed(shops: Shops) -> str:
    return shops.rendered(errors.server_error)


@state("error-csrf", NOBODY)
def old_form(shops: Shops) -> str:
    return shops.rendered(errors.csrf_failure)


state("help-order", OWNER, title=".+ · .+")(lambda shops: "/help/order-details/")
state("help-payment", OWNER, title=".+ · .+")(lambda shops: "/help/add-payment/")
state("api-docs", NOBODY)(lambda shops: "/api/docs")


# --- The demo --------------------------------------------------------------------------------------------------


def mailbox(shops: Shops) -> dict[str, int]:
    """A mailbox with a request and a notice, each as its worker would send it; message numbers by kind."""
    store = Store(Path(os.environ["BALANCEDUE_MAILBOX_DIR"]))
    if not store.last_number():
        for kind, make in (("payment_request", shops.asked), ("payment_notice", lambda: _paid(shops))):
            request = make()
            delivery = Delivery.objects.filter(order=request.order, kind=kind).first()
            assert delivery, kind
            envelope = address_letter(delivery, write_letter(delivery))
            store.keep(envelope.from_address, [delivery.to], build(envelope).as_bytes())
    return {"payment_request": 1, "payment_notice": 2}


def _paid(shops: Shops) -> object:
    request = shops.asked(notify="orders@foxgloveprint.example")
    shops.paid(request)
    return request


@state("mailbox", NOBODY, title=".+")
def mails(shops: Shops) -> str:
    mailbox(shops)
    return "/mailbox/"


@state("mailbox-letter", NOBODY, title=".+")
def letter(shops: Shops) -> str:
    return f"/mailbox/{mailbox(shops)['payment_request']}/"


@state("mailbox-notice", NOBODY, title=".+")
def notice(shops: Shops) -> str:
    return f"/mailbox/{mailbox(shops)['payment_notice']}/"


@state("mailbox-empty", NOBODY, title=".+")
def no_mail(shops: Shops) -> str:
    def page(request: HttpRequest) -> HttpResponse:
        return HttpResponse(respond(Store(Path(os.devnull) / "nothing"), method="GET", path="").body)

    return shops.rendered(page)


@state("sandbox", NOBODY, title=".+")
def sandbox(shops: Shops) -> str:
    return f"{shops.sandbox_url}/"
