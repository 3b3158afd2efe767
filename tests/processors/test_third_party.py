"""A processor from another package, added by an entry point alone: the example of docs/processors.md, paid at."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from balancedue.processors import registry
from balancedue.processors.base import Kind
from balancedue.processors.reports import BadSignature
from tests.processors import pocket_pay
from tests.processors.objects import charge

DOCS = Path(__file__).parents[2] / "docs" / "processors.md"
SECRET = "hook-secret"


class Bank(ThreadingHTTPServer):
    """Pocket Pay's side, as far as the example goes."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Counter)
        self.payments: dict[str, dict[str, Any]] = {}
        self.keys: dict[str, str] = {}
        self.is_down = False

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Counter(BaseHTTPRequestHandler):
    """Answers one request."""

    server: Bank

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?attempt=")
        named = [one for one in self.server.payments.values() if one["attempt"] == query]
        found = named[0] if named else self.server.payments.get(path.rpartition("/")[2])
        self._say(404 if found is None else 200, found or {})

    def do_POST(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"] or 0)) or "{}")
        if self.path == "/hooks":
            return self._say(200, {"secret": SECRET})
        if self.path.endswith("/cancellation"):
            payment = self.server.payments[self.path.split("/")[2]]
            payment["status"] = "cancelled" if payment["status"] == "open" else payment["status"]
            return self._say(200, payment)
        made = self.server.keys.setdefault(self.headers["Idempotency-Key"], f"pp_{len(self.server.keys) + 1}")
        wanted = {name: sent[name] for name in ("amount", "currency", "attempt")}
        new = {"id": made, "status": "open", "live": False, "secret": f"{made}_secret", **wanted}
        return self._say(200, self.server.payments.setdefault(made, new))

    def _say(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(503 if self.server.is_down else status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def bank() -> Iterator[Bank]:
    with Bank() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As if a package with the entry point of the docs were installed."""
    entry = EntryPoint("pocket_pay", "tests.processors.pocket_pay:PocketPayMaker", registry.ENTRY_POINTS)
    monkeypatch.setattr(registry, "entry_points", lambda group: [entry] if group == entry.group else [])
    registry.makers.cache_clear()
    yield
    registry.makers.cache_clear()


def test_an_entry_point_is_all_it_takes(bank: Bank, installed: None, transactional_db: None) -> None:
    """S6, S8, requirements.md 3.29: connected, requested, paid and booked, with no line of the product changed."""
    connect: Any = import_module("balancedue.actions.connect_processor")
    checks: Any = import_module("balancedue.actions.check_connection")
    makers: Any = import_module("tests.makers")
    pay: Any = import_module("balancedue.actions.pay")
    events: Any = import_module("balancedue.actions.receive_event")
    books: Any = import_module("balancedue.actions.check_books")
    account = makers.make_account()
    keys = {"origin": bank.origin, "key": "test_1"}
    connection = connect.connect_processor(account=account, kind="pocket_pay", credentials=keys)
    connection = checks.set_up_hook(connection=connection)
    assert [line.ok for line in checks.check_connection(connection=connection)] == [True]
    assert (connection.is_default, connection.livemode) == (True, False)

    order = makers.make_order(account)
    request = makers.make_request(order, by=makers.make_user(account))
    begun = pay.begin_payment(request=request, page_key="page", shown=order.total)
    assert begun.client_secret == f"{begun.attempt.reference}_secret"

    reference = begun.attempt.reference
    bank.payments[reference] |= {"status": "paid", "received": order.total_minor, "card": "Visa ending 4242"}
    body = json.dumps({"id": "hook_1", "type": "payment.paid", "payment": reference}).encode()
    signed = {"Pocket-Signature": hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()}
    events.receive_event(connection=connection, headers=signed, body=body)
    assert events.process_next_event()

    order.refresh_from_db()
    assert order.due_minor == 0
    assert [str(breach) for breach in books.check_books(account)] == []


def test_silence_and_server_errors_are_not_a_no(bank: Bank) -> None:
    """N14: an attempt in doubt stays in doubt."""
    bank.is_down = True
    keys = {"origin": bank.origin, "key": "test_1"}
    assert pocket_pay.PocketPay(keys).start(charge()).kind is Kind.UNKNOWN
    assert pocket_pay.PocketPay({**keys, "origin": "http://127.0.0.1:9"}).look_up("pp_1").kind is Kind.UNKNOWN


def test_a_webhook_without_its_signature_is_refused() -> None:
    """D8."""
    with pytest.raises(BadSignature):
        pocket_pay.PocketPay({"webhook_secret": SECRET}).read_hook({}, b"{}")


def test_the_docs_show_the_example_that_runs() -> None:
    source = Path(pocket_pay.__file__).read_text()
    assert source.partition('"""\n\n')[2] in DOCS.read_text()
