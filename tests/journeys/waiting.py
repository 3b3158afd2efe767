"""Waiting for what other processes do."""

import re
import time
from collections.abc import Callable

from playwright.sync_api import Page

from tests.smtp import Received, SmtpServer

EVERY_SECONDS = 0.05


def wait_until(happened: Callable[[], bool], words: str, *, seconds: float = 60) -> None:
    """Look until `happened()`; fails with `words` when it does not in time."""
    until = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < until, f"not in {seconds} seconds: {words}"
        time.sleep(EVERY_SECONDS)


def wait_for_mail(mail: SmtpServer, to: str, *, number: int = 1, seconds: float = 60) -> Received:
    """The `number`th message to that address, once it has arrived."""
    wait_until(lambda: len(mail.to(to)) >= number, f"message {number} to {to}", seconds=seconds)
    return mail.to(to)[number - 1]


def open_mail(page: Page, message: Received) -> None:
    """The HTML part, as a mail program shows it: no page of ours, no script."""
    page.set_content(re.sub(r"<script.*?</script>", "", message.html, flags=re.DOTALL))
