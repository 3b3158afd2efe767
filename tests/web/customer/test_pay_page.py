"""The payment page, and the press of Pay up to the processor; beyond it: tests/journeys/test_paying.py."""

import json
import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from balancedue.actions.cancel_order import cancel_order
from balancedue.actions.change_order import change_order
from balancedue.actions.order_lines import NewLine, OrderDraft
from balancedue.models import PaymentAttempt, PaymentRequest, Tally
from balancedue.rules.actor import COMMAND
from balancedue.rules.limits import MAX_DECLINES_PER_LINK_HOUR
from tests import makers
from tests.web.customer.seen import words

pytestmark = pytest.mark.django_db


def open_page(client: Client, request: PaymentRequest) -> Any:
    return client.get(f"/i/{request.token}/pay/")


def press(client: Client, request: PaymentRequest, **changed: object) -> Any:
    """What pay.js sends when Pay is pressed."""
    body = {"page_key": "page_1", "shown": 110_528, "name": "Dana", "email": "dana@riverside-hs.example"} | changed
    return client.post(f"/i/{request.token}/pay/", json.dumps(body), content_type="application/json")


def test_the_whole_balance_is_paid_by_card_in_the_invoices_own_look(client: Client, sent: PaymentRequest) -> None:
    """S26-S30: no lesser amount is offered."""
    seen = open_page(client, sent)
    text = words(seen)
    assert seen.status_code == 200
    assert "Pay Foxglove Print Co." in text
    assert "Amount to pay $1,105.28" in text
    assert "You pay the full balance. To pay part of it, contact the shop." in text
    assert not re.search(r'name="amount"', seen.content.decode())
    for filled in ("Dana Whitlock", "97222", "dana@riverside-hs.example"):
        assert f'value="{filled}"' in seen.content.decode()


def test_only_the_processors_hosts_may_be_loaded_and_only_here(client: Client, sent: PaymentRequest) -> None:
    """S28, architecture: the card form's origin enters the policy of this page alone."""
    policy = open_page(client, sent).headers["Content-Security-Policy"]
    for directive in ("script-src 'self' http://127.0.0.1:9", "frame-src http://127.0.0.1:9"):
        assert directive in policy
    assert "unsafe" not in policy
    assert "127.0.0.1" not in client.get(f"/i/{sent.token}/").headers["Content-Security-Policy"]


def test_looking_makes_nothing_at_the_processor_and_sets_no_cookie(client: Client, sent: PaymentRequest) -> None:
    """I4: a scanner that opens the page begins no payment."""
    seen = open_page(client, sent)
    assert not seen.cookies
    assert PaymentAttempt.objects.count() == 0


def test_the_token_is_nowhere_but_in_our_own_addresses(client: Client, sent: PaymentRequest) -> None:
    """I3."""
    seen = open_page(client, sent)
    elsewhere = re.sub(rf'(href|action|src)="/i/{sent.token}/[^"]*"', "", seen.content.decode())
    assert sent.token not in elsewhere
    assert seen.headers["Referrer-Policy"] == "no-referrer"


def test_another_amount_than_the_balance_is_never_charged(client: Client, sent: PaymentRequest) -> None:
    """S30: neither less nor more."""
    for shown in (50_000, 110_527, 110_529, 999_999):
        answer = press(client, sent, shown=shown)
        assert answer.status_code == 409
        assert answer.json()["code"] == "balance_changed"
        assert answer.json()["now"] == "$1,105.28"
    assert PaymentAttempt.objects.count() == 0


def test_a_changed_balance_is_told_with_both_sums(client: Client, sent: PaymentRequest) -> None:
    """S30, M1."""
    makers.make_payment(sent.order, 50_000)
    told = press(client, sent).json()
    assert (told["was"], told["now"], told["shown"], told["page_amount"]) == ("$1,105.28", "$605.28", 60_528, 60_528)


def test_a_paid_invoice_leads_to_its_receipt(client: Client, sent: PaymentRequest) -> None:
    """M6, E1."""
    makers.make_payment(sent.order, 110_528)
    answer = press(client, sent)
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_due")
    assert answer.json()["go"] == f"/i/{sent.token}/pay/"
    assert "You do not owe anything." in words(open_page(client, sent))


def test_a_cancelled_order_cannot_be_paid(client: Client, sent: PaymentRequest) -> None:
    """M7."""
    cancel_order(order=sent.order, by=COMMAND)
    assert press(client, sent).json()["code"] == "order_cancelled"
    assert "There is nothing to pay." in words(open_page(client, sent))


@pytest.mark.parametrize("state", ["pending", "unknown"])
def test_a_payment_on_its_way_holds_the_next_one(client: Client, sent: PaymentRequest, state: str) -> None:
    """E1, M3."""
    attempt = makers.make_attempt(sent.order, state=state)
    answer = press(client, sent)
    assert answer.json()["code"] == "payment_in_progress"
    assert answer.json()["go"] == f"/i/{sent.token}/pay/{attempt.public_id}/"
    seen = open_page(client, sent)
    assert "Please wait for it so that you do not pay twice." in words(seen)
    assert 'http-equiv="refresh"' in seen.content.decode()


def test_an_attempt_still_at_the_card_does_not_hold_anybody_up(client: Client, sent: PaymentRequest) -> None:
    """C11."""
    makers.make_attempt(sent.order, state="waiting", code="insufficient_funds", request=sent)
    text = words(open_page(client, sent))
    assert "Card details" in text
    assert "The bank says there is not enough money available. No money was taken." in text


