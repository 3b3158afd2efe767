"""The words for a payment that did not happen."""

import re

import pytest

from balancedue.rules import declines

BANNED = ("oops", "successfully", "invalid", "error occurred", "please try again later", "sorry", "!")
REFUNDS = ("already_refunded", "more_than_refundable", "payment_disputed", "not_enough_at_processor", "refund_failed")


@pytest.mark.parametrize("code", sorted(declines.REASONS))
def test_every_sentence_says_what_happened_whether_money_moved_and_what_to_do(code: str) -> None:
    """U16, ux.md 3.8."""
    happened, money, then = declines.payer_sentence(code).partition(declines.NO_MONEY_TAKEN)
    assert happened.strip().endswith(".")
    assert money
    assert re.match(r" (Check|Use|Pay|Wait|Call)\b", then)
    assert then.endswith(".")


@pytest.mark.parametrize("code", sorted(declines.REASONS))
def test_no_banned_words(code: str) -> None:
    """U16."""
    reason = declines.REASONS[code]
    for text in (reason.payer, reason.staff):
        assert not [word for word in BANNED if word in text.lower()]
    for word in re.findall(r"[a-z]+", reason.payer.lower()):
        assert word not in ("fraud", "stolen", "lost", "processor", "stripe", "intent", "charge")


@pytest.mark.parametrize("code", ["lost_or_stolen", "suspected_fraud"])
def test_lost_stolen_and_fraud_read_like_a_plain_decline(code: str) -> None:
    """ux.md 3.8: never revealed to the payer, told to staff."""
    assert declines.payer_sentence(code) == declines.payer_sentence("declined")
    assert declines.staff_words(code) != declines.staff_words("declined")


def test_a_code_nobody_knows_is_a_plain_decline() -> None:
    """ux.md 3.8."""
    assert declines.reason("something_new") is declines.REASONS["declined"]


def test_the_known_causes_are_told_apart() -> None:
    """ux.md 3.8."""
    named = (
        "declined",
        "insufficient_funds",
        "wrong_code",
        "expired_card",
        "authentication_failed",
        "processing_error",
    )
    assert len({declines.payer_sentence(code) for code in named}) == len(named)
    assert declines.reason("wrong_code").field == "code"


@pytest.mark.parametrize("code", REFUNDS)
def test_a_refund_that_did_not_go_through_is_explained_to_staff(code: str) -> None:
    """E7."""
    words = declines.refund_words(code)
    assert words != declines.staff_words("declined")
    assert not [word for word in BANNED if word in words.lower()]
