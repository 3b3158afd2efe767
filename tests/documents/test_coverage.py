"""Every text can be printed."""

import random
import re
import unicodedata
from dataclasses import replace

import pytest

from balancedue.documents.coverage import FONTS, printable, printable_lines
from balancedue.documents.invoice_pdf import invoice_pdf
from tests.documents.reading import fonts_of, text_of
from tests.documents.samples import CUSTOMER, make_invoice, make_line

NAMES = {
    "Arabic": "شركة النور للطباعة",
    "Hebrew": "דפוס אלון בע״מ",
    "Thai": "บริษัท พิมพ์ดี จำกัด",
    "Devanagari": "लार्कस्पर प्रिंटिंग",
    "DroidSansFallback": "株式会社山田印刷 ひらがな 北京印刷有限公司 주식회사",
    "Bengali": "ঢাকা প্রিন্টিং",
    "Tamil": "சென்னை அச்சகம்",
    "Ethiopic": "አዲስ አበባ",
    "Georgian": "თბილისი",
    "Armenian": "Երևան",
    "Khmer": "ភ្នំពេញ",
    "Inter": "Ελλάδα Мастерская Nguyễn Thị Hồng Łódź",
}


@pytest.mark.parametrize("script", NAMES)
def test_a_name_in_a_bundled_script_is_set_in_its_font(script: str) -> None:
    """Scripts of the bundled fonts shaped. requirements.md 3.45."""
    name = NAMES[script]
    assert printable(name).strip("\u2068\u2069") == name
    pdf = invoice_pdf(make_invoice(1, bill_to=replace(CUSTOMER, name=name, company="")))
    assert any(script in str(font["/FontName"]) for font in fonts_of(pdf))


def test_what_no_font_covers_is_replaced_by_something_seen() -> None:
    """requirements.md 3.45: an Egyptian hieroglyph, private use, half a surrogate pair: named, not dropped."""
    assert printable("Nile \U00013080 Press") == "Nile [U+13080] Press"
    assert printable("\ue000\ud800") == "[U+E000][U+D800]"
    assert "Nile [U+13080] Press" in text_of(
        invoice_pdf(make_invoice(1, bill_to=replace(CUSTOMER, name="Nile \U00013080 Press")))
    )


def test_what_steers_the_reader_is_taken_out() -> None:
    """J5: overrides of direction, zero-width characters, control characters, tags."""
    assert printable("abc\u202egnp.exe") == "abcgnp.exe"
    assert printable("a\u200bb\ufeffc\u2066d\U000e0041") == "abcd"
    assert printable("nul\x00bell\x07\x1b[31m") == "nulbell[31m"
    assert printable("tab\tline\r\nend\u2028x") == "tab line end x"
    assert printable_lines("one\r\n\ntwo\n\n") == ["one", "", "two"]


def test_right_to_left_text_keeps_to_itself() -> None:
    """ux.md 10.10: isolated as <bdi> does; the joiners Persian needs stay."""
    assert printable("می‌خواهم") == "\u2068می‌خواهم\u2069"
    assert printable("plain") == "plain"


def test_a_word_too_long_for_its_column_may_break_and_is_copied_whole() -> None:
    """ux.md 8.4: wraps, never runs into the next column; the break leaves nothing behind in copied text."""
    word = "".join(chr(97 + n % 26) for n in range(300))
    line = replace(make_line(0, "USD"), description=word)
    text = text_of(invoice_pdf(make_invoice(lines=(line,))))
    assert word in re.sub(r"\s", "", text)
    assert "\u200b" not in text


def test_no_text_stops_an_invoice() -> None:
    """Never an error. A thousand words of covered, uncovered, combining and unseen characters, seeded."""
    chance = random.Random(20261122)
    marks = [point for point in range(0x300, 0x1FFFF) if unicodedata.category(chr(point))[0] == "M"]
    odd = [0x200C, 0x200D, 0x20E3, 0x1F3FB, 0xFE0F, 0x1F1EB, 0xAD, 0x25CC, 0xFFFC, 0xFFFF, 0xD800, 0xFF9E, 0x309A]

    def sign() -> str:
        pick = chance.random()
        if pick < 0.4:
            return chr(chance.randint(0x20, 0x33FF))
        if pick < 0.8:
            return chr(chance.choice(marks if pick < 0.6 else odd))
        return chr(chance.randint(0, 0x10FFFF))

    words = ["".join(sign() for _ in range(chance.randint(1, 12))) for _ in range(1000)]
    lines = tuple(replace(make_line(1, "USD"), description=" ".join(words[n::50])) for n in range(50))
    assert invoice_pdf(make_invoice(lines=lines)).startswith(b"%PDF")


def test_every_font_has_its_licence_beside_it() -> None:
    """The fonts are redistributed: SIL Open Font License, Apache License 2.0."""
    files = {path.name for path in FONTS.iterdir()}
    assert {"OFL-Inter.txt", "OFL-Noto.txt", "LICENSE-Apache-2.0-DroidSansFallback.txt"} <= files
    assert all(name.startswith(("Inter-", "Noto", "DroidSansFallback")) for name in files if name.endswith(".ttf"))
    assert sum(path.stat().st_size for path in FONTS.iterdir()) < 15_000_000
