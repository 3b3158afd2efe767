"""Which encoding a file is in: read once from end to end, so that nothing changes half-way through."""

import codecs
from pathlib import Path

_CHUNK = 1 << 20


def encoding_of(path: Path) -> tuple[str, str]:
    """The encoding, and a sentence when it is not plain UTF-8. Raises OSError."""
    with path.open("rb") as file:
        start = file.read(4)
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16", "Read as UTF-16."
        file.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8")()
        lines = 1
        try:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
                lines += chunk.count(b"\n")
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            at = lines + error.object[: error.start].count(b"\n")
            return (
                "latin-1",
                f"Not UTF-8 from line {at} on: the whole file is read as Latin-1. Check names with accents.",
            )
    return "utf-8-sig", ""
