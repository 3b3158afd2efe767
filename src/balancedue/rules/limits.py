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

MAX_PDF_LINES = 3_000  # beyond, the page shows them all and the PDF is refused: about 1 s and 240 MB (J5)
MAX_PDF_ROW_TEXT = 2_500  # characters (a line end counts as 60) a row may hold before it may run over a page's end
MAX_LOGO_BYTES = 1_000_000
MAX_LOGO_PIXELS = 4_000  # on either side
MAX_PDF_DATA = 8_000_000  # bytes of text and logo handed to the press for one document

MAX_DECLINES_PER_LINK_HOUR = 10  # money-safety.md K1: declined cards on one invoice before it rests
MAX_LOGO_BYTES = 200_000
MAX_NOTE = 4_000
MAX_LINK_DAYS = 730  # how long a link may be made to last
