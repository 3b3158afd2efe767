"""The frame every letter shares: facts of one letter in, its HTML and its text out.

The template holds no words and the words hold no markup: whatever a person typed is escaped by the template.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import css_inline
from django.template import Context, Engine
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, get_language_bidi

from balancedue.rules.brand import Paint

_ENGINE = Engine(dirs=[str(Path(__file__).parent / "templates")], autoescape=True)
_INLINER = css_inline.CSSInliner(keep_at_rules=False, load_remote_stylesheets=False)
_SHORT_FIGURE = 16  # characters that fit a phone at full size
# Invisible signs after the preheader, so that an inbox does not fill its preview line from the body.
_FILLER = mark_safe("&#847;&zwnj;&nbsp;&#8199;&shy;" * 50)  # noqa: S308 - a constant


@dataclass(frozen=True, slots=True)
class Letter:
    """What an envelope carries: subject, text part, HTML part."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The facts of one letter, already in words, amounts and dates in the reader's locale. All plain text.

    lead        the first sentence of the text part
    rows        label and amount (or other fact); the last one is set in bold
    quote       what a person wrote, under `quote_from`
    view_name   the name of the one action a mail program may offer; "" for none
    beneath     small print at the foot, one line each
    """

    sender: str
    subject: str
    preheader: str
    lead: str
    heading: str
    figure: str
    aside: str
    button: str
    link: str
    paint: Paint
    link_words: str
    rows: tuple[tuple[str, str], ...]
    banner: str = ""
    before: str = ""
    quote_from: str = ""
    quote: str = ""
    after: str = ""
    note: str = ""
    beneath: tuple[str, ...] = ()
    questions: str = ""
    view_name: str = ""


def write(sheet: Sheet) -> Letter:
    """Both parts of the letter."""
    return Letter(sheet.subject, _text(sheet), _html(sheet))


def typed_lines(words: str) -> list[str]:
    """What a person typed, line by line; never two empty lines in a row; control characters are left out."""
    clean = words.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n\n")
    clean = "".join(sign for sign in clean if sign in "\n\t" or (sign >= " " and not "\x7f" <= sign <= "\x9f"))
    lines: list[str] = []
    for line in clean.strip().split("\n"):
        if line.strip() or (lines and lines[-1]):
            lines.append(line.rstrip())
    return lines if lines != [""] else []


def _html(sheet: Sheet) -> str:
    is_rtl = get_language_bidi()
    facts = {
        "sheet": sheet,
        "before": typed_lines(sheet.before),
        "quote": typed_lines(sheet.quote),
        "after": typed_lines(sheet.after),
        "filler": _FILLER,
        "language": get_language() or "en",
        "direction": "rtl" if is_rtl else "ltr",
        "start": "right" if is_rtl else "left",
        "end": "left" if is_rtl else "right",
        "markup": _markup(sheet),
        "is_long": len(sheet.figure) > _SHORT_FIGURE,
    }
    return _INLINER.inline(_ENGINE.get_template("letter.html").render(Context(facts)))


def _markup(sheet: Sheet) -> SafeString | str:
    """JSON-LD for the action that some mail programs show beside the subject; a plain GET without effect (ux.md 7)."""
    if not sheet.view_name:
        return ""
    facts = {
        "@context": "http://schema.org",
        "@type": "EmailMessage",
        "description": sheet.preheader,
        "potentialAction": {"@type": "ViewAction", "name": sheet.view_name, "url": sheet.link, "target": sheet.link},
        "publisher": {"@type": "Organization", "name": sheet.sender},
    }
    inert = json.dumps(facts)
    for sign in "<>&":
        inert = inert.replace(sign, f"\\u{ord(sign):04x}")
    return mark_safe(inert)  # noqa: S308 - ASCII, and nothing in it can end the script element


def _text(sheet: Sheet) -> str:
    """The text part: written for itself, the same facts."""
    parts = [
        sheet.banner,
        sheet.lead,
        f"{sheet.heading}: {sheet.figure}" + (f"   ({sheet.aside})" if sheet.aside else ""),
        f"{sheet.link_words}: {sheet.link}",
        _block(sheet.before),
        "\n".join(filter(None, [sheet.quote_from, _block(sheet.quote)])),
        _block(sheet.after),
        "\n".join(filter(None, [" · ".join(f"{label} {value}" for label, value in sheet.rows), sheet.questions])),
        sheet.note,
        "\n".join(sheet.beneath),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _block(words: str) -> str:
    return "\n".join(typed_lines(words))
