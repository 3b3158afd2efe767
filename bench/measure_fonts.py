"""Writes `fonts/coverage.json`: which characters each bundled family can draw. Run after changing the fonts.

    python -m bench.measure_fonts

Needs fonttools, a development tool; the product itself only reads the table.
"""

import json
from collections import defaultdict
from itertools import groupby

from fontTools.ttLib import TTFont

from balancedue.documents.coverage import FONTS

ORDER = ("Inter", "Noto Sans", "Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Thai", "Noto Sans Devanagari")
LAST = ("Droid Sans Fallback", "Noto Sans Symbols", "Noto Emoji", "Noto Sans Symbols2")


def main() -> None:
    """Measure every font file and write the table."""
    families: defaultdict[str, list[set[int]]] = defaultdict(list)
    for path in sorted(FONTS.glob("*.ttf")):
        font = TTFont(path, lazy=True)
        family = font["name"].getBestFamilyName()
        families[family].append(set(font.getBestCmap()))
    covered = {family: set.intersection(*weights) for family, weights in families.items()}
    middle = sorted(set(covered) - set(ORDER) - set(LAST))
    order = [*ORDER, *middle, *LAST]
    table = {"families": order, "spans": _spans([covered[family] for family in order])}
    (FONTS / "coverage.json").write_text(json.dumps(table, separators=(",", ":")) + "\n")


def _spans(sets: list[set[int]]) -> list[tuple[int, int, int]]:
    """(first, last, mask) for each run of code points drawn by the same families; bit n of mask is family n."""
    masks: defaultdict[int, int] = defaultdict(int)
    for bit, points in enumerate(sets):
        for point in points:
            masks[point] |= 1 << bit
    spans = []
    for (_, mask), run in groupby(enumerate(sorted(masks)), key=lambda pair: (pair[1] - pair[0], masks[pair[1]])):
        points = [point for _, point in run]
        spans.append((points[0], points[-1], mask))
    return spans


if __name__ == "__main__":
    main()
