"""The wallet domain: Apple Pay and Google Pay are shown only on a host that is registered (ux.md 3.8).

docs.stripe.com/payments/payment-methods/pmd-registration. Cards work without.
"""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import stripe

from balancedue.processors.base import Check
from balancedue.processors.stripe.errors import explain
from balancedue.processors.stripe.outcome import safe

_LABEL = "Wallets"
_WALLETS = {"apple_pay": "Apple Pay", "google_pay": "Google Pay", "link": "Link"}
_NOT_PUBLIC = ("localhost", "local", "internal", "test", "example", "invalid", "lan", "home", "arpa")


def check_wallets(client: stripe.StripeClient, origin: str, label: str) -> Check:
    """Register the host of `origin` for wallets and have it looked at. Never needed: cards work without."""
    host = public_host(origin)
    if not host:
        fix = "Apple Pay and Google Pay need a public name and https. Cards work without."
        return Check(_LABEL, ok=False, detail=f"Not at {origin}", fix=fix, needed=False)
    try:
        domain = _registered(client, host)
    except stripe.PermissionError as exc:
        fix = f"In {label}, let this key write payment method domains, or register {host} there. Cards work without."
        return Check(_LABEL, ok=False, detail=explain(exc), fix=fix, needed=False)
    except Exception as exc:
        fix = "Check again. Cards work without."
        return Check(_LABEL, ok=False, detail=explain(exc), fix=fix, needed=False)
    shown = [words for name, words in _WALLETS.items() if _status(domain, name) == "active"]
    why = _why_not(domain)
    if why:
        fix = f"{label} says: {why} Cards work without."
        return Check(_LABEL, ok=False, detail=f"{host}: not {' or '.join(_absent(shown))}", fix=fix, needed=False)
    return Check(_LABEL, ok=True, detail=f"{', '.join(shown)} at {host}", needed=False)


def public_host(origin: str) -> str:
    """The host of `origin` where wallets can be: https, and a name that others can reach; else ""."""
    parts = urlsplit(origin)
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme != "https" or "." not in host or host.rpartition(".")[2] in _NOT_PUBLIC:
        return ""
    try:
        ip_address(host)
    except ValueError:
        return host
    return ""


def _registered(client: stripe.StripeClient, host: str) -> Mapping[str, Any]:
    """The domain as it stands after it was registered, switched on and, where a wallet is missing, looked at again."""
    domains = client.v1.payment_method_domains
    found = domains.list({"domain_name": host, "limit": 1}).to_dict()["data"]
    domain: dict[str, Any] = found[0] if found else domains.create({"domain_name": host}).to_dict()
    if domain.get("enabled") is False:
        domain = domains.update(domain["id"], {"enabled": True}).to_dict()
    if any(_status(domain, name) != "active" for name in _WALLETS):
        domain = domains.validate(domain["id"]).to_dict()
    return domain


def _part(domain: Mapping[str, Any], wallet: str) -> Mapping[str, Any]:
    part = domain.get(wallet)
    return part if isinstance(part, Mapping) else {}


def _status(domain: Mapping[str, Any], wallet: str) -> str:
    return str(_part(domain, wallet).get("status") or "")


def _absent(shown: list[str]) -> list[str]:
    return [words for words in _WALLETS.values() if words not in shown]


def _why_not(domain: Mapping[str, Any]) -> str:
    """Why a wallet is not shown, as a sentence of Stripe's; "" when all are."""
    for wallet in _WALLETS:
        if _status(domain, wallet) != "active":
            details = _part(domain, wallet).get("status_details")
            said = details.get("error_message") if isinstance(details, Mapping) else None
            return safe(said or f"{_WALLETS[wallet]} is not active there.")
    return ""
