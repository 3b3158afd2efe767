"""Accounts, their keys, and who is calling."""

import base64
import binascii
import hashlib
import json
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Row
from typing import Any

from balancedue.sandbox.errors import ApiError, missing, parameter, unauthorized
from balancedue.sandbox.http import Request
from balancedue.sandbox.ids import letters
from balancedue.sandbox.store import Transaction

_SECRET = re.compile(r"(sk|rk)_test_[A-Za-z0-9_]{1,200}")
_STATEMENT, _PREFIX = 22, 10  # signs a card statement has room for; of them for the shop
_PUBLISHABLE = re.compile(r"pk_test_[A-Za-z0-9_]{1,200}")


@dataclass(frozen=True, slots=True)
class Account:
    """Who holds the objects. Keys are test keys; there are no live ones here."""

    id: str
    secret_key: str
    publishable_key: str
    name: str
    country: str
    currency: str
    created: int

    def on_statement(self, intent: dict[str, Any]) -> str:
        """What a bank shows beside a charge: the shop's prefix and the intent's suffix, or the shop's name."""
        suffix = intent["statement_descriptor_suffix"]
        if suffix:
            return f"{_prefix(self.name)}* {suffix}"[:_STATEMENT]
        return intent["statement_descriptor"] or _descriptor(self.name)

    def as_stripe(self) -> dict[str, Any]:
        """The body of GET /v1/account."""
        empty: dict[str, Any] = {
            "alternatives": [],
            "current_deadline": None,
            "currently_due": [],
            "disabled_reason": None,
            "errors": [],
            "eventually_due": [],
            "past_due": [],
            "pending_verification": [],
        }
        return {
            "id": self.id,
            "object": "account",
            "business_profile": {
                "mcc": None,
                "name": self.name,
                "product_description": None,
                "support_address": None,
                "support_email": None,
                "support_phone": None,
                "support_url": None,
                "url": None,
            },
            "business_type": None,
            "capabilities": {"card_payments": "active", "transfers": "active"},
            "charges_enabled": True,
            "controller": {"type": "account"},
            "country": self.country,
            "created": self.created,
            "default_currency": self.currency,
            "details_submitted": True,
            "email": "sandbox@balancedue.example",
            "external_accounts": {
                "data": [],
                "has_more": False,
                "object": "list",
                "url": f"/v1/accounts/{self.id}/external_accounts",
            },
            "future_requirements": dict(empty),
            "metadata": {},
            "payouts_enabled": True,
            "requirements": dict(empty),
            "settings": _settings(self.name),
            "tos_acceptance": {"date": None, "ip": None, "user_agent": None},
            "type": "standard",
        }


def _descriptor(name: str) -> str:
    return re.sub(r"[^A-Z0-9 ]", "", name.upper())[:_STATEMENT].strip() or "SANDBOX"


def _prefix(name: str) -> str:
    """At most ten signs, whole words where one fits."""
    whole = _descriptor(name)
    words = whole[: _PREFIX + 1].rpartition(" ")[0] if len(whole) > _PREFIX else whole
    return (words or whole)[:_PREFIX]


def _settings(name: str) -> dict[str, Any]:
    return {
        "branding": {"icon": None, "logo": None, "primary_color": None, "secondary_color": None},
        "card_payments": {
            "decline_on": {"avs_failure": False, "cvc_failure": True},
            "statement_descriptor_prefix": _prefix(name),
            "statement_descriptor_prefix_kana": None,
            "statement_descriptor_prefix_kanji": None,
        },
        "dashboard": {"display_name": name, "timezone": "Etc/UTC"},
        "payments": {
            "statement_descriptor": _descriptor(name),
            "statement_descriptor_kana": None,
            "statement_descriptor_kanji": None,
        },
    }


@dataclass(frozen=True, slots=True)
class Caller:
    """An account, and whether it spoke with its secret key or, as a browser does, its publishable one."""

    account: Account
    secret: bool


def register(
    tx: Transaction,
    secret_key: str,
    publishable_key: str = "",
    *,
    name: str = "Sandbox account",
    country: str = "US",
    currency: str = "usd",
) -> Account:
    """The account with that secret key, made if there is none. Raises ApiError 400 for a key of another shape."""
    publishable_key = publishable_key or "pk_test_" + hashlib.sha256(secret_key.encode()).hexdigest()[:24]
    if _SECRET.fullmatch(secret_key) is None:
        raise parameter("secret_key", "A secret key starts with sk_test_ or rk_test_.")
    if _PUBLISHABLE.fullmatch(publishable_key) is None:
        raise parameter("publishable_key", "A publishable key starts with pk_test_.")
    row = tx.db.execute("SELECT * FROM account WHERE secret_key = ?", (secret_key,)).fetchone()
    if row is not None:
        return _account(row)
    if tx.db.execute("SELECT 1 FROM account WHERE publishable_key = ?", (publishable_key,)).fetchone():
        raise ApiError(409, "Another account has this publishable key.", param="publishable_key")
    account = Account(
        "acct_" + letters(16), secret_key, publishable_key, name, country.upper(), currency.lower(), int(time.time())
    )
    tx.db.execute(
        "INSERT INTO account VALUES (?,?,?,?,?,?,?)",
        (
            account.id,
            account.secret_key,
            account.publishable_key,
            account.name,
            account.country,
            account.currency,
            account.created,
        ),
    )
    return account


def default_account(tx: Transaction, data: Path) -> Account:
    """The account that is always there. Its keys are made once and kept in `keys.json` of the data folder."""
    place = data / "keys.json"
    if not place.exists():
        keys = {"secret_key": "sk_test_" + letters(32), "publishable_key": "pk_test_" + letters(32)}
        draft = place.with_suffix(".new")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(keys, file, indent=2)
        draft.replace(place)
    keys = json.loads(place.read_text())
    return register(tx, keys["secret_key"], keys["publishable_key"])


def by_id(tx: Transaction, id: str) -> Account:
    """The account of that id. Raises ApiError 404."""
    row = tx.db.execute("SELECT * FROM account WHERE id = ?", (id,)).fetchone()
    if row is None:
        raise missing("account", id, "account")
    return _account(row)


def every(tx: Transaction) -> list[Account]:
    """All accounts, the oldest first."""
    return [_account(row) for row in tx.db.execute("SELECT * FROM account ORDER BY rowid")]


def caller(tx: Transaction, request: Request) -> Caller:
    """Whose key came with the request, as Bearer or as Basic user name. Raises ApiError 401."""
    key = _key(request)
    if not key:
        raise unauthorized("You did not provide an API key.")
    row = tx.db.execute("SELECT * FROM account WHERE ? IN (secret_key, publishable_key)", (key,)).fetchone()
    if row is None:
        raise unauthorized(f"Invalid API Key provided: {key[:8]}{'*' * 12}{key[-4:] if len(key) > 16 else ''}")
    return Caller(_account(row), row["secret_key"] == key)


def _key(request: Request) -> str:
    scheme, _, rest = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(rest, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""


def _account(row: Row) -> Account:
    return Account(*tuple(row))
