"""An expired link, and the new one its customer asks for."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from balancedue.models import Delivery, PaymentRequest
from tests.makers import make_account, make_connection, make_order, make_request, make_user

pytestmark = pytest.mark.django_db


def expired(**account: object) -> PaymentRequest:
    shop = make_account(link_days=7, **account)
    make_connection(shop)
    request = make_request(make_order(shop), by=make_user(shop), cc="treasurer@riverside-hs.example")
    PaymentRequest.objects.filter(pk=request.pk).update(expires_at=timezone.now() - timedelta(minutes=1))
    return PaymentRequest.objects.get(pk=request.pk)


def test_links_expire_when_the_shop_says_so() -> None:
    """Requirements.md 2.13: optional, off unless set."""
    shop = make_account(link_days=7)
    make_connection(shop)
    request = make_request(make_order(shop), by=make_user(shop))
    assert request.expires_at == request.created_at + timedelta(days=7)
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        assert Client().get(f"/i/{request.token}/").status_code == 410


def test_a_new_link_goes_to_the_addresses_of_the_old_and_shows_none() -> None:
    """ux.md 3.10, M9."""
    old = expired()
    page = Client().post(f"/i/{old.token}/new-link/")
    assert page.status_code == 200
    assert b"riverside" not in page.content.split(b"<main")[1].split(b"</main>")[0].lower().replace(
        b"riverside high", b""
    )
    new = PaymentRequest.objects.exclude(pk=old.pk).get()
    assert (new.to, new.cc) == (old.to, old.cc)
    assert Delivery.objects.filter(request=new).count() == 2
    assert Client().get(f"/i/{new.token}/").status_code == 200


def test_asking_again_and_again_sends_three_at_most() -> None:
    """Requirements.md 3.53: whoever presses the button, however often, little happens."""
    old = expired()
    answers = [Client().post(f"/i/{old.token}/new-link/").status_code for _ in range(5)]
    assert answers == [200, 200, 200, 409, 409]


def test_a_link_that_still_works_is_not_renewed() -> None:
    """M4."""
    shop = make_account()
    make_connection(shop)
    request = make_request(make_order(shop), by=make_user(shop))
    assert Client().post(f"/i/{request.token}/new-link/").status_code == 302
    assert PaymentRequest.objects.count() == 1
