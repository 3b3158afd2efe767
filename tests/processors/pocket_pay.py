"""Pocket Pay, a processor that does not exist: a whole example of adding one (docs/processors.md)."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from balancedue.processors.base import (
    Can,
    Charge,
    Check,
    Findings,
    Hook,
    Kind,
    Outcome,
    PayPage,
    Setting,
    Site,
)
from balancedue.processors.reports import BadSignature, HookNote
from balancedue.rules.errors import Refused
from balancedue.rules.money import Money

CENTS = {"USD": 50, "EUR": 50, "GBP": 30}  # the least it charges; what is not here cannot be charged
DEADLINE = httpx.Timeout(10, connect=3)
KINDS = {"open": Kind.NEEDS_CUSTOMER, "working": Kind.PENDING, "paid": Kind.PAID, "cancelled": Kind.CANCELLED}


class PocketPay:
    """One connection."""

    def __init__(self, credentials: Mapping[str, str]) -> None:
        self._origin = credentials.get("origin", "").rstrip("/")
        self._key = credentials.get("key", "")
        self._hook_secret = credentials.get("webhook_secret", "")

    @property
    def livemode(self) -> bool:
        return self._key.startswith("live_")

    def smallest(self, currency: str) -> int | None:
        return CENTS.get(currency)

    def start(self, charge: Charge) -> Outcome:
        if charge.amount.currency not in CENTS:
            return Outcome(Kind.REFUSED, code="currency_not_supported")
        body = {
            "amount": charge.amount.minor,
            "currency": charge.amount.currency,
            "attempt": charge.attempt_id,
            "text": charge.description,
        }
        return self._ask("POST", "/payments", body, key=charge.key)  # same key, same payment: theirs to keep

    def look_up(self, reference: str) -> Outcome:
        return self._ask("GET", f"/payments/{reference}")

    def find(self, attempt_id: str, since: datetime | None = None, *, hosted: bool = False) -> Outcome:
        return self._ask("GET", f"/payments?attempt={attempt_id}")

    def cancel(self, reference: str) -> Outcome:
        return self._ask("POST", f"/payments/{reference}/cancellation")  # answers "paid" when it is too late

    def refund(self, reference: str, amount: Money, key: str) -> Outcome:
        return Outcome(Kind.REFUSED, code="not_refundable", detail="Pocket Pay refunds on its own pages only")

    def read_hook(self, headers: Mapping[str, str], body: bytes) -> HookNote:
        wanted = hmac.new(self._hook_secret.encode(), body, hashlib.sha256).hexdigest()
        if not self._hook_secret or not hmac.compare_digest(headers.get("Pocket-Signature", ""), wanted):
            raise BadSignature("the signature does not fit")
        note = json.loads(body)
        return HookNote(note["id"], note["type"], note["payment"], note.get("attempt", ""), self.livemode)

    def set_up_hook(self, url: str, *, keep: str = "") -> Hook:
        answer = self._send("POST", "/hooks", {"url": url})
        if answer is None or answer.status_code != httpx.codes.OK:
            raise Refused("processor_refused", "Pocket Pay did not take the address for webhooks")
        return Hook(str(answer.json()["secret"]))

    def drop_hooks(self, url: str, *, keep: str) -> None:
        """Pocket Pay holds one address for webhooks: a new one takes the place of the one before."""

    def account_of_keys(self) -> str:
        answer = self._send("GET", "/payments?attempt=none")
        if answer is None or answer.is_server_error:
            raise Refused("processor_unreachable", "Pocket Pay did not answer", field="key")
        if answer.status_code not in (httpx.codes.OK, httpx.codes.NOT_FOUND):
            raise Refused("processor_key_rejected", "Pocket Pay did not accept the key", field="key")
        return ""  # it has no name for its accounts

    def check(self, site: Site) -> Findings:
        try:
            self.account_of_keys()
        except Refused as refusal:
            line = Check("Key", ok=False, detail=refusal.sentence, fix="Copy the key from Pocket Pay again.")
            heard = refusal.code == "processor_key_rejected"
            return Findings((line,), accepts_key=False if heard else None)
        return Findings((Check("Key", ok=True),))

    def pay_page(self) -> PayPage:
        here = (self._origin,)
        return PayPage("customer/pay/pocket_pay.html", f"{self._origin}/card.js", "", here, here, here)

    def amount_in_page(self, amount: Money) -> int:
        return amount.minor

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None, *, key: str = "") -> Outcome:
        """Whatever is not a clear answer is UNKNOWN: a time-out may have taken the money (N14)."""
        answer = self._send(method, path, body, key=key)
        if answer is None or answer.is_server_error:
            return Outcome(Kind.UNKNOWN, code="not_heard")
        if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            kind = Kind.REFUSED if path == "/payments" else Kind.UNKNOWN
            return Outcome(kind, code="processor_key_rejected")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return Outcome(Kind.UNKNOWN, code="not_found")
        try:
            return self._read(answer.json())
        except (ValueError, KeyError, TypeError):
            return Outcome(Kind.UNKNOWN, code="not_heard", detail="an answer of another shape")

    def _read(self, payment: dict[str, Any]) -> Outcome:
        """What the processor says, as it says it: `settle` compares it with what was asked."""
        kind = KINDS[payment["status"]]
        return Outcome(
            kind,
            reference=payment["id"],
            amount=Money(payment["amount"], payment["currency"]),
            received=Money(payment["received"], payment["currency"]) if kind is Kind.PAID else None,
            livemode=payment["live"],
            attempt_id=payment["attempt"],
            card=payment.get("card", ""),
            client_secret=payment.get("secret", ""),
        )

    def _send(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, key: str = ""
    ) -> httpx.Response | None:
        headers = {"Authorization": f"Bearer {self._key}", "Idempotency-Key": key}
        try:
            return httpx.request(method, self._origin + path, json=body, headers=headers, timeout=DEADLINE)
        except httpx.HTTPError:
            return None


@dataclass(frozen=True, slots=True)
class PocketPayMaker:
    """Pocket Pay as a kind of processor: what staff see before anything is connected."""

    name: str = "pocket_pay"
    label: str = "Pocket Pay"
    can: frozenset[Can] = frozenset({Can.REQUEST, Can.LOOK_UP, Can.CANCEL, Can.HOOK})
    why_not: str = ""
    settings: tuple[Setting, ...] = (
        Setting("origin", "Address", secret=False),
        Setting("key", "Key", hint="Starts with test_ or live_"),
        Setting("webhook_secret", "Signing secret", required=False),
    )

    def problems(self, credentials: Mapping[str, str]) -> dict[str, str]:
        problems = {one.name: f"Enter the {one.label}" for one in self.settings if one.required}
        problems = {name: words for name, words in problems.items() if not credentials.get(name, "").strip()}
        if "key" not in problems and not credentials["key"].startswith(("test_", "live_")):
            problems["key"] = "A key starts with test_ or live_"
        return problems

    def open(self, credentials: Mapping[str, str]) -> PocketPay:
        return PocketPay(credentials)
