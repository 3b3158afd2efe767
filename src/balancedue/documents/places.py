"""What differs from country to country: the paper, the lines of an address, what a tax is called."""

from collections.abc import Callable, Mapping

from babel import Locale

from balancedue.rules.invoice import Address


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


LETTER = _codes("US CA MX CL CO PH GT CR PA SV NI HN DO PR VE BO EC")
VAT = _codes("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK") | _codes(
    "GB NO CH IS LI ZA AE SA"
)
GST = _codes("AU NZ SG IN CA")

TAX_WORDS: Mapping[str, str] = {
    **dict.fromkeys(VAT, "tax.vat"),
    **dict.fromkeys(GST, "tax.gst"),
    "US": "tax.sales",
    "JP": "tax.consumption",
}
TAX_ID_WORDS: Mapping[str, str] = {
    **dict.fromkeys(VAT, "tax_id.vat"),
    **dict.fromkeys(GST, "tax_id.gst"),
    "AU": "tax_id.abn",
}


def paper(country: str) -> str:
    """The size of paper in a shop's printer, as typst names it: "us-letter" or "a4"."""
    return "us-letter" if country in LETTER else "a4"


def tax_word(country: str) -> str:
    """The key in `words` for what that country calls its tax on sales."""
    return TAX_WORDS.get(country, "tax")


def tax_id_word(country: str) -> str:
    """The key in `words` for what that country calls the number it taxes a business under."""
    return TAX_ID_WORDS.get(country, "tax_id")


def address_lines(address: Address, *, seen_from: str, language: str) -> list[str]:
    """An address as an envelope has it, without empty lines; the country is named when seen from another one."""
    town = _TOWN_LINES.get(address.country, _postcode_first)(address)
    abroad = address.country and address.country != seen_from
    country = str(Locale(language).territories.get(address.country, address.country)) if abroad else ""
    return [line for line in (address.line1, address.line2, *town, country) if line]


def _region_then_postcode(address: Address) -> list[str]:
    region = f"{address.region} {address.postcode}".strip()
    return [", ".join(part for part in (address.city, region) if part)]


def _postcode_last(address: Address) -> list[str]:
    return [address.city, address.region, address.postcode]


def _city_and_postcode(address: Address) -> list[str]:
    return [f"{address.city} {address.postcode}".strip(), address.region]


def _postcode_first(address: Address) -> list[str]:
    return [f"{address.postcode} {address.city}".strip(), address.region]


_TOWN_LINES: Mapping[str, Callable[[Address], list[str]]] = {
    **dict.fromkeys(("US", "CA", "AU", "MX"), _region_then_postcode),
    **dict.fromkeys(("GB", "IE", "IN", "ZA"), _postcode_last),
    **dict.fromkeys(("NZ", "SG", "JP", "KR", "TH", "EG", "AE", "SA", "KW"), _city_and_postcode),
}
