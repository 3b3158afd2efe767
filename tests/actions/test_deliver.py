"""Delivery: what leaves, to whom, when, and what happens when a mail server says no. Over real SMTP."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from balancedue.actions import deliver
from balancedue.actions.cancel_order import cancel_order
from balancedue.actions.change_account import change_account
from balancedue.actions.deliver import deliver_next
from balancedue.actions.settle import settle
from balancedue.actions.withdraw_request import undo_request, withdraw_request
from balancedue.actions.work import work_once
from balancedue.models import Contact, Delivery, Membership, PaymentRequest
from balancedue.processors.base import Kind, Outcome
from balancedue.rules.actor import PROCESSOR
from tests.actions.desk import DANA, Desk
from tests.makers import make_attempt, make_delivery, make_payment, make_user
from tests.smtp import DROP, SmtpServer, start_smtp

COACH = "coach@riverside-hs.example"


@pytest.fixture
def post(settings: Any) -> Iterator[Any]:
    """Start mail servers with faults: post(rcpt=..., data=...) answers the server, which EMAIL_URL then names."""
    running: list[Any] = []

    def start(**faults: Any) -> SmtpServer:
        context = start_smtp(**faults)
        server = context.__enter__()
        running.append(context)
        settings.EMAIL_URL = server.url
        return server

    yield start
    for context in running:
        context.__exit__(None, None, None)


def _paid(desk: Desk) -> None:
    """A card payment of the whole balance, as the processor tells it."""
    attempt = make_attempt(
        desk.order, state="waiting", payer_email="payer@riverside-hs.example", card="Visa ending 4242"
    )
    settle(attempt, Outcome(Kind.PAID, received=attempt.amount), by=PROCESSOR)


def _dealt_with() -> int:
    """How many letters the worker deals with when it comes."""
    return sum(1 for _ in iter(deliver_next, False))


def _statuses(request: PaymentRequest) -> list[str]:
    return list(request.deliveries.order_by("pk").values_list("status", flat=True))


def test_each_recipient_gets_a_copy_with_the_same_visible_heads(desk: Desk, mail_server: SmtpServer) -> None:
    """S21, H1: To and CC are seen by all; the envelope has one address each; nobody is in Bcc."""
    desk.request(to=[DANA, "boss@riverside-hs.example"], cc=[COACH], message="Thank you for the order.")
    assert _dealt_with() == 3
    assert [letter.recipients for letter in mail_server.messages] == [[DANA], ["boss@riverside-hs.example"], [COACH]]
    for letter in mail_server.messages:
        assert letter.message["To"] == f"{DANA}, boss@riverside-hs.example"
        assert (letter.message["Cc"], letter.message["Bcc"]) == (COACH, None)
    assert len({(letter.text, letter.html, letter.message["Message-ID"]) for letter in mail_server.messages}) == 1


def test_the_letter_carries_link_message_and_amount(desk: Desk, mail_server: SmtpServer) -> None:
    """S14, S22-S23, S26-S29: View Invoice opens the order by its link."""
    request = desk.request(message="Thank you for the order.")
    work_once()
    letter = mail_server.messages[0]
    assert f"/i/{request.token}/" in letter.text
    assert f"/i/{request.token}/" in letter.html
    for words in ("View Invoice", "Thank you for the order.", "1,105.28"):
        assert words in letter.html
    assert "1001" in letter.message["Subject"]


def test_the_shop_sends_and_the_person_is_answered(desk: Desk, mail_server: SmtpServer) -> None:
    """Requirements.md 3.39: From is ours, Reply-To the salesperson; a person wrote it."""
    desk.request()
    work_once()
    message = mail_server.messages[0].message
    assert message["From"] == '"Foxglove Print Co." <orders@foxgloveprint.example>'
    assert message["Reply-To"] == desk.owner.email
    assert message["Auto-Submitted"] is None
    assert mail_server.messages[0].mail_from == "orders@foxgloveprint.example"


def test_the_notify_list_is_in_no_head_of_the_customer(desk: Desk, mail_server: SmtpServer) -> None:
    """M9, requirements.md 3.38."""
    desk.request(notify=["secret@foxgloveprint.example"])
    work_once()
    assert b"secret@" not in mail_server.messages[0].content


def test_a_sent_letter_is_on_the_order(desk: Desk, mail_server: SmtpServer) -> None:
    """M5: delivery result; the first copy to leave ends the undo time."""
    request = desk.request(cc=[COACH])
    work_once()
    request.refresh_from_db()
    assert (request.status, request.sent_at is None) == ("sent", False)
    assert _statuses(request) == ["sent", "sent"]
    row = request.deliveries.first()
    assert row is not None
    assert (row.tries, row.error, row.lease, row.sent_at is None) == (1, "", "", False)
    assert desk.events("request_sent", "delivery_sent") == ["request_sent", "delivery_sent", "delivery_sent"]
    assert _dealt_with() == 0
    assert len(mail_server.messages) == 2


def test_the_hold_is_waited_out(desk: Desk, mail_server: SmtpServer, settings: Any) -> None:
    """Requirements.md 2.12: nothing leaves a moment too early."""
    settings.SEND_HOLD_SECONDS = 10
    request = desk.request()
    with time_machine.travel(request.hold_until - timedelta(milliseconds=1), tick=False):
        assert _dealt_with() == 0
    with time_machine.travel(request.hold_until, tick=False):
        assert _dealt_with() == 1
    assert len(mail_server.messages) == 1


def test_the_amount_at_sending_is_that_of_the_letter(desk: Desk, mail_server: SmtpServer, settings: Any) -> None:
    """M5, requirements.md 2.3: a payment within the undo time counts."""
    settings.SEND_HOLD_SECONDS = 10
    request = desk.request()
    make_payment(desk.order, 10_528)
    with time_machine.travel(request.hold_until, tick=False):
        work_once()
    request.refresh_from_db()
    assert (request.amount_at_sending_minor, request.version_at_sending) == (100_000, 2)
    assert "1,000.00" in mail_server.messages[0].text


@pytest.mark.parametrize("overtaken", ["undone", "withdrawn", "paid", "cancelled", "superseded"])
def test_what_makes_no_sense_any_more_does_not_leave(desk: Desk, mail_server: SmtpServer, overtaken: str) -> None:
    """Requirements.md 3.42: decided when it leaves, not when it was written."""
    request = desk.request()
    if overtaken == "undone":
        undo_request(request=request, by=desk.owner.actor)
    elif overtaken == "withdrawn":
        PaymentRequest.objects.filter(pk=request.pk).update(status="sent")
        withdraw_request(request=request, by=desk.owner.actor)
    elif overtaken == "paid":
        make_payment(desk.order, 110_528)
    elif overtaken == "cancelled":
        cancel_order(order=desk.order, by=desk.owner.actor)
    else:
        PaymentRequest.objects.filter(pk=request.pk).update(status="superseded")
    work_once()
    assert mail_server.messages == []
    assert _statuses(request) == ["dropped"]


def test_a_later_request_threads_under_the_earlier(desk: Desk, mail_server: SmtpServer) -> None:
    """Ux.md 7."""
    desk.request()
    work_once()
    desk.request()
    work_once()
    first, second = (letter.message for letter in mail_server.messages)
    assert second["In-Reply-To"] == first["Message-ID"]
    assert second["Message-ID"] != first["Message-ID"]


def test_a_server_that_says_later_is_asked_again(desk: Desk, post: Any) -> None:
    """H2, H3: 451, then taken; the same Message-ID on every try."""
    server = post(data=["451 4.3.0 try later", DROP, None])
    request = desk.request()
    now = timezone.now()
    message_id = request.deliveries.get().message_id
    with time_machine.travel(now, tick=False) as clock:
        work_once()
        row = request.deliveries.get()
        assert (row.status, row.tries, row.next_try_at - now) == ("waiting", 1, timedelta(seconds=30))
        assert "later" in row.error
        clock.shift(timedelta(seconds=29))
        assert _dealt_with() == 0
        clock.shift(timedelta(seconds=1))
        work_once()
        assert request.deliveries.get().tries == 2
        clock.shift(timedelta(minutes=2))
        work_once()
    row = request.deliveries.get()
    assert (row.status, row.tries, row.error) == ("sent", 3, "")
    assert [letter.message["Message-ID"] for letter in server.messages] == [message_id]
    assert desk.events("delivery_failed") == []


def test_it_is_given_up_after_four_days_and_staff_are_told(desk: Desk, post: Any) -> None:
    """H3: 96 hours."""
    post(rcpt={DANA: "451 4.2.2 mailbox full"})
    request = desk.request()
    Delivery.objects.update(tries=900, first_try_at=timezone.now() - timedelta(hours=96))
    work_once()
    assert _statuses(request) == ["failed"]
    assert Delivery.objects.get(kind="not_delivered").to == desk.owner.email
    contact = desk.fresh().contact
    assert contact is not None
    assert contact.bounced_at is None  # the address was never refused


def test_a_refused_address_fails_at_once_and_staff_hear_of_it(desk: Desk, post: Any) -> None:
    """U14, H3, ux.md 3.13: 550; the contact is marked; sender and owner get a letter in the same round."""
    server = post(rcpt={DANA: "550 5.1.1 no such user"})
    sender = make_user(desk.account, role="staff", name="Ben")
    request = desk.request(by=sender)
    work_once()
    assert _statuses(request) == ["failed"]
    assert desk.events("delivery_failed") == ["delivery_failed"]
    contact = desk.fresh().contact
    assert contact is not None
    assert contact.bounced_at is not None
    assert [letter.recipients for letter in server.messages] == [[sender.email], [desk.owner.email]]
    letter = server.messages[0]
    assert DANA in letter.text
    assert f"/{desk.account.slug}/orders/1001/" in letter.text
    assert letter.message["Auto-Submitted"] == "auto-generated"
    assert server.attempts.count(DANA) == 1


def test_one_bad_address_never_holds_up_another(desk: Desk, post: Any) -> None:
    """M8, H1: the others have theirs."""
    server = post(rcpt={COACH: "550 5.1.1 no such user", "boss@riverside-hs.example": "451 4.2.1 later"})
    request = desk.request(to=[DANA, "boss@riverside-hs.example"], cc=[COACH])
    work_once()
    assert _statuses(request) == ["sent", "waiting", "failed"]
    assert len(server.to(DANA)) == 1
    assert Contact.objects.get(pk=desk.fresh().contact_id).bounced_at is None  # another address was refused


def test_a_letter_to_staff_that_fails_sets_off_no_further_letter(desk: Desk, post: Any) -> None:
    """H3: no loop."""
    post(rcpt={"*": "550 5.1.1 no such user"})
    desk.request()
    work_once()
    assert sorted(Delivery.objects.values_list("kind", "status")) == [
        ("not_delivered", "failed"), ("payment_request", "failed"),
    ]  # fmt: skip


def test_a_letter_that_cannot_be_written_does_not_hold_up_the_others(desk: Desk, mail_server: SmtpServer) -> None:
    """H5: poison first in the queue; it is tried five times and then shown."""
    poison = make_delivery(desk.order, kind="receipt", next_try_at=timezone.now() - timedelta(hours=1))  # no payment
    request = desk.request()
    work_once()
    assert _statuses(request) == ["sent"]
    poison.refresh_from_db()
    assert (poison.status, poison.tries, poison.error) == ("waiting", 1, "the message could not be written")
    for _ in range(4):
        Delivery.objects.filter(pk=poison.pk).update(next_try_at=timezone.now())
        work_once()
    poison.refresh_from_db()
    assert (poison.status, poison.tries) == ("failed", 5)
    assert [letter.recipients for letter in mail_server.messages] == [[DANA], [desk.owner.email]]


def test_a_mail_server_that_is_down_loses_nothing(desk: Desk, post: Any) -> None:
    """H3: everything waits and then leaves."""
    request = desk.request(cc=[COACH])  # EMAIL_URL names a port nobody listens on
    work_once()
    assert _statuses(request) == ["waiting", "waiting"]
    server = post()
    Delivery.objects.update(next_try_at=timezone.now())
    work_once()
    assert _statuses(request) == ["sent", "sent"]
    assert len(server.messages) == 2


def test_a_worker_that_lost_its_lease_cannot_finish(desk: Desk, mail_server: SmtpServer) -> None:
    """Architecture.md 7: fencing; whoever holds it now decides."""
    request = desk.request()
    stale = deliver._claim(request.deliveries.get().pk)
    assert stale is not None
    Delivery.objects.update(lease="lease_another")
    deliver._sent(stale)
    deliver._not_sent(stale, "too late", permanent=True, address_refused=True)
    row = request.deliveries.get()
    assert (row.status, row.lease, row.tries) == ("sending", "lease_another", 0)
    assert desk.events("delivery_sent", "delivery_failed") == []


def test_a_claimed_letter_is_claimed_once(desk: Desk, mail_server: SmtpServer) -> None:
    """Architecture.md 7."""
    pk = desk.request().deliveries.get().pk
    assert deliver._claim(pk) is not None
    assert deliver._claim(pk) is None
    assert _dealt_with() == 0


def test_what_a_dead_worker_left_is_taken_up_again(desk: Desk, mail_server: SmtpServer) -> None:
    """Architecture.md 7: after the lease, not before; with the same Message-ID."""
    request = desk.request()
    row = deliver._claim(request.deliveries.get().pk)
    assert row is not None
    assert row.leased_until is not None
    with time_machine.travel(row.leased_until, tick=False):
        assert not deliver_next()
    with time_machine.travel(row.leased_until + timedelta(seconds=1), tick=False):
        assert deliver_next()
    assert _statuses(request) == ["sent"]
    assert mail_server.messages[0].message["Message-ID"] == row.message_id


def test_an_undone_request_is_not_sent_by_the_heir_of_a_dead_worker(desk: Desk, mail_server: SmtpServer) -> None:
    """Requirements.md 3.42: decided anew at each claim."""
    request = desk.request()
    row = deliver._claim(request.deliveries.get().pk)
    assert row is not None
    withdraw_request(request=request, by=desk.owner.actor)
    Delivery.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    work_once()
    assert (_statuses(request), mail_server.messages) == (["dropped"], [])


def test_the_payer_gets_a_receipt_and_staff_a_notice(desk: Desk, mail_server: SmtpServer) -> None:
    """S31, requirements.md 2.6, 2.9: each reader sees only themselves; the customer's holds nothing internal."""
    colleague = make_user(desk.account, role="staff", name="Ben")
    request = desk.request(notify=[desk.owner.email, colleague.email])
    work_once()
    change_account(account=desk.account, next_steps="We start printing within 2 days.")
    _paid(desk)
    work_once()
    receipt = mail_server.to("payer@riverside-hs.example")[0]
    assert receipt.message["To"] == "payer@riverside-hs.example"
    assert "1,105.28" in receipt.text
    assert "4242" in receipt.text
    assert colleague.email.encode() not in receipt.content
    notices = [mail_server.to(desk.owner.email), mail_server.to(colleague.email)]
    assert [len(each) for each in notices] == [1, 1]
    notice = notices[0][0]
    assert notice.message["To"] == desk.owner.email
    assert f"/{desk.account.slug}/orders/1001/" in notice.text
    assert "1,105.28" in notice.text
    assert notice.message["Auto-Submitted"] == receipt.message["Auto-Submitted"] == "auto-generated"
    assert request.token not in notice.text


