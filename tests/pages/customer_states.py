"""Every state of the customer's pages (ux.md 3.7-3.10 and the customer's side of 4)."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from balancedue.actions.cancel_order import cancel_order
from balancedue.actions.change_order import change_order
from balancedue.actions.order_lines import NewLine
from balancedue.actions.withdraw_request import withdraw_request
from balancedue.models import PaymentRequest, ProcessorConnection
from balancedue.rules.limits import MAX_DECLINES_PER_LINK_HOUR
from balancedue.web.customer.invoice_page import not_printed
from balancedue.web.customer.link import find_link
from tests.makers import make_connection, make_payment, make_tries
from tests.pages import acts
from tests.pages.catalogue import CUSTOMER, Build, state
from tests.pages.shops import Shops, draft_with, link
from tests.pages.staff_states import LONG, RUSH, STADIUM, retail_lines

Asked = Callable[[Shops], PaymentRequest]
BANK = "Riverbank Credit Union\nRouting 123456789\nAccount 000 111 222"


def on_link(name: str, rest: str = "", *, own: bool = False, **more: Any) -> Any:
    """Sign on a function that makes a request; the state is a page behind its link. `own`: shared with no other."""

    def sign_on(make: Asked) -> Asked:
        def build(shops: Shops) -> str:
            return link(make(shops) if own else shops.once(make), rest)

        state(name, CUSTOMER, **{"title": "(from|·) .+"} | more)(build)
        return make

    return sign_on


def on_attempt(name: str, **more: Any) -> Any:
    """Sign on a function that makes an attempt; the state is its page."""

    def sign_on(make: Any) -> Build:
        def build(shops: Shops) -> str:
            attempt = make(shops)
            return link(attempt.request, f"pay/{attempt.public_id}/")

        return state(name, CUSTOMER, **{"title": "(from|·) .+"} | more)(build)

    return sign_on


# --- 3.7 Invoice -----------------------------------------------------------------------------------------------


@on_link("invoice")
def asked(shops: Shops) -> PaymentRequest:
    return shops.asked()


on_link("invoice-no-script", scripts=False)(asked)
on_link("invoice-scrolled", act=acts.scroll_down)(asked)


@on_link("invoice-full")
def full(shops: Shops) -> PaymentRequest:
    shop = shops.shop("shop-bank", bank_details=BANK, phone="")
    contact = shops.contact(shop, "Dana Whitlock", "Riverside High Athletics", "dana@riverside-hs.example")
    contact.shipping_address = {"line1": "Gym, door 4", "line2": "2100 River Road", "city": "Milwaukie"}
    contact.tax_id = "93-0555187"
    contact.save()
    return shops.asked(order=shops.order(shop, contact=contact, po_number="PO-5531", paid_minor=50_000))


@on_link("invoice-part-paid")
def part_paid(shops: Shops) -> PaymentRequest:
    return shops.asked(paid_minor=100_000)


@on_link("invoice-overdue")
def overdue(shops: Shops) -> PaymentRequest:
    return shops.asked(due_date=(timezone.now() - timedelta(days=9)).date(), days_ago=30)


@on_link("invoice-paid")
def paid(shops: Shops) -> PaymentRequest:
    request = shops.asked()
    shops.paid(request)
    return request


@on_link("invoice-paid-by-hand")
def paid_by_hand(shops: Shops) -> PaymentRequest:
    request = shops.asked()
    make_payment(request.order, request.order.due_minor, by=shops.owner.actor)
    return request


@on_link("invoice-processing")
def processing(shops: Shops) -> PaymentRequest:
    request = shops.asked()
    shops.attempt(request, "pending")
    return request


@on_link("invoice-nothing")
def nothing(shops: Shops) -> PaymentRequest:
    request = shops.asked(lines=[NewLine("Tote bag", Decimal(10), 800)], discount_minor=0, shipping_minor=0)
    lines = [NewLine("Tote bag", Decimal(10), 0)]
    draft = draft_with(request.order)
    change_order(
        order=request.order,
        draft=type(draft)(currency="USD", lines=lines, prices_include_tax=False, contact=request.order.contact),
        by=shops.owner.actor,
    )
    return request


@on_link("invoice-593")
def long_invoice(shops: Shops) -> PaymentRequest:
    return shops.asked(lines=retail_lines(593))


@on_link("invoice-rtl")
def right_to_left(shops: Shops) -> PaymentRequest:
    shop = shops.shop("shop-rtl", locale="ar-EG", name="مطبعة الثعلب")
    lines = [NewLine("قميص أزرق", Decimal(40), 2_750, "S 8 · M 22 · L 10"), NewLine("Screen set-up", Decimal(2), 2_500)]
    return shops.asked(order=shops.order(shop, lines=lines, paid_minor=50_000), message="شكرا لك (Dana).")


def foreign(currency: str, locale: str, minor: int) -> Asked:
    def make(shops: Shops) -> PaymentRequest:
        shop = shops.shop(f"shop-{currency.lower()}", currency=currency, locale=locale)
        order = shops.order(shop, lines=[NewLine("パーカー", Decimal(3), minor)], discount_minor=0, shipping_minor=0)
        return shops.asked(order=order, message="")

    return make


on_link("invoice-yen")(foreign("JPY", "ja-JP", 1_234_567))
on_link("invoice-kwd")(foreign("KWD", "en-GB", 1_234_560))


@on_link("invoice-long-words")
def long_words(shops: Shops) -> PaymentRequest:
    shop = shops.shop("shop-long", name=f"{LONG} & Söhne", legal_name=LONG, phone="+49 30 901820 123456789")
    contact = shops.contact(shop, LONG, LONG, "long@long.example")
    lines = [NewLine(LONG, Decimal("9999999.999"), 9, LONG * 3), NewLine(LONG, Decimal(1), 1)]
    order = shops.order(shop, contact=contact, lines=lines, discount_minor=0, po_number="P" * 60, number="X" * 40)
    return shops.asked(order=order, message=LONG * 4)


@state("invoice-no-pdf", CUSTOMER, title="^No PDF")
def no_pdf(shops: Shops) -> str:
    opened = find_link(shops.asked().token)

    def page(request: HttpRequest) -> HttpResponse:
        return not_printed(request, opened)

    return shops.rendered(page)


def closed(connected: str) -> Asked:
    """A request that went out before the shop's processor was switched off."""

    def make(shops: Shops) -> PaymentRequest:
        shop = shops.shop(f"was-{connected or 'none'}", connected="")
        if connected:
            make_connection(shop, kind="paypal_express")
        connection = make_connection(shop, kind="sandbox", is_default=False)
        request = shops.asked(shop)
        ProcessorConnection.objects.filter(pk=connection.pk).update(is_enabled=False, removed_at=timezone.now())
        return request

    return make


