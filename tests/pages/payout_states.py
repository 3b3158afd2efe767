"""States of the payouts' pages: what the processor sent to the bank, and what each transfer holds."""

from datetime import timedelta

from django.utils import timezone

from balancedue.models import Payout, ProcessorConnection
from balancedue.processors.reports import TransactionReport
from balancedue.rules.money import Money
from tests.makers import make_payout, movement
from tests.pages.catalogue import OWNER, state
from tests.pages.shops import Shops

SHOP = "payouts"


def _connection(shops: Shops) -> ProcessorConnection:
    return shops.shop(SHOP).connections.get()


def _held(shops: Shops) -> list[TransactionReport]:
    """Three payments, a refund, a dispute, and what the shop took at its till."""
    attempts = [shops.paid(shops.asked(shops.shop(SHOP))) for _ in range(3)]
    dollars = [Money(minor, "USD") for minor in (-12_000, 0, -4_000, 1_500, 87_350, 2_563)]
    back, nothing, taken, cost, till, till_fee = dollars
    return [
        *(movement(attempt) for attempt in attempts),
        movement(attempts[0], kind="refund", amount=back, fee=nothing, source="re_1"),
        movement(attempts[1], kind="dispute", amount=taken, fee=cost, source="dp_1"),
        movement(attempts[2], amount=till, fee=till_fee, money_reference="pi_till"),
    ]


def paid_out(shops: Shops) -> Payout:
    return make_payout(_connection(shops), _held(shops))


def failed(shops: Shops) -> Payout:
    why = "The bank account has been closed"
    yesterday = timezone.now() - timedelta(days=1)
    return make_payout(_connection(shops), _held(shops), state="failed", detail=why, made_at=yesterday)


def on_its_way(shops: Shops) -> Payout:
    return make_payout(_connection(shops), [], listed=False, state="in_transit", amount=Money(41_250, "USD"))


def by_hand(shops: Shops) -> Payout:
    return make_payout(_connection(shops), [], listed=False, amount=Money(-5_000, "USD"))


def at(payout: Payout) -> str:
    return f"/{SHOP}/payouts/{payout.public_id}/"


@state("payouts-empty", OWNER, title="^Payouts · ")
def none_yet(shops: Shops) -> str:
    return f"/{shops.main.slug}/payouts/"


@state("payouts", OWNER, title="^Payouts · ")
def several(shops: Shops) -> str:
    for make in (paid_out, failed, on_its_way, by_hand):
        shops.once(make)
    return f"/{SHOP}/payouts/"


@state("payout", OWNER, title="^Payout of .+ · Payouts · ")
def one(shops: Shops) -> str:
    return at(shops.once(paid_out))


@state("payout-failed", OWNER, title="^Payout of .+ · Payouts · ")
def one_failed(shops: Shops) -> str:
    return at(shops.once(failed))


@state("payout-unread", OWNER, title="^Payout of .+ · Payouts · ")
def one_unread(shops: Shops) -> str:
    return at(shops.once(on_its_way))


@state("payout-by-hand", OWNER, title="^Payout of .+ · Payouts · ")
def one_by_hand(shops: Shops) -> str:
    return at(shops.once(by_hand))
