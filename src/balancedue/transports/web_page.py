"""Fetch one of our own pages from outside, as a browser would (R19)."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from balancedue.rules.pay_page_watch import Received

TIMEOUT = httpx.Timeout(10, connect=3)
DEADLINE = 10.0  # seconds for a whole answer, however slowly it comes
MOST_BYTES = 2_000_000
# Whoever changes pages for customers only must not tell us from one.
AS_A_BROWSER = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "en-US,en;q=0.9",
    "Accept-Encoding": "gzip, deflate",
}


class NotReceived(Exception):
    """Nobody knows what the page is like: it was not received. Says why, in words for people."""


class Browser:
    """Fetches pages: follows no redirect, keeps no cookie, goes through no proxy of the environment."""

    def __init__(self) -> None:
        self._client = httpx.Client(timeout=TIMEOUT, headers=AS_A_BROWSER, trust_env=False, follow_redirects=False)

    def get(self, url: str) -> Received:
        """One answer, whatever its status. Raises NotReceived."""
        try:
            return self._get(url)
        except httpx.TimeoutException:
            raise NotReceived(f"no answer within {TIMEOUT.read:.0f} seconds") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NotReceived(_words(error)) from None

    def _get(self, url: str) -> Received:
        ends = time.monotonic() + DEADLINE
        with self._client.stream("GET", url) as answer:
            self._client.cookies.clear()
            body = b""
            for chunk in answer.iter_bytes():
                body += chunk
                if time.monotonic() > ends:
                    raise NotReceived(f"no whole answer within {DEADLINE:.0f} seconds")
                if len(body) > MOST_BYTES:
                    raise NotReceived("the answer does not end")
            headers = tuple((name.lower(), value) for name, value in answer.headers.multi_items())
            return Received(answer.status_code, headers, body)

    def close(self) -> None:
        self._client.close()


@contextmanager
def browser() -> Iterator[Browser]:
    """A Browser for one look."""
    opened = Browser()
    try:
        yield opened
    finally:
        opened.close()


def _words(error: Exception) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return "its certificate does not hold"
    return "nobody answers at its address" if isinstance(error, httpx.ConnectError) else "the answer broke off"
