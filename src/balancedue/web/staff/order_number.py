"""An order's number in an address."""

from urllib.parse import quote, unquote


class OrderNumber:
    """One part of an address, whatever the number holds: "2026/17" is a number like any other.

    Quoted once more than addresses are anyway, because servers hand a quoted slash on as a plain one.
    """

    regex = "[^/]+"

    def to_python(self, value: str) -> str:
        """The number."""
        return unquote(value)

    def to_url(self, value: str) -> str:
        """The part of the address."""
        return quote(value, safe="")
