"""The payment tag of an order: one at a time, the most pressing first (ux.md 3.2)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_timedelta

from .clock_words import day_words, time_words
from .locales import locale_for
from .states import EXPIRED, HOLDING, LIVE_REQUEST, OPENED, PUT_ASIDE, SENT


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What the tag depends on. Amounts in minor units of the order's currency; moments aware.

    `attempt` is the state of the latest card payment; `in_flight` that its money may be on its way.
    `request` is the state of the latest payment request, "" without one; `asked_minor` what it asked for.
    """

    cancelled: bool
    total_minor: int
    paid_minor: int
    remaining_minor: int  # negative: credit
    due_on: date | None = None
    paid_on: date | None = None
    attempt: str = ""
    in_flight: bool = False
    request: str = ""
    asked_minor: int | None = None
    sent_at: datetime | None = None
    opened_at: datetime | None = None
    bounced: bool = False
    disputed: bool = False  # and the bank has not decided yet
    dispute_lost: bool = False


@dataclass(frozen=True, slots=True)
class Tag:
    """`tone`: "", pos, warn, crit, info. `shape`: "" (full), half, ring, struck; never colour alone (WCAG 1.4.1)."""

    code: str
    label: str
    tone: str = ""
    shape: str = ""


@dataclass(frozen=True, slots=True)
class Clock:
    """When and where it is: `now` aware, `locale` BCP 47."""

    now: datetime
    zone: ZoneInfo
    locale: str

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    def words(self, moment: datetime) -> str:
        """ "4 minutes ago" within the hour, "3:01 PM" today, "Nov 20" before that."""
        age = self.now - moment
        if timedelta(0) <= age < timedelta(hours=1):
            at_least = max(age, timedelta(minutes=1))
            return format_timedelta(
                -at_least, granularity="minute", add_direction=True, locale=locale_for(self.locale), format="short"
            ).replace(".", "")
        on = moment.astimezone(self.zone).date()
        return time_words(moment, self.locale, self.zone) if on == self.today else day_words(on, self.locale)


def order_tag(facts: OrderFacts, clock: Clock) -> Tag:
    """The one tag of an order. Worst first; what is over (cancelled, paid) comes before what could still go wrong."""
    return _over(facts, clock) or _wrong(facts, clock) or _asked(facts, clock)


def _over(facts: OrderFacts, clock: Clock) -> Tag | None:
    if facts.attempt == PUT_ASIDE and not facts.cancelled:
        return Tag("put_aside", "Card payment to check", "crit")
    if facts.disputed:
        return Tag("disputed", "Disputed", "crit")
    if facts.cancelled:
        return Tag("cancelled", "Cancelled", "", "struck")
    if facts.remaining_minor < 0:
        return Tag("overpaid", "Overpaid", "warn")
    if facts.remaining_minor == 0 and facts.total_minor:
        on = f" {day_words(facts.paid_on, clock.locale)}" if facts.paid_on else ""
        return Tag("paid", f"Paid{on}", "pos")
    if facts.remaining_minor == 0:
        return Tag("nothing_due", "Nothing due", "", "ring")
    return None


def _wrong(facts: OrderFacts, clock: Clock) -> Tag | None:
    """A payment under way comes first: it may settle all the rest."""
    if facts.in_flight:
        return Tag("processing", "Payment processing", "info", "ring")
    if facts.dispute_lost and facts.request not in LIVE_REQUEST:
        return Tag("dispute_lost", "Dispute lost", "crit")
    if facts.bounced:
        return Tag("bounced", "Email bounced", "crit")
    if facts.due_on and facts.due_on < clock.today:
        days = (clock.today - facts.due_on).days
        return Tag("overdue", f"Overdue {days} day{'s' if days > 1 else ''}", "crit")
    if facts.request in (SENT, OPENED) and facts.asked_minor not in (None, facts.remaining_minor):
        return Tag("changed", "Balance changed", "warn")
    return None


def _asked(facts: OrderFacts, clock: Clock) -> Tag:
    if facts.paid_minor > 0 and facts.request not in LIVE_REQUEST:
        return Tag("part_paid", "Part paid", "warn", "half")
    if facts.request == HOLDING:
        return Tag("sending", "Sending", "info", "ring")
    if facts.request == OPENED and facts.opened_at:
        return Tag("opened", f"Opened {clock.words(facts.opened_at)}", "info")
    if facts.request == SENT and facts.sent_at:
        on = facts.sent_at.astimezone(clock.zone).date()
        return Tag("requested", f"Requested {day_words(on, clock.locale)}")
    if facts.request == EXPIRED:
        return Tag("expired", "Link expired", "warn", "ring")
    return Tag("not_requested", "Not requested", "", "ring")
