"""Taking a webhook in, beside a bare Django view that writes one row, in one run (D2).

    python -m bench.webhook_intake

Both are asked through their WSGI application, in this process, on the same SQLite file; the bare one has no middleware
and verifies nothing. The processor behind the connection is one that takes calls and never answers: whoever asked it
before answering would show. Prints both medians and p99s and their ratio. Exit status 1 when the p99 is above the goal,
or when the processor was asked.
"""

import hashlib
import hmac
import io
import json
import shutil
import statistics
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any
from wsgiref.util import setup_testing_defaults

from tests import environment
from tests.processors.loopback import loopback, silence

ROUNDS = 1_000
WARM_UP = 50
MOST_MS = 200  # p99
SECRET = "whsec_0123456789"

Knock = Callable[[int], None]


def main() -> int:
    """0 when the goal is met."""
    home = environment.make_home()
    try:
        environment.prepare(home, f"sqlite:///{home / 'bench.sqlite3'}")
        import_module("django").setup()
        import_module("django.core.management").call_command("migrate", verbosity=0)
        return _measure()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _measure() -> int:
    with loopback() as slow:
        slow.will(silence)
        ours, bare = _ours(slow.origin), _bare()
        pairs = [(_milliseconds(ours, n), _milliseconds(bare, n)) for n in range(WARM_UP + ROUNDS)][WARM_UP:]
        asked = len(slow.asked)
    mine, theirs = sorted(pair[0] for pair in pairs), sorted(pair[1] for pair in pairs)
    median, bare_median = statistics.median(mine), statistics.median(theirs)
    print(f"one webhook taken in, {ROUNDS:,} pairs, Python {sys.version.split()[0]}")
    print(f"  ours                     median {median:6.2f} ms   p99 {_p99(mine):6.2f} ms   goal <= {MOST_MS}")
    print(f"  bare view, one row       median {bare_median:6.2f} ms   p99 {_p99(theirs):6.2f} ms")
    print(f"  ratio                    median {median / bare_median:6.2f}      p99 {_p99(mine) / _p99(theirs):6.2f}")
    print(f"  calls to the processor          {asked:6d}      goal 0")
    return 0 if _p99(mine) <= MOST_MS and not asked else 1


def _ours(api_base: str) -> Knock:
    """A signed webhook at the door of a connection; each another event."""
    makers: Any = import_module("tests.makers")
    credentials = makers.KEYS | {"webhook_secret": SECRET, "api_base": api_base}
    connection = makers.make_connection(makers.make_account(), credentials=credentials)
    application = _application()

    def knock(number: int) -> None:
        body = _event(number)
        moment = int(time.time())
        digest = hmac.new(SECRET.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
        _post(application, f"/hooks/{connection.public_id}/", body, HTTP_STRIPE_SIGNATURE=f"t={moment},v1={digest}")

    return knock


def _bare() -> Knock:
    """One view that writes one row of text."""
    http: Any = import_module("django.http")
    row: Any = import_module("balancedue.models").Heartbeat
    timezone: Any = import_module("django.utils.timezone")

    def view(request: Any) -> Any:
        row.objects.create(name=f"bench-{time.monotonic_ns()}", at=timezone.now())
        return http.HttpResponse("Kept.\n", content_type="text/plain")

    application = _application(MIDDLEWARE=[])
    pattern = import_module("django.urls").path("", view)
    application.resolve_request = lambda request: pattern.resolve(request.path_info.lstrip("/"))
    return lambda number: _post(application, "/", _event(number))


def _event(number: int) -> bytes:
    """About as long as a payment's own event."""
    about: dict[str, Any] = {"id": f"pi_{number}", "object": "payment_intent", "description": "x" * 3_000}
    about["metadata"] = {"attempt": f"att_{number}"}
    event = {"object": "event", "id": f"evt_{number}", "type": "payment_intent.succeeded", "data": {"object": about}}
    return json.dumps(event).encode()


def _application(**settings: Any) -> Any:
    """A WSGI application with the product's settings, these aside."""
    with import_module("django.test").override_settings(**settings):
        return import_module("django.core.handlers.wsgi").WSGIHandler()


def _post(application: Any, path: str, body: bytes, **more: str) -> None:
    """Send it. Stops the run when it is not taken."""
    environ: dict[str, Any] = {"PATH_INFO": path, "REQUEST_METHOD": "POST", "HTTP_HOST": "localhost:8000", **more}
    environ |= {"CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": "application/json", "wsgi.input": io.BytesIO(body)}
    setup_testing_defaults(environ)
    heard: list[str] = []
    answer = application(environ, lambda status, headers, *_: heard.append(status))
    b"".join(answer)
    answer.close()
    assert heard == ["200 OK"], heard


def _milliseconds(knock: Knock, number: int) -> float:
    start = time.perf_counter()
    knock(number)
    return (time.perf_counter() - start) * 1000


def _p99(ordered: list[float]) -> float:
    return ordered[int(len(ordered) * 0.99)]


if __name__ == "__main__":
    sys.exit(main())
