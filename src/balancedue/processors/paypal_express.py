"""PayPal Express: known, can be configured, cannot take payment requests, and says why (S6, S7, S8)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from balancedue.processors.base import (
    BadSignature,
    Can,
    Charge,
    Check,
    HookNote,
    Kind,
    Outcome,
    PayPage,
    Setting,
)
from balancedue.rules.errors import Refused
from balancedue.rules.money import Money

WHY_NOT = "PayPal Express cannot take payment requests. Add Stripe as well."
_CODE = "processor_not_compatible"


@dataclass(frozen=True, slots=True)
class PayPalExpressProcessor:
    """A connection that refuses everything: PayPal Express starts at a shop's own checkout, not from a link."""

    livemode: bool = True

    def smallest(self, currency: str) -> int | None:
        """None: no currency can be charged."""
        return None

    def start(self, charge: Charge) -> Outcome:
        """REFUSED: nothing is made at PayPal."""
        return Outcome(kind=Kind.REFUSED, code=_CODE, detail=WHY_NOT)

    def look_up(self, reference: str) -> Outcome:
        """UNKNOWN: nobody was asked."""
        return Outcome(kind=Kind.UNKNOWN, code=_CODE, detail=WHY_NOT)

    def find(self, attempt_id: str, since: datetime | None = None) -> Outcome:
        """UNKNOWN: nobody was asked."""
        return Outcome(kind=Kind.UNKNOWN, code=_CODE, detail=WHY_NOT)

    def cancel(self, reference: str) -> Outcome:
        """UNKNOWN: nobody was asked."""
        return self.look_up(reference)

    def refund(self, reference: str, amount: Money, key: str) -> Outcome:
        """REFUSED: nothing is made at PayPal."""
        return Outcome(kind=Kind.REFUSED, code=_CODE, detail=WHY_NOT)

    def read_hook(self, headers: Mapping[str, str], body: bytes) -> HookNote:
        """Always BadSignature: none are expected."""
        raise BadSignature("PayPal Express sends no webhooks here")

    def set_up_hook(self, url: str) -> str:
        """Always Refused."""
        raise Refused(_CODE, WHY_NOT)

    def check(self) -> list[Check]:
        """One line: it cannot do what this product asks of a processor."""
        return [Check("Payment requests", ok=False, detail=WHY_NOT, fix="Add Stripe as well.")]

    def pay_page(self) -> PayPage:
        """Always Refused: there is no payment page."""
        raise Refused(_CODE, WHY_NOT)

    def amount_in_page(self, amount: Money) -> int:
        """Always Refused: there is no payment page."""
        raise Refused(_CODE, WHY_NOT)


@dataclass(frozen=True, slots=True)
class PayPalExpressMaker:
    """PayPal Express as a kind of processor."""

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

    def open(self, credentials: Mapping[str, str]) -> PayPalExpressProcessor:
        """A connection that refuses everything."""
        return PayPalExpressProcessor()


PAYPAL_EXPRESS = PayPalExpressMaker()
