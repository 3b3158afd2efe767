"""Webhooks in every order, with any left out, and any one twice: the end is always the same (D7, R3)."""

import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone

from balancedue.actions.catch_up import catch_up_next
from balancedue.actions.check_books import check_books
from balancedue.actions.pay import begin_payment
from balancedue.actions.receive_event import process_next_event, receive_event
from balancedue.actions.reconcile import reconcile_next, reconcile_next_refund
from balancedue.actions.take_in_disputes import reconcile_next_dispute
from balancedue.actions.take_in_fees import fetch_next_fee
from balancedue.models import (
    Alarm,
    Delivery,
    Dispute,
    Event,
    JournalEntry,
    Order,
    Payment,
    PaymentAttempt,
    PaymentRequest,
    Posting,
    ProcessorConnection,
    ProcessorEvent,
    Refund,
    read_balance,
)
from balancedue.rules.ids import new_id
from tests.makers import make_account, make_connection, make_order, make_request, make_user
from tests.safety.life import EVENTS, KEYS, REFUNDED, Life, signed

Sequence = tuple[int, ...]  # places in EVENTS, in the order in which their webhooks come

ONCE_EACH = 1_957  # ordered subsets of six
ALL = 32_293  # and 30,336 of them with one of theirs a second time
SAMPLE = 500
TOTAL = 110_528

ENDING = (
    catch_up_next,
    process_next_event,
    reconcile_next,
    reconcile_next_refund,
    reconcile_next_dispute,
    fetch_next_fee,
)
"""What the worker does about a payment when it has time."""


def _longer(sequence: Sequence) -> Iterator[Sequence]:
    """Those that have one webhook more."""
    one_came_twice = len(set(sequence)) < len(sequence)
    for place in range(len(EVENTS)):
        if place not in sequence or not one_came_twice:
            yield (*sequence, place)


def _those_from(sequence: Sequence) -> Iterator[Sequence]:
    yield sequence
    for longer in _longer(sequence):
        yield from _those_from(longer)


def _some(count: int) -> set[Sequence]:
    """The same each time: long sequences by lot, with all that they begin with."""
    every = [sequence for sequence in _those_from(()) if len(sequence) >= len(EVENTS)]
    chosen: set[Sequence] = {()}
    for sequence in random.Random(1).sample(every, count):
        if len(chosen) < count:
            chosen |= {sequence[:length] for length in range(1, len(sequence) + 1)}
    return chosen


class World:
    """A shop whose customer has pressed Pay, and what has happened since at the processor."""

    def __init__(self, life: Life) -> None:
        self.life = life
        self.account = make_account()
        owner = make_user(self.account)
        self.connection = make_connection(self.account, credentials=KEYS)
        self.order = make_order(self.account, total_minor=TOTAL)
        request = make_request(self.order, by=owner, notify=[owner.email])
        shown = read_balance(self.order).payable
        begun = begin_payment(request=request, page_key=new_id("page"), shown=shown, payer_email="dana@x.example")
        self.bodies = life.live(begun.attempt.reference)
        self.spared: set[Sequence] = set()

    def walk(self, sequence: Sequence, wanted: Callable[[Sequence], bool], stage: int = 0) -> Iterator[Sequence]:
        """Each wanted sequence that begins with this one, at the moment when its end has come.

        What two have in common happens once: the database goes back to where they part. A webhook that comes again and
        writes nothing leaves all as it was, so whatever follows is what followed without it: `spared` has those.
        """
        with _undone():
            self._end()
            yield sequence
        for longer in filter(wanted, _longer(sequence)):
            further = max(stage, longer[-1] + 1)
            with _undone():
                written = self._hear(longer[-1], further)
                if longer[-1] in sequence and not written:
                    self.spared.update(filter(wanted, _those_from(longer)))
                else:
                    yield from self.walk(longer, wanted, further)

    def _hear(self, place: int, stage: int) -> list[str]:
        """The webhook comes. It cannot come before what it tells of, but long after. What was written."""
        self.life.stage = stage
        written: list[str] = []

        def note(execute: Any, sql: str, *more: Any) -> Any:
            if not sql.lstrip().startswith(("SELECT", "SAVEPOINT", "RELEASE")):
                written.append(sql)
            return execute(sql, *more)

        with connection.execute_wrapper(note):
            receive_event(connection=self.connection, headers=signed(self.bodies[place]), body=self.bodies[place])
            while process_next_event():
                pass
        return written

    def _end(self) -> None:
        """No more webhooks come, and time goes by: the worker looks at all that it was to look at later."""
        self.life.stage = len(EVENTS)
        now = timezone.now()
        for model in (PaymentAttempt, Refund, Dispute, Payment):
            model.objects.exclude(next_check_at=None).update(next_check_at=now)
        ProcessorEvent.objects.filter(status="new").update(next_try_at=now)
        ProcessorConnection.objects.update(next_catch_up_at=None)
        for deed in ENDING:
            while deed():
                pass

    def facts(self) -> dict[str, Any]:
        """All that must be the same in the end, whatever was heard on the way."""
        order = Order.objects.get(pk=self.order.pk)
        balance = read_balance(order)
        sums = Posting.objects.values_list("ledger").annotate(minor=Sum("amount_minor")).order_by()
        letters = Delivery.objects.exclude(kind__startswith="dispute").values_list("kind", "to")
        entries = JournalEntry.objects.exclude(kind__startswith="dispute").values_list("kind", flat=True)
        return {
            "attempt": PaymentAttempt.objects.values_list("state", "surplus", "money_reference", "card", "code").get(),
            "payment": Payment.objects.values_list("amount_minor", "card", "surplus").get(),
            "refunds": list(Refund.objects.values_list("amount_minor", "state", "reference")),
            "disputes": list(Dispute.objects.values_list("reference", "state", "withdrawn_minor", "detail")),
            "ledger": {ledger: minor for ledger, minor in sums if minor},
            "journal": Counter(entries.order_by()),
            "letters": Counter(letters),
            "balance": (balance.settled.minor, balance.due.minor, order.paid_minor, order.due_minor),
            "requests": list(PaymentRequest.objects.values_list("status", flat=True)),
            "webhooks": set(ProcessorEvent.objects.values_list("status", flat=True)),
            "alarms": Alarm.objects.count(),
        }

    def told_twice(self) -> list[Any]:
        """What of the dispute was told more than once."""
        letters = Delivery.objects.filter(kind__startswith="dispute").values_list("kind", "to")
        timeline = Event.objects.filter(kind__startswith="dispute").values_list("kind")
        return [told for told, count in Counter([*letters, *timeline]).items() if count > 1]