on_link("invoice-no-processor")(closed(""))
on_link("invoice-express")(closed("express"))


@on_link("invoice-overpaid")
def overpaid(shops: Shops) -> PaymentRequest:
    request = shops.asked()
    make_payment(request.order, request.order.due_minor + 4_000, by=shops.owner.actor)
    return request


@on_link("invoice-raised")
def raised(shops: Shops) -> PaymentRequest:
    request = shops.asked()
    change_order(order=request.order, draft=draft_with(request.order, RUSH), by=shops.owner.actor)
    return request


@on_link("invoice-lowered")
def lowered(shops: Shops) -> PaymentRequest:
    request = shops.asked()
    make_payment(request.order, 20_000, by=shops.owner.actor)
    return request


@on_link("invoice-cancelled")
def cancelled(shops: Shops) -> PaymentRequest:
    request = shops.asked(paid_minor=50_000)
    cancel_order(order=request.order, by=shops.owner.actor)
    return request


# --- 3.8 Payment page ------------------------------------------------------------------------------------------


on_link("pay", "pay/", act=acts.card_loaded, outside=True, title="^Pay invoice .+ from ")(asked)
on_link("pay-no-script", "pay/", outside=True, scripts=False, title="^Pay ")(asked)
on_link("pay-field-errors", "pay/", own=True, act=acts.leave_fields_empty, outside=True, title="^Pay ", refuses=(422,))(
    asked
)
on_link("pay-declined", "pay/", own=True, act=acts.decline, outside=True, title="^Pay ", refuses=(402,))(asked)
on_link("pay-bank", "pay/", own=True, act=acts.at_the_bank, outside=True, title="^Pay ")(asked)
on_link("pay-changed", "pay/", own=True, act=acts.changed_meanwhile, outside=True, title="^Pay ", refuses=(409,))(asked)


def deaf(name: str, address: str) -> Asked:
    """A processor whose script is at `address`, where nobody answers in time, or at all."""

    def make(shops: Shops) -> PaymentRequest:
        keys = {"secret_key": "sk_test_x", "publishable_key": "pk_test_x", "webhook_secret": "whsec_x"}
        shop = shops.shop(name, connected="")
        if not shop.connections.exists():
            make_connection(shop, credentials=keys | {"api_base": address})
        return shops.asked(shop)

    return make


on_link("pay-loading", "pay/", act=acts.loading, outside=True, title="^Pay ")(deaf("deaf", "http://127.0.0.1:9"))
on_link("pay-failed", "pay/", act=acts.failed_to_load, outside=True, title="^Pay ")(deaf("dead", "http://127.0.0.1:9"))


@on_link("pay-declined-before", "pay/", act=acts.card_loaded, outside=True, title="^Pay ")
def declined_before(shops: Shops) -> PaymentRequest:
    request = shops.asked()
    shops.attempt(request, "waiting", code="insufficient_funds", declines=1)
    return request


@on_link("pay-tired", "pay/")
def tired(shops: Shops) -> PaymentRequest:
    request = shops.asked()
    make_tries(request.order, MAX_DECLINES_PER_LINK_HOUR)
    return request


