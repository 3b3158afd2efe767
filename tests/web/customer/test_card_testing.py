"""Whoever tests cards stands before a closed door, and whoever pays does not (K1, K2, requirements.md 3.36)."""

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from balancedue.actions.rest_cards import let_cards_go_on
from balancedue.actions.watch_cards import hide_address
from balancedue.models import CardTry, PaymentAttempt, PaymentRequest
from balancedue.rules.actor import COMMAND
from tests import makers
from tests.web.customer.seen import words

pytestmark = pytest.mark.django_db

RESTS = "Card payments to this shop are paused. No money was taken. Wait an hour, or call or email the shop to pay."


def press(client: Client, request: PaymentRequest, address: str = "203.0.113.7") -> Any:
    body = {"page_key": "page_1", "shown": 110_528}
    return client.post(
        f"/i/{request.token}/pay/", json.dumps(body), content_type="application/json", REMOTE_ADDR=address
    )


def test_while_cards_rest_the_page_and_the_press_say_so_and_nothing_begins(
    client: Client, account: Any, sent: PaymentRequest
) -> None:
    account.cards_rest_until = timezone.now() + timedelta(minutes=10)
    account.save()
    seen = client.get(f"/i/{sent.token}/pay/")
    assert "Card payments are paused" in words(seen)
    assert RESTS in words(seen)
    answer = press(client, sent)
    assert (answer.status_code, answer.json()["code"], answer.json()["sentence"]) == (409, "cards_rest", RESTS)
    assert not PaymentAttempt.objects.exists()
    assert "Card payments are paused" not in words(client.get(f"/i/{sent.token}/")), "the invoice can be read and kept"


def test_a_request_still_goes_out_while_cards_rest(account: Any, sent: PaymentRequest) -> None:
    account.cards_rest_until = timezone.now() + timedelta(minutes=10)
    account.save()
    again = makers.make_request(sent.order, by=makers.make_user(account))
    assert again.is_live


def test_cards_are_taken_again_once_the_rest_is_over_or_staff_say_so(
    client: Client, account: Any, sent: PaymentRequest
) -> None:
    account.cards_rest_until = timezone.now() + timedelta(minutes=10)
    account.save()
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        assert "Card details" in words(client.get(f"/i/{sent.token}/pay/"))
    assert let_cards_go_on(account=account, by=COMMAND)
    assert "Card details" in words(client.get(f"/i/{sent.token}/pay/"))


@pytest.mark.django_db(transaction=True)  # nothing at a processor inside one
def test_a_press_is_counted_where_it_comes_from_and_kept_as_a_hash(
    client: Client, account: Any, sent: PaymentRequest, settings: Any
) -> None:
    press(client, sent, "2001:db8:1:2::77")  # nobody answers at this processor; the press was made all the same
    kept = CardTry.objects.get()
    assert kept.address == hide_address("2001:db8:1:2::/64")
    assert kept.ended_at is None
    settings.SECRET_KEY = "another"
    assert kept.address != hide_address("2001:db8:1:2::/64")


@pytest.mark.django_db(transaction=True)  # nothing at a processor inside one
def test_one_address_rests_and_its_neighbour_pays(client: Client, account: Any, sent: PaymentRequest) -> None:
    other = makers.make_order(account)
    makers.make_tries(other, 10, address=hide_address("203.0.113.7"))
    assert press(client, sent).json()["code"] == "too_many_tries"
    assert press(client, sent).status_code == 429
    assert press(client, sent, "203.0.113.8").json()["code"] == "payment_in_progress"


def test_looking_again_and_again_counts_nothing(client: Client, sent: PaymentRequest) -> None:
    """K2: a page may be loaded as often as anybody likes."""
    for _ in range(70):
        assert client.get(f"/i/{sent.token}/pay/").status_code == 200
    assert not CardTry.objects.exists()
