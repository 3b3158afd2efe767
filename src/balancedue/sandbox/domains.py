"""Payment method domains: where a shop may show wallets."""

import re
import time
from typing import Any

from balancedue.sandbox.errors import parameter
from balancedue.sandbox.ids import new_id
from balancedue.sandbox.store import Page, Stored, Transaction

_WALLETS = ("amazon_pay", "apple_pay", "google_pay", "klarna", "link", "paypal")
_NAME = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_UNREACHABLE = re.compile(r"localhost|.*\.(localhost|local|internal|test)|[0-9.]+")


def register(tx: Transaction, account: str, name: str, *, enabled: bool) -> Stored:
    """The domain of that name, made if there is none. Raises ApiError 400 if it is not the name of a host."""
    name = name.lower()
    if _NAME.fullmatch(name) is None:
        raise parameter("domain_name", f"Not a valid domain name: {name[:100]}")
    found = of_name(tx, account, name)
    if found is not None:
        if found.body["enabled"] != enabled:
            switch(tx, found, enabled=enabled)
        return found
    body: dict[str, Any] = {
        "id": new_id("pmd"),
        "object": "payment_method_domain",
        "created": int(time.time()),
        "domain_name": name,
        "enabled": enabled,
        "livemode": False,
    }
    return tx.add("payment_method_domain", account, {**body, **_checked(name)})


def of_name(tx: Transaction, account: str, name: str) -> Stored | None:
    """The account's domain of that name."""
    found, _ = tx.list(
        "payment_method_domain", account, Page(limit=1), "json_extract(body, '$.domain_name') = ?", (name.lower(),)
    )
    return found[0] if found else None


def switch(tx: Transaction, domain: Stored, *, enabled: bool) -> None:
    """Use a domain or not."""
    domain.body["enabled"] = enabled
    tx.save(domain)


def validate(tx: Transaction, domain: Stored) -> None:
    """Look again whether wallets can be shown there."""
    domain.body.update(_checked(domain.body["domain_name"]))
    tx.save(domain)


def _checked(name: str) -> dict[str, Any]:
    """What a wallet's maker would find: names that only this machine knows cannot be looked at."""
    if _UNREACHABLE.fullmatch(name) is None:
        return {wallet: {"status": "active"} for wallet in _WALLETS}
    problem = {"error_message": f"{name} cannot be reached from outside."}
    return {wallet: {"status": "inactive", "status_details": problem} for wallet in _WALLETS}
