"""What an invoice and a receipt have in common on paper: words, dates and amounts of a locale, shop and customer."""

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale
from babel.dates import format_date, format_time, get_timezone_gmt, get_timezone_name
from babel.numbers import format_decimal, format_percent

from balancedue.documents.coverage import printable, printable_lines
from balancedue.documents.pictures import logo_picture
from balancedue.documents.places import address_lines, paper, tax_id_word, tax_word
from balancedue.documents.press import NotSet, press
from balancedue.documents.words import RIGHT_TO_LEFT, WORDS, language_of
from balancedue.rules.invoice import Invoice, Party, PaymentLine
from balancedue.rules.locales import locale_for
from balancedue.rules.money import Money

_COLOUR = re.compile("#[0-9a-fA-F]{6}")

Json = Mapping[str, object]


def print_sheet(template: str, invoice: Invoice, data_of: Callable[[Invoice], str], *, rows: int = 0) -> bytes:
    """The PDF of `template` with `data_of(invoice)`, dated when the books last changed.

    A logo the typesetter cannot read (cut short, in CMYK) gives way to the shop's name.
    """
    moment = int(invoice.as_of.timestamp())
    try:
        return press().print(template, data_of(invoice), moment=moment, rows=rows)
    except NotSet:
        if not invoice.shop.logo:
            raise
        plain = replace(invoice, shop=replace(invoice.shop, logo=b""))
        return press().print(template, data_of(plain), moment=moment, rows=rows)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One document being set: everything it prints goes through these methods."""

    invoice: Invoice

    @property
    def language(self) -> str:
        """The language of our own words."""
        return language_of(self.invoice.locale)

    @property
    def locale(self) -> Locale:
        """Whose habits amounts, dates and numbers follow."""
        return locale_for(self._tag)

    @property
    def _tag(self) -> str:
        return self.invoice.locale or self.invoice.shop.locale

    @property
    def shop_name(self) -> str:
        """How the shop is known to its customers."""
        party = self.invoice.shop.party
        return printable(party.name or party.company)

    @property
    def home(self) -> str:
        """The shop's country."""
        return self.invoice.shop.party.address.country

    @property
    def tax(self) -> str:
        """What the shop's country calls tax."""
        return self.say(tax_word(self.home))

    def say(self, key: str, **facts: str) -> str:
        """Words by key, with `facts` (already printable) put in."""
        return WORDS[self.language][key].format(**facts)

    def money(self, amount: Money) -> str:
        """An amount with its currency."""
        return printable(amount.show(self._tag))

    def day(self, day: date) -> str:
        """A date, months by name where the locale does so."""
        return printable(format_date(day, "medium", locale=self.locale))

    def number(self, number: Decimal) -> str:
        """A quantity, with the decimals it has."""
        return printable(format_decimal(number, locale=self.locale, decimal_quantization=False))

    def percent(self, rate: Decimal) -> str:
        """`rate` in percent, with the decimals it has."""
        return printable(format_percent(rate.scaleb(-2), locale=self.locale, decimal_quantization=False))

    def as_of(self) -> str:
        """When the books last changed, by the shop's clock, with its zone."""
        try:
            moment = self.invoice.as_of.astimezone(ZoneInfo(self.invoice.shop.time_zone))
        except (ZoneInfoNotFoundError, ValueError):
            moment = self.invoice.as_of
        clock = format_time(moment.time(), "short", locale=self.locale).replace(" ", "\u00a0")
        zone = get_timezone_name(moment, width="short", locale=self.locale)
        if zone.startswith(("+", "-")):
            zone = get_timezone_gmt(moment, "long", self.locale)
        return self.say("as_of", moment=printable(f"{format_date(moment, 'medium', self.locale)}, {clock}\u00a0{zone}"))

    def method(self, payment: PaymentLine) -> str:
        """How money came in: "Visa ending 4242", "Bank transfer". Never the reference, which is for staff."""
        return printable(payment.card) or self.say(f"method.{payment.method}")

    def party(self, party: Party, *, contact: bool) -> Json:
        """Name and lines beneath it."""
        name, *rest = [text for text in (party.company, party.name) if text] or [""]
        lines = [*rest, *address_lines(party.address, seen_from=self.home, language=self.language)]
        if party.tax_id:
            lines.append(f"{self.say(tax_id_word(party.address.country or self.home))} {party.tax_id}")
        if contact:
            lines += [text for text in (party.phone, party.email) if text]
        return {"name": printable(name), "lines": [printable(line) for line in lines]}

    def shop(self) -> Json:
        """The head of the sheet: name, legal name where it differs, address, ways to reach the shop, tax number."""
        party = self.invoice.shop.party
        abroad = self.invoice.bill_to.address.country or self.home
        legal = party.company if party.name and party.company != party.name else ""
        address = address_lines(party.address, seen_from=abroad, language=self.language)
        number = f"{self.say(tax_id_word(self.home))} {party.tax_id}" if party.tax_id else ""
        colour = self.invoice.shop.brand_colour
        logo = logo_picture(self.invoice.shop.logo)
        return {
            "name": self.shop_name,
            "lines": [printable(line) for line in (legal, *address) if line],
            "contact": [printable(line) for line in (party.phone, party.email, number) if line],
            "logo": asdict(logo) if logo else None,
            "logo_alt": self.say("logo_alt", shop=self.shop_name),
            "brand": colour if _COLOUR.fullmatch(colour) else "",
        }

    def frame(self, kind: str, number: str) -> Json:
        """What the sheet itself needs: paper, language, title, foot, the TEST across it."""
        heading = self.say(kind)
        return {
            "language": self.language,
            "direction": "rtl" if self.language in RIGHT_TO_LEFT else "ltr",
            "paper": paper(self.home),
            "heading": heading,
            "number": printable(number),
            "title": self.say("title", kind=heading, number=printable(number), shop=self.shop_name),
            "page": self.say("page", page="{page}", pages="{pages}"),
            "test": self.say("test") if self.invoice.test_mode else "",
            "test_note": self.say("test_note") if self.invoice.test_mode else "",
        }

    def notes(self) -> list[Json]:
        """Bank details and terms, where the shop has set them. `wide`: too long for the column beside the totals."""
        shop = self.invoice.shop
        notes = [
            (self.say(key), printable_lines(text))
            for key, text in (("bank_details", shop.bank_details), ("terms", shop.terms))
            if text.strip()
        ]
        return [
            {"label": label, "lines": lines, "wide": len(lines) > 8 or sum(map(len, lines)) > 300}
            for label, lines in notes
        ]
