"""What a reader of a page sees."""

import re
from typing import Any


def words(response: Any) -> str:
    """The text of a page as one line, with a plain minus."""
    body = re.sub(r"(?s)<(script|style|svg|title|template).*?</\1>", "", response.content.decode())
    body = re.sub(r"</(dt|dd|p|th|td|h1|h2|div|a)>|<br>", " ", body)
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", body).replace("&#x27;", "'"))
    return text.replace("\u2212", "-")
