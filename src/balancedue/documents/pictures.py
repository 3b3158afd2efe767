"""QR codes and logos as SVG text, the one kind of picture our templates take: no file is ever opened for them."""

import base64
import struct
from dataclasses import dataclass

import segno

from balancedue.rules.limits import MAX_LOGO_BYTES, MAX_LOGO_PIXELS

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_JPEG_SIZE_MARKERS = frozenset((0xC0, 0xC1, 0xC2))  # start of frame: baseline, extended, progressive

_MASK = 6
"""Of the eight masks every reader knows. To try all eight takes longer than to set the page, and random tokens need
no better one."""

_LOGO_HEIGHT_MM = 18  # ux.md 8
_LOGO_WIDTH_MM = 70
_COARSEST_MM = 25.4 / 96  # a pixel is never drawn larger than this


def qr_svg(text: str) -> str:
    """`text` as a QR code: one filled path, one unit a module, with no quiet zone (the page around it is white)."""
    matrix = segno.make_qr(text, error="m", mask=_MASK).matrix
    runs = "".join(
        f"M{start} {y}h{end - start}v1h{start - end}z" for y, row in enumerate(matrix) for start, end in _dark_runs(row)
    )
    side = len(matrix)
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}"><path d="{runs}"/></svg>'


@dataclass(frozen=True, slots=True)
class Picture:
    """An SVG and the size to print it at, in millimetres."""

    svg: str
    width_mm: float
    height_mm: float


def logo_picture(logo: bytes) -> Picture | None:
    """A PNG or JPEG wrapped as SVG; None when it is neither, too heavy or too large: the name is printed instead."""
    if not logo or len(logo) > MAX_LOGO_BYTES:
        return None
    kind = "png" if logo.startswith(_PNG) else "jpeg" if logo.startswith(_JPEG) else ""
    width, height = _size(logo, kind)
    if not (0 < width <= MAX_LOGO_PIXELS and 0 < height <= MAX_LOGO_PIXELS):
        return None
    data = base64.b64encode(logo).decode()
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f'<image width="{width}" height="{height}" href="data:image/{kind};base64,{data}"/></svg>'
    )
    scale = min(_LOGO_HEIGHT_MM / height, _LOGO_WIDTH_MM / width, _COARSEST_MM)
    return Picture(svg, round(width * scale, 2), round(height * scale, 2))


def _dark_runs(row: bytearray) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for x, dark in enumerate(row):
        if dark and runs and runs[-1][1] == x:
            runs[-1] = (runs[-1][0], x + 1)
        elif dark:
            runs.append((x, x + 1))
    return runs


def _size(logo: bytes, kind: str) -> tuple[int, int]:
    """Width and height in pixels, from the header; (0, 0) when it cannot be read."""
    try:
        if kind == "png":
            width, height = struct.unpack(">II", logo[16:24])
            return width, height
        return _jpeg_size(logo) if kind == "jpeg" else (0, 0)
    except (struct.error, IndexError):
        return 0, 0


def _jpeg_size(logo: bytes) -> tuple[int, int]:
    at = 2
    while True:
        marker = logo[at + 1]
        if marker in _JPEG_SIZE_MARKERS:
            height, width = struct.unpack(">HH", logo[at + 5 : at + 9])
            return width, height
        at += 2 + struct.unpack(">H", logo[at + 2 : at + 4])[0]
