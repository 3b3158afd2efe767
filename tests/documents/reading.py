"""Reads a PDF back, as a viewer or a screen reader would."""

import io
from collections.abc import Iterator

from pypdf import PdfReader
from pypdf.generic import DictionaryObject


def text_of(pdf: bytes) -> str:
    """All text in reading order on one line; isolates of direction, which show nothing, left out."""
    text = " ".join(pages_of(pdf)).replace("\u2068", "").replace("\u2069", "")
    return " ".join(text.split())


def pages_of(pdf: bytes) -> list[str]:
    """The text of each page."""
    return [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]


def root_of(pdf: bytes) -> DictionaryObject:
    """The document catalogue."""
    return PdfReader(io.BytesIO(pdf)).trailer["/Root"]


def tags_of(pdf: bytes) -> set[str]:
    """The names of all structure elements: "/Table", "/H1" ..."""
    return {str(element["/S"]) for element in _elements(root_of(pdf)["/StructTreeRoot"])}


def fonts_of(pdf: bytes) -> list[DictionaryObject]:
    """The descriptor of each font the pages use."""
    fonts = []
    for page in PdfReader(io.BytesIO(pdf)).pages:
        for font in page["/Resources"].get("/Font", {}).values():
            fonts += [leaf.get_object()["/FontDescriptor"] for leaf in font.get_object()["/DescendantFonts"]]
    return fonts


def links_of(pdf: bytes) -> set[str]:
    """Where the links of all pages lead."""
    notes = [note.get_object() for page in PdfReader(io.BytesIO(pdf)).pages for note in page.get("/Annots", [])]
    return {note["/A"]["/URI"] for note in notes if "/A" in note}


def _elements(node: DictionaryObject) -> Iterator[DictionaryObject]:
    children = node.get("/K", [])
    for child in children if isinstance(children, list) else [children]:
        child = child.get_object()
        if isinstance(child, DictionaryObject) and "/S" in child:
            yield child
            yield from _elements(child)