@on_link("pay-rests", "pay/")
def resting(shops: Shops) -> PaymentRequest:
    return shops.asked(shops.shop("cards-rest", cards_rest_until=timezone.now() + timedelta(days=1)))


def hosted(shops: Shops) -> PaymentRequest:
    """A shop that wants no card field on its page."""
    shop = shops.shop("hosted")
    shop.connections.update(hosted=True)
    return shops.asked(shop)


on_link("pay-hosted", "pay/", title="^Pay invoice .+ from ")(hosted)
on_link("pay-hosted-no-script", "pay/", scripts=False, title="^Pay ")(hosted)
on_link("pay-hosted-errors", "pay/", act=acts.mistype_email, title="^Error: Pay ", refuses=(422,))(hosted)
on_link("pay-hosted-changed", "pay/", act=acts.changed_elsewhere, title="^Pay ", refuses=(409,))(hosted)


@on_link("pay-hosted-declined", "pay/", title="^Pay ")
def declined_elsewhere(shops: Shops) -> PaymentRequest:
    request = hosted(shops)
    shops.attempt(request, "waiting", hosted=True, code="insufficient_funds", declines=1)
    return request


on_link("pay-already-paid", "pay/")(paid)
on_link("pay-already-paid-by-hand", "pay/")(paid_by_hand)
on_link("pay-in-progress", "pay/")(processing)
on_link("pay-off", "pay/")(closed(""))
on_link("pay-cancelled", "pay/")(cancelled)
on_link("pay-nothing", "pay/")(nothing)


@on_link("pay-below-minimum", "pay/")
def below_minimum(shops: Shops) -> PaymentRequest:
    request = shops.asked()
    make_payment(request.order, request.order.due_minor - 30, by=shops.owner.actor)
    return request


@on_link("pay-above-maximum", "pay/")
def above_maximum(shops: Shops) -> PaymentRequest:
    request = shops.asked()
    change_order(order=request.order, draft=draft_with(request.order, STADIUM), by=shops.owner.actor)
    return request


def in_state(name: str, attempt_state: str, **facts: Any) -> None:
    """The page of an attempt in a state."""
    long_ago = facts.pop("long_ago", False)

    def make(shops: Shops) -> Any:
        if long_ago:
            facts["changed_at"] = facts["started_at"] = timezone.now() - timedelta(minutes=4)
        return shops.attempt(shops.asked(), attempt_state, **facts)

    on_attempt(name)(make)


in_state("attempt-checking", "pending")
in_state("attempt-long", "pending", long_ago=True, payer_email="dana@riverside-hs.example")
in_state("attempt-unknown", "unknown")
in_state("attempt-waiting", "waiting", code="authentication_failed")
in_state("attempt-declined", "declined", code="lost_or_stolen")
in_state("attempt-cancelled", "cancelled")
in_state("attempt-put-aside", "put_aside", detail="received 1,000.00 EUR")


@state("back", CUSTOMER, title="^Checking your payment")
def back(shops: Shops) -> str:
    return "/i/back/att_whatever/"


# --- 3.9 Receipt -----------------------------------------------------------------------------------------------


@on_attempt("receipt")
def receipt(shops: Shops) -> Any:
    return shops.paid(shops.asked())


@on_attempt("receipt-plain")
def plain_receipt(shops: Shops) -> Any:
    shop = shops.shop("shop-plain", next_steps="", send_receipts=False, brand_colour="", legal_name="", tax_id="")
    return shops.paid(shops.asked(shop, paid_minor=50_000))


@on_attempt("receipt-twice")
def receipt_twice(shops: Shops) -> Any:
    request = shops.asked()
    late = shops.attempt(request, "cancelled")
    shops.paid(request)
    return shops.paid(request, late)


@on_attempt("receipt-cancelled")
def receipt_of_cancelled(shops: Shops) -> Any:
    request = shops.asked()
    late = shops.attempt(request, "cancelled")
    cancel_order(order=request.order, by=shops.owner.actor)
    return shops.paid(request, late)


# --- 3.10 Link pages -------------------------------------------------------------------------------------------


@on_link("link-expired", status=410)
def expired(shops: Shops) -> PaymentRequest:
    request = shops.asked()
    PaymentRequest.objects.filter(pk=request.pk).update(status="expired", expired_at=timezone.now())
    return request


@state("link-unknown", CUSTOMER, status=404, title=".+")
def unknown(shops: Shops) -> str:
    return link(SimpleNamespace(token="Zk3vQ9xLr7TnB2aWc5eY8mPdQhJ4sKfG6uVtN1oRbXi"))  # type: ignore[arg-type]


@on_link("link-withdrawn", status=404, title=".+")
def withdrawn(shops: Shops) -> PaymentRequest:
    return withdraw_request(request=shops.asked(), by=shops.owner.actor)


@on_link("link-superseded")
def superseded(shops: Shops) -> PaymentRequest:
    first = shops.asked(minutes_ago=3000)
    shops.asked(order=first.order, minutes_ago=30)
    return first
