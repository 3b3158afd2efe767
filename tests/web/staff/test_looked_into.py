"""What waits for a person: card payments that do not fit, parked webhooks, and the letters that were sent."""

import re
from typing import Any

from django.test import Client
from django.utils import timezone

from balancedue.actions.check_books import check_books
from balancedue.actions.deliver import deliver_next
from balancedue.actions.raise_alarm import raise_alarm
from balancedue.actions.reseal_secrets import reseal_secrets
from balancedue.models import Alarm, Delivery, PaymentAttempt, ProcessorEvent
from tests.makers import make_account, make_attempt, make_connection, make_order, make_request, make_user
from tests.smtp import SmtpServer

from .desk import Desk, words


def _aside(desk: Desk, **facts: Any) -> PaymentAttempt:
    order = make_order(desk.account)
    told = {"detail": "asks for 5.00 USD", "reference": "pi_odd", "ended_at": timezone.now()}
    return make_attempt(order, state="put_aside", **told | facts)


def test_a_payment_that_does_not_fit_is_closed_with_a_note(desk: Desk) -> None:
    """N3: the state stays, nothing is booked, and Needs attention lets go."""
    attempt = _aside(desk)
    page = desk.order(attempt.order)
    assert "does not fit" in words(page)
    assert "Needs attention 1" in words(desk.get())
    where = f"orders/{attempt.order.number}/card-payments/{attempt.public_id}/resolve/"
    assert f'href="{desk.path(where)}"' in page.content.decode()
    assert "asks for 5.00 USD" in words(desk.get(where))
    assert desk.post(where, {"note": "Refunded at the processor."}).status_code == 302
    attempt.refresh_from_db()
    assert (attempt.state, attempt.resolved_note) == ("put_aside", "Refunded at the processor.")
    after = words(desk.order(attempt.order))
    assert "Look at pi_odd there" not in after
    assert "Priya looked into the card payment that did not fit: Refunded at the processor." in after
    listed = words(desk.get())
    assert "Needs attention 0" in listed
    assert "Card payment to check" not in listed


def test_the_note_is_needed_and_what_was_typed_stays(desk: Desk) -> None:
    """M8."""
    attempt = _aside(desk)
    where = f"orders/{attempt.order.number}/card-payments/{attempt.public_id}/resolve/"
    answer = desk.post(where, {"note": "  "})
    assert answer.status_code == 422
    assert "Write what you found" in words(answer)
    long = "x" * 20_000
    assert long in words(desk.post(where, {"note": long}))
    attempt.refresh_from_db()
    assert attempt.resolved_at is None


def test_it_is_closed_once_and_only_what_was_put_aside(desk: Desk, client: Client) -> None:
    """N12: not another account's, not for viewers."""
    attempt, fine = _aside(desk), make_attempt(make_order(desk.account), state="declined")
    where = f"orders/{attempt.order.number}/card-payments/{attempt.public_id}/resolve/"
    other = f"orders/{fine.order.number}/card-payments/{fine.public_id}/resolve/"
    assert desk.get(other).status_code == 404
    desk.post(where, {"note": "First"})
    assert desk.post(where, {"note": "Second"}).status_code == 302
    attempt.refresh_from_db()
    assert attempt.resolved_note == "First"
    client.force_login(make_user(desk.account, role="viewer", name="Vic"))
    assert client.get(desk.path(where)).status_code == 403


def test_one_that_does_not_fit_needs_attention_even_when_nothing_is_due(desk: Desk) -> None:
    """N3: money may have been taken."""
    attempt = _aside(desk)
    attempt.order.__class__.objects.filter(pk=attempt.order.pk).update(due_minor=0)
    assert [row.order for row in desk.get(view="attention").context["rows"]] == [attempt.order]


def _parked(desk: Desk, name: str = "evt_1", **facts: Any) -> ProcessorEvent:
    now = timezone.now()
    plain = {
        "connection": desk.account.connections.first(),
        "type": "payment_intent.succeeded",
        "reference": "pi_1",
        "body": "{}",
        "status": "parked",
        "tries": 8,
        "received_at": now,
        "next_try_at": now,
        "error": "no attempt of this processor is known by these names",
    }
    return ProcessorEvent.objects.create(external_id=name, **plain | facts)


def test_a_parked_webhook_is_shown_with_its_reason_and_looked_at_again(desk: Desk) -> None:
    """D4."""
    event, other = _parked(desk), _parked(desk, "evt_2")
    read = words(desk.get("settings/processors/"))
    assert "no attempt of this processor is known by these names" in read
    assert "Look again at all 2" in read
    assert desk.post("settings/processors/look-again/", {"event": event.pk}).status_code == 302
    event.refresh_from_db()
    assert (event.status, event.tries) == ("new", 0)
    desk.post("settings/processors/look-again/")
    other.refresh_from_db()
    assert other.status == "new"
    assert "wait for a person" not in words(desk.get("settings/processors/"))


