"""Where a request comes from, as it is counted (K1)."""

from typing import Any

import pytest
from allauth.core.internal.httpkit import get_client_ip
from django.test import RequestFactory

from balancedue.web.guard import address_of

PEER = "192.0.2.1"


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, None, PEER),
        (0, "203.0.113.7", PEER),  # nobody is trusted to say
        (1, None, PEER),
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "10.9.9.9, 203.0.113.7", "203.0.113.7"),  # what stands before it, the visitor wrote
        (2, "10.9.9.9, 203.0.113.7, 198.51.100.2", "203.0.113.7"),
        (1, "203.0.113.7:49152", "203.0.113.7"),
    ],
)
def test_only_our_own_proxies_are_believed(settings: Any, proxies: int, forwarded: str | None, address: str) -> None:
    """As sign-in counts it."""
    settings.TRUSTED_PROXIES = settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = RequestFactory(REMOTE_ADDR=PEER).get("/", headers=headers)
    assert address_of(request) == address
    assert get_client_ip(request) == address


def test_fewer_addresses_than_proxies_mean_that_one_was_passed_by(settings: Any) -> None:
    settings.TRUSTED_PROXIES = 2
    assert address_of(RequestFactory(REMOTE_ADDR=PEER).get("/", headers={"X-Forwarded-For": "203.0.113.7"})) == PEER


@pytest.mark.parametrize(
    ("peer", "counted"),
    [
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("[2001:db8:1:3::9]:443", "2001:db8:1:3::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("", ""),
        ("unix:", ""),
        ("not an address", ""),
    ],
)
def test_an_ipv6_network_is_one_address(peer: str, counted: str) -> None:
    assert address_of(RequestFactory(REMOTE_ADDR=peer).get("/")) == counted
