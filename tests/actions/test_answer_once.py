"""Idempotency keys of the API, and counted tries."""

from datetime import timedelta

import pytest
from django.utils import timezone

from balancedue.actions.answer_once import Answer, answer_once, forget_old_answers
from balancedue.actions.count_tries import count, forget_old_tallies, limit_tries
from balancedue.actions.work import beat, tidy
from balancedue.models import Account, Heartbeat, SavedAnswer, Tally
from balancedue.rules.errors import Refused
from tests.makers import make_account


class _Work:
    """Counts how often it is done."""

    def __init__(self, *statuses: int) -> None:
        self.done, self._statuses = 0, list(statuses)

    def __call__(self) -> Answer:
        self.done += 1
        return Answer(self._statuses.pop(0) if self._statuses else 201, f"answer {self.done}")


@pytest.fixture
def account(db: None) -> Account:
    return make_account()


def _ask(account: Account, work: object, key: str = "k1", content: bytes = b"POST /orders {}") -> Answer:
    return answer_once(account=account, key=key, content=content, work=work)  # type: ignore[arg-type]


def test_the_same_key_and_content_get_the_first_answer(account: Account) -> None:
    """Contract.md, API v1: done once, and said to be a replay."""
    work = _Work()
    assert _ask(account, work) == Answer(201, "answer 1")
    assert _ask(account, work) == Answer(201, "answer 1", replayed=True)
    assert work.done == 1


def test_a_refusal_is_an_answer_too(account: Account) -> None:
    """Money-safety.md 1: a 4xx is replayed."""
    work = _Work(422)
    assert (_ask(account, work).status, _ask(account, work).status, work.done) == (422, 422, 1)


def test_the_same_key_with_other_content_is_a_conflict(account: Account) -> None:
    """Contract.md: idempotency_conflict."""
    _ask(account, _Work())
    with pytest.raises(Refused) as refusal:
        _ask(account, _Work(), content=b"POST /orders {1}")
    assert refusal.value.code == "idempotency_conflict"


def test_a_key_belongs_to_its_account(account: Account) -> None:
    """N12."""
    work = _Work()
    _ask(account, work)
    assert _ask(make_account(), work).body == "answer 2"


def test_a_call_at_work_is_a_conflict_until_it_must_have_died(account: Account) -> None:
    """Two calls at once: the second is told to wait; a dead first one is forgotten after two minutes."""
    work = _Work()

    def meanwhile() -> Answer:
        with pytest.raises(Refused, match="still at work"):
            _ask(account, work)
        return work()

    _ask(account, meanwhile)
    SavedAnswer.objects.update(status=None, created_at=timezone.now() - timedelta(minutes=3))
    assert _ask(account, work).body == "answer 2"


def test_an_answer_of_500_is_not_kept(account: Account) -> None:
    """A retry works anew."""
    work = _Work(500, 201)
    assert [_ask(account, work).status, _ask(account, work).status] == [500, 201]


def test_a_call_that_broke_leaves_no_trace(account: Account) -> None:
    """A retry works anew."""

    def breaks() -> Answer:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        _ask(account, breaks)
    assert _ask(account, _Work()).status == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "a\nb", "\x00"])
def test_a_key_has_a_shape(account: Account, key: str) -> None:
    """Contract.md."""
    with pytest.raises(Refused) as refusal:
        _ask(account, _Work(), key=key)
    assert refusal.value.code == "invalid"


def test_old_answers_and_tallies_are_forgotten(account: Account) -> None:
    """They would grow for ever."""
    _ask(account, _Work())
    SavedAnswer.objects.update(created_at=timezone.now() - timedelta(days=31))
    _ask(account, _Work(), key="new")
    count("old", window_seconds=60)
    Tally.objects.update(ends_at=timezone.now() - timedelta(days=2))
    count("new", window_seconds=60)
    Heartbeat.objects.create(name="gone", at=timezone.now() - timedelta(days=2))
    beat("here")
    beat("here")
    tidy()
    assert list(SavedAnswer.objects.values_list("key", flat=True)) == ["new"]
    assert list(Tally.objects.values_list("name", flat=True)) == ["new"]
    assert list(Heartbeat.objects.values_list("name", flat=True)) == ["here"]
    forget_old_answers()
    forget_old_tallies()


def test_tries_are_counted_by_name_and_window(db: None) -> None:
    assert [count("a", window_seconds=60) for _ in range(3)] == [1, 2, 3]
    assert count("b", window_seconds=60) == 1
    Tally.objects.filter(name="a").update(window=int(timezone.now().timestamp()) // 60 - 1)
    assert count("a", window_seconds=60) == 1


def test_past_the_limit_it_is_refused_in_words(db: None) -> None:
    """K1, requirements.md 3.36."""
    for _ in range(2):
        limit_tries("sign-in", at_most=2, window_seconds=3600, sentence="Wait an hour.")
    with pytest.raises(Refused, match="Wait an hour") as refusal:
        limit_tries("sign-in", at_most=2, window_seconds=3600, sentence="Wait an hour.")
    assert refusal.value.code == "too_many_tries"