def test_a_parked_webhook_that_says_nothing_is_put_away_for_good(desk: Desk) -> None:
    """D4: it stays with who put it away, ends its alarm, and the books are right again."""
    event = _parked(desk)
    about = event.connection.public_id
    raise_alarm(desk.account, "webhook_put_aside", about=about, processor="Stripe", event=event.type)
    desk.post("settings/processors/put-away/", {"event": event.pk})
    event.refresh_from_db()
    assert (event.status, event.error.split(": ")[0]) == ("put_away", f"put away by {desk.user.actor}")
    assert "wait for a person" not in words(desk.get("settings/processors/"))
    assert Alarm.objects.get(about=about).over_at is not None
    assert check_books(desk.account, ask_processors=False) == []


def test_nobody_looks_again_at_what_is_not_theirs(desk: Desk, client: Client) -> None:
    """N12."""
    strange = _parked(desk, connection=make_connection(make_account()))
    desk.post("settings/processors/look-again/", {"event": strange.pk})
    desk.post("settings/processors/put-away/", {"event": strange.pk})
    strange.refresh_from_db()
    assert strange.status == "parked"
    assert desk.post("settings/processors/look-again/", {"event": "x"}).status_code == 404
    client.force_login(make_user(desk.account, role="manager", name="Mo"))
    assert client.post(desk.path("settings/processors/look-again/")).status_code == 403


def _sent(desk: Desk, **draft: Any) -> Delivery:
    order = make_order(desk.account, number="2047")
    request = make_request(order, by=desk.user, message="On press Monday.", **draft)
    while deliver_next(of=order):
        pass
    return request.deliveries.exclude(letter_sealed="").get()


def test_what_was_sent_can_be_seen(desk: Desk, mail_server: SmtpServer) -> None:
    """ux.md 3.3: subject, readers, HTML in a frame of its own, and the text."""
    delivery = _sent(desk, cc="coach@riverside-hs.example")
    left = mail_server.messages[0]
    where = f"orders/2047/emails/{delivery.public_id}/"
    assert f'hx-get="{desk.path(where)}"' in desk.get("orders/2047/").content.decode()
    part = desk.get(where, htmx=True)
    assert b"<html" not in part.content
    for read in (words(part), words(desk.get(where))):
        assert left.message["Subject"] in read
        assert "CC coach@riverside-hs.example" in read
        assert "On press Monday." in read
    frame = desk.get(f"{where}frame/")
    assert frame.content.decode().split() == left.html.split()
    assert "sandbox" in frame["Content-Security-Policy"]
    assert "default-src 'none'" in frame["Content-Security-Policy"]
    assert frame["Cache-Control"] == "private, no-store"


def test_a_letter_is_kept_once_however_many_copies_leave(desk: Desk, mail_server: SmtpServer) -> None:
    _sent(desk, cc="coach@riverside-hs.example, boss@riverside-hs.example")
    assert len(mail_server.messages) == 3
    assert Delivery.objects.exclude(letter_sealed="").count() == 1


def test_the_link_is_never_in_the_clear(desk: Desk, mail_server: SmtpServer) -> None:
    """I1: the letter is sealed to its row; keys can be changed under it."""
    delivery = _sent(desk)
    assert delivery.request
    token = delivery.request.token
    assert token not in delivery.letter_sealed
    assert delivery.letter
    assert token in delivery.letter.html
    sealed = delivery.letter_sealed
    reseal_secrets()
    fresh = Delivery.objects.get(pk=delivery.pk)
    assert fresh.letter_sealed != sealed
    assert fresh.letter == delivery.letter


def test_a_viewer_and_a_stranger_do_not_see_the_letter(desk: Desk, mail_server: SmtpServer, client: Client) -> None:
    """I1, N12: it holds the link."""
    where = f"orders/2047/emails/{_sent(desk).public_id}/"
    client.force_login(make_user(desk.account, role="viewer", name="Vic"))
    assert client.get(desk.path(where)).status_code == 403
    assert client.get(desk.path(f"{where}frame/")).status_code == 403
    page = client.get(desk.path("orders/2047/"))
    assert "/emails/" not in page.content.decode()
    assert "On press Monday." in words(page)
    client.force_login(make_user(make_account(), name="Sam"))
    assert client.get(desk.path(where)).status_code == 404


def test_a_letter_whose_key_is_gone_says_so(desk: Desk, mail_server: SmtpServer) -> None:
    delivery = _sent(desk)
    Delivery.objects.filter(pk=delivery.pk).update(letter_sealed=re.sub("^[^:]+", "lost", delivery.letter_sealed))
    where = f"orders/2047/emails/{delivery.public_id}/"
    assert "cannot be shown any more" in words(desk.get(where))
    assert desk.get(f"{where}frame/").status_code == 404
