"""What the bundled fonts can draw. All text passes here on its way to paper, and nothing is dropped without a trace.

A character no font covers would stop a PDF/A from being made at all; it is written as its code point in brackets,
"[U+13080]", so that the reader sees that something stands there, and what. Control characters and the ones that
reorder their neighbours (Trojan Source, J5) are taken out.
"""

import json
import re
import unicodedata
from bisect import bisect_right
from functools import lru_cache
from pathlib import Path

FONTS = Path(__file__).parent / "fonts"

_PLAIN = re.compile(r"[ -~\u00a0-\u00ac\u00ae-\u017f\u2013\u2014\u2018-\u201e\u2022\u2026\u202f\u20ac\u2212]*")
_LINE_ENDS = re.compile("[\t-\r\x1c-\x1f\x85\u2028\u2029]+")
_LONG_WORD = re.compile(r"\S{31,}")
_BREAK_EVERY = 20  # characters of a word that is too long for its column
_JOINERS = frozenset("\u200c\u200d")  # joiners shape Persian and the Indic scripts
_MARKS_OF_DIRECTION = frozenset("\u200e\u200f\u061c")  # CLDR puts them around amounts; they move nothing far away
_RIGHT_TO_LEFT = frozenset(("R", "AL", "AN"))
_UNSEEN = _JOINERS | _MARKS_OF_DIRECTION
_DROPPED = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff"
    "\uffa0\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def printable(text: str) -> str:
    """`text` on one line, made of nothing but what the bundled fonts can draw."""
    return _drawn(_LINE_ENDS.sub(" ", text).strip())


def printable_lines(text: str) -> list[str]:
    """The lines of `text`, each `printable`; blank lines at either end are left out."""
    return [printable(line) for line in text.strip().splitlines()]


def _drawn(line: str) -> str:
    if not _PLAIN.fullmatch(line):
        line = _DROPPED.sub("", line)
        line = _isolated("".join(_draw(cluster) for cluster in _clusters(line)))
    return _LONG_WORD.sub(_with_breaks, line) if len(line) > _BREAK_EVERY else line


def _isolated(line: str) -> str:
    """Text of a right-to-left script keeps its own order and leaves its neighbours' alone, as HTML's <bdi> does."""
    if any(unicodedata.bidirectional(sign) in _RIGHT_TO_LEFT for sign in line):
        return f"\u2068{line}\u2069"
    return line


def _clusters(line: str) -> list[str]:
    """Letters with the marks that belong to them: one font has to draw the whole of each."""
    clusters: list[str] = []
    for sign in line:
        if clusters and (_hangs_on(sign) or clusters[-1][-1] == "\u200d"):
            clusters[-1] += sign
        else:
            clusters.append(sign)
    return clusters


def _hangs_on(sign: str) -> bool:
    return sign in _UNSEEN or unicodedata.category(sign)[0] == "M" or "\U0001f3fb" <= sign <= "\U0001f3ff"


def _draw(cluster: str) -> str:
    if _family_for(cluster):
        return cluster
    if len(cluster) == 1:
        return _stand_in(cluster)
    # No one font has it all: keep what can be drawn alone, without its marks, and name the rest.
    return "".join(_stand_in(sign) if _hangs_on(sign) else _draw(sign) for sign in cluster if sign not in _UNSEEN)


def _stand_in(sign: str) -> str:
    return " " if unicodedata.category(sign) == "Zs" else f"[U+{ord(sign):04X}]"


def _family_for(cluster: str) -> int:
    """A bit for each family that can draw every sign of the cluster; 0 if there is none."""
    mask = -1
    for sign in cluster:
        if sign not in _UNSEEN:
            mask &= _families(sign)
    return mask


@lru_cache(maxsize=4096)
def _families(sign: str) -> int:
    if unicodedata.category(sign) == "Co":  # private use: a glyph here says nothing of what was meant
        return 0
    starts, spans = _table()
    point = ord(sign)
    first, last, mask = spans[max(bisect_right(starts, point) - 1, 0)]
    return mask if first <= point <= last else 0


@lru_cache(maxsize=1)
def _table() -> tuple[list[int], list[tuple[int, int, int]]]:
    spans = json.loads((FONTS / "coverage.json").read_text())["spans"]
    return [span[0] for span in spans], [(first, last, mask) for first, last, mask in spans]


def _with_breaks(match: re.Match[str]) -> str:
    """A word too long for a column gets places where it may break, never between a letter and its marks."""
    parts: list[str] = []
    run = 0
    for cluster in _clusters(match[0]):
        if run >= _BREAK_EVERY:
            parts.append("\u200b")
            run = 0
        parts.append(cluster)
        run += len(cluster)
    return "".join(parts)
