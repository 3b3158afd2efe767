"""Every limit by name."""

from decimal import Decimal

MAX_AMOUNT_MINOR = 99_999_999_999
"""The largest single amount, in minor units of any currency: 999,999,999.99 US dollars."""

MAX_AMOUNT_TEXT = 64
"""Characters a typed amount, quantity or rate may have before it is read at all."""

MAX_QUANTITY = Decimal("9999999.999")
QUANTITY_PLACES = 3
MAX_TAX_RATE = Decimal(100)  # percent
TAX_RATE_PLACES = 3

MAX_ORDER_LINES = 10_000

MAX_TO = 5  # requirements.md 2.2
MAX_CC = 10
MAX_NOTIFY = 5
MAX_MESSAGE = 2_000  # requirements.md 2.11
MAX_EMAIL = 254  # RFC 5321: a path of 256 with its angle brackets
MAX_ADDRESSES_TEXT = 10_000  # characters in one address field before it is read at all
