"""When something is tried again: a message that did not get through, and a look at what is not over yet."""

import hashlib
from datetime import datetime, timedelta

FIRST_DELAYS = (timedelta(seconds=30), timedelta(minutes=2))
LATER_DELAY = timedelta(minutes=5)
GIVE_UP_AFTER = timedelta(hours=96)


CHECK_AFTER = (
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
)
CHECK_EVERY = timedelta(hours=6)
_SPREAD = 0.2


def next_try_after(tries: int, first_try_at: datetime, now: datetime) -> timedelta | None:
    """How long after `now` to send a message again (30 s, 2 m, then every 5 min); None when it is time to tell staff.

    `tries`: how many were made, the one that just failed included. The last try falls within 96 h of the first.
    """
    if tries < 1:
        raise ValueError("a retry comes after a try")
    delay = FIRST_DELAYS[tries - 1] if tries <= len(FIRST_DELAYS) else LATER_DELAY
    return delay if now + delay <= first_try_at + GIVE_UP_AFTER else None


def check_wait(checks: int, row: str) -> timedelta:
    """How long until a row is looked at again that was looked at `checks` times: 30 s, 2 m, 5 m, 15 m, 1 h, 6-hourly.

    Up to a fifth earlier (R8), by how much follows from `row`, its public id: what went wrong in one moment, as when a
    processor was down, is not asked about in one moment again and again (C3).
    """
    planned = CHECK_AFTER[checks] if checks < len(CHECK_AFTER) else CHECK_EVERY
    drawn = int.from_bytes(hashlib.sha256(f"{row}:{checks}".encode()).digest()[:4])
    return planned * (1 - _SPREAD * drawn / 2**32)
