"""Connect a card processor to an account, check it, choose it, replace its keys, remove it (S6-S8, ux.md 3.6)."""

from collections.abc import Mapping
from dataclasses import asdict

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from balancedue.models import Account, ProcessorConnection
from balancedue.processors.base import Can, Check
from balancedue.processors.registry import maker, maker_or_missing
from balancedue.rules.errors import Invalid, Refused

from .open_processor import open_processor


def hook_url(connection: ProcessorConnection) -> str:
    """Where the processor sends its webhooks."""
    return f"{settings.PUBLIC_URL}/hooks/{connection.public_id}/"


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


def set_up_hook(*, connection: ProcessorConnection) -> ProcessorConnection:
    """Have the processor send webhooks to us and keep the secret it signs them with. Raises Refused."""
    if Can.HOOK not in maker_or_missing(connection.kind).can:
        raise Refused("not_allowed", "This processor sends no webhooks.")
    secret = open_processor(connection).set_up_hook(hook_url(connection))
    with transaction.atomic():
        connection = ProcessorConnection.objects.select_for_update().get(pk=connection.pk)
        before = connection.credentials
        connection.credentials = {**before, "webhook_secret": secret} | (
            {"webhook_secret_old": before["webhook_secret"]} if before.get("webhook_secret") else {}
        )  # both hold while webhooks signed with the old one are still on their way
        connection.save(update_fields=["credentials_sealed", "credentials_shown"])
        return connection


def check_connection(*, connection: ProcessorConnection) -> list[Check]:
    """Ask the processor whether all is well; keeps the lines, so that the page can show when that was."""
    lines = open_processor(connection).check()
    now = timezone.now()
    ok = all(line.ok for line in lines)
    ProcessorConnection.objects.filter(pk=connection.pk).update(
        checks=[asdict(line) for line in lines], checked_at=now, **({"broken_at": None} if ok else {})
    )
    return lines


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


def replace_credentials(*, connection: ProcessorConnection, credentials: Mapping[str, str]) -> ProcessorConnection:
    """New keys for the same processor. A field left empty keeps what it was. Raises Invalid, Refused.

    Test and live keys never take each other's place: payments made under one would be looked for under the other.
    """
    with transaction.atomic():
        connection = ProcessorConnection.objects.select_for_update().get(pk=connection.pk)
        given = {name: value for name, value in credentials.items() if value.strip()}
        clean = _clean(connection.kind, {**connection.credentials, **given})
        livemode = maker_or_missing(connection.kind).open(clean).livemode
        if livemode != connection.livemode:
            mode = "live" if connection.livemode else "test"
            raise Refused(
                "invalid", f"These keys are not {mode} keys. Remove this connection and add the other mode anew."
            )
        connection.credentials, connection.broken_at = clean, None
        connection.save(update_fields=["credentials_sealed", "credentials_shown", "broken_at"])
        return connection


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
    known = {setting.name for setting in maker(kind).settings} | {"webhook_secret_old"}
    clean = {name: value.strip() for name, value in credentials.items() if value.strip()}
    problems = {name: "There is no such setting" for name in clean if name not in known}
    problems |= maker(kind).problems(clean)
    if problems:
        raise Invalid(problems)
    return clean
