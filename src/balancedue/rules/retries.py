"""When a message that did not get through is tried again: 30 s, 2 m, then every 5 min for 96 h."""

from datetime import datetime, timedelta

FIRST_DELAYS = (timedelta(seconds=30), timedelta(minutes=2))
LATER_DELAY = timedelta(minutes=5)
GIVE_UP_AFTER = timedelta(hours=96)


def next_try_after(tries: int, first_try_at: datetime, now: datetime) -> timedelta | None:
    """How long after `now` to try again; None when it is time to give up and tell staff.

    `tries`: how many were made, the one that just failed included. The last try falls within 96 h of the first.
    """
    if tries < 1:
        raise ValueError("a retry comes after a try")
    delay = FIRST_DELAYS[tries - 1] if tries <= len(FIRST_DELAYS) else LATER_DELAY
    return delay if now + delay <= first_try_at + GIVE_UP_AFTER else None
