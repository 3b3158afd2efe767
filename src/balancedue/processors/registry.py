"""The one list of processors. Adding one: a file here and a line below, or an entry point in another package."""

import logging
from functools import cache
from importlib.metadata import entry_points

from balancedue.processors.base import Maker
from balancedue.processors.paypal_express import PAYPAL_EXPRESS
from balancedue.processors.refusing import NotInstalled
from balancedue.processors.stripe import SANDBOX, STRIPE
from balancedue.rules.errors import Refused

ENTRY_POINTS = "balancedue.processors"

_OURS: tuple[Maker, ...] = (STRIPE, PAYPAL_EXPRESS, SANDBOX)
_log = logging.getLogger(__name__)


@cache
def makers() -> tuple[Maker, ...]:
    """Every kind of processor: ours in the order staff see them, then third parties' by name."""
    known = {maker.name: maker for maker in _OURS}
    for found in sorted(entry_points(group=ENTRY_POINTS), key=lambda entry: entry.name):
        if found.name in known:
            _log.error("processor %s of %s has the name of another and is left out", found.name, found.value)
            continue
        try:
            made: Maker = found.load()()
            if made.name != found.name:
                raise ValueError(f"it calls itself {made.name}")
        except Exception:  # one broken package must not take the payments of the others down
            _log.exception("processor %s of %s cannot be loaded and is left out", found.name, found.value)
            continue
        known[made.name] = made
    return tuple(known.values())


def maker(kind: str) -> Maker:
    """The kind of that name; Refused `invalid` when there is none."""
    for known in makers():
        if known.name == kind:
            return known
    raise Refused("invalid", f"There is no processor called {kind[:50]}", field="kind")


def maker_or_missing(kind: str) -> Maker:
    """The kind a stored connection names. Its package may be gone by now: then one that refuses and says so."""
    return next((known for known in makers() if known.name == kind), NotInstalled(kind))
