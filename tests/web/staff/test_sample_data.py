"""Sample orders in an account of their own, going from one account to another, and archiving (ux.md 3.1)."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from balancedue.actions.create_account import create_api_key
from balancedue.models import Account, Delivery, PaymentRequest
from tests.makers import make_account, make_connection, make_order, make_user
from tests.servers import start_sandbox
from tests.smtp import SmtpServer

from .desk import Desk, words


def _sample(desk: Desk) -> Account:
    return Account.objects.exclude(pk=desk.account.pk).get()


def test_an_empty_list_offers_three_ways_in(desk: Desk, client: Client) -> None:
    """U11."""
    page = desk.get()
    assert "No orders yet Create one, import a CSV, or look around with sample orders." in words(page)
    for tail in ("orders/new/", "orders/import/", "samples/"):
        assert f'"{desk.path(tail)}"' in page.content.decode()
    client.force_login(make_user(desk.account, role="staff", name="Sam"))
    assert "Import" not in words(client.get(desk.path()))
    client.force_login(make_user(desk.account, role="viewer", name="Vic"))
    assert "Load sample orders" not in words(client.get(desk.path()))


def test_samples_come_in_an_account_of_their_own_without_a_processor(desk: Desk) -> None:
    """U11: nothing is requested, so that no mail leaves for made-up addresses."""
    answer = desk.post("samples/")
    sample = _sample(desk)
    assert answer["Location"] == f"/{sample.slug}/orders/"
    assert (sample.name, sample.is_sample) == ("Sample data", True)
    assert sample.slug.startswith("sample-")
    assert sample.orders.count() == 10
    assert not desk.account.orders.exists()
    assert not PaymentRequest.objects.exists()
    assert not Delivery.objects.exists()
    read = words(desk.client.get(answer["Location"]))
    assert "Sample data: nothing here is real. Archive it" in read
    assert "Switch to Foxglove Print Co." in read
    assert desk.post("samples/")["Location"] == answer["Location"]  # the second press makes no second shop


def test_in_the_demo_they_have_the_test_processor(
    transactional_db: None, desk: Desk, tmp_path: Path, mail_server: SmtpServer, settings: Any
) -> None:
    """U12: and every state of a request. One banner says both."""
    sandbox = start_sandbox(tmp_path)
    settings.DEMO, settings.SANDBOX_URL = True, sandbox.url
    settings.PUBLIC_URL = "http://testserver"
    answer = desk.post("samples/")
    sample = _sample(desk)
    sandbox.stop()
    assert sample.connections.get().credentials["secret_key"] != sandbox.secret_key
    assert {"sent", "opened"} <= set(PaymentRequest.objects.values_list("status", flat=True))
    read = words(desk.client.get(answer["Location"]))
    assert "Sample data in test mode: nothing here is real, cards are not charged." in read
    assert "Test mode: cards are not charged." not in read


def test_when_they_cannot_be_loaded_nothing_is_to_be_seen_of_them(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(**_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("balancedue.actions.load_samples.load_sample_orders", fails)
    answer = desk.post("samples/")
    assert answer.status_code == 409
    assert "Could not load the sample orders. Nothing was added. Try again" in words(answer)
    assert "Switch to" not in words(desk.get())
    assert desk.client.get(f"/{_sample(desk).slug}/orders/").status_code == 404


def test_archived_sample_data_is_gone_for_everybody(desk: Desk) -> None:
    desk.post("samples/")
    sample = _sample(desk)
    _, key = create_api_key(account=sample, name="A program")
    answer = desk.client.post(f"/{sample.slug}/samples/archive/", follow=True)
    assert answer.redirect_chain[-1][0] == desk.path()
    assert "The sample data is put away." in words(answer)
    assert "Switch to" not in words(answer)
    assert desk.client.get(f"/{sample.slug}/orders/").status_code == 404
    assert desk.client.get("/api/v1/orders", headers={"Authorization": f"Bearer {key}"}).status_code == 401
    assert sample.orders.count() == 10  # nothing is deleted
    sample.refresh_from_db()
    assert sample.archived_at


def test_real_orders_are_never_archived(desk: Desk) -> None:
    make_order(desk.account)
    other = make_account()
    other.memberships.create(user=desk.user, role="owner")
    assert "Archive it" not in words(desk.get())
    assert desk.post("samples/archive/").status_code == 403
    assert desk.get().status_code == 200


def test_ones_only_account_stays(desk: Desk) -> None:
    Account.objects.update(is_sample=True)
    assert "Archive it" not in words(desk.get())
    assert desk.post("samples/archive/").status_code == 409
    assert desk.get().status_code == 200


def test_a_person_of_several_accounts_goes_from_one_to_the_other(desk: Desk) -> None:
    """N12: and to no other."""
    second, _ = make_account(name="Harbor Signs"), make_account(name="Strangers")
    second.memberships.create(user=desk.user, role="viewer")
    page = desk.get()
    assert f'href="/{second.slug}/orders/"' in page.content.decode()
    assert "Harbor Signs" in words(page)
    assert "Strangers" not in words(page)
    make_connection(second)
    assert "Test mode: cards are not charged." in words(desk.client.get(f"/{second.slug}/orders/"))


def test_home_leads_to_real_orders_first(desk: Desk) -> None:
    sample = make_account(is_sample=True)
    sample.memberships.create(user=desk.user, role="owner")
    Account.objects.filter(pk=desk.account.pk).update(is_sample=False)
    assert desk.client.get("/")["Location"] == desk.path()
