"""Every request of our Stripe adapter, in any test: held to the published schema and to the SDK's own types."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest

from balancedue.processors.stripe.deadline import DeadlineClient
from balancedue.processors.stripe.processor import API_VERSION
from tests.stripe_requests import Asked, breaches_of_schema
from tests.stripe_types import breaches_of_types

NOT_IN_THE_SCHEMA = {"/v1/payment_method_domains": "wallet domains: the schema at hand leaves the resource out"}
"""Paths, and those below them, that are held to the SDK's types alone, with the reason."""

NEWER_THAN_THE_SCHEMA = {
    ("GET", "/v1/checkout/sessions"): {"created"},  # asked of Stripe since 2024; the schema at hand leaves it out
}
"""Parameters that are sent although only the SDK knows them."""

_asked: list[Asked] = []
_request = DeadlineClient.request


def _remembered(
    self: DeadlineClient, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
) -> tuple[bytes, int, Mapping[str, str]]:
    parts = urlsplit(url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    body = post_data.encode() if isinstance(post_data, str) else post_data or b""
    _asked.append(Asked(method.upper(), target, {k.lower(): v for k, v in (headers or {}).items()}, body))
    return _request(self, method, url, headers, post_data)


@pytest.fixture(scope="session", autouse=True)
def _the_adapter_is_listened_to() -> Iterator[None]:
    DeadlineClient.request = _remembered  # type: ignore[method-assign]
    yield
    DeadlineClient.request = _request  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def asked_of_stripe() -> Iterator[list[Asked]]:
    """What the adapter asks during the test, in this process. A request that Stripe would refuse fails the test."""
    _asked.clear()
    yield _asked
    assert [breach for asked in _asked for breach in breaches(asked)] == []


def breaches(asked: Asked) -> list[str]:
    """What is wrong with a request, by the schema and by the SDK."""
    unpublished = any(asked.path == path or asked.path.startswith(f"{path}/") for path in NOT_IN_THE_SCHEMA)
    newer = NEWER_THAN_THE_SCHEMA.get((asked.method, asked.path), set())
    found = breaches_of_types(asked) + ([] if unpublished else breaches_of_schema(asked, but=newer))
    if asked.headers.get("stripe-version") != API_VERSION:
        found.append(f"{asked.path}: asked of version {asked.headers.get('stripe-version')}")
    if asked.method == "POST" and not asked.headers.get("idempotency-key"):
        found.append(f"{asked.path}: no idempotency key")
    return found