def test_receipts_can_be_switched_off(desk: Desk, mail_server: SmtpServer) -> None:
    """Requirements.md 2.9."""
    desk.request()
    change_account(account=desk.account, send_receipts=False)
    desk.order = desk.fresh()
    _paid(desk)
    assert not Delivery.objects.filter(kind="receipt").exists()


def test_withdrawn_requests_notify_nobody(desk: Desk) -> None:
    """Requirements.md 2.6."""
    request = desk.request(notify=["old@foxgloveprint.example"])
    withdraw_request(request=request, by=desk.owner.actor)
    desk.request(notify=["new@foxgloveprint.example"])
    _paid(desk)
    assert list(Delivery.objects.filter(kind="payment_notice").values_list("to", flat=True)) == [
        "new@foxgloveprint.example"
    ]


def test_a_superseded_request_still_notifies_and_each_address_once(desk: Desk) -> None:
    """Requirements.md 2.6: the lists of all requests not withdrawn."""
    desk.request(notify=["ann@foxgloveprint.example"])
    desk.request(notify=["Ann@foxgloveprint.example", "bo@foxgloveprint.example"])
    _paid(desk)
    told = Delivery.objects.filter(kind="payment_notice").values_list("to", flat=True)
    assert sorted(address.lower() for address in told) == ["ann@foxgloveprint.example", "bo@foxgloveprint.example"]


def test_the_owner_is_told_once_even_as_the_sender(desk: Desk, post: Any) -> None:
    """Ux.md 3.13; a person who left the account and sent it is still told."""
    post(rcpt={DANA: "550 5.1.1 no such user"})
    desk.request()
    Membership.objects.filter(user=desk.owner).update(role="staff")
    make_user(desk.account, name="Olga")
    work_once()
    told = Delivery.objects.filter(kind="not_delivered").values_list("to", flat=True)
    assert len(told) == 2
    assert desk.owner.email in told
