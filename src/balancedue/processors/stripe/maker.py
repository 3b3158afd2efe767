"""Stripe and the test processor as kinds of processor."""

from collections.abc import Mapping
from dataclasses import dataclass

from balancedue.processors.base import Can, Setting
from balancedue.processors.stripe import keys
from balancedue.processors.stripe.processor import StripeProcessor

_CAN = frozenset(
    {Can.REQUEST, Can.LOOK_UP, Can.CANCEL, Can.REFUND, Can.HOOK, Can.DISPUTES, Can.MISSED, Can.HOSTED, Can.PAYOUTS}
)


@dataclass(frozen=True, slots=True)
class StripeMaker:
    """Opens connections to Stripe, or to a sandbox that speaks its language."""

    name: str
    label: str
    settings: tuple[Setting, ...]
    sandbox: bool
    can: frozenset[Can] = _CAN
    why_not: str = ""

    def problems(self, credentials: Mapping[str, str]) -> dict[str, str]:
        """One sentence per field that cannot be right; empty when all is well."""
        return keys.problems(credentials, sandbox=self.sandbox)

    def open(self, credentials: Mapping[str, str]) -> StripeProcessor:
        """A connection. Never raises and asks nobody: a bad key shows at the first question."""
        return StripeProcessor(keys.cleaned(credentials), label=self.label, sandbox=self.sandbox)


STRIPE = StripeMaker("stripe", "Stripe", keys.SETTINGS, sandbox=False)
SANDBOX = StripeMaker("sandbox", "Test processor", keys.SANDBOX_SETTINGS, sandbox=True)