def test_after_too_many_declines_the_page_rests(client: Client, sent: PaymentRequest) -> None:
    """Requirements 3.36."""
    makers.make_tries(sent.order, MAX_DECLINES_PER_LINK_HOUR)
    told = "Too many tries with this invoice. No money was taken. Wait an hour or call the shop."
    answer = press(client, sent)
    assert answer.status_code == 429
    assert answer.json()["sentence"] == told
    assert told in words(open_page(client, sent))


def test_pay_can_only_be_pressed_so_often(client: Client, sent: PaymentRequest) -> None:
    """Requirements 3.36."""
    answers = [press(client, sent, shown=1).status_code for _ in range(32)]
    assert answers[:30] == [409] * 30
    assert answers[-1] == 429
    assert Tally.objects.get(name=f"pay:{sent.pk}").count == 32


@pytest.mark.parametrize("trouble", ["off", "broken", "no key"])
def test_with_the_processor_off_nothing_is_charged(
    client: Client, account: Any, sent: PaymentRequest, trouble: str
) -> None:
    """M10."""
    if trouble == "off":
        account.connections.update(is_enabled=False)
    elif trouble == "broken":
        account.connections.update(broken_at=timezone.now())
    else:
        account.connections.update(credentials_sealed="gone:AAAA")
    text = words(open_page(client, sent))
    assert "Online payment is not available right now" in text
    assert "Nothing was charged. Call or email the shop to pay." in text
    answer = press(client, sent)
    assert answer.status_code == 409
    assert "Online payment is not available right now." in answer.json()["sentence"]
    assert "go" not in answer.json()


def test_a_balance_below_the_minimum_is_explained(client: Client, sent: PaymentRequest) -> None:
    makers.make_payment(sent.order, 110_500)
    assert "This amount is too small to pay by card." in words(open_page(client, sent))
    assert "too small" in press(client, sent, shown=28).json()["sentence"]


def test_a_balance_above_the_maximum_is_explained(client: Client, sent: PaymentRequest) -> None:
    """F1, F4."""
    lines = [NewLine("Seats for the stadium", Decimal(1), 118_000_000)]
    draft = OrderDraft("USD", lines, False, contact=sent.order.contact)
    change_order(order=sent.order, draft=draft, by=COMMAND)
    seen = open_page(client, sent)
    assert "This amount is too large to pay by card. Nothing was charged." in words(seen)
    assert 'id="pay"' not in seen.content.decode()
    assert "too large" in press(client, sent, shown=118_000_000).json()["sentence"]


def test_an_amount_the_processor_cannot_charge_is_explained(client: Client, account: Any) -> None:
    makers.make_connection(account)
    order = makers.make_order(account, currency="KWD", total_minor=10_010)
    sent = makers.make_sent_request(order, by=makers.make_user(account))
    makers.make_payment(order, 9)  # since it was asked for
    assert "This amount cannot be paid by card. Nothing was charged." in words(open_page(client, sent))


def test_a_slip_in_the_address_is_said_at_its_field(client: Client, sent: PaymentRequest) -> None:
    answer = press(client, sent, email="dana@", name="x" * 201)
    assert answer.status_code == 422
    assert set(answer.json()["problems"]) == {"email", "name"}


@pytest.mark.parametrize(
    "body",
    [
        b"{", b"[]", b"null", b"[" * 9000,
        b'{"page_key": "k"}', b'{"page_key": "", "shown": 5}', b'{"page_key": ["k"], "shown": 5}',
        b'{"page_key": "k", "shown": 1.5}', b'{"page_key": "k", "shown": true}', b'{"page_key": "k", "shown": "1"}',
        b'{"page_key": "k", "shown": -5}', b'{"page_key": "k", "shown": 1e99}',
    ],
)  # fmt: skip
def test_broken_input_is_refused_in_words(client: Client, sent: PaymentRequest, body: bytes) -> None:
    answer = client.post(f"/i/{sent.token}/pay/", body, content_type="application/json")
    assert answer.status_code == 422
    assert "Nothing was charged" in answer.json()["problems"]["form"]


def test_a_form_that_came_without_its_script_charges_nothing(client: Client, sent: PaymentRequest) -> None:
    seen = client.post(f"/i/{sent.token}/pay/", {"name": "Dana", "email": "d@e.example"})
    assert "The card form did not load" in words(seen)
    assert PaymentAttempt.objects.count() == 0


def test_it_works_without_cookies_and_csrf_token(sent: PaymentRequest) -> None:
    """No cookie opens anything here: the token in the address does."""
    strict = Client(enforce_csrf_checks=True)
    assert press(strict, sent, shown=5).status_code == 409


def test_an_unknown_link_cannot_pay(client: Client, sent: PaymentRequest) -> None:
    """I2."""
    answer = client.post(f"/i/{'A' * 43}/pay/", b"{}", content_type="application/json")
    assert answer.status_code == 404


def test_paid_by_card_the_page_leads_to_the_receipt(client: Client, sent: PaymentRequest, settled: Any) -> None:
    """M6."""
    attempt = settled(makers.make_attempt(sent.order, request=sent))
    assert f"/pay/{attempt.public_id}/" in open_page(client, sent).content.decode()
    assert f"/pay/{attempt.public_id}/" in client.get(f"/i/{sent.token}/").content.decode()
    mine = press(client, sent, page_key=attempt.page_key).json()
    assert mine["go"] == f"/i/{sent.token}/pay/{attempt.public_id}/"
