"""The worker's round: everything that is due, in order of what a customer waits for (architecture.md 7)."""

import logging
from collections.abc import Callable
from datetime import timedelta

from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from balancedue.models import Heartbeat

from .answer_once import forget_old_answers
from .catch_up import catch_up_next
from .count_tries import forget_old_tallies
from .deliver import deliver_next
from .expire_requests import expire_next_request
from .import_file import forget_old_files
from .receive_event import forget_old_bodies, process_next_event
from .reconcile import reconcile_next, reconcile_next_refund
from .rest_cards import end_next_rest
from .take_in_disputes import reconcile_next_dispute
from .take_in_fees import fetch_next_fee
from .take_in_payouts import look_at_next_payout, sweep_next_payouts
from .watch_cards import forget_old_tries
from .watch_pay_page import watch_next_page

_log = logging.getLogger(__name__)

# Each does one thing that is due and answers whether there was one. It looks with a plain SELECT first, so that an
# idle worker never holds up a writer on SQLite.
DEEDS: tuple[Callable[[], bool], ...] = (
    process_next_event,
    reconcile_next,
    reconcile_next_refund,
    reconcile_next_dispute,
    catch_up_next,
    deliver_next,
    expire_next_request,
    fetch_next_fee,
    sweep_next_payouts,
    look_at_next_payout,
    end_next_rest,
    watch_next_page,
)
BEAT_EVERY = timedelta(seconds=20)
TIDY_EVERY = timedelta(hours=1)
MOST_IN_A_ROW = 20  # then the other deeds get a turn, however long the queue


def work_once() -> int:
    """Do all that is due now; answers how many things were done. One that fails is logged and stops no other."""
    done = 0
    while True:
        in_this_round = sum(_up_to_many(deed) for deed in DEEDS)
        done += in_this_round
        if not in_this_round:
            return done


def _up_to_many(deed: Callable[[], bool]) -> int:
    done = 0
    try:
        while done < MOST_IN_A_ROW and deed():
            done += 1
    except DatabaseError:
        _log.exception("%s: the database refused", deed.__name__)
        close_old_connections()
        return 0
    except Exception:  # whatever it was holds a lease: it is taken up again when that runs out
        _log.exception("%s failed", deed.__name__)
        return 0
    return done


def beat(name: str) -> None:
    """Say that this worker is alive, for /readyz."""
    Heartbeat.objects.update_or_create(name=name, defaults={"at": timezone.now()})


def tidy() -> None:
    """Remove what nobody needs any more."""
    forget_old_tallies()
    forget_old_tries()
    forget_old_answers()
    forget_old_files()
    forget_old_bodies()
    Heartbeat.objects.filter(at__lt=timezone.now() - timedelta(days=1)).delete()
