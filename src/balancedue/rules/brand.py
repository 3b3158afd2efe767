"""The shop's own colour, made safe to read (ux.md 5.1, U17)."""

import re
from dataclasses import dataclass

from balancedue.rules.errors import Refused

WHITE = "#FFFFFF"
INK = "#1E1A14"
ENOUGH = 4.5
"""WCAG 2.2, 1.4.3: the least contrast of text on its ground."""

_HEX = re.compile(r"#[0-9A-Fa-f]{6}")
_WEIGHTS = (0.2126, 0.7152, 0.0722)


@dataclass(frozen=True, slots=True)
class Paint:
    """A fill and the colour of the words on it, both "#RRGGBB", with a contrast of at least 4.5."""

    fill: str
    label: str


def paint_for(colour: str, *, field: str = "brand_colour") -> Paint:
    """The paint of a shop colour "#rrggbb": white words if they can be read, else ink, else a darker fill under white.

    Darkened at the same hue and saturation: in OKLCH lightness and chroma shrink by one factor, which is the same as
    scaling the light itself, so the colour never leaves sRGB. Raises Refused `invalid` for anything but "#rrggbb".
    """
    if not _HEX.fullmatch(colour):
        raise Refused("invalid", "Enter a colour like #1F5FA8", field=field)
    fill = colour.upper()
    for label in (WHITE, INK):
        if contrast(fill, label) >= ENOUGH:
            return Paint(fill, label)
    return Paint(_darkened(fill), WHITE)


def contrast(one: str, other: str) -> float:
    """WCAG contrast ratio of two "#RRGGBB" colours: 1 to 21, the same in either order."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _darkened(fill: str) -> str:
    """The lightest shade of `fill` on which white words can be read, to within one step of a channel."""
    wanted = 1.05 / ENOUGH - 0.05
    scale = wanted / _luminance(fill)
    channels = (int(_encoded(light * scale) * 255) for light in _linear(fill))  # rounded down: never too light
    return "#" + "".join(f"{channel:02X}" for channel in channels)


def _luminance(colour: str) -> float:
    return sum(weight * light for weight, light in zip(_WEIGHTS, _linear(colour), strict=True))


def _linear(colour: str) -> list[float]:
    return [_decoded(int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5)]


def _decoded(value: float) -> float:
    """sRGB value to light, both 0 to 1."""
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _encoded(light: float) -> float:
    """Light to sRGB value, both 0 to 1."""
    return light * 12.92 if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055
