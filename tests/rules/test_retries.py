"""The plan of retries."""

from datetime import UTC, datetime, timedelta

import pytest

from balancedue.rules.retries import CHECK_AFTER, CHECK_EVERY, check_wait, next_try_after

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def schedule() -> list[timedelta]:
    """Moments of every try, counted from the first."""
    moments, now = [timedelta()], START
    while (delay := next_try_after(len(moments), START, now)) is not None:
        now += delay
        moments.append(now - START)
    return moments


def test_it_tries_after_thirty_seconds_then_two_minutes_then_every_five() -> None:
    """H3."""
    seconds = [moment.total_seconds() for moment in schedule()[:6]]
    assert seconds == [0, 30, 150, 450, 750, 1050]


def test_a_server_down_for_three_days_is_met_within_six_minutes_of_its_return() -> None:
    """H1."""
    back = timedelta(hours=72)
    assert min(moment for moment in schedule() if moment >= back) - back <= timedelta(minutes=6)


def test_it_gives_up_after_ninety_six_hours() -> None:
    """H3."""
    moments = schedule()
    assert timedelta(hours=95, minutes=50) < moments[-1] <= timedelta(hours=96)
    assert next_try_after(4, START, START + timedelta(hours=96)) is None


def test_there_is_no_retry_before_the_first_try() -> None:
    """H3."""
    with pytest.raises(ValueError, match="after a try"):
        next_try_after(0, START, START)


def test_looks_follow_the_schedule_never_late() -> None:
    """R8: 30 s, 2 m, 5 m, 15 m, 1 h, then every six hours; at most a fifth early."""
    planned = [*CHECK_AFTER, CHECK_EVERY, CHECK_EVERY]
    for checks, plan in enumerate(planned):
        assert all(plan * 0.8 <= check_wait(checks, f"att_{n}") <= plan for n in range(200))


def test_rows_that_went_wrong_together_are_not_asked_about_together() -> None:
    """C3: spread over the whole fifth, and the same in every run."""
    waits = [check_wait(0, f"att_{n}") for n in range(1000)]
    assert waits == [check_wait(0, f"att_{n}") for n in range(1000)]
    seconds = [int((wait - timedelta(seconds=24)) / timedelta(seconds=1)) for wait in waits]
    assert all(100 < seconds.count(second) < 250 for second in range(6))
    again = [check_wait(1, f"att_{n}") for n in range(1000)]
    assert [a for a, _ in sorted(enumerate(waits), key=lambda one: one[1])] != [
        a for a, _ in sorted(enumerate(again), key=lambda one: one[1])
    ]
