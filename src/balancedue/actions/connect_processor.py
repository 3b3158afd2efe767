"""Connect a card processor to an account, choose it, replace its keys, remove it (S6-S8, ux.md 3.6)."""

from collections.abc import Mapping

from django.db import transaction
from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from balancedue.models import Account, Payment, ProcessorConnection
from balancedue.models.sealing import CannotUnseal
from balancedue.processors.base import Can, Maker
from balancedue.processors.registry import maker, maker_or_missing
from balancedue.rules.errors import Invalid, Refused
from balancedue.rules.states import HELD_REFUND

from .check_connection import with_secret
from .open_processor import OLD_SECRET, OLD_UNTIL, SECRET


def connect_processor(*, account: Account, kind: str, credentials: Mapping[str, str]) -> ProcessorConnection:
    """Connect a processor of `kind`. The first that can take requests becomes the default. Raises Invalid."""
    made, clean = maker(kind), _clean(kind, credentials)
    with transaction.atomic():
        account = Account.objects.select_for_update().get(pk=account.pk)
        connected = account.connections.filter(removed_at=None)
        if connected.filter(kind=kind).exists():
            raise Refused("already_connected", f"{made.label} is connected already. Replace its keys instead.")
        is_first = Can.REQUEST in made.can and not connected.filter(is_default=True).exists()
        connection = ProcessorConnection(account=account, kind=kind, is_default=is_first)
        connection.credentials = clean
        connection.livemode = made.open(clean).livemode
        connection.save()
        return connection


def choose_default(*, connection: ProcessorConnection) -> None:
    """Make this the processor that takes payment requests. Raises Refused `processor_not_compatible`, `not_allowed`."""
    made = maker_or_missing(connection.kind)
    if Can.REQUEST not in made.can:
        raise Refused("processor_not_compatible", made.why_not)
    with transaction.atomic():
        Account.objects.select_for_update().get(pk=connection.account_id)
        mine = ProcessorConnection.objects.filter(account_id=connection.account_id)
        if not mine.filter(pk=connection.pk, removed_at=None).exists():
            raise Refused("not_allowed", "This connection was removed.")
        mine.update(is_default=False)
        mine.filter(pk=connection.pk).update(is_default=True)


def choose_page(*, connection: ProcessorConnection, hosted: bool) -> None:
    """Whether customers pay on the processor's own page instead of ours. Raises Refused."""
    made = maker_or_missing(connection.kind)
    if hosted and Can.HOSTED not in made.can:
        raise Refused("not_allowed", f"{made.label} has no payment page of its own.")
    ProcessorConnection.objects.filter(pk=connection.pk, removed_at=None).update(hosted=hosted)


def replace_credentials(*, connection: ProcessorConnection, credentials: Mapping[str, str]) -> ProcessorConnection:
    """New keys for the same processor. A field left empty keeps what it was. Raises Invalid, Refused.

    They are tried first, and the ones before stay in use when they do not work. Test and live keys never take each
    other's place, nor do keys of another account: payments made under one would be looked for under the other.
    """
    connection = ProcessorConnection.objects.get(pk=connection.pk)
    before = _stored(connection)
    given = {name: value.strip() for name, value in credentials.items() if value.strip()}
    clean = _clean(connection.kind, {**before, **given})
    made = maker_or_missing(connection.kind)
    if made.open(clean).livemode != connection.livemode:
        mode = "live" if connection.livemode else "test"
        raise Refused("invalid", f"These keys are not {mode} keys. Remove this connection and add the other mode anew.")
    changed = {name for name, value in given.items() if value != before.get(name)}
    account = _try_keys(connection, clean, before) if changed - {SECRET} else ""
    if SECRET in changed:
        clean = with_secret({**clean, SECRET: before.get(SECRET, "")}, clean[SECRET])
    with transaction.atomic():
        row = ProcessorConnection.objects.select_for_update().get(pk=connection.pk)
        if row.credentials_sealed != connection.credentials_sealed:
            raise Refused("not_possible", "Somebody else replaced these keys a moment ago. Look at them first.")
        row.credentials, row.processor_account = clean, row.processor_account or account
        row.broken_at = None if changed - {SECRET} else row.broken_at
        row.hook_reference = "" if SECRET in changed else row.hook_reference  # it is not known whose secret it is
        row.save()
        return row


def _stored(connection: ProcessorConnection) -> dict[str, str]:
    """The keys as they are; none when they cannot be opened any more."""
    try:
        return connection.credentials
    except CannotUnseal:
        return {}


def _try_keys(connection: ProcessorConnection, clean: dict[str, str], before: dict[str, str]) -> str:
    """The account the new keys are of. Raises Refused when they do not work, or are of another than payments are in."""
    made = maker_or_missing(connection.kind)
    processor = made.open(clean)
    account = processor.account_of_keys()
    known = connection.processor_account or _account_of(made, before)
    if account and known and account != known:
        raise Refused("invalid", f"These keys are of {account}, and payments so far are in {known}. {_ADD_ANEW}")
    if not (account and known):
        paid = connection.attempts.exclude(reference="").order_by("-pk").first()
        if paid is not None and processor.look_up(paid.reference).code == "not_found":
            raise Refused("invalid", f"With these keys, payments made so far are not found. {_ADD_ANEW}")
    return account


_ADD_ANEW = "Remove this connection and add the other account anew. The keys from before stay in use."


def _account_of(made: Maker, credentials: dict[str, str]) -> str:
    """The account of the keys in use, "" when they no longer work."""
    try:
        return made.open(credentials).account_of_keys() if credentials else ""
    except Refused:
        return ""


def stays_refundable(connection: ProcessorConnection) -> int:
    """How many payments made through this connection have something left to give back."""
    paid = Payment.objects.filter(attempt__connection=connection, reversal=None)
    held = Sum("refunds__amount_minor", filter=Q(refunds__state__in=sorted(HELD_REFUND)))
    return paid.annotate(back=Coalesce(held, 0)).filter(back__lt=F("amount_minor")).count()


def remove_connection(*, connection: ProcessorConnection) -> None:
    """Take it out of use. Its row stays, so that payments under way are still looked up and booked."""
    with transaction.atomic():
        Account.objects.select_for_update().get(pk=connection.account_id)
        mine = ProcessorConnection.objects.filter(account_id=connection.account_id)
        mine.filter(pk=connection.pk).update(removed_at=timezone.now(), is_enabled=False, is_default=False)
        if mine.filter(removed_at=None, is_default=True).exists():
            return
        able = [other for other in mine.filter(removed_at=None) if Can.REQUEST in maker_or_missing(other.kind).can]
        if able:
            mine.filter(pk=able[0].pk).update(is_default=True)


def _clean(kind: str, credentials: Mapping[str, str]) -> dict[str, str]:
    known = {setting.name for setting in maker(kind).settings} | {OLD_SECRET, OLD_UNTIL}
    clean = {name: value.strip() for name, value in credentials.items() if value.strip()}
    problems = {name: "There is no such setting" for name in clean if name not in known}
    problems |= maker(kind).problems(clean)
    if problems:
        raise Invalid(problems)
    return clean
