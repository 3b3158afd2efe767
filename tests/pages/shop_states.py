"""States of the back office around the orders: importing them, what waits for a person, and what was sent."""

from typing import Any

from django.utils import timezone

from balancedue.actions.import_file import choose_columns, go_on, hold_file, start_import
from balancedue.models import Delivery, ImportFile, Order, ProcessorEvent, SentLetter
from balancedue.rules.actor import COMMAND
from tests.makers import make_connection
from tests.pages import acts
from tests.pages.catalogue import OWNER, state
from tests.pages.shops import Shops, at
from tests.pages.staff_states import eight_days, processors_of, put_aside, sent

ROWS = """Order,Item,Qty,Price,Email,Customer
H-7001,Heavyweight hoodie,12,19.25,dana@riverside-hs.example,Dana Whitlock
H-7001,Screen set-up,1,25.00,dana@riverside-hs.example,Dana Whitlock
H-7002,Five-panel cap,-3,13.20,ines@blueheroncanoe.example,Ines Calloway
H-7003,Linen tote,120,8.65,,
"""


def uploaded(shops: Shops) -> ImportFile:
    """A file whose columns were guessed, in a shop of its own."""
    shop = shops.shop("importing")
    return hold_file(account=shop, name="hoodies-november.csv", content=ROWS.encode(), by=shops.owner)


def at_file(file: ImportFile) -> str:
    return f"/{file.account.slug}/orders/import/{file.public_id}/"


def checking(shops: Shops) -> ImportFile:
    file = uploaded(shops)
    return choose_columns(file=file, columns=file.columns, currency="USD")


@state("import-upload", OWNER, title="^Import orders · ")
def upload(shops: Shops) -> str:
    uploaded(shops)
    return "/importing/orders/import/"


state("import-upload-errors", OWNER, title="^Error: Import orders · ", act=acts.submit, refuses=(422,))(upload)


@state("import-columns", OWNER, title="^Which column is what · ")
def columns(shops: Shops) -> str:
    return at_file(uploaded(shops))


@state("import-columns-errors", OWNER, title="^Error: Which column is what · ", act=acts.submit, refuses=(422,))
def columns_errors(shops: Shops) -> str:
    shop = shops.shop("importing")
    file = hold_file(account=shop, name="notes.csv", content=b"a,b\n1,2\n", by=shops.owner)
    return at_file(file)


@state("import-checking", OWNER, title="^What would be imported · ", scripts=False)
def under_way(shops: Shops) -> str:
    """Without a script, with which it would go on by itself."""
    return at_file(go_on(file=checking(shops), by=COMMAND, seconds=0))


@state("import-checked", OWNER, title="^What would be imported · ")
def checked(shops: Shops) -> str:
    return at_file(go_on(file=checking(shops), by=COMMAND))


@state("import-done", OWNER, title="^Imported · ")
def imported(shops: Shops) -> str:
    file = start_import(file=go_on(file=checking(shops), by=COMMAND))
    return at_file(go_on(file=file, by=COMMAND))


@state("account-menu", OWNER, title="^Orders · ", covered=True, act=acts.open_menu("user-menu"))
@state("orders-lost", OWNER, title="^Orders · ", act=acts.lose_the_list)
def listed(shops: Shops) -> str:
    shops.once(eight_days)
    return "/foxglove/orders/"


def _order(request: Any) -> Order:
    order: Order = request.order
    return order


@state("card-lost", OWNER, title="^Order #", act=acts.lose_the_card)
def card_lost(shops: Shops) -> str:
    return at(_order(shops.once(sent)))


def letter_sent(shops: Shops) -> Delivery:
    """A request whose letter was kept."""
    delivery: Delivery = shops.asked().deliveries.first()
    html = "<html lang='en'><title>Invoice</title><p>Balance due $1,105.28 <a href='/'>View Invoice</a></p></html>"
    sender = "Foxglove Print Co. <orders@foxgloveprint.example>"
    delivery.seal_letter(SentLetter(sender, "Invoice from Foxglove Print Co.: $1,105.28 due", "Balance due.", html))
    delivery.save(update_fields=["letter_sealed"])
    return delivery


@state("order-email-shown", OWNER, title="^Order #", act=acts.see_what_was_sent)
def email_shown(shops: Shops) -> str:
    delivery = shops.once(letter_sent)
    return at(delivery.order)


@state("email-sent", OWNER, title="^Email sent · ")
def email_sent(shops: Shops) -> str:
    delivery = shops.once(letter_sent)
    return at(delivery.order, f"emails/{delivery.public_id}/")


@state("put-aside-resolve", OWNER, title="A card payment that does not fit · ")
def resolve(shops: Shops) -> str:
    order = _order(shops.once(put_aside))
    attempt = order.attempts.filter(state="put_aside").get()
    return at(order, f"card-payments/{attempt.public_id}/resolve/")


state("put-aside-resolve-errors", OWNER, title="^Error: A card", act=acts.submit, refuses=(422,))(resolve)


@processors_of("processors-parked", "parked-1")
def parked(shops: Shops, shop: Any) -> None:
    """Two that nothing could be done with."""
    now, connection = timezone.now(), make_connection(shop)
    for number in range(2):
        ProcessorEvent.objects.create(
            connection=connection,
            external_id=f"evt_parked_{number}",
            type="payment_intent.succeeded",
            reference=f"pi_3PqW7kLkdIwHu7ix0a1B2c3{number}",
            body="{}",
            status=ProcessorEvent.PARKED,
            error="no attempt of this processor is known by these names",
            received_at=now,
            next_try_at=now,
        )
