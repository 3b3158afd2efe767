"""What went wrong, and getting in."""

from typing import Any

import pytest
from django.test import Client, RequestFactory

from balancedue.rules.errors import Invalid, Refused
from balancedue.web.errors import Refusals, csrf_failure, server_error
from tests.makers import PASSWORD, make_account, make_user
from tests.smtp import SmtpServer

from .desk import Desk, inputs, words


def test_a_page_that_is_not_here_says_so(desk: Desk) -> None:
    answer = desk.get("orders/none/")
    assert answer.status_code == 404
    assert "This page is not here Check the address or go to Orders ." in words(answer)


@pytest.mark.django_db
def test_an_unknown_link_is_one_neutral_page(client: Client) -> None:
    """M4, I2."""
    answer = client.get("/i/" + "x" * 43 + "/")
    assert answer.status_code == 404
    assert "This link does not work Ask the shop for a new one." in words(answer)
    assert "Sign" not in words(answer)


@pytest.mark.parametrize(
    ("refusal", "status", "path"),
    [
        (Refused("not_allowed", "Ask Priya."), 403, "/x/"),
        (Refused("nothing_due", "Nothing is due."), 409, "/x/"),
        (Refused("too_many_tries", "Wait 10 minutes."), 429, "/x/"),
        (Refused("too_many_tries", "Wait 10 minutes."), 429, "/i/t/"),
        (Invalid({"to": "One", "cc": "Two"}), 422, "/x/"),
    ],
)
def test_a_refusal_anywhere_becomes_a_page_with_its_sentence(
    refusal: Refused, status: int, path: str, rf: RequestFactory
) -> None:
    answer = Refusals(lambda request: None).process_exception(rf.get(path), refusal)  # type: ignore[no-untyped-call]
    assert answer is not None
    assert answer.status_code == status
    assert refusal.sentence in words(answer)
    if isinstance(refusal, Invalid):
        assert "Two" in words(answer)


def test_other_exceptions_are_left_alone(rf: RequestFactory) -> None:
    assert Refusals(lambda request: None).process_exception(rf.get("/"), ValueError()) is None  # type: ignore[no-untyped-call]


def test_a_failure_of_ours_says_nothing_was_charged(rf: RequestFactory) -> None:
    answer = server_error(rf.get("/x/"))
    assert answer.status_code == 500
    assert "Nothing was charged by this page. Reference" in words(answer)


def test_an_old_page_says_what_to_do(rf: RequestFactory) -> None:
    answer = csrf_failure(rf.post("/x/"))
    assert answer.status_code == 403
    assert "Nothing was saved, sent or charged." in words(answer)


@pytest.mark.django_db
def test_one_signs_in_and_lands_on_the_orders(client: Client) -> None:
    account = make_account()
    user = make_user(account)
    page = client.get("/login/")
    assert "Sign in" in words(page)
    assert "sign up" not in words(page).lower()
    answer = client.post("/login/", {"login": user.email, "password": PASSWORD}, follow=True)
    assert answer.redirect_chain[-1][0] == f"/{account.slug}/orders/"


@pytest.mark.django_db
def test_a_wrong_password_is_told_and_the_address_kept(client: Client) -> None:
    user = make_user()
    answer = client.post("/login/", {"login": user.email, "password": "wrong"})
    assert "There is a problem" in words(answer)
    assert inputs(answer)["login"] == user.email


@pytest.mark.django_db
def test_nobody_signs_up(client: Client) -> None:
    assert "No sign-up here" in words(client.get("/login/signup/"))


@pytest.mark.django_db
def test_somebody_without_a_shop_is_told(client: Client) -> None:
    client.force_login(make_user())
    answer = client.get("/")
    assert answer.status_code == 403
    assert "No shop yet" in words(answer)


def test_one_signs_out(desk: Desk) -> None:
    desk.client.post("/logout/")
    assert desk.get().status_code == 302


def test_pages_of_staff_are_not_kept_by_browsers(desk: Desk) -> None:
    assert desk.get()["Cache-Control"] == "private, no-store"


@pytest.mark.django_db
def test_a_forgotten_password_is_set_anew_by_mail(client: Client, mail_server: SmtpServer, settings: Any) -> None:
    settings.EMAIL_BACKEND = "balancedue.web.sign_in.MailServerBackend"
    user = make_user(make_account())
    answer = client.post("/login/password/reset/", {"email": user.email}, follow=True)
    assert "Look in your mailbox" in words(answer)
    assert [letter.recipients for letter in mail_server.messages] == [[user.email]]


@pytest.mark.django_db
def test_strangers_get_no_mail(client: Client, mail_server: SmtpServer, settings: Any) -> None:
    settings.EMAIL_BACKEND = "balancedue.web.sign_in.MailServerBackend"
    answer = client.post("/login/password/reset/", {"email": "nobody@else.example"}, follow=True)
    assert "Look in your mailbox" in words(answer)
    assert list(mail_server.messages) == []


@pytest.mark.parametrize("page", ["/login/2fa/", "/login/password/reset/", "/login/reauthenticate/"])
def test_the_pages_around_signing_in_wear_our_own_looks(desk: Desk, page: str) -> None:
    answer = desk.client.get(page, follow=True)
    assert answer.status_code == 200
    assert b'<body class="plain">' in answer.content
