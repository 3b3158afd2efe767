"""The order list."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from balancedue.models import PaymentRequest
from tests.makers import (
    make_account,
    make_attempt,
    make_bounced_request,
    make_connection,
    make_contact,
    make_order,
    make_payment,
    make_sent_request,
    make_user,
)

from .desk import Desk, words


def test_the_number_of_an_order_is_a_link_to_its_page(desk: Desk) -> None:
    """S1."""
    order = make_order(desk.account, number="2047")
    page = desk.get()
    link = f'<a href="/{desk.account.slug}/orders/2047/">#2047</a>'
    assert link in page.content.decode()
    assert desk.client.get(f"/{desk.account.slug}/orders/{order.number}/").status_code == 200


def test_it_shows_what_each_order_comes_to_and_what_is_left(desk: Desk) -> None:
    """S9."""
    make_payment(make_order(desk.account, number="7", total_minor=110_528), 50_000)
    read = words(desk.get())
    assert "#7 Riverside High Athletics Part paid $1,105.28 $605.28" in read


def test_nobody_else_sees_it(desk: Desk) -> None:
    """N12."""
    other = make_account()
    make_order(other, number="1")
    assert desk.client.get(f"/{other.slug}/orders/").status_code == 404
    assert desk.client.get(f"/{other.slug}/orders/1/").status_code == 404


@pytest.mark.django_db
def test_it_asks_for_a_sign_in(client: Client) -> None:
    account = make_account()
    answer = client.get(f"/{account.slug}/orders/")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/login/")


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("2047", ["2047"]),
        ("#2047", ["2047"]),
        ("harbor", ["2048"]),
        ("CHOIR@", ["2048"]),
        ("4242", ["2049"]),
        ("nobody", []),
    ],
)
def test_search_finds_by_number_customer_email_and_last_four(desk: Desk, asked: str, found: list[str]) -> None:
    make_order(desk.account, number="2047")
    choir = make_contact(desk.account, company="Harbor Lights", email="choir@lights.example")
    make_order(desk.account, number="2048", contact=choir)
    paid = make_order(desk.account, number="2049")
    make_payment(paid, 100, method="card_terminal")
    paid.payments.update(card="Visa ending 4242")
    page = desk.get(q=asked)
    assert [row.order.number for row in page.context["rows"]] == found
    if not found:
        assert "No orders match “ nobody ”. Clear search" in words(page)


def test_htmx_gets_the_table_alone_and_a_restored_page_gets_all_of_it(desk: Desk) -> None:
    make_order(desk.account)
    assert b"<html" not in desk.get(htmx=True).content
    headers = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert b"<html" in desk.client.get(desk.path(), headers=headers).content


def test_needs_attention_holds_what_went_wrong(desk: Desk) -> None:
    """U14."""
    make_order(desk.account, number="fine")
    make_sent_request(make_order(desk.account, number="asked"), by=desk.user)
    make_bounced_request(make_order(desk.account, number="bounced"), by=desk.user)
    changed = make_order(desk.account, number="changed")
    make_sent_request(changed, by=desk.user)
    make_payment(changed, 100)
    old = timezone.now() - timedelta(days=8)
    make_sent_request(make_order(desk.account, number="unopened"), by=desk.user, sent_at=old)
    make_attempt(make_order(desk.account, number="declined"), state="waiting", declines=2)
    make_attempt(make_order(desk.account, number="once"), state="waiting", declines=1)
    make_attempt(make_order(desk.account, number="aside"), state="put_aside")
    page = desk.get(view="attention")
    wanted = {"bounced", "changed", "unopened", "declined", "aside"}
    assert {row.order.number for row in page.context["rows"]} == wanted
    assert "Needs attention 5" in words(page)


def test_balance_due_leaves_out_what_is_paid_and_cancelled(desk: Desk) -> None:
    make_order(desk.account, number="due")
    make_payment(make_order(desk.account, number="paid", total_minor=500), 500)
    page = desk.get(view="due")
    assert [row.order.number for row in page.context["rows"]] == ["due"]
    assert "Balance due 1" in words(page)


def test_an_empty_view_says_so(desk: Desk) -> None:
    make_payment(make_order(desk.account, total_minor=500), 500)
    assert "Nothing needs attention." in words(desk.get(view="attention"))
    assert "Nothing is due." in words(desk.get(view="due"))


def test_the_tags_of_every_state_of_a_request_are_there(desk: Desk) -> None:
    """M5."""
    shown = {}
    for status in ("holding", "sent", "opened", "superseded", "withdrawn", "expired"):
        order = make_order(desk.account, number=status)
        asked = make_sent_request(order, by=desk.user)
        PaymentRequest.objects.filter(pk=asked.pk).update(status=status, opened_at=timezone.now())
        shown[status] = None
    for row in desk.get().context["rows"]:
        shown[row.order.number] = row.tag.code
    assert shown == {
        "holding": "sending",
        "sent": "requested",
        "opened": "opened",
        "superseded": "not_requested",
        "withdrawn": "not_requested",
        "expired": "expired",
    }


def test_the_number_of_queries_does_not_grow_with_the_orders(desk: Desk, django_assert_max_num_queries: Any) -> None:
    for _ in range(3):
        make_sent_request(make_order(desk.account), by=desk.user)
    desk.get()
    with django_assert_max_num_queries(14):
        desk.get()
    for _ in range(40):
        make_order(desk.account)
    with django_assert_max_num_queries(14):
        page = desk.get(page="2")
    assert "26 to 43 of 43" in words(page)


def test_a_row_leads_to_requesting_and_adding_payment_and_to_the_link(desk: Desk) -> None:
    order = make_order(desk.account, number="5")
    asked = make_sent_request(order, by=desk.user)
    page = desk.get().content.decode()
    for tail in ("request-payment/", "add-payment/", "invoice.pdf"):
        assert f'href="/{desk.account.slug}/orders/5/{tail}"' in page
    assert f"/i/{asked.token}/" in page


def test_a_viewer_is_not_shown_what_only_staff_may_do(desk: Desk, client: Client) -> None:
    make_sent_request(make_order(desk.account, number="5"), by=desk.user)
    client.force_login(make_user(desk.account, role="viewer", name="Vic"))
    page = client.get(desk.path()).content.decode()
    assert "request-payment" not in page
    assert "/i/" not in page


def test_a_new_shop_is_led_through_its_first_steps(db: None, client: Client) -> None:
    """U11."""
    account = make_account(address={})
    owner = make_user(account)
    client.force_login(owner)
    read = words(client.get(f"/{account.slug}/orders/"))
    assert "Getting started" in read
    assert "No orders yet" in read
    account.address = {"line1": "1 Road"}
    account.save()
    make_connection(account)
    make_sent_request(make_order(account), by=owner)
    assert "Getting started" not in words(client.get(f"/{account.slug}/orders/"))


def test_the_first_steps_can_be_hidden(db: None, client: Client) -> None:
    account = make_account(address={})
    client.force_login(make_user(account))
    client.post(f"/{account.slug}/first-steps/hide/")
    assert "Getting started" not in words(client.get(f"/{account.slug}/orders/"))
