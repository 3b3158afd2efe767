"""Card processors when something is wrong with them, or set otherwise (ux.md 3.6)."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from balancedue.actions.check_connection import set_up_hook
from balancedue.actions.connect_processor import choose_page
from balancedue.actions.raise_alarm import raise_alarm
from balancedue.models import Account
from balancedue.rules.clock_words import time_words
from tests.makers import make_connection
from tests.pages.catalogue import OWNER, VIEWER, state
from tests.pages.shops import Shops
from tests.pages.staff_states import processors_of


def given(shops: Shops) -> dict[str, str]:
    """Keys that work."""
    return {key: shops.keys[key] for key in ("secret_key", "publishable_key")} | {"api_base": shops.sandbox_url}


def troubled(shops: Shops) -> Account:
    """A shop with three things wrong, and an order."""
    shop = shops.shop("troubled-1", connected="")
    make_connection(shop)
    raise_alarm(shop, "webhooks_missing", processor="Stripe")
    raise_alarm(shop, "webhook_put_aside", processor="Stripe", event="payment_intent.succeeded")
    raise_alarm(shop, "payout_failed", processor="Stripe", amount="$4,120.55")
    shops.order(shop)
    return shop


@state("processors-alarms", OWNER, title="^Processors · Settings · ")
def alarms(shops: Shops) -> str:
    return f"/{shops.once(troubled).slug}/settings/processors/"


state("processors-alarms-viewer", VIEWER, title="^Processors · Settings · ")(alarms)


@state("orders-alarm", OWNER)
def orders(shops: Shops) -> str:
    return f"/{shops.once(troubled).slug}/orders/"


@processors_of("processors-resting", "resting-1")
def resting(shops: Shops, shop: Account) -> None:
    make_connection(shop)
    until = timezone.now() + timedelta(hours=6)
    Account.objects.filter(pk=shop.pk).update(cards_rest_until=until)
    raise_alarm(shop, "card_testing", declined=14, tries=20, until=time_words(until, shop.locale, shop.zone))


@processors_of("processors-hosted", "hosted-1")
def hosted(shops: Shops, shop: Account) -> None:
    """Its webhooks were renewed a moment ago."""
    connection = make_connection(shop, credentials=given(shops))
    choose_page(connection=set_up_hook(connection=set_up_hook(connection=connection)), hosted=True)


def replace_with_live_keys(page: Any) -> None:
    page.get_by_text("Replace the keys", exact=True).first.click()
    page.get_by_label("Secret key").first.fill("sk_live_" + "a1b2c3d4" * 4)
    page.get_by_role("button", name="Replace the keys").click()
    page.wait_for_selector(".problems")


@processors_of("processors-replace-errors", "replacing-1", act=replace_with_live_keys, refuses=(422,))
def replacing(shops: Shops, shop: Account) -> None:
    make_connection(shop, credentials=given(shops))
