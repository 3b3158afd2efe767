"""A running sandbox, Stripe's own SDK pointed at it, and a receiver for its webhooks."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import stripe
from playwright.sync_api import expect

from tests.browser import PATIENCE_MS
from tests.servers import Sandbox, start_sandbox

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One sandbox for the tests of a module."""
    running = start_sandbox(tmp_path_factory.mktemp("sandbox"))
    yield running
    assert running.stop() == 0


@pytest.fixture
def account(sandbox: Sandbox, request: pytest.FixtureRequest) -> dict[str, str]:
    """Keys of an account that only this test uses."""
    name = "".join(letter for letter in request.node.name if letter.isalnum())
    answer: dict[str, str] = sandbox.post("/_sandbox/accounts", {"secret_key": f"sk_test_{name}{time.time_ns()}"})
    return answer


@pytest.fixture
def client(sandbox: Sandbox, account: dict[str, str]) -> stripe.StripeClient:
    """Stripe's SDK, for the test's own account."""
    return client_for(sandbox.url, account["secret_key"])


def client_for(url: str, key: str, retries: int = 0) -> stripe.StripeClient:
    """Stripe's SDK pointed at a sandbox."""
    return stripe.StripeClient(
        key, base_addresses={"api": url}, max_network_retries=retries, http_client=stripe.RequestsClient(timeout=10)
    )


@dataclass
class Receiver:
    """Takes webhooks and remembers them; answers with `status`."""

    url: str = ""
    status: int = 200
    taken: list[tuple[bytes, dict[str, str]]] = field(default_factory=list)

    def wait(self, count: int, seconds: float = 10) -> list[tuple[bytes, dict[str, str]]]:
        """At least `count` deliveries, as body and headers."""
        until(lambda: len(self.taken) >= count, seconds)
        return self.taken


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A shop's webhook endpoint."""
    receiver = Receiver()

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.taken.append((body, dict(self.headers.items())))
            self.send_response(receiver.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Taking)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/hooks/"
    yield receiver
    server.shutdown()
    server.server_close()


def until(true: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for something another process does."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
