"""Countries, languages and time zones to choose from, and a postal address as a form."""

from functools import lru_cache
from zoneinfo import available_timezones

from balancedue.rules.locales import locale_for

from .fields import Form, Words, choice

PARTS = ("line1", "line2", "city", "region", "postcode", "country")
_NOT_COUNTRIES = frozenset({"EU", "EZ", "UN", "XA", "XB", "QO", "ZZ"})
_LOCALES = (
    "en-US en-GB en-CA en-AU en-IE en-NZ en-IN en-ZA ar-EG bg-BG cs-CZ da-DK de-AT de-CH de-DE el-GR es-ES es-MX "
    "et-EE fi-FI fr-BE fr-CA fr-CH fr-FR he-IL hi-IN hr-HR hu-HU id-ID it-IT ja-JP ko-KR lt-LT lv-LV nb-NO nl-BE "
    "nl-NL pl-PL pt-BR pt-PT ro-RO sk-SK sl-SI sv-SE th-TH tr-TR uk-UA vi-VN zh-CN zh-TW"
).split()


@lru_cache(maxsize=1)
def countries() -> list[tuple[str, str]]:
    """ISO 3166 codes with English names, by name."""
    names = locale_for("en").territories
    known = [(code, name) for code, name in names.items() if len(code) == 2 and code not in _NOT_COUNTRIES]
    return sorted(known, key=lambda pair: pair[1])


@lru_cache(maxsize=1)
def time_zones() -> list[tuple[str, str]]:
    """IANA names, those with a place in them."""
    named = (name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/")))
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in sorted(named))]


def locales(own: str) -> list[tuple[str, str]]:
    """Ways of writing dates and amounts, the account's own among them."""
    known = [*([own] if own not in _LOCALES else []), *_LOCALES]
    return [(tag, f"{locale_for(tag).get_display_name('en')} ({tag})") for tag in known]


class AddressForm(Form):
    """A postal address; use it with a prefix."""

    line1 = Words(label="Street", required=False)
    line2 = Words(label="Building, floor", required=False)
    city = Words(label="City", required=False)
    region = Words(label="State or region", required=False)
    postcode = Words(label="Postal code", required=False)
    country = choice("Country", [("", "Not stated"), *countries()], required=False)

    def address(self) -> dict[str, str]:
        """What was filled in; an address of a country alone is none."""
        typed = {name: self.typed(name)[:200] for name in PARTS if self.typed(name)}
        return typed if typed.keys() - {"country"} else {}
