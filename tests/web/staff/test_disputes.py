"""Disputes on the order's page, in the list, in the windows, and on the customer's page (ux.md 4, Dispute)."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from balancedue.actions.settle import settle
from balancedue.models import Dispute, Order, PaymentAttempt, PaymentRequest
from balancedue.processors.base import Kind, Outcome
from balancedue.rules.actor import PROCESSOR
from balancedue.rules.money import Money
from tests.makers import make_attempt, make_dispute, make_order, make_payment, make_sent_request

from .desk import Desk, words

NOTHING = Money(0, "USD")


@pytest.fixture
def request_(desk: Desk) -> PaymentRequest:
    """A request that was paid by card."""
    request = make_sent_request(make_order(desk.account), by=desk.user)
    attempt = make_attempt(request.order, state="waiting", request=request)
    settle(attempt, Outcome(Kind.PAID, received=attempt.amount, card="Visa ending 4242"), by=PROCESSOR)
    return request


@pytest.fixture
def attempt(request_: PaymentRequest) -> PaymentAttempt:
    return request_.order.attempts.get()


def _page(desk: Desk, attempt: PaymentAttempt) -> str:
    return words(desk.order(attempt.order))


def test_an_open_dispute_says_how_much_why_and_by_when(desk: Desk, attempt: PaymentAttempt) -> None:
    """ux.md 4: a red note with the date due; the order stays paid."""
    due = timezone.now().replace(year=timezone.now().year + 1, month=11, day=30, hour=23, minute=59)
    make_dispute(attempt, reason="not_received", reference="dp_7", due_at=due)
    read = _page(desk, attempt)
    assert "Disputed: $1,105.28. The customer's bank says: the goods or services did not arrive." in read
    assert "The money was taken back for now." in read
    assert re.search(r"Answer at Test processor, dispute dp_7 ?\. It must be there by Nov 30, \d{4}, 3:59.PM\.", read)
    assert "What helps: the carrier's tracking or a signed delivery note" in read
    assert "Balance due $0.00" in read
    assert "Dispute opened: the payer's bank wants $1,105.28 back" in read
    assert "The bank took $1,105.28 back for now" in read
    assert "/refund/?payment=" not in desk.order(attempt.order).content.decode()


@pytest.mark.parametrize(
    ("changes", "told", "not_told"),
    [
        ({"state": "inquiry", "withdrawn": NOTHING, "blocks_refunds": False},
         "The bank asks about $1,105.28. The customer's bank says: the cardholder did not make this payment. "
         "No money was taken so far. Answer at", "Disputed: $"),
        ({"state": "under_review", "evidence_sent": True},
         "Your answer is with the bank. It may take 2 to 3 months to decide.", "Answer at"),
        ({"due_at": timezone.now() - timedelta(days=1)}, "The time for it ended", "must be there"),
        ({"due_at": None}, "Answer at Test processor", "by None"),
        ({"state": "lost"}, "A dispute was lost: $1,105.28 stays with the payer and is owed again.", "Answer at"),
        ({"state": "won", "withdrawn": NOTHING}, "The dispute about $1,105.28 was won. The money is with you again.",
         "Disputed"),
        ({"state": "won"}, "The money is on its way back to you.", "is with you again"),
        ({"withdrawn": Money(110_529, "USD")},
         "what the processor reports does not fit: 1105.29 USD was taken, more than was paid. "
         "Nothing was booked for it.", "The bank took"),
    ],
)  # fmt: skip
def test_every_state_has_words(
    desk: Desk, attempt: PaymentAttempt, changes: dict[str, Any], told: str, not_told: str
) -> None:
    make_dispute(attempt, **changes)
    read = _page(desk, attempt)
    assert told in read
    assert not_told not in read


def test_what_is_long_over_is_told_by_the_timeline_alone(desk: Desk, attempt: PaymentAttempt) -> None:
    make_dispute(attempt, state="won", withdrawn=NOTHING)
    Dispute.objects.update(next_check_at=None)
    read = _page(desk, attempt)
    assert "The money is with you again." not in read
    assert "The dispute about $1,105.28 was won" in read


def test_a_lost_dispute_stands_in_the_column_of_the_invoice(
    desk: Desk, attempt: PaymentAttempt, request_: PaymentRequest
) -> None:
    """M1: on both sides; the request that was paid stays so, and can be made again."""
    make_dispute(attempt, state="lost", amount=Money(40_000, "USD"), withdrawn=Money(40_000, "USD"))
    read = _page(desk, attempt)
    assert "Balance due $400.00" in read
    assert re.search(r"Card dispute \w+ \d+, \d{4} · Card \$400.00", read)
    assert "Request Payment" in read
    request_.refresh_from_db()
    assert request_.status == "paid"
    assert "Card dispute" in words(Client().get(f"/i/{request_.token}/"))


def test_an_open_dispute_leaves_the_customers_page_as_it_was(
    desk: Desk, attempt: PaymentAttempt, request_: PaymentRequest
) -> None:
    """ux.md 4: customer unchanged."""
    before = words(Client().get(f"/i/{request_.token}/"))
    make_dispute(attempt)
    assert words(Client().get(f"/i/{request_.token}/")) == before


def test_a_disputed_order_is_tagged_and_needs_attention(desk: Desk, attempt: PaymentAttempt) -> None:
    """ux.md 3.2: while the bank waits for evidence; the tag until it has decided."""
    make_order(desk.account)
    make_dispute(attempt)
    assert "Disputed" in words(desk.get())
    assert attempt.order.number in words(desk.get(view="attention"))
    make_dispute(attempt, state="under_review")
    assert "Disputed" in words(desk.get())
    assert "Disputed" not in words(desk.get(view="attention"))
    make_dispute(attempt, state="won", withdrawn=NOTHING)
    assert "Disputed" not in words(desk.get())
    make_dispute(attempt, state="lost")
    assert "Dispute lost" in words(desk.get(view="attention"))
    make_sent_request(Order.objects.get(pk=attempt.order_id), by=desk.user)
    assert "Dispute lost" not in words(desk.get())
    assert attempt.order.number not in words(desk.get(view="attention"))


def test_payment_may_be_requested_with_a_warning(desk: Desk, attempt: PaymentAttempt) -> None:
    """ux.md 4: dialog allowed, with warning."""
    order = Order.objects.get(pk=attempt.order_id)
    other = make_order(desk.account)
    make_dispute(attempt, state="lost", amount=Money(40_000, "USD"), withdrawn=Money(40_000, "USD"))
    second = {"reference": "dp_other", "amount": Money(10_000, "USD"), "withdrawn": Money(10_000, "USD")}
    make_dispute(attempt, **second)
    told = "A payment of $100.00 on this order is disputed, and the bank has not decided."
    assert told in words(desk.get(f"orders/{order.number}/request-payment/"))
    assert "disputed" not in words(desk.get(f"orders/{other.number}/request-payment/"))
    make_dispute(attempt, **second, state="lost")
    assert told not in words(desk.get(f"orders/{order.number}/request-payment/"))


def test_an_open_page_hears_of_a_dispute_and_says_it(desk: Desk, attempt: PaymentAttempt) -> None:
    """Every 8 s: nothing new is a 204, a dispute is the card anew, with its tag, and a word to be spoken."""
    page = desk.order(attempt.order).content.decode()
    asked = re.search(r'hx-get="([^"]+)" hx-trigger="every 8s"', page)
    assert asked is not None
    url = asked.group(1).replace("&amp;", "&")
    assert desk.client.get(url).status_code == 204
    make_dispute(attempt)
    answer = desk.client.get(url)
    assert 'id="spoken" hx-swap-oob="innerHTML">A payment is disputed<' in answer.content.decode()
    assert "Disputed: $1,105.28." in words(answer)


def test_a_payment_by_hand_beside_it_is_still_refundable(desk: Desk, attempt: PaymentAttempt) -> None:
    order = Order.objects.get(pk=attempt.order_id)
    make_payment(order, 500)
    make_dispute(attempt)
    assert desk.order(order).content.decode().count("/refund/?payment=pay_") == 2  # with and without script
