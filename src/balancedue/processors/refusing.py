"""A connection that refuses everything, and says why: for kinds that cannot take requests, and for missing ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from balancedue.processors.base import (
    Can,
    Charge,
    Check,
    Findings,
    Hook,
    Kind,
    Outcome,
    PayPage,
    Setting,
    Site,
)
from balancedue.processors.reports import BadSignature, HookNote
from balancedue.rules.errors import Refused
from balancedue.rules.money import Money

_CODE = "processor_not_compatible"


@dataclass(frozen=True, slots=True)
class RefusingProcessor:
    """Asks nobody. `why` is a sentence for staff, `fix` what they can do."""

    why: str
    fix: str = ""
    livemode: bool = True

    def smallest(self, currency: str) -> int | None:
        """None: no currency can be charged."""
        return None

    def amount_in_page(self, amount: Money) -> int:
        """Always Refused: there is no payment page."""
        raise Refused(_CODE, self.why)

    def start(self, charge: Charge) -> Outcome:
        """REFUSED: nothing is made."""
        return Outcome(kind=Kind.REFUSED, code=_CODE, detail=self.why)

    def look_up(self, reference: str) -> Outcome:
        """UNKNOWN: nobody was asked."""
        return Outcome(kind=Kind.UNKNOWN, code=_CODE, detail=self.why)

    def find(self, attempt_id: str, since: datetime | None = None, *, hosted: bool = False) -> Outcome:
        """UNKNOWN: nobody was asked."""
        return Outcome(kind=Kind.UNKNOWN, attempt_id=attempt_id, code=_CODE, detail=self.why)

    def cancel(self, reference: str) -> Outcome:
        """UNKNOWN: nobody was asked."""
        return self.look_up(reference)

    def refund(self, reference: str, amount: Money, key: str, refund_id: str = "") -> Outcome:
        """REFUSED: nothing is made."""
        return Outcome(kind=Kind.REFUSED, code=_CODE, detail=self.why)

    def refunds_of(self, reference: str) -> list[Outcome] | None:
        """None: nobody was asked."""
        return None

    def read_hook(self, headers: Mapping[str, str], body: bytes) -> HookNote:
        """Always BadSignature: none are expected."""
        raise BadSignature(self.why)

    def set_up_hook(self, url: str, *, keep: str = "") -> Hook:
        """Always Refused."""
        raise Refused(_CODE, self.why)

    def drop_hooks(self, url: str, *, keep: str) -> None:
        """There are none."""

    def account_of_keys(self) -> str:
        """ "": nobody is asked."""
        return ""

    def check(self, site: Site) -> Findings:
        """One line: it cannot do what this product asks of a processor."""
        return Findings((Check("Payment requests", ok=False, detail=self.why, fix=self.fix),), accepts_key=None)

    def pay_page(self) -> PayPage:
        """Always Refused: there is no payment page."""
        raise Refused(_CODE, self.why)


@dataclass(frozen=True, slots=True)
class NotInstalled:
    """A kind that a stored connection names and no installed package makes: shown with its reason, never an error."""

    name: str
    can: frozenset[Can] = frozenset()
    settings: tuple[Setting, ...] = ()

    @property
    def label(self) -> str:
        """Its name is all that is known."""
        return self.name

    @property
    def why_not(self) -> str:
        return f"The package of the processor {self.name} is not installed."

    def problems(self, credentials: Mapping[str, str]) -> dict[str, str]:
        """It cannot be connected anew."""
        return {"kind": self.why_not}

    def open(self, credentials: Mapping[str, str]) -> RefusingProcessor:
        """A connection that refuses everything."""
        return RefusingProcessor(self.why_not, fix="Install the package again, or remove this connection.")
