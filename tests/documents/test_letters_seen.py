"""The letters in a real browser: light, dark, phone, wide."""

from itertools import product
from pathlib import Path

import axe_playwright_python
import pytest
from django.utils import translation

from tests.browser import NewContext
from tests.documents.letters_sample import FAMILY, request, sample_invoice

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()


def faults(new_context: NewContext, html: str) -> list[str]:
    """What axe finds, and overflow, in light and dark, on phones and wider."""
    context = new_context(watched=False)
    page = context.new_page()
    page.set_content(html)
    page.evaluate(AXE)
    found = []
    for scheme, width in product(("light", "dark"), (320, 390, 700)):
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        page.set_viewport_size({"width": width, "height": 800})
        seen = page.evaluate(
            "axe.run().then(r => r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.html).join()))"
        )
        if page.evaluate("document.documentElement.scrollWidth") > width:
            seen.append("overflow")
        found += [f"{scheme} {width}: {fault}" for fault in seen]
    return found


@pytest.mark.parametrize("kind", FAMILY)
def test_axe_finds_nothing_in_any_letter(new_context: NewContext, kind: str) -> None:
    """U20."""
    assert faults(new_context, FAMILY[kind](sample_invoice(test_mode=True)).html) == []


def test_long_words_and_right_to_left_stay_on_the_page(new_context: NewContext) -> None:
    """U18, U20."""
    with translation.override("ar"):
        html = request(message="x" * 400 + "\n" + "مرحبا دانا", sender_name="Y" * 90).html
    assert faults(new_context, html) == []


def test_a_letter_can_be_read_without_its_styles(new_context: NewContext) -> None:
    """U20: images and styles off, the facts stand in order."""
    page = new_context(watched=False).new_page()
    page.set_content(request().html)
    page.evaluate(
        "document.querySelectorAll('style').forEach(s => s.remove());"
        "document.querySelectorAll('[style]').forEach(e => e.removeAttribute('style'))"
    )
    words = page.inner_text("body")
    facts = [
        "Foxglove Print Co.",
        "Balance due on order",
        "$1,105.28",
        "View Invoice",
        "Hi Dana",
        "$1,605.28",
        "Not expecting",
    ]
    assert [words.index(fact) for fact in facts] == sorted(words.index(fact) for fact in facts)
