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

# Card testing (money-safety.md K1, K2). tests/rules/test_card_testing.py plays attacks and honest crowds against these.
MAX_DECLINES_PER_LINK_HOUR = 10
"""Declined cards on one order within any hour before it rests. Somebody with half their cards declined gets through ten
tries 999 times in 1,000; and no link is good for more than ten tries an hour."""

MIN_DECLINES_TO_REST_ADDRESS = 10
"""Declines from one address within the hour before it is looked at; it rests once they outnumber its payments. A bare
count would not do: 200 honest customers behind one address with 10% declines make 20 +- 4 of them. That declines
outnumber payments there, with 10 or more of them, happens less than 5 times in a million."""

MAX_ORDERS_PER_DECLINED_CARD = 3
"""Orders that one card may be declined on within the hour. A school that pays three invoices with one bad card is left
alone; one stolen number walked along many links to guess its date and code is not."""

MAX_TRIES_PER_ACCOUNT = 60
"""Tries within ten minutes, ended or under way, that an account takes before payments must outnumber all the rest. Open
forms count because whoever holds one can use it without asking us. 200 customers an hour make some 45 of them; a shop
with more has payments that speak for it, since nine in ten are paid."""

MIN_TRIES_TO_REST_CARDS = 20
"""Ended tries within half an hour before the breaker may trip; it does when declines outnumber payments. With 10%
declines that is 7 in ten million at 20 tries, and less with every further one."""
MAX_LOGO_BYTES = 200_000
MAX_NOTE = 4_000
MAX_LINK_DAYS = 730  # how long a link may be made to last
