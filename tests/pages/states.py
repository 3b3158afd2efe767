"""The catalogue: every page in every state of ux.md 3 and 4 that the product reaches (U2)."""

from tests.pages import (
    customer_states,
    extra_states,
    other_states,
    payout_states,
    processor_states,
    shop_states,
    staff_states,
)
from tests.pages.catalogue import STATES, State
from tests.pages.table import listed

FILES = (staff_states, shop_states, processor_states, payout_states, customer_states, extra_states, other_states)
ALL: list[State] = [STATES[name] for name in listed() if name in STATES]
"""In the order of the table."""

__all__ = ["ALL", "FILES", "STATES", "State"]
