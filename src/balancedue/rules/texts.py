"""Text from outside: what may be stored and shown, and what no one types (J9)."""

import unicodedata

_FINE = {"\t"}
_LINE_ENDS = {"\n", "\r"}


def text_fault(text: str, *, at_most: int, several_lines: bool = False) -> str:
    """Why `text` cannot be kept, as a sentence; "" when it can. Databases hold neither NUL nor half a character."""
    if len(text) > at_most:
        return f"Keep this to {at_most:,} characters"
    fine = _FINE | _LINE_ENDS if several_lines else _FINE
    if any(unicodedata.category(sign) in ("Cc", "Cs") and sign not in fine for sign in text):
        return "Take the hidden control characters out" if several_lines else "Write this in one line of plain text"
    return ""
