"""Sending events: signed, with a deadline, again with growing pauses until the receiver answers 2xx."""

import hashlib
import hmac
import http.client
import json
import sys
import threading
import time
import traceback
from dataclasses import dataclass
from sqlite3 import Row
from urllib.parse import urlsplit

from balancedue.sandbox.events import API_VERSION
from balancedue.sandbox.faults import Faults, Webhooks
from balancedue.sandbox.plan import Fault, Rule
from balancedue.sandbox.store import Store, Stored

_SENDERS = 3
_DEADLINE_SECONDS = 10
_LONGEST_PAUSE = 300.0
_MOST_ATTEMPTS = 24
_REVERSED_STEP = 0.05  # so that three senders do not overtake each other
_REVERSED_MOST = 20


def signature(secret: str, payload: bytes, moment: int) -> str:
    """The Stripe-Signature header: HMAC-SHA256 over `<t>.<payload>`, scheme v1."""
    digest = hmac.new(secret.encode(), f"{moment}.".encode() + payload, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


@dataclass(frozen=True, slots=True)
class Letter:
    """One delivery, ready to go."""

    id: int
    url: str
    secret: str
    payload: bytes
    attempts: int
    copies: int = 1
    """How often it is sent, if it is taken."""
    forged: bool = False
    """Signed with another secret."""


@dataclass(slots=True)
class Reversal:
    """Gives what comes within some seconds its turn after them, the last first."""

    end: float = 0.0
    count: int = 0

    def due(self, now: float, seconds: float) -> float:
        """When a delivery that is to be reordered goes out."""
        if now >= self.end:
            self.end, self.count = now + seconds, 0
        self.count += 1
        return self.end + _REVERSED_STEP * max(_REVERSED_MOST - self.count, 0)


class Sender:
    """A few threads that send what is due. Exactly one Sender may work on a store."""

    def __init__(self, store: Store, faults: Faults, retry_seconds: float) -> None:
        self._store, self._faults, self._retry_seconds = store, faults, retry_seconds
        self._changed = threading.Condition()
        self._reversal = Reversal()
        self._taken: set[int] = set()
        self._stopping = False
        self._threads = [
            threading.Thread(target=self._run, name=f"sender-{number}", daemon=True) for number in range(_SENDERS)
        ]

    def start(self) -> None:
        """Begin, with whatever an earlier run left waiting."""
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """Look again: something was committed or switched on."""
        with self._changed:
            self._changed.notify_all()

    def stop(self) -> None:
        """Send nothing more; a letter under way may finish or is sent again on the next start."""
        self._stopping = True
        self.wake()

    def _run(self) -> None:
        while not self._stopping:
            try:
                letter = self._take()
                if letter is not None:
                    self._send(letter)
            except Exception:
                traceback.print_exc(file=sys.stderr)
                time.sleep(1)

    def _take(self) -> Letter | None:
        """The next letter that is due, or None after a wait for one."""
        with self._changed:
            letter, pause = self._next()
            if letter is None:
                self._changed.wait(pause)
            else:
                self._taken.add(letter.id)
            return letter

    def _next(self) -> tuple[Letter | None, float]:
        if self._faults.state.webhooks is Webhooks.OFF:
            return None, 60.0
        with self._store.read() as tx:
            row = tx.db.execute(
                "SELECT * FROM delivery WHERE state = 'waiting' AND id NOT IN (SELECT value FROM json_each(?))"
                " ORDER BY due, id LIMIT 1",
                (json.dumps(list(self._taken)),),
            ).fetchone()
            pause = 60.0 if row is None else row["due"] - time.time()
            if row is None or pause > 0:
                return None, min(max(pause, 0.01), 60.0)
            event, endpoint = tx.get("event", row["event"]), tx.get("webhook_endpoint", row["endpoint"])
        if row["treatment"] == "" and row["attempts"] == 0:
            rule = self._faults.plan.for_event(event.body["type"])
            if rule is not None:
                self._treat(row["id"], rule)
                return None, 0.01
        return self._letter(row, event, endpoint), 0.0

    def _letter(self, row: Row, event: Stored, endpoint: Stored) -> Letter:
        body = {**event.body, "api_version": endpoint.body["api_version"] or API_VERSION}
        fault, _, count = row["treatment"].partition(" ")
        return Letter(
            row["id"],
            endpoint.body["url"],
            endpoint.private["secret"],
            json.dumps(body, indent=2).encode(),
            row["attempts"],
            copies=int(count) if fault == Fault.REPEATED else 1,
            forged=fault == Fault.BADLY_SIGNED and row["attempts"] < int(count),
        )

    def _treat(self, id: int, rule: Rule) -> None:
        """Decide once for a delivery what the plan does to it."""
        now = time.time()
        lost = rule.fault is Fault.LOST
        due = now
        if rule.fault is Fault.DELAYED:
            due = now + rule.seconds
        elif rule.fault is Fault.REORDERED:
            due = self._reversal.due(now, rule.seconds)
        with self._store.write() as tx:
            tx.db.execute(
                "UPDATE delivery SET treatment = ?, due = ?, state = ?, answer = ?, ended = ?"
                " WHERE id = ? AND state = 'waiting'",
                (
                    f"{rule.fault} {rule.count}",
                    due,
                    "given up" if lost else "waiting",
                    "lost" if lost else "",
                    now if lost else None,
                    id,
                ),
            )

    def _send(self, letter: Letter) -> None:
        try:
            answer, taken = _post(letter)
            copies = max(letter.copies, 2 if self._faults.state.webhooks is Webhooks.TWICE else 1)
            for _ in range(copies - 1):
                if taken and not self._stopping:
                    answer, taken = _post(letter)
            self._note(letter, answer, taken)
        finally:
            with self._changed:
                self._taken.discard(letter.id)
                self._changed.notify_all()

    def _note(self, letter: Letter, answer: str, taken: bool) -> None:
        attempts = letter.attempts + 1
        state = "delivered" if taken else "given up" if attempts >= _MOST_ATTEMPTS else "waiting"
        pause = min(self._retry_seconds * 2 ** min(letter.attempts, 20), _LONGEST_PAUSE)
        now = time.time()
        with self._store.write() as tx:
            tx.db.execute(
                "UPDATE delivery SET state = ?, attempts = ?, due = ?, answer = ?, ended = ?"
                " WHERE id = ? AND state = 'waiting'",
                (state, attempts, now + pause, answer, None if state == "waiting" else now, letter.id),
            )


def _post(letter: Letter) -> tuple[str, bool]:
    """What the receiver said, and whether that counts as taken. A redirect does not."""
    target = urlsplit(letter.url)
    secret = "whsec_of_somebody_else" if letter.forged else letter.secret
    kind = http.client.HTTPSConnection if target.scheme == "https" else http.client.HTTPConnection
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Stripe/1.0 (balancedue sandbox)",
        "Stripe-Signature": signature(secret, letter.payload, int(time.time())),
    }
    try:
        connection = kind(target.hostname or "", target.port, timeout=_DEADLINE_SECONDS)
        try:
            path = (target.path or "/") + (f"?{target.query}" if target.query else "")
            connection.request("POST", path, letter.payload, headers)
            status = connection.getresponse().status
        finally:
            connection.close()
    except (OSError, http.client.HTTPException, ValueError) as problem:
        return type(problem).__name__, False
    return str(status), 200 <= status < 300
