"""How a page is looked at: schemes, widths, text sizes; and which of them each run takes."""

from dataclasses import dataclass
from itertools import product

from playwright.sync_api import Page

HEIGHT = {320: 640, 390: 844, 1280: 900}
LARGE_TEXT = "html { font-size: 200% }"
TEXT_SPACING = """* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }
p { margin-block-end: 2em !important }"""


@dataclass(frozen=True, slots=True)
class Look:
    """`scheme` light or dark, `width` in CSS pixels; `forced` colours of the system; `css` of the reader's own."""

    scheme: str
    width: int
    forced: bool = False
    css: str = ""
    name: str = ""

    def __str__(self) -> str:
        return self.name or f"{self.scheme}-{self.width}"

    def take(self, page: Page) -> None:
        """Bring an open page into this look."""
        page.set_viewport_size({"width": self.width, "height": HEIGHT[self.width]})
        page.emulate_media(
            color_scheme=self.scheme,  # type: ignore[arg-type]
            forced_colors="active" if self.forced else "none",
        )
        page.evaluate(
            "css => { const s = new CSSStyleSheet(); s.replaceSync(css); document.adoptedStyleSheets = [s] }", self.css
        )


PLAIN = [Look(scheme, width) for scheme, width in product(("light", "dark"), (320, 390, 1280))]
HARD = [
    Look("light", 320, css=LARGE_TEXT, name="large-text-320"),
    Look("light", 320, css=TEXT_SPACING, name="text-spacing-320"),
    Look("dark", 390, forced=True, name="forced-colours-390"),
]


LARGER = HARD[:2]
"""Text twice as large, and set wide (U3)."""


def pairwise(number: int) -> list[Look]:
    """Two looks for the state of that number: a narrow and a wide one, one of them dark; over six neighbours every pair
    of scheme and width is seen."""
    first, second = ("light", "dark") if number % 2 else ("dark", "light")
    return [Look(first, 390 if number % 3 else 320), Look(second, 1280)]


def between(number: int) -> list[Look]:
    """The widths that `pairwise` leaves out, for what only depends on width."""
    return [Look("light", 320 if number % 3 else 390)]


def every(number: int) -> list[Look]:
    """All looks."""
    return [*PLAIN, *HARD]
