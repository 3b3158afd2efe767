"""The payment tag: one at a time, the most pressing first."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from balancedue.rules.tags import Clock, OrderFacts, order_tag

NOW = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
CLOCK = Clock(NOW, ZoneInfo("America/New_York"), "en-US")


def facts(**changes: Any) -> OrderFacts:
    plain: dict[str, Any] = {"cancelled": False, "total_minor": 10_000, "paid_minor": 0, "remaining_minor": 10_000}
    return OrderFacts(**plain | changes)


SENT = {"request": "sent", "asked_minor": 10_000, "sent_at": datetime(2026, 11, 20, 15, tzinfo=UTC)}
OPENED = SENT | {"request": "opened", "opened_at": NOW - timedelta(minutes=4)}


@pytest.mark.parametrize(
    ("given", "label", "tone", "shape"),
    [
        ({}, "Not requested", "", "ring"),
        ({"request": "withdrawn"}, "Not requested", "", "ring"),
        ({"request": "holding"}, "Sending", "info", "ring"),
        (SENT, "Requested Nov 20", "", ""),
        (OPENED, "Opened 4 min ago", "info", ""),
        (OPENED | {"opened_at": NOW - timedelta(hours=3)}, "Opened 12:00\u202fPM", "info", ""),
        (OPENED | {"opened_at": NOW - timedelta(days=3)}, "Opened Nov 19", "info", ""),
        ({"request": "expired"}, "Link expired", "warn", "ring"),
        ({"paid_minor": 4_000, "remaining_minor": 6_000}, "Part paid", "warn", "half"),
        (OPENED | {"remaining_minor": 6_000, "paid_minor": 4_000}, "Balance changed", "warn", ""),
        (SENT | {"bounced": True, "due_on": date(2026, 11, 1)}, "Email bounced", "crit", ""),
        (SENT | {"due_on": date(2026, 11, 16)}, "Overdue 6 days", "crit", ""),
        ({"due_on": date(2026, 11, 21)}, "Overdue 1 day", "crit", ""),
        ({"due_on": date(2026, 11, 22)}, "Not requested", "", "ring"),
        (OPENED | {"attempt": "pending", "in_flight": True}, "Payment processing", "info", "ring"),
        ({"attempt": "put_aside"}, "Card payment to check", "crit", ""),
        ({"paid_minor": 10_000, "remaining_minor": 0, "paid_on": date(2026, 11, 21)}, "Paid Nov 21", "pos", ""),
        ({"paid_minor": 10_000, "remaining_minor": 0, "request": "paid"}, "Paid", "pos", ""),
        ({"paid_minor": 10_000, "remaining_minor": 0, "disputed": True}, "Disputed", "crit", ""),
        ({"cancelled": True, "disputed": True}, "Disputed", "crit", ""),
        ({"dispute_lost": True}, "Dispute lost", "crit", ""),
        (SENT | {"dispute_lost": True}, "Requested Nov 20", "", ""),
        ({"paid_minor": 10_000, "remaining_minor": 0, "dispute_lost": True}, "Paid", "pos", ""),
        ({"attempt": "put_aside", "disputed": True}, "Card payment to check", "crit", ""),
        ({"paid_minor": 12_000, "remaining_minor": -2_000}, "Overpaid", "warn", ""),
        ({"total_minor": 0, "remaining_minor": 0}, "Nothing due", "", "ring"),
        ({"cancelled": True, "paid_minor": 4_000, "remaining_minor": -4_000}, "Cancelled", "", "struck"),
    ],
)
def test_an_order_wears_one_tag(given: dict[str, Any], label: str, tone: str, shape: str) -> None:
    """S1, ux.md 3.2."""
    tag = order_tag(facts(**given), CLOCK)
    assert (tag.label, tag.tone, tag.shape) == (label, tone, shape)


def test_overdue_is_counted_in_the_shops_own_days() -> None:
    late = Clock(datetime(2026, 11, 23, 3, tzinfo=UTC), ZoneInfo("America/New_York"), "en-US")  # still the 22nd there
    assert order_tag(facts(due_on=date(2026, 11, 22)), late).code == "not_requested"


def test_no_tag_speaks_by_colour_alone() -> None:
    """WCAG 1.4.1: every tone has words of its own."""
    assert order_tag(facts(), CLOCK).label != order_tag(facts(**SENT), CLOCK).label
