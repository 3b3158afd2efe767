"""PayPal Express: known, can be configured, cannot take payment requests, and says why (S6, S7, S8)."""

from collections.abc import Mapping
from dataclasses import dataclass

from balancedue.processors.base import Can, Setting
from balancedue.processors.refusing import RefusingProcessor

WHY_NOT = "PayPal Express cannot take payment requests. Add Stripe as well."


@dataclass(frozen=True, slots=True)
class PayPalExpressMaker:
    """PayPal Express as a kind of processor. It starts at a shop's own checkout, never from a link."""

    name: str = "paypal_express"
    label: str = "PayPal Express"
    can: frozenset[Can] = frozenset()
    why_not: str = WHY_NOT
    settings: tuple[Setting, ...] = (
        Setting("api_username", "API username", secret=False),
        Setting("api_password", "API password"),
        Setting("api_signature", "API signature"),
    )

    def problems(self, credentials: Mapping[str, str]) -> dict[str, str]:
        """One sentence per field left empty."""
        return {
            setting.name: f"Enter the {setting.label}"
            for setting in self.settings
            if setting.required and not credentials.get(setting.name, "").strip()
        }

    def open(self, credentials: Mapping[str, str]) -> RefusingProcessor:
        """A connection that refuses everything."""
        return RefusingProcessor(WHY_NOT, fix="Add Stripe as well.")


PAYPAL_EXPRESS = PayPalExpressMaker()
