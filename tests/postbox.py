"""The mail server that most tests want: real, on this machine, and it takes everything. With faults: tests/smtp.py."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from tests.smtp import SmtpServer, start_smtp

logging.getLogger("mail.log").setLevel(logging.WARNING)  # otherwise every line of every conversation


@pytest.fixture
def mail_server(settings: Any) -> Iterator[SmtpServer]:
    """A mail server; settings.EMAIL_URL names it for this test. Processes get it as EMAIL_URL=mail_server.url."""
    with start_smtp() as server:
        settings.EMAIL_URL = server.url
        yield server
