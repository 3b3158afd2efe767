"""HTTP with a deadline for the whole call, however slowly the other side drips (C3).

A timeout per read, which is what HTTP libraries offer, lets a peer that sends a byte every nine seconds hold a worker
for ever. Here every wait on the network, from the name look-up to the last byte, is cut to what is left of one budget.
"""

import atexit
import contextlib
import random
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import httpcore
import httpx
import stripe

CONNECT_S = 3.0
READ_S = 10.0
TOTAL_S = 12.0

_RETRY_STATUS = frozenset({409, 429, 503})
_RETRY_NEEDS_S = 4.0  # left of the budget, or it is not worth a second try
_LARGEST_ANSWER = 2_000_000  # bytes


class _Budget(threading.local):
    """When the call of this thread must be over, by the monotonic clock."""

    end: float | None = None

    def left(self, at_most: float) -> float:
        """Seconds until then, at most `at_most`; raises when none are left."""
        if self.end is None:
            return at_most
        left = self.end - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("no time left")
        return min(left, at_most)


class DeadlineClient(stripe.HTTPClient):
    """An HTTP client for the SDK. One second try when the first surely found nobody, or was told to come back.

    That is safe: every POST carries an idempotency key. Raises APIConnectionError for everything that is not an answer.
    """

    name = "httpcore"

    def __init__(self, *, connect_s: float = CONNECT_S, read_s: float = READ_S, total_s: float = TOTAL_S) -> None:
        super().__init__()
        self._timeouts = {"connect": connect_s, "read": read_s, "write": read_s, "pool": connect_s}
        self._total_s = total_s
        self._budget = _Budget()
        self._pool = httpcore.ConnectionPool(
            ssl_context=_ssl_context(),
            max_connections=20,
            keepalive_expiry=5.0,
            network_backend=_Backend(self._budget),
        )

    @contextlib.contextmanager
    def one_deadline(self) -> Iterator[None]:
        """Several requests within one budget; inside another, the outer one counts."""
        if self._budget.end is not None:
            yield
            return
        self._budget.end = time.monotonic() + self._total_s
        try:
            yield
        finally:
            self._budget.end = None

    def time_left(self) -> float:
        """Seconds left of the current budget, never below 0."""
        return max(0.0, (self._budget.end or time.monotonic()) - time.monotonic())

    def request(  # type: ignore[override]  # the SDK calls it with these four
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """Send, and read the whole answer, within the budget."""
        with self.one_deadline():
            wait = random.uniform(0.2, 0.6)  # noqa: S311 - jitter, not a secret
            try:
                answer = self._once(method, url, headers, post_data)
                wait = max(wait, _told_to_wait(answer[2]))
                if not self._again(answer[1], answer[2], wait):
                    return answer
            except (httpcore.ConnectError, httpcore.RemoteProtocolError, httpcore.ReadError) as exc:
                if self.time_left() < _RETRY_NEEDS_S:
                    raise _not_heard(exc) from exc
            except Exception as exc:
                raise _not_heard(exc) from exc
            time.sleep(wait)
            try:
                return self._once(method, url, headers, post_data)
            except Exception as exc:
                raise _not_heard(exc) from exc

    def close(self) -> None:
        """Close idle connections."""
        self._pool.close()

    def _again(self, status: int, headers: Mapping[str, str], wait: float) -> bool:
        wanted = status in _RETRY_STATUS and headers.get("stripe-should-retry") != "false"
        return wanted and self.time_left() >= _RETRY_NEEDS_S + wait

    def _once(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any
    ) -> tuple[bytes, int, Mapping[str, str]]:
        body = post_data.encode() if isinstance(post_data, str) else post_data or b""
        sent: list[tuple[bytes | str, bytes | str]] = [("Host", httpx.URL(url).netloc), *(headers or {}).items()]
        if body or method.upper() == "POST":
            sent.append(("Content-Length", str(len(body))))
        with self._pool.stream(
            method.upper(), url, headers=sent, content=body, extensions={"timeout": self._timeouts}
        ) as answer:
            content = bytearray()
            for chunk in answer.iter_stream():
                content += chunk
                if len(content) > _LARGEST_ANSWER:
                    raise httpcore.RemoteProtocolError("an answer without end")
            return bytes(content), answer.status, httpx.Headers(answer.headers)


def _told_to_wait(headers: Mapping[str, str]) -> float:
    """Seconds that the answer asks to wait before the next try; 0 where it does not say so in seconds."""
    told = headers.get("retry-after", "")
    return float(told) if told.isascii() and told.isdigit() else 0.0


def _not_heard(exc: Exception) -> stripe.APIConnectionError:
    message = f"not heard: {type(exc).__name__}"
    return stripe.APIConnectionError(message, should_retry=False)  # type: ignore[no-untyped-call]


@cache
def _ssl_context() -> ssl.SSLContext:
    return httpx.create_ssl_context()


@cache
def shared_client() -> DeadlineClient:
    """One client for the process, so that connections are kept open between calls."""
    client = DeadlineClient()
    atexit.register(client.close)
    return client


class _Backend(httpcore.NetworkBackend):
    """Connects within the budget, and hands out streams that keep to it."""

    def __init__(self, budget: _Budget) -> None:
        self._budget = budget
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """To the first address that answers."""
        within = self._budget.left(timeout or CONNECT_S)
        end = time.monotonic() + within
        failure: Exception = httpcore.ConnectTimeout("no address answered in time")
        for address in _addresses(host, port, within):
            try:
                left = max(0.05, end - time.monotonic())
                stream = self._inner.connect_tcp(address, port, left, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as exc:
                failure = exc
                if time.monotonic() >= end:
                    break
            else:
                return _Stream(stream, self._budget)
        raise failure


class _Stream(httpcore.NetworkStream):
    """A connection whose every wait is cut to what is left of the budget."""

    def __init__(self, inner: httpcore.NetworkStream, budget: _Budget) -> None:
        self._inner = inner
        self._budget = budget

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._budget.left(timeout or READ_S))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._budget.left(timeout or READ_S))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = self._budget.left(timeout or CONNECT_S)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, left), self._budget)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _addresses(host: str, port: int, within_s: float) -> list[str]:
    """The addresses of a name. The system's look-up knows no timeout, so it runs aside and may be left behind."""
    found: list[str] = []
    failed: list[OSError] = []

    def look() -> None:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.extend(dict.fromkeys(str(answer[4][0]) for answer in answers))
        except OSError as exc:
            failed.append(exc)

    thread = threading.Thread(target=look, daemon=True, name="look-up")
    thread.start()
    thread.join(within_s)
    if found:
        return found
    if failed:
        raise httpcore.ConnectError("the name was not found")
    raise httpcore.ConnectTimeout("the name was not found in time")
