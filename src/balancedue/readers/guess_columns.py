"""Guess which column holds which field, by what people and programs call them. A person corrects the guess."""

from collections.abc import Sequence

from .stated import FIELDS

_CALLED = {
    "number": "number order ordernumber orderno orderid ordernum name invoice invoiceno invoicenumber invoiceid "
    "reference",
    "placed_at": "placedat placed date orderdate created createdat invoicedate orderedat",
    "due_date": "duedate due paymentdue dueon",
    "currency": "currency currencycode",
    "po_number": "ponumber po pono purchaseorder purchaseordernumber customerpo",
    "discount": "discount discountamount orderdiscount",
    "shipping": "shipping shippingamount shippingcost freight delivery postage",
    "contact.name": "contactname contact customer customername billingname billtoname clientname client",
    "contact.company": "contactcompany company companyname organization organisation billingcompany business",
    "contact.email": "contactemail email emailaddress customeremail billingemail mail",
    "contact.phone": "contactphone phone telephone phonenumber customerphone billingphone mobile",
    "lines.description": "linesdescription description item itemname product productname lineitemname title itemtitle",
    "lines.detail": "linesdetail detail details variant size sizes options notes",
    "lines.sku": "linessku sku stockcode productcode itemcode code lineitemsku partnumber",
    "lines.quantity": "linesquantity quantity qty lineitemquantity count units",
    "lines.unit_price": "linesunitprice unitprice price lineitemprice rate unitcost itemprice each",
    "lines.tax_rate": "linestaxrate taxrate tax vatrate vat taxpercent",
}


def guess_columns(header: Sequence[str]) -> dict[str, str]:
    """Field -> name of a column; the better-known name wins, no column is used twice, and doubt gives nothing."""
    columns = {_plain(name): name for name in reversed(header) if name}
    guessed: dict[str, str] = {}
    for field in FIELDS:
        for called in _CALLED[field].split():
            column = columns.get(called)
            if column is not None and column not in guessed.values():
                guessed[field] = column
                break
    return guessed


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())
