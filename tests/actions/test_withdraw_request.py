"""A request's life after it was written: undone, sent now, opened, withdrawn, expired."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from balancedue.actions.expire_requests import expire_next_request
from balancedue.actions.note_opening import note_opening
from balancedue.actions.withdraw_request import send_now, undo_request, withdraw_request
from balancedue.models import PaymentRequest
from balancedue.rules.errors import Refused
from tests.actions.desk import Desk
from tests.makers import make_payment, make_sent_request


@pytest.fixture(autouse=True)
def _hold(settings: Any) -> None:
    settings.SEND_HOLD_SECONDS = 10


def _now(request: PaymentRequest) -> PaymentRequest:
    return PaymentRequest.objects.get(pk=request.pk)


def test_undone_in_time_nothing_leaves(desk: Desk) -> None:
    """Requirements.md 2.12."""
    request = undo_request(request=desk.request(), by=desk.owner.actor)
    assert (request.status, request.withdrawn_at is None) == ("withdrawn", False)
    assert [row.status for row in request.deliveries.all()] == ["dropped"]
    assert desk.events("request_undone", "request_withdrawn") == ["request_undone"]


def test_once_it_left_it_cannot_be_undone(desk: Desk) -> None:
    """Requirements.md 2.12: the link can be turned off instead."""
    request = make_sent_request(desk.order, by=desk.owner)
    with pytest.raises(Refused) as refusal:
        undo_request(request=request, by=desk.owner.actor)
    assert refusal.value.code == "already_sent"
    assert _now(request).status == "sent"


def test_send_now_ends_the_hold(desk: Desk) -> None:
    """Requirements.md 2.12."""
    request = send_now(request=desk.request())
    assert request.hold_until <= timezone.now()
    assert request.deliveries.get().next_try_at <= timezone.now()
    assert request.status == "holding"  # the worker's first copy ends it


def test_send_now_does_not_bring_an_undone_request_back(desk: Desk) -> None:
    """Two clicks, one after the other."""
    request = undo_request(request=desk.request(), by=desk.owner.actor)
    send_now(request=request)
    assert [row.status for row in request.deliveries.all()] == ["dropped"]


@pytest.mark.parametrize("status", ["sent", "opened", "paid", "superseded", "expired"])
def test_any_link_can_be_turned_off(desk: Desk, status: str) -> None:
    """Requirements.md 4.8: revoke."""
    request = make_sent_request(desk.order, by=desk.owner)
    PaymentRequest.objects.filter(pk=request.pk).update(status=status)
    withdrawn = withdraw_request(request=request, by=desk.owner.actor)
    assert withdrawn.status == "withdrawn"
    assert desk.events("request_withdrawn") == ["request_withdrawn"]


def test_withdrawing_twice_changes_nothing(desk: Desk) -> None:
    """M3."""
    request = withdraw_request(request=make_sent_request(desk.order, by=desk.owner), by=desk.owner.actor)
    again = withdraw_request(request=request, by=desk.owner.actor)
    assert again.withdrawn_at == request.withdrawn_at
    assert desk.events("request_withdrawn") == ["request_withdrawn"]


def test_a_persons_look_is_noted_once(desk: Desk) -> None:
    """M5, requirements.md 2.14."""
    request = make_sent_request(desk.order, by=desk.owner)
    opened = note_opening(request=request)
    assert opened.status == "opened"
    assert note_opening(request=request).opened_at == opened.opened_at
    assert desk.events("request_opened") == ["request_opened"]


@pytest.mark.parametrize("status", ["holding", "paid", "superseded", "withdrawn", "expired"])
def test_a_request_that_is_over_or_not_sent_is_not_opened(desk: Desk, status: str) -> None:
    """Requirements.md 2.14: it keeps what it is."""
    request = make_sent_request(desk.order, by=desk.owner)
    PaymentRequest.objects.filter(pk=request.pk).update(status=status)
    assert (note_opening(request=request).status, _now(request).opened_at) == (status, None)


def test_an_opened_request_is_paid_when_the_money_comes(desk: Desk) -> None:
    """M5: paid_at."""
    request = note_opening(request=make_sent_request(desk.order, by=desk.owner))
    make_payment(desk.order, 110_528)
    assert (_now(request).status, _now(request).paid_at is None) == ("paid", False)


def test_a_link_with_an_end_expires(desk: Desk) -> None:
    """Requirements.md 2.13: one at a time, and only those whose time has come."""
    request = make_sent_request(desk.order, by=desk.owner)
    assert not expire_next_request()
    PaymentRequest.objects.update(expires_at=timezone.now() + timedelta(hours=1))
    assert not expire_next_request()
    PaymentRequest.objects.update(expires_at=timezone.now())
    assert expire_next_request()
    assert (_now(request).status, _now(request).expired_at is None) == ("expired", False)
    assert not expire_next_request()
    assert desk.events("request_expired") == ["request_expired"]


@pytest.mark.parametrize("status", ["holding", "paid", "withdrawn", "expired"])
def test_what_is_over_does_not_expire(desk: Desk, status: str) -> None:
    """Requirements.md 2.13."""
    request = make_sent_request(desk.order, by=desk.owner)
    PaymentRequest.objects.filter(pk=request.pk).update(status=status, expires_at=timezone.now())
    assert not expire_next_request()
    assert _now(request).status == status


def test_an_expired_request_leaves_room_for_a_new_one(desk: Desk) -> None:
    """Requirements.md 2.4, 2.13."""
    first = make_sent_request(desk.order, by=desk.owner)
    PaymentRequest.objects.update(expires_at=timezone.now())
    expire_next_request()
    assert desk.request().status == "holding"
    assert _now(first).status == "expired"
