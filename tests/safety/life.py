"""One payment's whole life at a processor, kept stage by stage: whoever asks hears how it was then.

The processor is the sandbox itself, without its socket: a copy of its file for each stage. The adapter in front of it
is the real one; only its HTTP client is replaced by a call.
"""

import hashlib
import hmac
import json
import re
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from balancedue.processors.stripe.deadline import DeadlineClient
from balancedue.sandbox.app import Sandbox
from balancedue.sandbox.http import Request
from balancedue.sandbox.settings import Settings

SECRET_KEY, HOOK_SECRET = "sk_test_life", "whsec_testtesttest"
KEYS = {
    "secret_key": SECRET_KEY,
    "publishable_key": "pk_test_life",
    "webhook_secret": HOOK_SECRET,
    "api_base": "http://sandbox.invalid",
}
REFUNDED, DISPUTED = 10_000, 50_000

EVENTS = (
    "payment_intent.requires_action",
    "payment_intent.payment_failed",
    "payment_intent.succeeded",
    "charge.refunded",
    "charge.dispute.created",
    "charge.dispute.closed",
)
"""One for each stage after the first, in which the customer has pressed Pay."""

_UNTIL_NOW = re.compile(r"created(\[|%5B)lte(\]|%5D)=\d+")


class Life(DeadlineClient):
    """The HTTP client of the adapter: asks the processor as it was at `stage`, 0 to 6."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.stage = 0
        self.asked = 0
        self._folder = folder
        self._running = self._open("life")
        self._kept: list[Sandbox] = []
        self._answers: dict[tuple[int, str], tuple[bytes, int, Mapping[str, str]]] = {}
        self._own("accounts", {"secret_key": SECRET_KEY, "publishable_key": KEYS["publishable_key"]})
        # Nothing is ever sent there, as no sender is started: the tests bring each webhook, or do not.
        self._ask("POST", "/v1/webhook_endpoints", {"url": "http://127.0.0.1:9/", "enabled_events[0]": "*"})

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """The answer of the processor as it is, or was; what was only asked is asked once for each stage."""
        self.asked += 1
        if not self._kept:
            return self._call(self._running, method, url, post_data)
        assert method.upper() == "GET", "what is past can only be looked at"
        key = (self.stage, _UNTIL_NOW.sub("", url))
        if key not in self._answers:
            self._answers[key] = self._call(self._kept[self.stage], method, url, post_data)
        return self._answers[key]

    def live(self, intent: str) -> list[bytes]:
        """Let the whole life of `intent` happen; the bodies of its six events."""
        stages = [lambda: None, lambda: self._challenge(intent), lambda: self._fail(intent), lambda: self._pay(intent)]
        stages += [lambda: self._refund(intent), lambda: self._dispute(intent), self._win]
        kept = []
        for number, stage in enumerate(stages):
            stage()
            kept.append(self._keep(number))
        listed = self._ask("GET", "/v1/events", {"limit": 100})["data"]
        self._kept = kept
        first = {event["type"]: event for event in listed}  # newest first: the oldest of each kind stays
        return [json.dumps(first[name]).encode() for name in EVENTS]

    def _challenge(self, intent: str) -> None:
        back = {"payment_method": "pm_card_authenticationRequired", "return_url": "http://localhost/back"}
        asked = self._ask("POST", f"/v1/payment_intents/{intent}/confirm", back)
        assert asked["status"] == "requires_action"
        self._page = urlsplit(asked["next_action"]["redirect_to_url"]["url"]).path

    def _fail(self, intent: str) -> None:
        self._running(Request("POST", self._page, "", {"host": "localhost"}, b"answer=fail"))
        assert self._intent(intent)["status"] == "requires_payment_method"

    def _pay(self, intent: str) -> None:
        paid = self._ask("POST", f"/v1/payment_intents/{intent}/confirm", {"payment_method": "pm_card_visa"})
        assert paid["status"] == "succeeded"

    def _refund(self, intent: str) -> None:
        self._ask("POST", "/v1/refunds", {"payment_intent": intent, "amount": REFUNDED})

    def _dispute(self, intent: str) -> None:
        charge = self._intent(intent)["latest_charge"]
        self._disputed = self._own("disputes", {"charge": charge, "amount": DISPUTED})["id"]

    def _win(self) -> None:
        self._own(f"disputes/{self._disputed}", {"outcome": "won"})

    def _intent(self, intent: str) -> Any:
        return self._ask("GET", f"/v1/payment_intents/{intent}", {})

    def _open(self, name: str) -> Sandbox:
        return Sandbox(Settings(data=self._folder / name))

    def _keep(self, number: int) -> Sandbox:
        """A copy of the processor as it is now."""
        place = self._folder / f"stage-{number}"
        place.mkdir()
        source, copy = (sqlite3.connect(folder / "sandbox.sqlite3") for folder in (self._folder / "life", place))
        source.backup(copy)
        source.close()
        copy.close()
        return self._open(place.name)

    def _ask(self, method: str, path: str, form: dict[str, Any]) -> Any:
        query = f"?{urlencode(form)}" if method == "GET" and form else ""
        body = urlencode(form) if method == "POST" else ""
        answer, status, _ = self._call(self._running, method, f"http://sandbox.invalid{path}{query}", body)
        assert status == 200, answer
        return json.loads(answer)

    def _own(self, name: str, data: dict[str, Any]) -> Any:
        headers = {"host": "localhost", "content-type": "application/json"}
        request = Request("POST", f"/_sandbox/{name}", "", headers, json.dumps(data).encode())
        answer = self._running(request)
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    def _call(self, sandbox: Sandbox, method: str, url: str, body: Any) -> tuple[bytes, int, Mapping[str, str]]:
        parts = urlsplit(url)
        headers = {"authorization": f"Bearer {SECRET_KEY}", "host": parts.netloc}
        answer = sandbox(Request(method.upper(), parts.path, parts.query, headers, (body or "").encode()))
        return answer.body, answer.status, dict(answer.headers)


def signed(body: bytes) -> dict[str, str]:
    """The header that the processor sends with `body` now."""
    moment = int(time.time())
    digest = hmac.new(HOOK_SECRET.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={moment},v1={digest}"}
