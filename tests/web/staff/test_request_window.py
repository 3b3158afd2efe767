"""The Request Payment window."""

import re

import pytest

from balancedue.actions.cancel_order import cancel_order
from balancedue.models import Delivery, Membership, PaymentRequest
from balancedue.rules.actor import COMMAND
from tests.makers import (
    make_bounced_request,
    make_connection,
    make_contact,
    make_order,
    make_payment,
    make_sent_request,
    make_user,
)
from tests.smtp import SmtpServer

from .desk import Desk, inputs, words


def test_opening_and_closing_the_window_sends_nothing(desk: Desk) -> None:
    """S10."""
    order = make_order(desk.account)
    page = desk.get(f"orders/{order.number}/request-payment/")
    assert "<h1>Request Payment</h1>" in page.content.decode()
    desk.order(order)
    assert not PaymentRequest.objects.exists()
    assert not Delivery.objects.exists()


def test_to_shows_the_contacts_address(desk: Desk) -> None:
    """S11."""
    order = make_order(desk.account)
    shown = inputs(desk.get(f"orders/{order.number}/request-payment/"))
    assert shown["to"] == "dana@riverside-hs.example"


def test_it_is_sent_with_everything_typed(desk: Desk) -> None:
    """S12-S20, M5."""
    order = make_order(desk.account)
    answer = desk.send(
        order,
        cc="coach@riverside-hs.example, treasurer@riverside-hs.example",
        message="Hi Dana",
        notify_me="on",
        notify="priya@foxgloveprint.example, sam@foxgloveprint.example",
    )
    assert answer.status_code == 302
    asked = order.requests.get()
    assert asked.to == ["dana@riverside-hs.example"]
    assert asked.cc == ["coach@riverside-hs.example", "treasurer@riverside-hs.example"]
    assert asked.message == "Hi Dana"
    assert asked.notify == ["priya@foxgloveprint.example", "sam@foxgloveprint.example"]
    assert asked.sent_by == desk.user
    assert asked.amount_at_sending_minor == 110_528
    assert asked.deliveries.count() == 3


def test_from_the_order_to_sent_takes_two_clicks(desk: Desk) -> None:
    """U5: everything is filled in already."""
    order = make_order(desk.account)
    assert desk.send(order, htmx=True).headers["HX-Redirect"] == desk.path(f"orders/{order.number}/")
    assert order.requests.count() == 1


def test_the_box_reads_as_it_must_and_its_default_is_oneself(desk: Desk) -> None:
    """S15, S16."""
    page = desk.get(f"orders/{make_order(desk.account).number}/request-payment/")
    assert "Send email notification upon payment" in words(page)
    shown = inputs(page)
    assert "notify_me" not in shown
    assert shown["notify"] == desk.user.email


def test_the_box_stays_as_this_person_left_it(desk: Desk) -> None:
    """S16-S18."""
    order = make_order(desk.account)
    desk.send(order, notify_me="on", notify=desk.user.email)
    assert Membership.objects.get(user=desk.user).notify_on_payment
    assert "notify_me" in inputs(desk.get(f"orders/{make_order(desk.account).number}/request-payment/"))


def test_unticked_nobody_is_notified(desk: Desk) -> None:
    """S19: an address left in the hidden field counts for nothing."""
    order = make_order(desk.account)
    desk.send(order, notify=desk.user.email)
    assert order.requests.get().notify == []


def test_every_bad_address_is_named_and_everything_typed_is_kept(desk: Desk) -> None:
    """M8."""
    order = make_order(desk.account)
    answer = desk.send(
        order, to="dana@riverside", cc="x@, ok@school.org", message="Keep me", notify_me="on", notify="no"
    )
    assert answer.status_code == 422
    read = words(answer)
    assert "dana@riverside needs a domain like school.org" in read
    assert "x@ " in read
    assert "Keep me" in answer.content.decode()
    assert 'value="x@, ok@school.org"' in answer.content.decode()
    assert '<a href="#to">' in answer.content.decode()
    assert '<a href="#notify">' in answer.content.decode()
    assert not PaymentRequest.objects.exists()


def test_a_ticked_box_needs_an_address(desk: Desk) -> None:
    """S16-S18, requirements.md 2.6."""
    answer = desk.send(make_order(desk.account), notify_me="on", notify="")
    assert answer.status_code == 422
    assert "Notify" in words(answer)


def test_to_is_required_and_can_be_saved_to_a_contact_without_one(desk: Desk) -> None:
    """requirements.md 2.2."""
    contact = make_contact(desk.account, email="")
    order = make_order(desk.account, contact=contact)
    page = desk.get(f"orders/{order.number}/request-payment/")
    assert "This contact has no email address yet." in words(page)
    assert "save_to_contact" in inputs(page)
    assert "Enter at least one email address in To" in words(desk.send(order))
    desk.send(order, to="new@school.org")
    contact.refresh_from_db()
    assert contact.email == "new@school.org"


