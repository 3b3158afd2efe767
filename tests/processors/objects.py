"""Stripe's published fixture objects, and the processor under test."""

import copy
import json
from functools import cache
from pathlib import Path
from typing import Any

from balancedue.processors.base import Charge, Site
from balancedue.processors.stripe import StripeProcessor
from balancedue.processors.stripe.deadline import DeadlineClient
from balancedue.rules.money import Money

DATA = Path(__file__).parents[1] / "data" / "stripe"
_FIXTURES = json.loads((DATA / "fixtures.json").read_text())

KEYS = {"secret_key": "sk_test_4eC39HqLyjWDarjtT1zdp7dc", "publishable_key": "pk_test_TYooMQauvdEDq54NiTphI7jx"}
HOOK_SECRET = "whsec_0123456789abcdef0123456789abcdef"
SITE = Site("pc_1", "https://shop.example.com", "https://shop.example.com/hooks/pc_1/", ("USD",))


def fixture(kind: str, **changes: Any) -> dict[str, Any]:
    """One of Stripe's own objects, with changes."""
    return {**copy.deepcopy(_FIXTURES[kind]), **changes}


def intent(**changes: Any) -> dict[str, Any]:
    """A PaymentIntent that waits for a card."""
    return fixture("payment_intent", **{"last_payment_error": None, "metadata": {"attempt": "att_1"}} | changes)


def paid_intent(**changes: Any) -> dict[str, Any]:
    """A PaymentIntent that succeeded, its charge expanded."""
    return intent(**{"status": "succeeded", "amount_received": 1099, "latest_charge": fixture("charge")} | changes)


def processor(origin: str, *, read_s: float = 0.4, total_s: float = 0.9) -> StripeProcessor:
    """Talks to `origin`, with deadlines short enough for tests."""
    http = _client(read_s, total_s)
    credentials = {**KEYS, "webhook_secret": HOOK_SECRET, "api_base": origin}
    return StripeProcessor(credentials, label="Test processor", sandbox=True, http=http)


@cache
def _client(read_s: float, total_s: float) -> DeadlineClient:
    return DeadlineClient(connect_s=0.3, read_s=read_s, total_s=total_s)


def charge(minor: int = 1099, currency: str = "USD", **changes: str) -> Charge:
    """One attempt to be paid."""
    fields = {
        "key": "acc_1:ord_1:3:att_1:start",
        "attempt_id": "att_1",
        "order_id": "ord_1",
        "account_id": "acc_1",
        "description": "Invoice INV-2047",
    }
    return Charge(amount=Money(minor, currency), **(fields | changes))
