"""Shop colours that can be read."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balancedue.rules.brand import INK, WHITE, Paint, contrast, paint_for
from balancedue.rules.errors import Refused

COLOURS = st.integers(0, 0xFFFFFF).map("#{:06x}".format)


@settings(max_examples=1000)
@given(COLOURS)
def test_words_on_any_shop_colour_can_be_read(colour: str) -> None:
    """U17."""
    paint = paint_for(colour)
    assert contrast(paint.fill, paint.label) >= 4.5
    assert paint.label in {WHITE, INK}
    assert paint.fill == colour.upper() or (paint.label == WHITE and contrast(colour, INK) < 4.5)


@settings(max_examples=1000)
@given(COLOURS)
def test_a_colour_is_darkened_no_more_than_needed_and_keeps_its_hue(colour: str) -> None:
    """U17."""
    paint = paint_for(colour)
    if paint.fill != colour.upper():
        assert contrast(paint.fill, WHITE) < 4.7
        before, after = ([int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in (colour, paint.fill))
        assert all(dark <= light for dark, light in zip(after, before, strict=True))
        assert sorted(range(3), key=before.__getitem__) == sorted(range(3), key=lambda i: (after[i], before[i], i))


def test_the_rule_gives_the_examples_of_the_design() -> None:
    """U17."""
    assert contrast("#7A5CFF", WHITE) == pytest.approx(4.37, abs=0.01)
    assert contrast("#7A5CFF", INK) == pytest.approx(3.96, abs=0.01)
    assert paint_for("#7A5CFF").label == WHITE
    assert paint_for("#FFD400") == Paint("#FFD400", INK)
    assert contrast("#FFD400", INK) == pytest.approx(12.09, abs=0.01)
    assert paint_for("#000000") == Paint("#000000", WHITE)
    assert contrast("#000000", WHITE) == pytest.approx(21)


@pytest.mark.parametrize(
    "colour", ["", "red", "#fff", "#12345", "#1234567", "#12345g", "#１２3456", "#123456\n", "123456"]
)
def test_it_refuses_what_is_no_colour(colour: str) -> None:
    """U17."""
    with pytest.raises(Refused, match="Enter a colour like") as refusal:
        paint_for(colour)
    assert refusal.value.field == "brand_colour"
