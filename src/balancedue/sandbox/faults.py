"""Trouble on demand: a processor that is down or slow, webhooks that do not come or come twice.

The switch is kept in the store, so that it outlives a restart. A plan of faults per operation belongs here too:
`before` is asked once for every request that an outage would touch.
"""

import json
import threading
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from balancedue.sandbox.errors import parameter
from balancedue.sandbox.http import Request, Response, json_response
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
    """Holds the switch and acts on it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._stopping = threading.Event()
        with store.read() as tx:
            row = tx.db.execute("SELECT value FROM setting WHERE name = 'faults'").fetchone()
        self.state = _changed(State(), json.loads(row["value"])) if row else State()

    def set(self, given: dict[str, Any]) -> State:
        """Change the switch; what is not named stays. Raises ApiError 400 for a word it does not know."""
        state = _changed(self.state, given)
        with self._store.write() as tx:
            tx.db.execute("INSERT OR REPLACE INTO setting VALUES ('faults', ?)", (json.dumps(asdict(state)),))
        self.state = state
        return state

    def before(self, request: Request) -> Response | None:
        """The answer that trouble gives instead of the real one, or None."""
        if request.path == "/" or request.path.startswith(_NEVER_FAIL):
            return None
        state = self.state
        if state.mode is Mode.DOWN:
            return json_response({"error": {"type": "api_error", "message": "The sandbox was told to be down."}}, 503)
        if state.mode is Mode.RESET:
            return Response(hang_up=True)
        if state.mode is Mode.SLOW:
            self._stopping.wait(state.seconds)
        return None

    def stop(self) -> None:
        """Let no request sleep on."""
        self._stopping.set()


def _changed(state: State, given: dict[str, Any]) -> State:
    changes: dict[str, Any] = {}
    for name, value in given.items():
        try:
            changes[name] = {"mode": Mode, "webhooks": Webhooks, "seconds": _seconds}[name](value)
        except (KeyError, ValueError, TypeError):
            raise parameter(name, f"The sandbox cannot set {name} to {value!r}.") from None
    return replace(state, **changes)


def _seconds(value: Any) -> float:
    seconds = float(value)
    if not 0 <= seconds <= 600:
        raise ValueError(value)
    return seconds
