"""Public ids and link tokens."""

import hashlib
import re

import pytest

from balancedue.rules.actor import COMMAND, CUSTOMER, PROCESSOR, WORKER, Actor
from balancedue.rules.ids import is_token, new_id, new_token, token_hash


def test_an_id_says_what_it_is_and_nothing_more() -> None:
    """M4: not sequential, 100 random bits, safe to read aloud."""
    made = {new_id("ord") for _ in range(1_000)}
    assert len(made) == 1_000
    assert all(re.fullmatch(r"ord_[0-9a-hjkmnp-tv-z]{20}", one) for one in made)


def test_a_token_has_256_random_bits() -> None:
    """I1, requirements.md 2.13: 43 characters that need no quoting in an address."""
    made = {new_token() for _ in range(1_000)}
    assert len(made) == 1_000
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", one) for one in made)
    assert all(is_token(one) for one in made)


@pytest.mark.parametrize(
    "text", ["", "x" * 42, "x" * 44, "x" * 42 + "/", "x" * 42 + "é", "x" * 43 + "\n", "../" * 14 + "x"]
)
def test_what_is_not_a_token_is_not_even_looked_up(text: str) -> None:
    """I2."""
    assert not is_token(text)


def test_a_token_is_found_by_its_hash() -> None:
    """I1: plain SHA-256 suffices for 256 random bits."""
    assert token_hash("abc") == hashlib.sha256(b"abc").hexdigest()
    assert token_hash("abc") != token_hash("Abc")


def test_actors_are_written_as_kind_and_id() -> None:
    """N13: names live in rows that can be erased."""
    assert str(Actor("user", "usr_1")) == "user:usr_1"
    assert [str(actor) for actor in (CUSTOMER, PROCESSOR, WORKER, COMMAND)] == [
        "customer", "processor", "worker", "command",
    ]  # fmt: skip
