"""The fault plan: rules that say which requests and which webhooks go wrong, how, and how often.

A rule is `{operation, fault, times?, probability?, seed?, skip?}` and what its fault takes: `seconds`, `status`,
`code`, `type`, `decline_code`, `message`, `retry_after`, `amount`, `currency`, `count`. `operation` is a method and a
path, `POST /v1/payment_intents/{id}/confirm`, where `{...}` stands for one part and `*` for anything; or `webhook`, or
`webhook charge.*`. The first rule that fits and has not run out is taken. Whether a rule with a probability strikes at
its nth chance follows from its seed and n alone, so a plan gives the same run each time, and after a restart too.
"""

import hashlib
import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from balancedue.sandbox.errors import parameter
from balancedue.sandbox.store import Store

_MOST_RULES = 100
_OPERATION = re.compile(r"(\*|[A-Z]+) (/[A-Za-z0-9_{}*./-]*)")
_WEBHOOK = re.compile(r"webhook( [a-z0-9_.*]+)?")


class Fault(StrEnum):
    """What goes wrong. The first group happens to requests, the second to webhooks."""

    TIMEOUT_BEFORE = "timeout_before"
    """Nothing is done, and no answer comes for `seconds`; then the connection is closed."""
    TIMEOUT_AFTER = "timeout_after"
    """All is done and kept, but the answer never comes."""
    RESET = "reset"
    """Nothing is done; the connection is closed at once."""
    RESET_AFTER = "reset_after"
    """All is done and kept; the connection is closed at once, without the answer."""
    ERROR = "error"
    """Nothing is done; the answer is `status` with `code`, and `retry_after` if given."""
    ERROR_AFTER = "error_after"
    """All is done and kept, and yet the answer is `status`."""
    SLOW = "slow"
    """The right answer, `seconds` late."""
    DRIP = "drip"
    """The right answer, a few bytes at a time, over `seconds`."""
    WRONG_AMOUNT = "wrong_amount"
    """Every sum in the answer is `amount`, or else off by one hundred."""
    WRONG_CURRENCY = "wrong_currency"
    """Every currency in the answer is `currency`, or else another one."""

    LOST = "lost"
    """Never sent; counts as undelivered."""
    DELAYED = "delayed"
    """Sent `seconds` late."""
    REPEATED = "repeated"
    """Sent `count` times."""
    REORDERED = "reordered"
    """Those of the same `seconds` are sent in reverse."""
    BADLY_SIGNED = "badly_signed"
    """The first `count` tries carry a signature of another secret."""