class _undone:
    """What the block does to the database is undone when it ends."""

    def __enter__(self) -> None:
        self._place = transaction.savepoint()

    def __exit__(self, *_: object) -> None:
        transaction.savepoint_rollback(self._place)
        transaction.savepoint_commit(self._place)


class _BelowUs:
    """The database connection as it looks without the transaction that this test runs in."""

    def __init__(self, depth: int) -> None:
        self._depth = depth

    @property
    def in_atomic_block(self) -> bool:
        return len(connection.savepoint_ids) > self._depth


@pytest.fixture
def world(db: None, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> World:
    """The product's own assertions go on to refuse to ask a processor inside a transaction of its own."""
    ours, real = _BelowUs(len(connection.savepoint_ids)), transaction.get_connection
    monkeypatch.setattr(transaction, "get_connection", lambda *given: real(*given) if given else ours)
    life = Life(tmp_path)
    monkeypatch.setattr("balancedue.processors.stripe.processor.shared_client", lambda: life)
    return World(life)


def _prove(world: World, wanted: Callable[[Sequence], bool], *, every: int = 1) -> set[Sequence]:
    """Walk them; each ends as the whole life in its own order does, and every so many with the books looked through."""
    whole = tuple(range(len(EVENTS)))
    in_order = (world.facts() for one in world.walk((), lambda one: whole[: len(one)] == one) if one == whole)
    reference = next(in_order)
    assert reference["payment"][0] == TOTAL
    assert [refund[:2] for refund in reference["refunds"]] == [(REFUNDED, "succeeded")]
    assert [dispute[1:] for dispute in reference["disputes"]] == [("won", 0, "")]
    assert reference["balance"][0] == TOTAL - REFUNDED
    assert reference["webhooks"] == {"done"}
    assert reference["alarms"] == 0
    in_order.close()
    walked = set()
    for sequence in world.walk((), wanted):
        assert world.facts() == reference, sequence
        assert world.told_twice() == [], sequence
        if len(walked) % every == 0:
            assert check_books(world.account, ask_processors=len(walked) % 100 == 0) == [], sequence
        walked.add(sequence)
    return walked


def test_there_are_32293_sequences() -> None:
    """D7: all of them, each once."""
    every = list(_those_from(()))
    assert len(every) == len(set(every)) == ALL
    assert sum(len(set(sequence)) == len(sequence) for sequence in every) == ONCE_EACH


@pytest.mark.slow
def test_some_sequences_of_webhooks_end_alike(world: World) -> None:
    """D7, R3: a fixed sample; all of them in the proof."""
    some = _some(SAMPLE)
    assert _prove(world, some.__contains__, every=10) | world.spared == some


@pytest.mark.prove
def test_every_sequence_of_webhooks_ends_alike(world: World) -> None:
    """D7, R3."""
    walked = _prove(world, lambda one: True)
    assert len(walked) >= ONCE_EACH
    assert walked.isdisjoint(world.spared)
    assert len(walked | world.spared) == ALL
    sys.stdout.write(
        f"{ALL:,} sequences of webhooks end alike: {len(walked):,} were walked to their end, in {len(world.spared):,} "
        f"what came twice wrote nothing the second time; {world.life.asked:,} questions to the processor\n"
    )
