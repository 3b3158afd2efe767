"""Stripe's credentials: what a shop pastes, and what can be wrong with it before anybody is asked."""

import re
from collections.abc import Mapping

from balancedue.processors.base import Setting

SETTINGS = (
    Setting(
        "publishable_key",
        "Publishable key",
        "Starts with pk_test_ or pk_live_. In Stripe: Developers, API keys.",
        secret=False,
    ),
    Setting(
        "secret_key",
        "Secret key",
        "Starts with sk_ or rk_. A restricted key needs to write payment intents, refunds, Checkout Sessions, webhook "
        "endpoints and payment method domains, and to read the account, charges, disputes, balance transactions, "
        "payouts and events.",
    ),
    Setting(
        "webhook_secret",
        "Webhook signing secret",
        "Starts with whsec_. Leave empty to have it set up for you.",
        required=False,
    ),
)

SANDBOX_SETTINGS = (
    *SETTINGS,
    Setting("api_base", "Address of the test processor", "Such as http://localhost:4242", secret=False),
)

_SECRET_KEY = re.compile(r"[sr]k_(test|live)_[A-Za-z0-9_]{4,250}")
_PUBLISHABLE_KEY = re.compile(r"pk_(test|live)_[A-Za-z0-9_]{4,250}")
_WEBHOOK_SECRET = re.compile(r"whsec_[A-Za-z0-9+/=_-]{8,250}")
_ORIGIN = re.compile(r"https?://(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+)(:\d{1,5})?/?")


def mode_of(key: str) -> str:
    """ "test", "live", or "" when the key is not one of Stripe's."""
    found = _SECRET_KEY.fullmatch(key) or _PUBLISHABLE_KEY.fullmatch(key)
    return found.group(1) if found else ""


def cleaned(credentials: Mapping[str, str]) -> dict[str, str]:
    """The same without the spaces and line ends that come with pasting."""
    return {name: value.strip() for name, value in credentials.items()}


def problems(credentials: Mapping[str, str], *, sandbox: bool) -> dict[str, str]:
    """One sentence per field that cannot be right; empty when all is well. Test and live are never mixed."""
    given = cleaned(credentials)
    sentences = {
        "publishable_key": _publishable_key_problem(given.get("publishable_key", ""), sandbox=sandbox),
        "secret_key": _secret_key_problem(given.get("secret_key", ""), sandbox=sandbox),
        "webhook_secret": _webhook_secret_problem(given.get("webhook_secret", "")),
        "webhook_secret_old": _webhook_secret_problem(given.get("webhook_secret_old", "")),
    }
    if sandbox and not _ORIGIN.fullmatch(given.get("api_base", "")):
        sentences["api_base"] = "Enter the address of the test processor, such as http://localhost:4242"
    found = {name: sentence for name, sentence in sentences.items() if sentence}
    ours, theirs = mode_of(given.get("secret_key", "")), mode_of(given.get("publishable_key", ""))
    if ours and theirs and ours != theirs and not found:
        found["publishable_key"] = (
            f"This is a {theirs} key, but the secret key is a {ours} key. Paste two of the same mode"
        )
    return found


def _secret_key_problem(key: str, *, sandbox: bool) -> str:
    if not key:
        return "Paste the secret key. It starts with sk_ or rk_"
    if key.startswith("pk_"):
        return "This is the publishable key. Paste the secret key here; it starts with sk_ or rk_"
    if key.startswith("whsec_"):
        return "This is the webhook signing secret. Paste the secret key here; it starts with sk_ or rk_"
    if not _SECRET_KEY.fullmatch(key):
        return "This is not a whole secret key. It starts with sk_test_, sk_live_, rk_test_ or rk_live_"
    return _live_in_sandbox(key) if sandbox else ""


def _publishable_key_problem(key: str, *, sandbox: bool) -> str:
    if not key:
        return "Paste the publishable key. It starts with pk_"
    if key.startswith(("sk_", "rk_")):
        return (
            "This is a secret key, and this field is shown to customers' browsers. "
            "Paste the publishable key here; it starts with pk_"
        )
    if not _PUBLISHABLE_KEY.fullmatch(key):
        return "This is not a whole publishable key. It starts with pk_test_ or pk_live_"
    return _live_in_sandbox(key) if sandbox else ""


def _live_in_sandbox(key: str) -> str:
    if mode_of(key) == "live":
        return f"This is a live key. The test processor takes only keys that start with {key[:3]}test_"
    return ""


def _webhook_secret_problem(secret: str) -> str:
    if secret and not _WEBHOOK_SECRET.fullmatch(secret):
        return "This is not a webhook signing secret. It starts with whsec_"
    return ""
