"""Read a page as a browser may: every element with its attributes, and nothing that one reader sees and another not."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

_TAG = re.compile(r"<([a-zA-Z][^\s/>]*)")
_NOT_ELEMENTS = re.compile(r"<!--|<!\[|<\?")
_BLANK = "".join(map(chr, range(0x21)))  # what a browser drops at the ends of an address
_DROPPED = re.compile(r"[\t\r\n]")  # and anywhere in it


@dataclass(slots=True)
class Element:
    """One start tag. An attribute may stand there twice: `attributes` holds both."""

    tag: str
    attributes: list[tuple[str, str]]
    text: str = ""  # inside it, of scripts and styles

    def get(self, name: str) -> str | None:
        """The value a browser takes: the first; "" where it has none, None where it is not there."""
        return next((value for key, value in self.attributes if key == name), None)

    @property
    def names(self) -> set[str]:
        return {name for name, _ in self.attributes}


@dataclass(slots=True)
class Page:
    """A page that was read. `doubts`: whatever makes it possible that a browser reads another page than we did."""

    elements: list[Element] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    def all(self, tag: str) -> Iterator[Element]:
        return (element for element in self.elements if element.tag == tag)


def read_page(body: bytes) -> Page:
    """Every element of an HTML page in UTF-8."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return Page(doubts=["the page is not in UTF-8"])
    reader = _Reader()
    reader.feed(text)
    reader.close()
    page = reader.page
    if "\x00" in text or text.startswith("\ufeff"):
        page.doubts.append("the page holds bytes that readers take differently")
    if _NOT_ELEMENTS.search(text):
        page.doubts.append("the page holds a comment")
    written = Counter(tag.lower() for tag in _TAG.findall(text))
    if written != Counter(element.tag for element in page.elements):
        page.doubts.append("the page can be read in two ways")
    return page


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page()
        self._inside: Element | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, [(name, value or "") for name, value in attrs])
        self.page.elements.append(element)
        self._inside = element if tag in ("script", "style") else None

    def handle_endtag(self, tag: str) -> None:
        self._inside = None

    def handle_data(self, data: str) -> None:
        if self._inside is not None:
            self._inside.text += data


@dataclass(frozen=True, slots=True)
class Address:
    """Where an address in a page leads: "" for no scheme or host of its own, so to the page's own host."""

    scheme: str
    host: str
    path: str


def read_address(written: str) -> Address:
    """As a browser reads it, which forgives much: blanks, line ends and backslashes."""
    plain = _DROPPED.sub("", written.strip(_BLANK)).replace("\\", "/")
    try:
        parts = urlsplit(plain)
    except ValueError:
        return Address("unreadable", "", "")
    return Address(parts.scheme.lower(), parts.netloc.lower(), parts.path)
