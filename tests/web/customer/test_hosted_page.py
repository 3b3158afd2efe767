"""The payment page of a shop whose customers pay on the processor's page; beyond it: tests/journeys."""

import json
import re
from typing import Any

import pytest
from django.test import Client

from balancedue.actions.cancel_order import cancel_order
from balancedue.models import PaymentAttempt, PaymentRequest
from balancedue.rules.actor import COMMAND
from tests import makers
from tests.processors.loopback import answer, loopback
from tests.processors.objects import fixture
from tests.web.customer.seen import words

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def elsewhere(account: Any, sent: PaymentRequest) -> None:
    """The shop wants no card field on its page."""
    account.connections.update(hosted=True)


def open_page(client: Client, request: PaymentRequest) -> Any:
    return client.get(f"/i/{request.token}/pay/")


def press(client: Client, request: PaymentRequest, **changed: object) -> Any:
    """What a browser sends, with or without a script."""
    form = {"page_key": "page_1", "shown": "110528", "email": "dana@riverside-hs.example"} | changed
    return client.post(f"/i/{request.token}/pay/", form)


def test_the_page_has_no_card_field_and_says_where_one_pays(client: Client, sent: PaymentRequest) -> None:
    """S26, S30: the sum, an address for the receipt, one button."""
    seen = open_page(client, sent)
    text = words(seen)
    assert seen.status_code == 200
    for told in (
        "Pay Foxglove Print Co.",
        "Amount to pay $1,105.28",
        "Pay $1,105.28",
        "You pay on Test processor's page and come back here.",
        "You pay the full balance. To pay part of it, contact the shop.",
    ):
        assert told in text
    html = seen.content.decode()
    assert "Card details" not in text
    assert 'value="dana@riverside-hs.example"' in html
    assert not re.search(r'name="amount"', html)


def test_no_script_of_anybody_elses_is_loaded_and_the_form_may_lead_to_one_place(
    client: Client, sent: PaymentRequest
) -> None:
    """Requirements 3.36, J4: our own scripts only; browsers hold the way on to the policy too."""
    seen = open_page(client, sent)
    scripts = re.findall(r'<script[^>]*src="([^"]+)"', seen.content.decode())
    assert scripts
    assert all(one.startswith("/static/") for one in scripts)
    policy = dict(part.split(" ", 1) for part in seen.headers["Content-Security-Policy"].split("; "))
    assert policy["form-action"] == "'self' http://127.0.0.1:9"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert "127.0.0.1" not in client.get(f"/i/{sent.token}/").headers["Content-Security-Policy"]


def test_looking_makes_nothing_and_sets_no_cookie(client: Client, sent: PaymentRequest) -> None:
    """I4."""
    assert not open_page(client, sent).cookies
    assert PaymentAttempt.objects.count() == 0


def test_a_changed_balance_is_shown_with_both_sums_and_the_new_one_can_be_paid(
    client: Client, sent: PaymentRequest
) -> None:
    """S30, M1: nothing typed is lost."""
    makers.make_payment(sent.order, 50_000)
    seen = press(client, sent, email="june@alderbakery.example")
    text, html = words(seen), seen.content.decode()
    assert seen.status_code == 409
    assert "The balance changed while you were here. Nothing was charged." in text
    assert "It was $1,105.28 and is now $605.28." in text
    assert "Pay $605.28" in text
    assert 'name="shown" value="60528"' in html
    assert 'value="june@alderbakery.example"' in html
    assert PaymentAttempt.objects.count() == 0


def test_another_amount_than_the_balance_is_never_charged(client: Client, sent: PaymentRequest) -> None:
    """S30: neither less nor more."""
    for shown in ("50000", "110527", "110529", "999999"):
        assert press(client, sent, shown=shown).status_code == 409
    assert PaymentAttempt.objects.count() == 0


def test_a_slip_in_the_address_is_said_at_its_field(client: Client, sent: PaymentRequest) -> None:
    """U13: with what was typed."""
    seen = press(client, sent, email="dana@")
    assert seen.status_code == 422
    assert "There is a problem" in words(seen)
    html = seen.content.decode()
    assert 'id="email-error"' in html
    assert 'aria-invalid="true"' in html
    assert 'value="dana@"' in html
    assert "<title>Error: Pay invoice" in html


@pytest.mark.parametrize("shown", ["", "-5", "5.0", "1e3", "٥", "9" * 400])
def test_broken_input_is_refused_in_words(client: Client, sent: PaymentRequest, shown: str) -> None:
    seen = press(client, sent, shown=shown)
    assert seen.status_code == 422
    assert "This page is out of date. Load it again. Nothing was charged." in words(seen)


@pytest.mark.parametrize("state", ["pending", "unknown"])
def test_a_payment_on_its_way_holds_the_next_one(client: Client, sent: PaymentRequest, state: str) -> None:
    """E1, M3."""
    attempt = makers.make_attempt(sent.order, state=state, hosted=True)
    answer = press(client, sent)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/i/{sent.token}/pay/{attempt.public_id}/")