def test_in_the_dialog_a_refused_form_comes_back_alone(desk: Desk) -> None:
    answer = desk.send(make_order(desk.account), htmx=True, to="")
    assert answer.status_code == 422
    assert b"<html" not in answer.content
    assert b'id="request-about" hx-swap-oob="true"' in answer.content


@pytest.mark.parametrize("htmx", [False, True])
def test_without_a_processor_nothing_is_sent(desk: Desk, htmx: bool) -> None:
    """S4."""
    order = make_order(desk.account)
    typed = desk.filled(order)
    desk.account.connections.all().delete()
    answer = desk.post(f"orders/{order.number}/payment-requests/", typed, htmx=htmx)
    assert answer.status_code == (422 if htmx else 409)
    assert "Connect a card processor to request payments." in words(answer)
    assert not PaymentRequest.objects.exists()


def test_paypal_express_alone_sends_nothing(desk: Desk) -> None:
    """S7."""
    order = make_order(desk.account)
    typed = desk.filled(order)
    desk.account.connections.all().delete()
    make_connection(desk.account, kind="paypal_express")
    answer = desk.post(f"orders/{order.number}/payment-requests/", typed)
    assert answer.status_code == 409
    assert "PayPal Express cannot take payment requests. Add Stripe as well." in words(answer)
    assert not PaymentRequest.objects.exists()


def test_paid_meanwhile_says_so_and_sends_nothing(desk: Desk) -> None:
    """S5."""
    order = make_order(desk.account)
    typed = desk.filled(order)
    make_payment(order, 110_528)
    answer = desk.post(f"orders/{order.number}/payment-requests/", typed, htmx=True)
    assert re.search(r"Paid in full \(.+\)\. There is nothing to request\.", words(answer))
    assert not PaymentRequest.objects.exists()


def test_cancelled_meanwhile_says_so(desk: Desk) -> None:
    order = make_order(desk.account)
    typed = desk.filled(order)
    cancel_order(order=order, by=COMMAND)
    answer = desk.post(f"orders/{order.number}/payment-requests/", typed)
    assert answer.status_code == 409
    assert "This order was cancelled." in words(answer)


def test_a_balance_that_changed_is_shown_before_it_is_asked_for(desk: Desk) -> None:
    """M1, requirements.md 2.3."""
    order = make_order(desk.account)
    typed = desk.filled(order, message="Hi")
    make_payment(order, 10_000)
    answer = desk.post(f"orders/{order.number}/payment-requests/", typed)
    assert answer.status_code == 422
    assert "The balance is now $1,005.28, it was $1,105.28. Check and send again." in words(answer)
    assert "Send for $1,005.28" in words(answer)
    again = typed | {"shown": inputs(answer)["shown"]}
    assert desk.post(f"orders/{order.number}/payment-requests/", again).status_code == 302
    assert order.requests.get().amount_at_sending_minor == 100_528


def test_a_request_of_a_moment_ago_is_told_first(desk: Desk) -> None:
    order = make_order(desk.account)
    make_sent_request(order, by=make_user(desk.account, name="Sam"))
    answer = desk.send(order)
    assert answer.status_code == 422
    assert "Sam sent a request 1 minute ago. View it" in words(answer)
    assert "Send another anyway" in words(answer)
    typed = desk.filled(order, anyway=inputs(answer)["anyway"])
    assert desk.post(f"orders/{order.number}/payment-requests/", typed).status_code == 302
    assert order.requests.count() == 2


def test_a_likely_slip_is_asked_about_once(desk: Desk) -> None:
    order = make_order(desk.account)
    answer = desk.send(order, to="dana@gmial.com")
    assert "dana@gmial.com: did you mean gmail.com?" in words(answer)
    assert "Send anyway" in words(answer)
    anyway = inputs(answer)["anyway"]
    assert desk.send(order, to="dana@gmial.com", anyway=anyway).status_code == 302


def test_an_address_that_bounced_is_asked_about(desk: Desk) -> None:
    order = make_order(desk.account)
    make_bounced_request(order, by=desk.user)
    answer = desk.send(order)
    assert "Mail to dana@riverside-hs.example bounced on" in words(answer)
    anyway = inputs(answer)["anyway"]
    assert desk.send(order, anyway=anyway).status_code == 302


def test_an_address_of_another_account_that_bounced_is_nobodys_business(desk: Desk) -> None:
    """N12."""
    order = make_order(desk.account)
    make_bounced_request(order, by=desk.user)
    Delivery.objects.update(to="elsewhere@school.org")
    assert desk.send(order).status_code == 302


def test_the_same_form_sent_twice_makes_one_request(desk: Desk) -> None:
    order = make_order(desk.account)
    typed = desk.filled(order)
    for _ in range(2):
        assert desk.post(f"orders/{order.number}/payment-requests/", typed).status_code == 302
    assert order.requests.count() == 1


