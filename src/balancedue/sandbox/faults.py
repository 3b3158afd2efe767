"""Trouble on demand: a processor that is down or slow, webhooks that do not come or come twice.

There is a switch for everything at once, and a plan of rules for single operations (`plan.py`). Both are kept in the
store, so that they outlive a restart. Every request that trouble may touch goes through `around`.
"""

import json
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from balancedue.sandbox.errors import ApiError, parameter
from balancedue.sandbox.http import Request, Response, json_response, text_response
from balancedue.sandbox.plan import Fault, Plan, Rule, read_rule, read_rules
from balancedue.sandbox.store import Store

_NEVER_FAIL = ("/_sandbox", "/healthz", "/pages")


class Mode(StrEnum):
    """What happens to requests."""

    NONE = "none"
    DOWN = "down"
    """Every answer is 503."""
    RESET = "reset"
    """The connection is closed without an answer."""
    SLOW = "slow"
    """Answers come after `seconds`."""


class Webhooks(StrEnum):
    """What happens to events."""

    ON = "on"
    OFF = "off"
    """They wait, and go out once this is on again."""
    TWICE = "twice"
    """Each one taken is sent a second time."""


@dataclass(frozen=True, slots=True)
class State:
    """The switch. `seconds` is the delay of Mode.SLOW."""

    mode: Mode = Mode.NONE
    webhooks: Webhooks = Webhooks.ON
    seconds: float = 3.0


class Faults:
    """Holds the switch and the plan, and acts on them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._stopping = threading.Event()
        with store.read() as tx:
            row = tx.db.execute("SELECT value FROM setting WHERE name = 'faults'").fetchone()
        self.state = _changed(State(), json.loads(row["value"])) if row else State()
        self.plan = Plan(store)
        self.plan.load()

    def set(self, given: dict[str, Any]) -> None:
        """Change the switch (what is not named stays) or the plan: `plan` replaces it, `add` and `remove` change it.

        Raises ApiError 400 for a word it does not know; nothing is changed then.
        """
        rest = {name: value for name, value in given.items() if name not in ("plan", "add", "remove")}
        state = _changed(self.state, rest)
        rules = read_rules(given["plan"], "plan") if "plan" in given else None
        more = read_rule(given["add"], "add") if "add" in given else None
        if "remove" in given:
            self.plan.remove(_number(given["remove"]))
        if rules is not None:
            self.plan.replace(rules)
        if more is not None:
            self.plan.add(more)
        if state != self.state:
            with self._store.write() as tx:
                tx.db.execute("INSERT OR REPLACE INTO setting VALUES ('faults', ?)", (json.dumps(asdict(state)),))
            self.state = state

    def shown(self) -> dict[str, Any]:
        """The switch, and the plan with its counts."""
        return {**asdict(self.state), "plan": self.plan.shown()}

    def around(self, request: Request, answer: Callable[[], Response]) -> Response:
        """What the caller gets: the answer, or what trouble makes of it."""
        if request.path == "/" or request.path.startswith(_NEVER_FAIL):
            return answer()
        state = self.state
        if state.mode is Mode.DOWN:
            return json_response({"error": {"type": "api_error", "message": "The sandbox was told to be down."}}, 503)
        if state.mode is Mode.RESET:
            return Response(hang_up=True)
        if state.mode is Mode.SLOW:
            self._stopping.wait(state.seconds)
        rule = self.plan.for_request(request.method, request.path)
        return answer() if rule is None else self._struck(rule, answer)

    def _struck(self, rule: Rule, answer: Callable[[], Response]) -> Response:
        if rule.fault in (Fault.TIMEOUT_BEFORE, Fault.SLOW):
            self._stopping.wait(rule.seconds)
        response = Response(hang_up=True) if rule.fault in _NOTHING_DONE else answer()
        if rule.fault is Fault.TIMEOUT_AFTER:
            self._stopping.wait(rule.seconds)
        return _SPOILT.get(rule.fault, _as_it_is)(rule, response)

    def stop(self) -> None:
        """Let no request sleep on."""
        self._stopping.set()


_NOTHING_DONE = (Fault.TIMEOUT_BEFORE, Fault.RESET, Fault.ERROR)


def _as_it_is(rule: Rule, response: Response) -> Response:
    return response


def _never(rule: Rule, response: Response) -> Response:
    return Response(hang_up=True)


def _dripping(rule: Rule, response: Response) -> Response:
    return replace(response, drip_seconds=rule.seconds)


def _error(rule: Rule, response: Response) -> Response:
    """As Stripe words it; a 502 comes from something in front of it, which does not speak JSON."""
    headers = (("Retry-After", str(rule.retry_after)),) if rule.retry_after is not None else ()
    if rule.status == 502:
        page = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
        return text_response(page, "text/html", 502).with_headers(*headers)
    refusal = ApiError(
        rule.status,
        rule.message or "The sandbox was told to answer like this.",
        type=rule.type or _TYPES.get(rule.status, "api_error" if rule.status >= 500 else "invalid_request_error"),
        code=rule.code or ("rate_limit" if rule.status == 429 else None),
        decline_code=rule.decline_code or None,
    )
    return json_response(refusal.body, rule.status).with_headers(*headers)


_TYPES = {402: "card_error", 409: "idempotency_error"}
_OFF_BY = 100


def _wrong_amount(rule: Rule, response: Response) -> Response:
    def wrong(name: str, value: Any) -> Any:
        if not name.startswith("amount") or type(value) is not int or value == 0:
            return value
        return rule.amount if rule.amount is not None else value + (_OFF_BY if value <= _OFF_BY else -_OFF_BY)

    return _rewritten(response, wrong)


def _wrong_currency(rule: Rule, response: Response) -> Response:
    def wrong(name: str, value: Any) -> Any:
        if name != "currency" or not isinstance(value, str):
            return value
        return rule.currency or ("usd" if value == "eur" else "eur")

    return _rewritten(response, wrong)


_SPOILT: dict[Fault, Callable[[Rule, Response], Response]] = {
    Fault.TIMEOUT_AFTER: _never,
    Fault.RESET_AFTER: _never,
    Fault.ERROR: _error,
    Fault.ERROR_AFTER: _error,
    Fault.DRIP: _dripping,
    Fault.WRONG_AMOUNT: _wrong_amount,
    Fault.WRONG_CURRENCY: _wrong_currency,
}


def _rewritten(response: Response, change: Callable[[str, Any], Any]) -> Response:
    """A JSON answer with `change(name, value)` in place of every value; any other answer as it is."""

    def walk(node: Any, name: str = "") -> Any:
        if isinstance(node, dict):
            return {key: walk(value, key) for key, value in node.items()}
        return [walk(one) for one in node] if isinstance(node, list) else change(name, node)

    try:
        data = json.loads(response.body)
    except ValueError:
        return response
    return replace(response, body=json.dumps(walk(data), indent=2).encode())


def _changed(state: State, given: dict[str, Any]) -> State:
    changes: dict[str, Any] = {}
    for name, value in given.items():
        try:
            changes[name] = {"mode": Mode, "webhooks": Webhooks, "seconds": _seconds}[name](value)
        except (KeyError, ValueError, TypeError):
            raise parameter(name, f"The sandbox cannot set {name} to {value!r}.") from None
    return replace(state, **changes)


def _number(value: Any) -> int:
    try:
        return int(value)
    except (ValueError, TypeError):
        raise parameter("remove", f"The plan has no rule {value!r}.") from None


def _seconds(value: Any) -> float:
    seconds = float(value)
    if not 0 <= seconds <= 600:
        raise ValueError(value)
    return seconds