FOR_WEBHOOKS = (Fault.LOST, Fault.DELAYED, Fault.REPEATED, Fault.REORDERED, Fault.BADLY_SIGNED)
FOR_REQUESTS = tuple(fault for fault in Fault if fault not in FOR_WEBHOOKS)
_USUAL_SECONDS = {Fault.TIMEOUT_BEFORE: 30.0, Fault.TIMEOUT_AFTER: 30.0, Fault.DRIP: 30.0, Fault.REORDERED: 1.0}
_USUAL_COUNT = {Fault.REPEATED: 2}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, every value checked. `times` None: as often as there is a chance."""

    operation: str
    fault: Fault
    times: int | None = None
    skip: int = 0
    """So many chances go by first."""
    probability: float = 1.0
    seed: int = 0
    seconds: float = 3.0
    status: int = 500
    code: str = ""
    type: str = ""
    decline_code: str = ""
    message: str = ""
    retry_after: int | None = None
    amount: int | None = None
    currency: str = ""
    count: int = 1

    def fits_request(self, method: str, path: str) -> bool:
        """Whether this rule is about such a request."""
        wanted, _, pattern = self.operation.partition(" ")
        return wanted in ("*", method) and _expression(pattern).fullmatch(path) is not None

    def fits_event(self, type: str) -> bool:
        """Whether this rule is about webhooks of such an event."""
        word, _, pattern = self.operation.partition(" ")
        return word == "webhook" and fnmatchcase(type, pattern or "*")

    def strikes(self, chance: int) -> bool:
        """Whether the fault happens at that chance, counted from 0."""
        if chance < self.skip:
            return False
        digest = hashlib.sha256(f"{self.seed}:{chance}".encode()).digest()
        return int.from_bytes(digest[:8]) < self.probability * 2**64


@dataclass(slots=True)
class Entry:
    """A rule and what became of it."""

    rule: Rule
    seen: int = 0
    """Chances it had."""
    hits: int = 0
    """Times it struck."""

    @property
    def over(self) -> bool:
        """Whether it has struck as often as it may."""
        return self.rule.times is not None and self.hits >= self.rule.times


@dataclass(slots=True)
class Plan:
    """The rules in force, kept in the store with their counts."""

    store: Store
    entries: list[Entry] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def load(self) -> None:
        """What an earlier run left."""
        with self.store.read() as tx:
            row = tx.db.execute("SELECT value FROM setting WHERE name = 'plan'").fetchone()
        for kept in json.loads(row["value"]) if row else []:
            seen, hits = kept.pop("seen"), kept.pop("hits")
            self.entries.append(Entry(read_rule(kept, "plan"), seen, hits))

    def replace(self, rules: list[Rule]) -> None:
        """These rules and no others, their counts at 0. Raises ApiError 400 if there are too many."""
        if len(rules) > _MOST_RULES:
            raise parameter("plan", f"A plan has at most {_MOST_RULES} rules.")
        with self.lock:
            self.entries = [Entry(rule) for rule in rules]
            self._keep()

    def add(self, rule: Rule) -> None:
        """One more, after the others. Raises ApiError 400 if there are too many."""
        with self.lock:
            if len(self.entries) >= _MOST_RULES:
                raise parameter("add", f"A plan has at most {_MOST_RULES} rules.")
            self.entries.append(Entry(rule))
            self._keep()

    def remove(self, number: int) -> None:
        """One less, counted from 0. Raises ApiError 400 if there is none of that number."""
        with self.lock:
            if not 0 <= number < len(self.entries):
                raise parameter("remove", f"The plan has no rule {number}.")
            del self.entries[number]
            self._keep()

    def for_request(self, method: str, path: str) -> Rule | None:
        """The rule that strikes this request, if one does. Counts."""
        return self._pick(lambda rule: rule.fits_request(method, path))

    def for_event(self, type: str) -> Rule | None:
        """The rule that strikes a webhook of this event, if one does. Counts."""
        return self._pick(lambda rule: rule.fits_event(type))

    def shown(self) -> list[dict[str, Any]]:
        """The rules with their counts, as plain values."""
        with self.lock:
            return [_shown(entry) for entry in self.entries]

    def _pick(self, fits: Callable[[Rule], bool]) -> Rule | None:
        if not self.entries:
            return None
        with self.lock:
            fitting = [entry for entry in self.entries if not entry.over and fits(entry.rule)]
            struck = None
            for entry in fitting:
                entry.seen += 1
                if entry.rule.strikes(entry.seen - 1):
                    entry.hits += 1
                    struck = entry.rule
                    break
            if fitting:
                self._keep()
            return struck

    def _keep(self) -> None:
        text = json.dumps([_shown(entry) for entry in self.entries])
        with self.store.write() as tx:
            tx.db.execute("INSERT OR REPLACE INTO setting VALUES ('plan', ?)", (text,))


def read_rules(given: Any, place: str) -> list[Rule]:
    """Rules from JSON or from a form. Raises ApiError 400 that names what is wrong."""
    if isinstance(given, Mapping):
        given = list(given.values())
    if given == "":
        given = []
    if not isinstance(given, list):
        raise parameter(place, "A plan is a list of rules.")
    return [read_rule(one, f"{place}[{number}]") for number, one in enumerate(given)]


def read_rule(given: Any, place: str) -> Rule:
    """One rule; what is empty or null counts as not given. Raises ApiError 400 that names what is wrong."""
    if not isinstance(given, Mapping):
        raise parameter(place, "A rule is an object with operation and fault.")
    values: dict[str, Any] = {}
    for name, value in given.items():
        read = _READERS.get(name)
        if read is None:
            raise parameter(f"{place}[{name}]", f"A rule has no {name}.")
        if value in ("", None):
            continue
        try:
            values[name] = read(value)
        except (ValueError, TypeError, OverflowError):
            raise parameter(f"{place}[{name}]", f"The sandbox cannot set {name} to {value!r}.") from None
    for name in ("operation", "fault"):
        if name not in values:
            raise parameter(f"{place}[{name}]", f"A rule needs {name}.")
    fault, on_webhooks = values["fault"], values["operation"].startswith("webhook")
    if (fault in FOR_WEBHOOKS) != on_webhooks:
        kind = "webhooks" if fault in FOR_WEBHOOKS else "requests"
        raise parameter(f"{place}[fault]", f"{fault} happens to {kind}, not to {values['operation']}.")
    usual = {"seconds": _USUAL_SECONDS.get(fault, 3.0), "count": _USUAL_COUNT.get(fault, 1)}
    return Rule(**{**usual, **values})


def _expression(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\*|\{\w+\})", pattern)
    words = {"*": ".*"}
    return re.compile("".join(words.get(one, "[^/]+" if one.startswith("{") else re.escape(one)) for one in parts))


def _shown(entry: Entry) -> dict[str, Any]:
    return {**asdict(entry.rule), "fault": entry.rule.fault.value, "seen": entry.seen, "hits": entry.hits}


def _operation(value: Any) -> str:
    if not isinstance(value, str) or not (_OPERATION.fullmatch(value) or _WEBHOOK.fullmatch(value)):
        raise ValueError(value)
    return value


def _whole(least: int, most: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        number = int(value)
        if isinstance(value, bool | float) or not least <= number <= most:
            raise ValueError(value)
        return number

    return read


def _number(least: float, most: float) -> Callable[[Any], float]:
    def read(value: Any) -> float:
        number = float(value)
        if not least <= number <= most:
            raise ValueError(value)
        return number

    return read


def _word(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 300:
        raise ValueError(value)
    return value


_READERS: dict[str, Callable[[Any], Any]] = {
    "operation": _operation,
    "fault": Fault,
    "times": _whole(1, 1_000_000),
    "skip": _whole(0, 1_000_000),
    "probability": _number(0, 1),
    "seed": _whole(0, 2**31),
    "seconds": _number(0, 600),
    "status": _whole(400, 599),
    "retry_after": _whole(0, 86_400),
    "amount": _whole(-(10**9), 10**9),
    "count": _whole(1, 100),
    **dict.fromkeys(("code", "type", "decline_code", "message", "currency"), _word),
}