def test_a_viewer_cannot_send(desk: Desk) -> None:
    """requirements.md 2.10."""
    order = make_order(desk.account)
    typed = desk.filled(order)
    desk.client.force_login(make_user(desk.account, role="viewer", name="Vic"))
    answer = desk.post(f"orders/{order.number}/payment-requests/", typed)
    assert answer.status_code == 403
    assert "Your role does not allow this." in words(answer)
    assert not PaymentRequest.objects.exists()


def test_staff_can_send(desk: Desk) -> None:
    order = make_order(desk.account)
    desk.client.force_login(make_user(desk.account, role="staff", name="Sam"))
    assert desk.send(order).status_code == 302


def test_the_default_message_of_the_shop_stands_there(desk: Desk) -> None:
    """S36."""
    desk.account.default_message = "Thank you for your order."
    desk.account.save()
    page = desk.get(f"orders/{make_order(desk.account).number}/request-payment/")
    assert "Thank you for your order.</textarea>" in page.content.decode()


def test_the_message_is_a_text_of_at_most_2000_characters(desk: Desk) -> None:
    """S14, requirements.md 2.11."""
    answer = desk.send(make_order(desk.account), message="x" * 2001)
    assert answer.status_code == 422
    assert "Keep the message to 2,000 characters; it has 2,001" in words(answer)


def test_the_email_can_be_seen_first(desk: Desk) -> None:
    """S14: the message is in it, as text."""
    order = make_order(desk.account)
    typed = desk.filled(order, message="Ready <b>Monday</b>")
    part = desk.post(f"orders/{order.number}/payment-requests/preview/", typed, htmx=True)
    read = words(part)
    assert f"From Foxglove Print Co. <{desk.account.email}>" in read
    assert "$1,105.28" in read
    source = re.search(r'<iframe class="preview" src="([^"]+)"[^>]* sandbox>', part.content.decode())
    assert source is not None
    frame = desk.client.get(source.group(1).replace("&amp;", "&"))
    assert "Ready &lt;b&gt;Monday&lt;/b&gt;" in frame.content.decode()
    policy = frame["Content-Security-Policy"]
    assert "frame-ancestors 'self'" in policy
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert not PaymentRequest.objects.exists()


def test_without_a_script_the_preview_keeps_what_was_typed(desk: Desk) -> None:
    """U7."""
    order = make_order(desk.account)
    typed = desk.filled(order, message="Ready Monday", cc="a@b.example")
    page = desk.post(f"orders/{order.number}/payment-requests/preview/", typed)
    assert b"<html" in page.content
    assert b"<iframe" in page.content
    assert inputs(page)["cc"] == "a@b.example"


def test_a_preview_of_another_order_is_not_shown(desk: Desk) -> None:
    one, other = make_order(desk.account), make_order(desk.account)
    part = desk.post(f"orders/{one.number}/payment-requests/preview/", desk.filled(one), htmx=True)
    source = re.search(r'src="[^"]+draft=([^"&]+)', part.content.decode())
    assert source is not None
    assert desk.get(f"orders/{other.number}/payment-requests/preview/frame/", draft="x").status_code == 404
    tail = f"orders/{other.number}/payment-requests/preview/frame/?draft={source.group(1)}"
    assert desk.client.get(desk.path(tail)).status_code == 404


def test_a_test_goes_to_oneself_alone(desk: Desk, mail_server: SmtpServer) -> None:
    order = make_order(desk.account)
    answer = desk.post(f"orders/{order.number}/payment-requests/test/", desk.filled(order, message="Hi"))
    assert f"A test was sent to {desk.user.email}." in words(answer)
    assert [letter.recipients for letter in mail_server.messages] == [[desk.user.email]]
    assert not PaymentRequest.objects.exists()


def test_a_test_that_cannot_be_sent_says_so_and_keeps_the_text(desk: Desk) -> None:
    order = make_order(desk.account)
    answer = desk.post(f"orders/{order.number}/payment-requests/test/", desk.filled(order, message="Keep me"))
    assert answer.status_code == 422
    assert "The test was not sent" in words(answer)
    assert "Keep me" in answer.content.decode()


def test_the_last_message_is_offered_again(desk: Desk) -> None:
    order = make_order(desk.account)
    make_sent_request(order, by=desk.user, message="As we said")
    page = desk.get(f"orders/{order.number}/request-payment/")
    assert 'data-text="As we said"' in page.content.decode()
    assert "Use last message" in words(page)


def test_a_new_request_replaces_the_earlier_one(desk: Desk) -> None:
    """requirements.md 2.4."""
    order = make_order(desk.account)
    first = make_sent_request(order, by=desk.user)
    desk.send(order)
    first.refresh_from_db()
    assert first.status == "superseded"
    assert "The earlier request was replaced; its link still opens the invoice" in words(desk.order(order))
