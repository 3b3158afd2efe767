"""Fields out of Stripe's JSON, each of the kind it must be: what is missing or of another kind is Unreadable."""

from collections.abc import Mapping
from typing import Any

from balancedue.processors.stripe.amounts import from_wire
from balancedue.rules.money import Money


class Unreadable(Exception):
    """The object lacks what it must have."""


def mapping(thing: object) -> Mapping[str, Any]:
    """An object. Raises Unreadable."""
    if not isinstance(thing, Mapping):
        raise Unreadable(f"not an object but {type(thing).__name__}")
    return thing


def part(thing: object, *names: str) -> Mapping[str, Any]:
    """The object at that place inside, or an empty one."""
    for name in names:
        thing = thing.get(name) if isinstance(thing, Mapping) else None
    return thing if isinstance(thing, Mapping) else {}


def metadata(thing: Mapping[str, Any]) -> dict[str, str]:
    """What we wrote onto the object."""
    return {str(key): value for key, value in part(thing, "metadata").items() if isinstance(value, str)}


def money(thing: Mapping[str, Any], name: str, currency: str) -> Money:
    """A sum of 0 or more in wire units; `currency` in capitals. Raises Unreadable, or Refused for the currency."""
    value = thing.get(name)
    if type(value) is not int or value < 0:
        raise Unreadable(f"no {name}")
    return from_wire(value, currency)


def text(thing: Mapping[str, Any], name: str) -> str:
    """Text that must be there. Raises Unreadable."""
    value = maybe(thing, name)
    if not value:
        raise Unreadable(f"no {name}")
    return value


def maybe(thing: Mapping[str, Any], name: str) -> str:
    """Text, or "" where there is none."""
    value = thing.get(name)
    return value if isinstance(value, str) else ""


def flag(value: object) -> bool | None:
    """Yes, no, or not said."""
    return value if isinstance(value, bool) else None
