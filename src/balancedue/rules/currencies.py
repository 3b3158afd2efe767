"""ISO 4217: the currencies in use and their minor units.

Our own table, because CLDR's digits are those of display and differ from the standard's. Left out: fund codes, units of
account, metals, test codes and withdrawn currencies. What a processor makes of a currency is the processor's business.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from balancedue.rules.errors import Refused


@dataclass(frozen=True, slots=True)
class Currency:
    """`digits`: decimals of the minor unit (0, 2 or 3). `name`: English."""

    code: str
    digits: int
    name: str


_NO_DECIMALS = """
BIF Burundian franc
CLP Chilean peso
DJF Djiboutian franc
GNF Guinean franc
ISK Icelandic króna
JPY Japanese yen
KMF Comorian franc
KRW South Korean won
PYG Paraguayan guaraní
RWF Rwandan franc
UGX Ugandan shilling
VND Vietnamese đồng
VUV Vanuatu vatu
XAF Central African CFA franc
XOF West African CFA franc
XPF CFP franc
"""

_TWO_DECIMALS = """
AED UAE dirham
AFN Afghan afghani
ALL Albanian lek
AMD Armenian dram
AOA Angolan kwanza
ARS Argentine peso
AUD Australian dollar
AWG Aruban florin
AZN Azerbaijani manat
BAM Bosnia-Herzegovina convertible mark
BBD Barbadian dollar
BDT Bangladeshi taka
BMD Bermudian dollar
BND Brunei dollar
BOB Bolivian boliviano
BRL Brazilian real
BSD Bahamian dollar
BTN Bhutanese ngultrum
BWP Botswana pula
BYN Belarusian ruble
BZD Belize dollar
CAD Canadian dollar
CDF Congolese franc
CHF Swiss franc
CNY Chinese yuan
COP Colombian peso
CRC Costa Rican colón
CUP Cuban peso
CVE Cape Verdean escudo
CZK Czech koruna
DKK Danish krone
DOP Dominican peso
DZD Algerian dinar
EGP Egyptian pound
ERN Eritrean nakfa
ETB Ethiopian birr
EUR Euro
FJD Fijian dollar
FKP Falkland Islands pound
GBP British pound
GEL Georgian lari
GHS Ghanaian cedi
GIP Gibraltar pound
GMD Gambian dalasi
GTQ Guatemalan quetzal
GYD Guyanese dollar
HKD Hong Kong dollar
HNL Honduran lempira
HTG Haitian gourde
HUF Hungarian forint
IDR Indonesian rupiah
ILS Israeli new shekel
INR Indian rupee
IRR Iranian rial
JMD Jamaican dollar
KES Kenyan shilling
KGS Kyrgyz som
KHR Cambodian riel
KPW North Korean won
KYD Cayman Islands dollar
KZT Kazakhstani tenge
LAK Lao kip
LBP Lebanese pound
LKR Sri Lankan rupee
LRD Liberian dollar
LSL Lesotho loti
MAD Moroccan dirham
MDL Moldovan leu
MGA Malagasy ariary
MKD Macedonian denar
MMK Myanmar kyat
MNT Mongolian tögrög
MOP Macanese pataca
MRU Mauritanian ouguiya
MUR Mauritian rupee
MVR Maldivian rufiyaa
MWK Malawian kwacha
MXN Mexican peso
MYR Malaysian ringgit
MZN Mozambican metical
NAD Namibian dollar
NGN Nigerian naira
NIO Nicaraguan córdoba
NOK Norwegian krone
NPR Nepalese rupee
NZD New Zealand dollar
PAB Panamanian balboa
PEN Peruvian sol
PGK Papua New Guinean kina
PHP Philippine peso
PKR Pakistani rupee
PLN Polish złoty
QAR Qatari riyal
RON Romanian leu
RSD Serbian dinar
RUB Russian ruble
SAR Saudi riyal
SBD Solomon Islands dollar
SCR Seychellois rupee
SDG Sudanese pound
SEK Swedish krona
SGD Singapore dollar
SHP Saint Helena pound
SLE Sierra Leonean leone
SOS Somali shilling
SRD Surinamese dollar
SSP South Sudanese pound
STN São Tomé and Príncipe dobra
SVC Salvadoran colón
SYP Syrian pound
SZL Swazi lilangeni
THB Thai baht
TJS Tajikistani somoni
TMT Turkmenistani manat
TOP Tongan paʻanga
TRY Turkish lira
TTD Trinidad and Tobago dollar
TWD New Taiwan dollar
TZS Tanzanian shilling
UAH Ukrainian hryvnia
USD US dollar
UYU Uruguayan peso
UZS Uzbekistani sum
VED Venezuelan digital bolívar
VES Venezuelan bolívar
WST Samoan tala
XCD East Caribbean dollar
XCG Caribbean guilder
YER Yemeni rial
ZAR South African rand
ZMW Zambian kwacha
ZWG Zimbabwe gold
"""

_THREE_DECIMALS = """
BHD Bahraini dinar
IQD Iraqi dinar
JOD Jordanian dinar
KWD Kuwaiti dinar
LYD Libyan dinar
OMR Omani rial
TND Tunisian dinar
"""


def _read(table: str, digits: int) -> dict[str, Currency]:
    rows = (row.split(" ", 1) for row in table.strip().splitlines())
    return {code: Currency(code, digits, name) for code, name in rows}


_ALL = _read(_NO_DECIMALS, 0) | _read(_TWO_DECIMALS, 2) | _read(_THREE_DECIMALS, 3)

CURRENCIES: Mapping[str, Currency] = MappingProxyType(dict(sorted(_ALL.items())))
"""By code, in the order of the alphabet."""


def currency(code: str) -> Currency:
    """The currency of an ISO 4217 code in capitals; Refused `invalid` for any other (F1: fails closed)."""
    found = CURRENCIES.get(code)
    if found is None:
        raise Refused("invalid", "Choose a currency from the list", field="currency")
    return found
