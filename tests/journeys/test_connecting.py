"""Check connection on a running web server: the webhook comes in while the check waits for it (ux.md 3.6)."""

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from django.test import Client

from balancedue.models import ProcessorConnection
from tests.journeys.shops import JourneyShop

QUICK_S = 1.5


@pytest.fixture
def owner(shop: JourneyShop) -> Iterator[httpx.Client]:
    """The owner's browser, as far as forms go."""
    session = Client()
    session.force_login(shop.owner)
    (cookie,) = session.cookies.values()
    with httpx.Client(base_url=shop.url, cookies={cookie.key: cookie.value}, timeout=20) as browser:
        yield browser


def _check(owner: httpx.Client, shop: JourneyShop) -> tuple[str, float]:
    """Press Check connection; the page afterwards, and how long that took."""
    here = f"/{shop.account.slug}/settings/processors/"
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', owner.get(here).text)
    assert token
    started = time.monotonic()
    answer = owner.post(
        f"{here}{shop.connection.public_id}/check/",
        data={"csrfmiddlewaretoken": token.group(1)},
        headers={"Origin": shop.url},
        follow_redirects=True,
    )
    assert answer.status_code == 200
    return answer.text, time.monotonic() - started


def test_the_webhook_comes_in_while_the_check_waits(shop: JourneyShop, owner: httpx.Client) -> None:
    """ux.md 3.6: one worker process is enough."""
    page, _ = _check(owner, shop)
    assert "Heard after" in page
    assert "Test processor is ready. Customers can pay." in page


def test_the_server_answers_while_checks_wait_in_vain(shop: JourneyShop, owner: httpx.Client) -> None:
    """ux.md 3.6: an impatient owner cannot take all threads, and the webhook finds one."""
    shop.sandbox.faults(plan=[{"operation": "webhook", "fault": "lost"}])
    with ThreadPoolExecutor(4) as people:
        waiting = people.submit(_check, owner, shop)
        _until_waiting(shop)
        others = [people.submit(_check, owner, shop) for _ in range(3)]
        for _ in range(5):
            started = time.monotonic()
            assert owner.get("/healthz").status_code == 200
            assert time.monotonic() - started < QUICK_S
        shop.sandbox.faults(plan=[])
    page, took = waiting.result()
    assert took >= 3
    assert any(took < 3 for _, took in (one.result() for one in others))
    assert "Not heard within 3 s" in page or "Another check is waiting" in page


def _until_waiting(shop: JourneyShop) -> None:
    end = time.monotonic() + 5
    while not ProcessorConnection.objects.get(pk=shop.connection.pk).round_trip:
        assert time.monotonic() < end, "no check began"
        time.sleep(0.02)
