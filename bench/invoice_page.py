"""The invoice page of 10 lines, beside a bare Django view of the same size with one indexed SELECT, in one run.

    python -m bench.invoice_page

Both are asked through their WSGI application, in this process, on the same SQLite file; the bare one has no middleware.
Prints both medians, their ratio and how many queries the page makes (at most 6). Exit status 1 when a goal is missed.
"""

import os
import shutil
import statistics
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from importlib import import_module
from typing import Any
from wsgiref.util import setup_testing_defaults

from tests import environment

ROUNDS = 200
WARM_UP = 20
LINES = 10
MOST_QUERIES = 6
MOST_MS = 100  # ux.md U9: the server's share of the first view
ROW = "<tr><td>{{ line.name }}</td><td>{{ line.quantity }}</td><td>{{ line.price }}</td><td>{{ line.sum }}</td></tr>"

Page = Callable[[], str]


def main() -> int:
    """0 when both goals are met."""
    home = environment.make_home()
    try:
        environment.prepare(home, f"sqlite:///{home / 'bench.sqlite3'}")
        import_module("django").setup()
        import_module("django.core.management").call_command("migrate", verbosity=0)
        return _measure()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _measure() -> int:
    url, order_id = _make_invoice()
    ours = _ask(_application(), url)
    queries = _count_queries(ours)
    size = len(ours())
    bare = _ask(_bare_application(order_id, size), "/")
    assert abs(len(bare()) - size) < size / 20, "the reference must be of the same size"
    pairs = [(_milliseconds(ours), _milliseconds(bare)) for _ in range(WARM_UP + ROUNDS)][WARM_UP:]
    mine, theirs = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    median = statistics.median(mine)
    print(f"invoice page of {LINES} lines, {size:,} characters, {ROUNDS} pairs, Python {sys.version.split()[0]}")
    print(f"  ours                                {median:6.2f} ms   p95 {_p95(mine):6.2f} ms   goal <= {MOST_MS}")
    print(f"  bare view, same size, one SELECT    {statistics.median(theirs):6.2f} ms   p95 {_p95(theirs):6.2f} ms")
    print(f"  ratio of medians                    {median / statistics.median(theirs):6.2f}")
    print(f"  queries                             {queries:6d}      goal <= {MOST_QUERIES}")
    return 0 if median <= MOST_MS and queries <= MOST_QUERIES else 1


def _make_invoice() -> tuple[str, int]:
    """The path of an invoice with a payment and an account that can be paid by card; its order's key."""
    makers: Any = import_module("tests.makers")
    new_line: Any = import_module("balancedue.actions.order_lines").NewLine
    account = makers.make_account()
    makers.make_connection(account)
    rate = Decimal("8.25")
    lines = [new_line(f"Fleece hoodie {n}", Decimal(n + 1), 2_400 + n, tax_rate=rate) for n in range(LINES)]
    order = makers.make_order(account, lines=lines)
    makers.make_payment(order, 50_000)
    request = makers.make_sent_request(order, by=makers.make_user(account))
    return f"/i/{request.token}/", order.pk


def _application(**settings: Any) -> Any:
    """A WSGI application with the product's settings, these aside."""
    with import_module("django.test").override_settings(**settings):
        return import_module("django.core.handlers.wsgi").WSGIHandler()


def _bare_application(order_id: int, size: int) -> Any:
    """One view: one row by its key, ten lines, and text up to `size` characters."""
    templates: Any = import_module("django.template")
    http: Any = import_module("django.http")
    order: Any = import_module("balancedue.models").Order
    rows = "{% for line in lines %}" + ROW + "{% endfor %}"
    lines = [{"name": f"Fleece hoodie {n}", "quantity": n, "price": "$24.00", "sum": "$240.00"} for n in range(LINES)]
    engine = templates.Engine.get_default()
    dry = engine.from_string(f"<h1>{{{{ order.number }}}}</h1>{rows}").render(templates.Context({"lines": lines}))
    template = engine.from_string(f"<h1>{{{{ order.number }}}}</h1>{rows}" + "x" * (size - len(dry)))

    def view(request: Any) -> Any:
        found = order.objects.get(pk=order_id)
        return http.HttpResponse(template.render(templates.Context({"order": found, "lines": lines})))

    application = _application(MIDDLEWARE=[])
    pattern = import_module("django.urls").path("", view)
    application.resolve_request = lambda request: pattern.resolve(request.path_info.lstrip("/"))
    return application


def _ask(application: Any, path: str) -> Page:
    """A function that asks for `path` and answers the page's text. Stops the run when the page is not there."""

    def page() -> str:
        environ: dict[str, Any] = {"PATH_INFO": path, "HTTP_HOST": "localhost:8000"}
        setup_testing_defaults(environ)
        heard: list[str] = []
        answer = application(environ, lambda status, headers, *_: heard.append(status))
        body = b"".join(answer)
        answer.close()
        assert heard == ["200 OK"], heard
        return body.decode()

    return page


def _count_queries(page: Page) -> int:
    connection: Any = import_module("django.db").connection
    captured: Any = import_module("django.test.utils").CaptureQueriesContext
    page()
    with captured(connection) as queries:
        page()
    return len(queries)


def _milliseconds(work: Page) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


if __name__ == "__main__":
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)
    sys.exit(main())
