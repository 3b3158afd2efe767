"""Stripe's list of events: what no webhook told us."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from balancedue.processors.reports import Concern
from balancedue.processors.stripe.hooks import EVENTS
from tests.processors.loopback import Answer, Asked, Loopback, answer, error, loopback
from tests.processors.objects import fixture, intent, processor

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[Loopback]:
    with loopback() as running:
        yield running


def _event(number: int, at: datetime = NOON, kind: str = "payment_intent.succeeded") -> dict[str, Any]:
    about = intent(id=f"pi_{number}")
    return fixture("event", id=f"evt_{number}", type=kind, created=int(at.timestamp()), data={"object": about})


def _page(*events: dict[str, Any], more: bool = False) -> Answer:
    return answer(200, {"object": "list", "url": "/v1/events", "has_more": more, "data": list(events)})


def _asked(one: Asked, name: str) -> list[str]:
    return [value for key, value in one.pairs if key == name or key.startswith(f"{name}[")]


def test_every_kind_of_event_is_asked_for_in_requests_of_at_most_twenty(server: Loopback) -> None:
    """D7: Stripe takes no more than 20 names at once, and says so in its documentation only."""
    server.will(_page())
    missed = processor(server.origin).events_since(NOON, undelivered=True)
    assert missed is not None
    assert (missed.events, missed.until) == ([], None)
    names = [_asked(one, "types") for one in server.asked]
    assert [name for some in names for name in some] == list(EVENTS)
    assert all(len(some) <= 20 for some in names)
    for one in server.asked:
        assert _asked(one, "created[gte]") == [str(int(NOON.timestamp()))]
        assert _asked(one, "delivery_success") == ["false"]


def test_without_webhooks_all_events_are_asked_for(server: Loopback) -> None:
    """R8: what was never sent to anybody counts as delivered."""
    server.will(_page())
    processor(server.origin).events_since(NOON, undelivered=False)
    assert [_asked(one, "delivery_success") for one in server.asked] == [[]] * len(server.asked)


def test_pages_are_read_to_the_end_and_answered_oldest_first(server: Loopback) -> None:
    """D7: each is read as its webhook would have been."""
    later, latest = NOON + timedelta(minutes=1), NOON + timedelta(minutes=2)
    server.will(
        _page(_event(3, latest, "refund.updated"), _event(2, later), more=True),
        _page(_event(1)),
        _page(_event(4, later + timedelta(seconds=1))),
    )
    missed = processor(server.origin).events_since(NOON, undelivered=True)
    assert missed is not None
    assert [event.note.event_id for event in missed.events] == ["evt_1", "evt_2", "evt_4", "evt_3"]
    assert _asked(server.asked[1], "starting_after") == ["evt_2"]
    first = missed.events[0]
    assert (first.created_at, first.note.reference, first.note.attempt_id) == (NOON, "pi_1", "att_1")
    assert first.note.concern is Concern.PAYMENT
    assert b'"evt_1"' in first.body


def test_more_than_a_few_pages_are_answered_in_part_the_oldest_first(server: Loopback) -> None:
    """R8: bounded, and nothing is left out: the answer says up to when it holds."""
    newest = [_page(_event(9, NOON + timedelta(days=9)), more=True)] * 5
    server.will(*newest, _page(_event(1)), _page())
    missed = processor(server.origin).events_since(NOON, undelivered=True)
    assert missed is not None
    assert [event.note.event_id for event in missed.events] == ["evt_1"]
    assert missed.until is not None
    last_asked = int(_asked(server.asked[-1], "created[lte]")[0])
    assert missed.until.timestamp() == last_asked + 1
    assert last_asked < int(_asked(server.asked[0], "created[lte]")[0])


def test_what_happened_within_one_second_is_read_whole(server: Loopback) -> None:
    """R8: it cannot be asked for in parts, so nothing would ever come after it."""
    full = [_page(_event(number), more=True) for number in range(6)]
    server.will(*full[:5], *full, _page(_event(6)), _page())
    missed = processor(server.origin).events_since(datetime.now(UTC), undelivered=True)
    assert missed is not None
    assert {event.note.event_id for event in missed.events} == {f"evt_{number}" for number in range(7)}


@pytest.mark.parametrize("trouble", [error(500), error(401, message="No such key"), answer(200, {"object": "list"})])
def test_trouble_is_not_having_heard(server: Loopback, trouble: Answer) -> None:
    """N14: half a list is none."""
    server.will(_page(_event(1)), trouble)
    assert processor(server.origin).events_since(NOON, undelivered=True) is None
