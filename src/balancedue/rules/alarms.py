"""Alarms by kind: what is wrong, and what to do. The words are the same in the letter and on the page."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AlarmWords:
    """`heading` names it; `sentence` says what it means for the shop, with facts in braces; `fix` what to do now."""

    heading: str
    sentence: str
    fix: str


ALARMS: Mapping[str, AlarmWords] = {
    "webhooks_missing": AlarmWords(
        "Webhooks do not arrive",
        "{processor} took a payment and told us nothing. We ask it every half minute instead, so payments still show.",
        "Press Check connection on the card processors page.",
    ),
    "webhooks_gap": AlarmWords(
        "News from the processor may be lost",
        "We could not ask {processor} what we missed since {since}. After 30 days it no longer says.",
        "Check the keys and the connection on the card processors page today.",
    ),
    "webhook_put_aside": AlarmWords(
        "A webhook waits for a person",
        "{processor} sent news that fits none of your orders: {event}.",
        "Look at it on the card processors page.",
    ),
    "card_testing": AlarmWords(
        "Card payments rest: many cards are being declined",
        "{declined} of the last {tries} cards were declined. Somebody may be testing stolen cards, so nobody can pay "
        "by card until {until}.",
        "If these were your customers, let card payments go on from the card processors page.",
    ),
    "page_changed": AlarmWords(
        "The payment page is not as it should be",
        "The page that customers pay on does not match what Balancedue sends: {what}.",
        "Have whoever runs the server look at it now: what changes a page on its way can read cards.",
    ),
    "page_not_checked": AlarmWords(
        "The payment page could not be checked",
        "Balancedue looks at its own payment page every hour, as a customer would, and could not: {why}.",
        "If customers cannot open it either, the server needs help now. If they can, let the server reach its own "
        "public address.",
    ),
    "payout_failed": AlarmWords(
        "A payout did not arrive",
        "Your bank sent the payout of {amount} back to {processor}.",
        "Check the bank account you entered at {processor}.",
    ),
}