def test_paid_or_cancelled_meanwhile_leads_to_the_page_that_says_so(client: Client, sent: PaymentRequest) -> None:
    """M6, M7, E1."""
    cancel_order(order=sent.order, by=COMMAND)
    answer = press(client, sent)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/i/{sent.token}/pay/")
    assert "There is nothing to pay." in words(client.get(answer.headers["Location"]))


def test_a_receipt_is_led_to_when_it_was_this_page_that_paid(
    client: Client, sent: PaymentRequest, settled: Any
) -> None:
    """M6: back, and Pay again."""
    attempt = settled(makers.make_attempt(sent.order, request=sent, hosted=True, page_key="page_1"))
    assert press(client, sent).headers["Location"] == f"/i/{sent.token}/pay/{attempt.public_id}/"


def test_pay_can_only_be_pressed_so_often(client: Client, sent: PaymentRequest) -> None:
    """Requirements 3.36."""
    answers = [press(client, sent, shown="1") for _ in range(32)]
    assert [one.status_code for one in answers[:30]] == [409] * 30
    assert answers[-1].status_code == 429
    assert "Too many tries" in words(answers[-1])
    assert "No money was taken." in words(answers[-1])


def test_with_the_processor_off_nothing_is_charged(client: Client, account: Any, sent: PaymentRequest) -> None:
    """M10."""
    account.connections.update(is_enabled=False)
    for seen in (open_page(client, sent), press(client, sent)):
        assert "Nothing was charged" in words(seen)


@pytest.mark.django_db(transaction=True)
def test_a_processor_that_is_not_heard_leads_to_the_attempt(client: Client, sent: PaymentRequest) -> None:
    """N14: nobody answers there; pressing again asks again."""
    answer = press(client, sent)
    attempt = PaymentAttempt.objects.get()
    assert (attempt.state, attempt.hosted) == ("unknown", True)
    assert answer.headers["Location"] == f"/i/{sent.token}/pay/{attempt.public_id}/"
    assert "you will not be charged twice" in words(client.get(answer.headers["Location"]))


def test_declined_there_before_it_says_so(client: Client, sent: PaymentRequest) -> None:
    """C11: the same sentences as for a card typed here."""
    makers.make_attempt(sent.order, state="waiting", hosted=True, code="insufficient_funds", request=sent)
    assert "The bank says there is not enough money available. No money was taken." in words(open_page(client, sent))


def test_who_comes_back_from_the_middle_of_3d_secure_can_pay_again(client: Client, sent: PaymentRequest) -> None:
    """C11: the processor's page sends nobody back before the bank has answered, unless they turned back."""
    attempt = makers.make_attempt(sent.order, state="waiting", hosted=True, needs_action=True, request=sent)
    text = words(client.get(f"/i/{sent.token}/pay/{attempt.public_id}/"))
    assert "This payment is not finished" in text
    assert "Back to payment" in text


def test_it_works_without_cookies_and_csrf_token(sent: PaymentRequest) -> None:
    """No cookie opens anything here: the token in the address does."""
    assert press(Client(enforce_csrf_checks=True), sent, shown="5").status_code == 409


def test_a_page_drawn_before_the_shop_changed_its_mind_still_leads_to_payment(
    client: Client, account: Any, sent: PaymentRequest
) -> None:
    """A plain form where a card field is wanted now: the page with the card field, and nothing begun."""
    account.connections.update(hosted=False)
    seen = press(client, sent)
    assert "The card form did not load" in words(seen)
    assert PaymentAttempt.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_page_on_a_domain_of_the_shops_own_is_reached_by_a_link(
    client: Client, account: Any, sent: PaymentRequest
) -> None:
    """No form of ours may lead to a host that was not known when the page was drawn; a link may."""
    there = "https://pay.foxgloveprint.example/c/pay/cs_1"
    with loopback() as server:
        made = fixture("checkout.session", payment_intent=None, amount_total=110_528, currency="usd", url=there)
        server.will(answer(200, made))
        account.connections.update(is_default=False)
        makers.make_connection(
            account, credentials=makers.KEYS | {"api_base": server.origin}, hosted=True, is_default=True
        )
        seen = press(client, sent)
        body = {"page_key": "page_1", "shown": 110_528}
        old_page = client.post(f"/i/{sent.token}/pay/", json.dumps(body), content_type="application/json")
    assert old_page.json() == {"go": there}  # a page with a card field, drawn before the shop changed its mind
    assert seen.status_code == 200
    assert f'href="{there}"' in seen.content.decode()
    assert "Nothing was charged so far." in words(seen)


@pytest.mark.parametrize("hosted", [True, False])
def test_looking_asks_the_processor_nothing(
    client: Client, account: Any, sent: PaymentRequest, asked_of_stripe: list[Any], hosted: bool
) -> None:
    """I4, K1: on either page nothing exists there before Pay is pressed."""
    account.connections.update(hosted=hosted)
    assert open_page(client, sent).status_code == 200
    assert asked_of_stripe == []
