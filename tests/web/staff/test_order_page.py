"""An order's page and its payment card, state by state (ux.md 3.3)."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from balancedue.actions.cancel_order import cancel_order
from balancedue.actions.note_opening import note_opening
from balancedue.actions.order_lines import NewLine
from balancedue.actions.settle import settle
from balancedue.models import Order, Payment, PaymentRequest
from balancedue.processors.base import Kind, Outcome
from balancedue.rules.actor import COMMAND, PROCESSOR
from tests.makers import (
    make_attempt,
    make_bounced_request,
    make_connection,
    make_dispute,
    make_order,
    make_payment,
    make_request,
    make_sent_request,
    make_user,
)

from .desk import Desk, words

DISABLED = re.compile(r'<button[^>]* disabled aria-describedby="request-button-why"[^>]*>Request Payment</button>')


def is_offered(page: Any) -> bool:
    """Whether the button that opens the window is there and can be pressed."""
    found = re.search(r"<button[^>]*command=\"show-modal\"[^>]*id=\"request-button\"", page.content.decode())
    return found is not None


def test_an_order_with_a_balance_offers_request_payment(desk: Desk) -> None:
    """S2, S3."""
    page = desk.order(make_order(desk.account))
    assert is_offered(page)
    assert '<dialog class="dialog" id="request-payment"' in page.content.decode()


def test_a_part_paid_order_qualifies(desk: Desk) -> None:
    """S9."""
    order = make_order(desk.account, total_minor=110_528)
    make_payment(order, 50_000)
    page = desk.order(order)
    assert is_offered(page)
    assert "$605.28 of $1,105.28, $500.00 paid" in words(page)


def test_more_than_a_card_can_be_charged_is_not_asked_for(desk: Desk) -> None:
    """F1, F4: and what to do about it."""
    page = desk.order(make_order(desk.account, total_minor=118_000_000))
    assert not is_offered(page)
    assert "$1,180,000.00 is more than a card can be charged at once. Add a payment for part of it." in words(page)


def test_without_a_processor_it_is_disabled_and_says_how_to_connect_one(desk: Desk) -> None:
    """S4."""
    desk.account.connections.all().delete()
    page = desk.order(make_order(desk.account))
    assert DISABLED.search(page.content.decode())
    assert "Connect a card processor to request payments. Connect Stripe" in words(page)
    assert desk.path("settings/processors/") in page.content.decode()


def test_others_are_told_whom_to_ask(desk: Desk) -> None:
    """S4."""
    desk.account.connections.all().delete()
    order = make_order(desk.account)
    desk.client.force_login(make_user(desk.account, role="staff", name="Sam"))
    assert "Ask Priya to connect a card processor." in words(desk.order(order))


def test_with_nothing_due_it_is_disabled(desk: Desk) -> None:
    """S5, S34, M2."""
    order = make_order(desk.account, total_minor=500)
    make_payment(order, 500)
    page = desk.order(order)
    assert DISABLED.search(page.content.decode())
    assert "Nothing is due on this order." in words(page)


def test_paypal_express_alone_is_not_enough_and_stripe_is_advised(desk: Desk) -> None:
    """S6-S8."""
    desk.account.connections.all().delete()
    make_connection(desk.account, kind="paypal_express")
    order = make_order(desk.account)
    page = desk.order(order)
    assert DISABLED.search(page.content.decode())
    assert "PayPal Express cannot take payment requests. Add Stripe as well. Add Stripe" in words(page)
    make_connection(desk.account, kind="sandbox")
    assert is_offered(desk.order(order))


def test_overpaid_shows_the_credit(desk: Desk) -> None:
    """S5."""
    order = make_order(desk.account, total_minor=10_000)
    make_payment(order, 14_000)
    page = desk.order(order)
    assert DISABLED.search(page.content.decode())
    assert "Credit $40.00" in words(page)
    assert "The customer has paid $40.00 too much." in words(page)


def test_a_cancelled_order_says_what_was_paid(desk: Desk) -> None:
    order = make_order(desk.account)
    make_payment(order, 50_000)
    cancel_order(order=order, by=COMMAND)
    page = desk.order(order)
    assert re.search(r"Order cancelled \w+ \d+\. \$500\.00 was paid and not refunded\.", words(page))
    assert "This order was cancelled." in words(page)
    assert DISABLED.search(page.content.decode())


def test_a_viewer_sees_why(desk: Desk, client: Client) -> None:
    order = make_order(desk.account)
    client.force_login(make_user(desk.account, role="viewer", name="Vic"))
    page = desk.order(order)
    assert DISABLED.search(page.content.decode())
    assert "Your role can view orders but not request payments." in words(page)
    assert "<dialog" not in page.content.decode().replace('<dialog class="dialog small" id="shortcuts"', "")


def test_a_broken_processor_is_shouted_about(desk: Desk) -> None:
    desk.account.connections.update(broken_at=timezone.now())
    page = desk.order(make_order(desk.account))
    assert "Test processor stopped accepting our key" in words(page)
    assert "Customers cannot pay until it is fixed." in words(page)


def test_while_it_holds_it_can_be_undone_or_sent_at_once(desk: Desk, settings: Any) -> None:
    """requirements.md 2.12."""
    settings.SEND_HOLD_SECONDS = 10
    order = make_order(desk.account)
    make_request(order, by=desk.user)
    page = desk.order(order)
    assert "Sending to dana@riverside-hs.example Undo Send now" in words(page)
    assert "every 3s" in page.content.decode()


def test_a_letter_that_waits_says_since_when(desk: Desk, settings: Any) -> None:
    settings.SEND_HOLD_SECONDS = 10
    order = make_order(desk.account)
    asked = make_request(order, by=desk.user)
    PaymentRequest.objects.filter(pk=asked.pk).update(hold_until=timezone.now() - timedelta(minutes=5))
    assert "Waiting to send to dana@riverside-hs.example since" in words(desk.order(order))


def test_undo_keeps_the_draft(desk: Desk, settings: Any) -> None:
    """requirements.md 2.12."""
    settings.SEND_HOLD_SECONDS = 10
    order = make_order(desk.account)
    asked = make_request(order, by=desk.user, message="Hi Dana, nearly done.", cc="coach@riverside-hs.example")
    desk.post(f"orders/{order.number}/payment-requests/{asked.public_id}/undo/")
    asked.refresh_from_db()
    assert asked.status == "withdrawn"
    page = desk.order(order)
    assert "Not sent. Your draft is kept. Edit and send" in words(page)
    assert "Hi Dana, nearly done." in page.content.decode()
    assert 'value="coach@riverside-hs.example"' in page.content.decode()


def test_undo_after_it_left_says_so_instead(desk: Desk) -> None:
    order = make_order(desk.account)
    asked = make_sent_request(order, by=desk.user)
    answer = desk.client.post(desk.path(f"orders/{order.number}/payment-requests/{asked.public_id}/undo/"), follow=True)
    assert "It is already on its way. You can turn its link off instead." in words(answer)


def test_send_now_ends_the_wait(desk: Desk, settings: Any) -> None:
    settings.SEND_HOLD_SECONDS = 10
    order = make_order(desk.account)
    asked = make_request(order, by=desk.user)
    desk.post(f"orders/{order.number}/payment-requests/{asked.public_id}/send-now/")
    asked.refresh_from_db()
    assert asked.hold_until <= timezone.now()


def test_sent_and_opened_show_how_far_it_is_and_the_link(desk: Desk) -> None:
    """M5."""
    order = make_order(desk.account)
    asked = make_sent_request(order, by=desk.user)
    page = desk.order(order)
    assert "Request again" in words(page)
    assert "every 8s" in page.content.decode()
    assert f"/i/{asked.token}/" in page.content.decode()
    assert "<svg" in page.content.decode()
    note_opening(request=asked)
    assert "Invoice opened" in words(desk.order(order))
    assert "Opened 1 min ago" in words(desk.order(order))


def test_not_delivered_says_why_and_offers_to_fix_it(desk: Desk) -> None:
    """U14."""
    order = make_order(desk.account)
    make_bounced_request(order, by=desk.user)
    read = words(desk.order(order))
    assert "Not delivered to dana@riverside-hs.example : the mailbox does not exist." in read
    assert "Fix address and resend" in read


def test_a_late_letter_is_grey_and_says_since_when(desk: Desk) -> None:
    order = make_order(desk.account)
    asked = make_sent_request(order, by=desk.user)
    asked.deliveries.update(status="waiting", error="the server asks to come back later")
    read = words(desk.order(order))
    assert "Still trying dana@riverside-hs.example , since" in read


def test_a_changed_balance_asks_for_an_updated_request(desk: Desk) -> None:
    """S33."""
    order = make_order(desk.account, total_minor=110_528)
    make_sent_request(order, by=desk.user)
    make_payment(order, 50_000)
    read = words(desk.order(order))
    assert "Was $1,105.28 when requested." in read
    assert "Send updated request" in read


def test_while_a_card_payment_is_in_progress_nothing_is_requested(desk: Desk) -> None:
    order = make_order(desk.account)
    make_sent_request(order, by=desk.user)
    make_attempt(order, state="pending")
    page = desk.order(order)
    assert "A card payment of $1,105.28 is in progress since" in words(page)
    assert "Wait for the payment in progress, about a minute." in words(page)
    assert "Check now" in words(page)
    assert DISABLED.search(page.content.decode())
    assert "Add Payment" in words(page)


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("unknown", "The processor has not answered yet. We keep asking."),
        ("put_aside", "The processor reports a card payment that does not fit this order. Nothing was booked."),
        ("started", "Request Payment"),
        ("waiting", "Request Payment"),
        ("declined", "Request Payment"),
        ("cancelled", "Request Payment"),
    ],
)
def test_every_state_of_a_card_payment_has_words(desk: Desk, state: str, told: str) -> None:
    """N3, N14."""
    order = make_order(desk.account)
    make_attempt(order, state=state, detail="asks for 12.00 USD")
    assert told in words(desk.order(order))


def pay_by_card(order: Order) -> None:
    attempt = make_attempt(order, state="waiting", request=order.requests.first())
    outcome = Outcome(Kind.PAID, reference=attempt.reference, received=attempt.amount, card="Visa ending 4242")
    settle(attempt, outcome, by=PROCESSOR)


def test_a_card_payment_shows_on_the_order(desk: Desk) -> None:
    """M2: the order shows it, the balance is 0 and the button is disabled."""
    order = make_order(desk.account)
    make_sent_request(order, by=desk.user)
    pay_by_card(order)
    page = desk.order(order)
    read = words(page)
    assert "Balance due $0.00" in read
    assert "Visa ending 4242" in read
    assert "Paid $1,105.28 by Visa ending 4242" in read
    assert DISABLED.search(page.content.decode())
    assert "every 8s" in _card_frame(page.content.decode())


def _card_frame(page: str) -> str:
    return page.split('id="payment-card"')[1].split(">")[0]


def test_an_order_paid_by_card_stays_live_and_one_paid_by_hand_does_not(desk: Desk) -> None:
    """Refunds and disputes made at the processor show within 10 s for a day after the last news, then within 60 s."""
    by_hand, by_card = make_order(desk.account), make_order(desk.account)
    make_payment(by_hand, 110_528)
    assert "hx-trigger" not in _card_frame(desk.order(by_hand).content.decode())
    pay_by_card(by_card)
    Payment.objects.update(created_at=timezone.now() - timedelta(days=2))
    assert "every 60s" in _card_frame(desk.order(by_card).content.decode())
    make_dispute(by_card.attempts.get())
    assert "every 8s" in _card_frame(desk.order(by_card).content.decode())


def test_paid_twice_is_shouted_about(desk: Desk) -> None:
    order = make_order(desk.account)
    pay_by_card(order)
    late = make_attempt(order, state="cancelled", balance_version=1, amount_minor=110_528)
    settle(late, Outcome(Kind.PAID, reference=late.reference, received=late.amount), by=PROCESSOR)
    read = words(desk.order(order))
    assert "Paid twice: $1,105.28 to refund." in read


def test_an_order_without_items_or_contact_still_has_a_page(desk: Desk) -> None:
    order = make_order(desk.account, no_contact=True)
    order.lines.all().delete()
    read = words(desk.order(order))
    assert "No items on this order." in read
    assert "This order has no customer yet." in read


def test_many_items_are_shown_when_asked_for(desk: Desk) -> None:
    order = make_order(desk.account, lines=[NewLine(f"Item {n}", Decimal(1), 100) for n in range(593)])
    page = desk.order(order)
    assert "20 of 593 items" in words(page)
    assert len(page.content) < 60_000
    assert "Item 592" in words(desk.get(f"orders/{order.number}/", items="all"))


def test_the_page_takes_few_queries(desk: Desk, django_assert_max_num_queries: Any) -> None:
    order = make_order(desk.account, lines=[NewLine(f"Item {n}", Decimal(1), 100) for n in range(593)])
    for _ in range(5):
        make_sent_request(order, by=desk.user)
    desk.order(order)
    with django_assert_max_num_queries(20):
        desk.order(order)


def test_the_card_is_sent_again_only_when_something_changed(desk: Desk) -> None:
    """U15."""
    order = make_order(desk.account)
    asked = make_sent_request(order, by=desk.user)
    page = desk.order(order).content.decode()
    url = re.search(r'hx-get="([^"]+)"', page.split('id="payment-card"')[1])
    assert url is not None
    address = url.group(1).replace("&amp;", "&")
    assert desk.client.get(address).status_code == 204
    note_opening(request=asked)
    changed = desk.client.get(address)
    assert changed.status_code == 200
    body = changed.content.decode()
    assert '<div id="spoken" hx-swap-oob="innerHTML">The invoice was opened</div>' in body
    assert 'id="timeline" hx-swap-oob="true"' in body
    pay_by_card(order)
    assert "Paid $1,105.28" in desk.client.get(address).content.decode()


def test_a_link_can_be_turned_off(desk: Desk) -> None:
    order = make_order(desk.account)
    asked = make_sent_request(order, by=desk.user)
    tail = f"orders/{order.number}/payment-requests/{asked.public_id}/withdraw/"
    assert "will open nothing any more" in words(desk.get(tail))
    asked.refresh_from_db()
    assert asked.status == "sent"
    desk.post(tail)
    asked.refresh_from_db()
    assert asked.status == "withdrawn"
    page = desk.order(order)
    assert "Priya turned the link off" in words(page)
    assert "The link is turned off." in words(page)
    assert f"/i/{asked.token}/" not in page.content.decode()


def test_an_order_is_cancelled_after_a_page_that_says_what_follows(desk: Desk) -> None:
    order = make_order(desk.account)
    make_payment(order, 50_000)
    tail = f"orders/{order.number}/cancel/"
    assert "$500.00 was paid. It stays on the order as a credit" in words(desk.get(tail))
    desk.post(tail)
    order.refresh_from_db()
    assert order.is_cancelled


@pytest.mark.django_db(transaction=True)
def test_check_now_asks_the_processor(desk: Desk) -> None:
    """N14: no answer is not a failure."""
    order = make_order(desk.account)
    attempt = make_attempt(order, state="unknown")
    answer = desk.client.post(desk.path(f"orders/{order.number}/check-payment/"), follow=True)
    attempt.refresh_from_db()
    assert attempt.state == "unknown"
    assert "The processor has no result yet." in words(answer)


def test_notes_are_for_the_team(desk: Desk) -> None:
    """M9."""
    order = make_order(desk.account, internal_note="Owes us since May")
    desk.post(f"orders/{order.number}/notes/", {"text": "Dana called <b>twice</b>"})
    assert "Priya wrote a note" in words(desk.order(order))
    assert "Dana called &lt;b&gt;twice&lt;/b&gt;" in desk.order(order).content.decode()
    for tail in ("invoice/", "invoice.pdf"):
        seen = desk.get(f"orders/{order.number}/{tail}").content
        assert b"Owes us" not in seen
        assert b"Dana called" not in seen


def test_an_empty_note_is_refused_at_the_field(desk: Desk) -> None:
    order = make_order(desk.account)
    answer = desk.post(f"orders/{order.number}/notes/", {"text": " "})
    assert answer.status_code == 422
    assert "Write a note first" in words(answer)


def test_looking_as_the_customer_is_not_an_opening(desk: Desk) -> None:
    """requirements.md 2.14."""
    order = make_order(desk.account)
    asked = make_sent_request(order, by=desk.user, notify="priya@foxgloveprint.example")
    page = desk.get(f"orders/{order.number}/invoice/")
    assert "Invoice INV-" in words(page)
    assert b"data-opened-url" not in page.content
    assert b"priya@foxgloveprint.example" not in page.content
    asked.refresh_from_db()
    assert asked.opened_at is None


def test_the_invoice_comes_as_a_pdf(desk: Desk) -> None:
    order = make_order(desk.account, number="2047")
    answer = desk.get("orders/2047/invoice.pdf")
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"].startswith("inline")
    assert answer.content.startswith(b"%PDF")
    assert order.number in answer["Content-Disposition"]


def test_the_timeline_tells_who_did_what(desk: Desk) -> None:
    """M5: who, when, to whom, CC, message, notify list, delivery result, opening, payment."""
    order = make_order(desk.account, by=desk.user.actor)
    make_payment(order, 10_000, by=desk.user.actor, reference="1187")
    asked = make_sent_request(
        order,
        by=desk.user,
        cc="coach@riverside-hs.example",
        message="Nearly done",
        notify="priya@foxgloveprint.example",
    )
    note_opening(request=asked)
    pay_by_card(order)
    read = words(desk.order(order))
    for told in (
        "Priya placed the order",
        "Priya added a payment of $100.00 by check, 1187",
        "Priya requested payment of $1,005.28",
        "To dana@riverside-hs.example · CC coach@riverside-hs.example",
        "Nearly done",
        "Notify upon payment: priya@foxgloveprint.example",
        "dana@riverside-hs.example : sent",
        "Invoice opened",
        "Paid $1,005.28 by Visa ending 4242",
    ):
        assert told in read, told


def test_a_decline_is_explained_in_staff_words(desk: Desk) -> None:
    order = make_order(desk.account)
    attempt = make_attempt(order, state="waiting")
    settle(attempt, Outcome(Kind.DECLINED, reference=attempt.reference, code="lost_or_stolen"), by=PROCESSOR)
    read = words(desk.order(order))
    assert "Card payment of $1,105.28 declined" in read
    assert "What does this mean? The bank reports this card as lost or stolen." in read


@pytest.mark.parametrize("tail", ["edit/", "cancel/", "contact/", "request-payment/", "add-payment/", "invoice/"])
def test_an_order_of_another_account_is_not_found(desk: Desk, tail: str) -> None:
    """N12."""
    stranger = make_user(name="Mallory")
    order = make_order(desk.account)
    desk.client.force_login(stranger)
    assert desk.get(f"orders/{order.number}/{tail}").status_code == 404


def test_links_to_help_are_there(desk: Desk) -> None:
    """S35."""
    page = desk.order(make_order(desk.account)).content.decode()
    assert "/help/order-details/" in page
    assert "/help/add-payment/" in page
    assert "Request payment" in words(desk.client.get("/help/order-details/"))
    assert "Add a payment" in words(desk.client.get("/help/add-payment/"))
