"""Disputes in words, and what each look-up adds to the story."""

import itertools

import pytest

from balancedue.rules.disputes import REASONS, news
from balancedue.rules.states import DISPUTE_STATES


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (None, "inquiry", ["inquiry"]),
        (None, "needs_response", ["opened"]),
        (None, "under_review", ["opened", "answered"]),
        (None, "lost", ["opened", "lost"]),
        (None, "closed", ["inquiry", "closed"]),
        ("inquiry", "inquiry", []),
        ("inquiry", "inquiry_answered", ["answered"]),
        ("inquiry", "closed", ["closed"]),
        ("inquiry_answered", "needs_response", ["opened"]),
        ("inquiry", "won", ["opened", "won"]),
        ("needs_response", "under_review", ["answered"]),
        ("under_review", "needs_response", ["reopened"]),
        ("needs_response", "lost", ["lost"]),
        ("lost", "won", ["won"]),
        ("won", "under_review", ["answered"]),
        ("won", "needs_response", ["reopened"]),
        ("closed", "inquiry", ["reopened"]),
    ],
)
def test_what_was_missed_in_between_is_told_once(before: str | None, after: str, told: list[str]) -> None:
    """Money-safety.md 6.3: look-ups come in any order, and may skip states."""
    assert news(before, after) == [f"dispute_{kind}" for kind in told]


def test_no_change_of_state_goes_untold() -> None:
    for before, after in itertools.permutations([None, *DISPUTE_STATES], 2):
        if after is not None:
            told = news(before, after)
            assert told
            assert len(set(told)) == len(told)


def test_every_reason_reads_on_from_its_sentence() -> None:
    """ux.md 4: in words, with what usually helps; no full stop, no capital, nobody blamed."""
    for reason in REASONS.values():
        for words in (reason.words, reason.evidence):
            assert words[0].islower()
            assert words[-1] not in ".!"
