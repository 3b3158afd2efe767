"""Form bodies and sums as text."""

from urllib.parse import parse_qsl

import pytest

from balancedue.sandbox.currencies import as_text
from balancedue.sandbox.http import decode_form


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("a=1&b=2", {"a": "1", "b": "2"}),
        ("a[b][c]=x&a[b][d]=y", {"a": {"b": {"c": "x", "d": "y"}}}),
        ("expand[]=x&expand[]=y", {"expand": {"0": "x", "1": "y"}}),
        ("expand[0]=x&expand[1]=y", {"expand": {"0": "x", "1": "y"}}),
        ("metadata[1]=x&metadata[clé]=é", {"metadata": {"1": "x", "clé": "é"}}),
        ("metadata=", {"metadata": ""}),
    ],
)
def test_brackets_are_groups(text: str, form: dict[str, object]) -> None:
    """a[b][c]=x as Stripe's clients send it."""
    assert decode_form(parse_qsl(text, keep_blank_values=True)) == form


@pytest.mark.parametrize("text", ["a=1&a[b]=2", "[a]=1", "a[=1"])
def test_what_cannot_be_read_is_refused(text: str) -> None:
    """A name that is a value and a group at once means nothing."""
    with pytest.raises(ValueError, match=r"."):
        decode_form(parse_qsl(text))


@pytest.mark.parametrize(
    ("amount", "code", "text"),
    [(110528, "usd", "1,105.28 USD"), (5, "eur", "0.05 EUR"), (1000, "jpy", "1,000 JPY"), (1500, "kwd", "1.500 KWD")],
)
def test_sums_are_shown_with_the_currencys_decimals(amount: int, code: str, text: str) -> None:
    """0, 2 and 3 decimals."""
    assert as_text(amount, code) == text
