"""What every other test relies on: the right database, its guards, and no way out of this machine."""

import smtplib
import socket
import subprocess
import sys
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import IntegrityError, connection
from playwright.sync_api import Error, Page

from balancedue.models import User, guards_sql
from tests.network import ReachedOutside
from tests.ports import free_port
from tests.smtp import SmtpServer

COUNT = "import django; django.setup(); from balancedue.models import User; print(User.objects.count())"


@pytest.mark.django_db
def test_the_database_is_the_one_asked_for(request: pytest.FixtureRequest) -> None:
    asked_for = request.config.getoption("--engine")
    assert connection.vendor == {"sqlite": "sqlite", "postgres": "postgresql"}[asked_for]


def test_a_process_started_by_a_test_sees_its_rows(child_environment: dict[str, str]) -> None:
    User.objects.create(email="ann@shop.example")
    answer = subprocess.run(
        [sys.executable, "-c", COUNT], env=child_environment, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "1"


@pytest.mark.django_db
def test_no_row_is_left_by_the_test_before() -> None:
    assert not User.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_emptying_the_database_is_what_lifts_the_guards() -> None:
    assert guards_sql.present(connection) == guards_sql.expected(connection)


@pytest.mark.django_db
def test_the_guards_are_back_afterwards() -> None:
    assert guards_sql.present(connection) == guards_sql.expected(connection)
    if connection.vendor == "postgresql":
        with pytest.raises(IntegrityError), connection.cursor() as cursor:
            cursor.execute("TRUNCATE balancedue_event")


@pytest.mark.parametrize("address", ["192.0.2.1", "10.0.0.1", "shop.example"])
def test_no_connection_leaves_this_machine(address: str) -> None:
    with socket.socket() as probe, pytest.raises(ReachedOutside):
        probe.connect((address, 80))


def test_the_browser_knows_no_other_machine(page: Page) -> None:
    with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
        page.goto("http://shop.example/")


def test_nobody_listens_on_a_free_port() -> None:
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", free_port())) != 0


def test_a_letter_sent_over_smtp_arrives(mail_server: SmtpServer, settings: Any) -> None:
    where = urlsplit(settings.EMAIL_URL)
    with smtplib.SMTP(str(where.hostname), where.port or 0) as client:
        client.sendmail("shop@shop.example", ["ann@shop.example"], "Subject: Hello\n\nText\n")
    assert [letter.message["Subject"] for letter in mail_server.to("ann@shop.example")] == ["Hello"]
