"""The invoice as its customer sees it."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from balancedue.actions.cancel_order import cancel_order
from balancedue.actions.change_order import change_order
from balancedue.actions.order_lines import NewLine, OrderDraft
from balancedue.actions.withdraw_request import withdraw_request
from balancedue.documents import invoice_pdf as document
from balancedue.documents.press import NotPrinted
from balancedue.models import Event, Order, PaymentRequest
from balancedue.rules.actor import COMMAND
from balancedue.rules.ids import new_token
from tests import makers
from tests.web.customer.seen import words

pytestmark = pytest.mark.django_db


def page(client: Client, request: PaymentRequest, rest: str = "") -> Any:
    return client.get(f"/i/{request.token}/{rest}")


def test_the_link_opens_the_order_as_an_invoice_without_a_login(client: Client, sent: PaymentRequest) -> None:
    """S22, S23, S26."""
    seen = page(client, sent)
    assert seen.status_code == 200
    text = words(seen)
    for told in (
        f"Invoice INV-{sent.order.number}",
        "$1,105.28",
        "Fleece hoodie",
        "Riverside High",
        "May 1, 2099",
        "Hi Dana",
    ):
        assert told in text
    assert f'href="/i/{sent.token}/pay/"' in seen.content.decode()
    assert "Not paid yet" in text


def test_download_pdf_and_print_are_offered(client: Client, sent: PaymentRequest) -> None:
    """S24, S25."""
    text = page(client, sent).content.decode()
    assert f"/i/{sent.token}/invoice.pdf" in text
    assert "Download PDF" in text
    assert re.search(r"invoice\.pdf\?inline[^>]*data-print", text)


def test_it_takes_six_queries_whatever_the_order(
    client: Client, account: Any, sent: PaymentRequest, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    many = [NewLine(f"Line {number}", Decimal(2), 150, detail="S 2 · M 4") for number in range(593)]
    long = makers.make_sent_request(makers.make_order(account, lines=many), by=sent.sent_by)
    makers.make_payment(long.order, 1000)
    with django_assert_max_num_queries(6):
        seen = page(client, long)
    assert words(seen).count("S 2 · M 4") == 593


def test_nothing_internal_is_shown(client: Client, account: Any, sent: PaymentRequest) -> None:
    """M9."""
    Order.objects.filter(pk=sent.order_id).update(internal_note="slow payer")
    makers.make_payment(sent.order, 10_000, reference="CHK-778", note="from the drawer")
    other = makers.make_order(account)
    again = makers.make_sent_request(sent.order, by=sent.sent_by, notify="boss@foxgloveprint.example")
    text = page(client, again).content.decode()
    for hidden in ("slow payer", "CHK-778", "from the drawer", "boss@foxgloveprint.example", f"#{other.number}"):
        assert hidden not in text


def test_no_cookie_and_no_other_host(client: Client, sent: PaymentRequest) -> None:
    """S23, U8."""
    seen = page(client, sent)
    assert not seen.cookies
    assert re.findall(r'(?:src|href)="(?:https?:)?//', seen.content.decode()) == []
    assert seen.headers["Referrer-Policy"] == "no-referrer"
    assert seen.headers["Cache-Control"] == "no-store"
    assert "noindex" in seen.headers["X-Robots-Tag"]
    assert "og:" not in seen.content.decode()
    assert "$" not in re.search("<title>(.*?)</title>", seen.content.decode(), re.S).group(1)  # type: ignore[union-attr]


def test_a_payment_by_hand_lowers_what_the_open_invoice_asks_for(client: Client, sent: PaymentRequest) -> None:
    """S33, S34."""
    makers.make_payment(sent.order, 50_000)
    text = words(page(client, sent))
    assert "Part paid" in text
    assert "Pay $605.28" in text
    assert "Changed since the email: was $1,105.28. - Payment $500.00" in text


def test_a_raised_balance_says_why(client: Client, sent: PaymentRequest) -> None:
    """S22, requirements 2.3."""
    lines = [NewLine("Fleece hoodie", Decimal(1), 110_528), NewLine("Rush fee", Decimal(1), 15_000)]
    change_order(order=sent.order, draft=draft_of(sent.order, lines), by=COMMAND)
    text = words(page(client, sent))
    assert "Pay $1,255.28" in text
    assert "Changed since the email: was $1,105.28. + Order changed $150.00" in text


def draft_of(order: Order, lines: list[NewLine]) -> OrderDraft:
    return OrderDraft(currency="USD", lines=lines, prices_include_tax=False, contact=order.contact)


def test_a_paid_invoice_asks_for_nothing(client: Client, sent: PaymentRequest) -> None:
    """M6, S34."""
    makers.make_payment(sent.order, 110_528)
    seen = page(client, sent)
    text = words(seen)
    assert "You do not owe anything." in text
    assert "/pay/" not in seen.content.decode()
    assert "Download PDF" in text
    assert "Print" in text


def test_an_overpaid_invoice_shows_the_credit(client: Client, sent: PaymentRequest) -> None:
    makers.make_payment(sent.order, 114_528)
    assert "Credit of $40.00 with the shop." in words(page(client, sent))


def test_a_cancelled_order_has_nothing_to_pay(client: Client, sent: PaymentRequest) -> None:
    """M7."""
    cancel_order(order=sent.order, by=COMMAND)
    seen = page(client, sent)
    assert "This order was cancelled. There is nothing to pay." in words(seen)
    assert "/pay/" not in seen.content.decode()


def test_an_order_of_nothing_has_nothing_to_pay(client: Client, sent: PaymentRequest) -> None:
    change_order(order=sent.order, draft=draft_of(sent.order, [NewLine("Sample", Decimal(1), 0)]), by=COMMAND)
    assert "Nothing to pay" in words(page(client, sent))


def test_an_older_link_opens_the_same_invoice_with_a_note(client: Client, sent: PaymentRequest) -> None:
    """M4, requirements 2.4."""
    makers.make_sent_request(sent.order, by=sent.sent_by)
    text = words(page(client, sent))
    assert "You opened an older email. This page is up to date." in text
    assert "Pay $1,105.28" in text


@pytest.mark.parametrize("state", ["pending", "unknown"])
def test_while_a_payment_is_checked_no_second_is_offered(client: Client, sent: PaymentRequest, state: str) -> None:
    makers.make_attempt(sent.order, state=state)
    seen = page(client, sent)
    text = words(seen)
    assert "Payment processing" in text
    assert "A card payment of $1,105.28 is being checked." in text
    assert 'id="pay"' not in seen.content.decode()


@pytest.mark.parametrize("trouble", ["off", "broken", "removed", "paypal", "no key"])
def test_with_the_processor_off_it_says_how_else_to_pay(
    client: Client, account: Any, sent: PaymentRequest, trouble: str
) -> None:
    """M10."""
    account.bank_details = "Cascade Bank 0004"
    account.save()
    connections = account.connections
    if trouble == "off":
        connections.update(is_enabled=False)
    elif trouble == "broken":
        connections.update(broken_at=timezone.now())
    elif trouble == "no key":
        connections.update(credentials_sealed="gone:AAAA")
    else:
        connections.update(removed_at=timezone.now(), is_default=False)
        if trouble == "paypal":
            makers.make_connection(account, kind="paypal_express")
    seen = page(client, sent)
    text = words(seen)
    assert "Online payment is not available right now." in text
    assert "Call (503) 555-0142" in text
    assert "Cascade Bank 0004" in text
    assert 'id="pay"' not in seen.content.decode()
    assert "key" not in text


def test_a_balance_below_the_minimum_is_not_offered_by_card(client: Client, sent: PaymentRequest) -> None:
    makers.make_payment(sent.order, 110_500)
    text = words(page(client, sent))
    assert "This invoice cannot be paid by card" in text
    assert "$0.28" in text


def test_an_expired_link_has_its_own_page(client: Client, sent: PaymentRequest) -> None:
    PaymentRequest.objects.filter(pk=sent.pk).update(expires_at=timezone.now() - timedelta(minutes=1))
    for rest in ("", "pay/", "invoice.pdf"):
        seen = page(client, sent, rest)
        assert seen.status_code == 410
        assert "Your invoice has not changed." in words(seen)


def test_unknown_withdrawn_and_mangled_links_are_one_and_the_same_page(client: Client, sent: PaymentRequest) -> None:
    """I2, M4."""
    token = sent.token
    makers.make_sent_request(sent.order, by=sent.sent_by)
    gone = PaymentRequest.objects.get(pk=sent.pk)
    withdraw_request(request=gone, by=sent.sent_by.actor)
    wrong = [token, new_token(), token.swapcase(), token[:-1], token + "A", "x", token[:-1] + "%20"]
    answers = [client.get(f"/i/{name}/{rest}") for name in wrong for rest in ("", "pay/", "invoice.pdf", "logo")]
    assert {answer.status_code for answer in answers} == {404}
    assert len({re.sub(r"nonce-[^']+|nonce=\"[^\"]+", "", answer.content.decode()) for answer in answers}) == 1
    assert "This link does not work" in words(answers[0])
    assert "Foxglove" not in words(answers[0])


def test_reading_writes_nothing(client: Client, sent: PaymentRequest) -> None:
    """I4, requirements 2.14."""
    before = Event.objects.count()
    for agent in ("Slackbot", "WhatsApp", "Mozilla/5.0"):
        for rest in ("", "pay/", "invoice.pdf"):
            client.get(f"/i/{sent.token}/{rest}", headers={"User-Agent": agent, "Sec-Purpose": "prefetch"})
            client.head(f"/i/{sent.token}/{rest}")
    sent.refresh_from_db()
    assert (sent.status, sent.opened_at) == ("sent", None)
    assert Event.objects.count() == before
    assert sent.order.attempts.count() == 0


def test_a_human_gesture_counts_as_opened_once(client: Client, sent: PaymentRequest) -> None:
    """I4, M5."""
    for _ in range(2):
        assert client.post(f"/i/{sent.token}/opened/", {"sign": "keydown", "seen": "2300"}).status_code == 204
    sent.refresh_from_db()
    assert sent.status == "opened"
    assert Event.objects.filter(kind="request_opened").count() == 1


@pytest.mark.parametrize(
    "sent_words",
    [{}, {"sign": "click", "seen": "9999"}, {"sign": "wheel", "seen": "100"}, {"sign": "wheel", "seen": "x"}],
)
def test_what_is_no_gesture_does_not_count(client: Client, sent: PaymentRequest, sent_words: dict[str, str]) -> None:
    """I4."""
    client.post(f"/i/{sent.token}/opened/", sent_words)
    sent.refresh_from_db()
    assert sent.status == "sent"


def test_staff_who_look_do_not_count(client: Client, sent: PaymentRequest) -> None:
    client.force_login(sent.sent_by, backend="allauth.account.auth_backends.AuthenticationBackend")
    client.post(f"/i/{sent.token}/opened/", {"sign": "keydown", "seen": "2300"})
    sent.refresh_from_db()
    assert sent.status == "sent"


def test_the_pdf_comes_under_a_speaking_name(client: Client, sent: PaymentRequest) -> None:
    """S24."""
    seen = page(client, sent, "invoice.pdf")
    name = f"Invoice-INV-{sent.order.number}-Foxglove-Print-Co.pdf"
    assert seen.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert seen.content.startswith(b"%PDF-")
    assert page(client, sent, "invoice.pdf?inline").headers["Content-Disposition"].startswith("inline")


def test_without_a_pdf_the_page_is_offered_for_printing(
    client: Client, sent: PaymentRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **kwargs: object) -> bytes:
        raise NotPrinted("too long")

    monkeypatch.setattr(document, "print_sheet", broken)
    seen = page(client, sent, "invoice.pdf")
    assert seen.status_code == 503
    assert "The PDF could not be made. Print this page instead." in words(seen)


def test_the_logo_is_served_from_here(client: Client, account: Any, sent: PaymentRequest) -> None:
    assert page(client, sent, "logo").status_code == 404
    account.logo = b"\x89PNG\r\n\x1a\n" + b"0" * 20
    account.save()
    assert page(client, sent, "logo").headers["Content-Type"] == "image/png"
    assert f'src="/i/{sent.token}/logo"' in page(client, sent).content.decode()


def test_amounts_and_dates_follow_the_customers_locale(client: Client, account: Any, sent: PaymentRequest) -> None:
    sent.order.contact.locale = "de-DE"
    sent.order.contact.save()
    seen = page(client, sent)
    assert "1.105,28\xa0$" in seen.content.decode()
    assert 'lang="de-DE"' in seen.content.decode()


def test_a_test_processor_says_that_no_money_moves(client: Client, sent: PaymentRequest) -> None:
    assert "This is a test. No money will move." in words(page(client, sent))


def test_text_of_people_is_never_markup(client: Client, account: Any) -> None:
    makers.make_connection(account)
    nasty = "<script>alert(1)</script>"
    contact = makers.make_contact(account, name=nasty, company=nasty)
    order = makers.make_order(account, contact=contact, lines=[NewLine(nasty, Decimal(1), 5000, detail=nasty)])
    sent = makers.make_sent_request(order, by=makers.make_user(account), message=nasty)
    assert "<script>alert" not in page(client, sent).content.decode()
