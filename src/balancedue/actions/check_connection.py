"""Check a processor's connection line by line, and have its webhooks sent to us (ux.md 3.6)."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from balancedue.models import ProcessorConnection
from balancedue.models.sealing import CannotUnseal
from balancedue.processors.base import Can, Check, Findings, Processor, Site
from balancedue.processors.registry import maker_or_missing
from balancedue.rules.errors import Refused

from .make_round_trip import wait_for_webhook
from .open_processor import OLD_SECRET, OLD_UNTIL, SECRET, open_processor

OLD_SECRET_HOLDS = timedelta(days=3)  # for as long a processor may send again what it signed with it


def hook_url(connection: ProcessorConnection) -> str:
    """Where the processor sends its webhooks."""
    return f"{settings.PUBLIC_URL}/hooks/{connection.public_id}/"


def set_up_hook(*, connection: ProcessorConnection) -> ProcessorConnection:
    """Have the processor send webhooks to us and keep the secret it signs them with. Raises Refused.

    The endpoint and the secret from before hold until a check has heard from the new one.
    """
    if Can.HOOK not in maker_or_missing(connection.kind).can:
        raise Refused("not_allowed", "This processor sends no webhooks.")
    hook = open_processor(connection).set_up_hook(hook_url(connection), keep=connection.hook_reference)
    with transaction.atomic():
        connection = ProcessorConnection.objects.select_for_update().get(pk=connection.pk)
        connection.credentials = with_secret(connection.credentials, hook.secret)
        connection.hook_reference = hook.reference
        connection.save(update_fields=["credentials_sealed", "credentials_shown", "hook_reference"])
        return connection


def with_secret(credentials: dict[str, str], secret: str) -> dict[str, str]:
    """The credentials with another webhook secret; the one before holds while what it signed is on its way (D8)."""
    before = credentials.get(SECRET, "")
    if not before or before == secret:
        return {**credentials, SECRET: secret}
    until = timezone.now() + OLD_SECRET_HOLDS
    return {**credentials, SECRET: secret, OLD_SECRET: before, OLD_UNTIL: until.isoformat()}


def check_connection(*, connection: ProcessorConnection) -> list[Check]:
    """Ask the processor whether all is well, and wait for a webhook of our own. Call with no transaction open.

    The lines are kept, so that the page can show them; so is the account that the keys turned out to belong to.
    """
    try:
        processor = open_processor(connection)
    except CannotUnseal:
        fix = "Enter the keys again, or put the field key back that they were sealed with."
        closed = Check("Keys", ok=False, detail="They cannot be opened", fix=fix)
        return _keep(connection, Findings((closed,), accepts_key=None), [closed])
    findings = processor.check(_site(connection))
    lines = list(findings.lines)
    _keep(connection, findings, lines)
    if findings.test_event and findings.sent_at and connection.credentials.get(SECRET):
        trip = wait_for_webhook(connection, findings.test_event, findings.sent_at)
        lines = sorted([*lines, trip], key=lambda line: not line.needed)  # advice comes last
        _tidy_hooks(connection, processor, heard=trip.ok)
    return _keep(connection, findings, lines)


def is_ready(lines: list[Check]) -> bool:
    """Whether everything holds that must."""
    return all(line.ok for line in lines if line.needed)


def _site(connection: ProcessorConnection) -> Site:
    account = connection.account
    others = account.orders.exclude(currency=account.currency).order_by("currency").values_list("currency", flat=True)
    return Site(
        mark=connection.public_id,
        origin=settings.PUBLIC_URL,
        hook_url=hook_url(connection),
        currencies=(account.currency, *others.distinct()),
        hook=connection.hook_reference,
        account=connection.processor_account,
    )


def _tidy_hooks(connection: ProcessorConnection, processor: Processor, *, heard: bool) -> None:
    """The new endpoint works, so the ones before it go."""
    if heard and connection.hook_reference:
        processor.drop_hooks(hook_url(connection), keep=connection.hook_reference)


def _keep(connection: ProcessorConnection, findings: Findings, lines: list[Check]) -> list[Check]:
    """Write down what was found, unless the keys were replaced since they were looked at."""
    now = timezone.now()
    same = ProcessorConnection.objects.filter(pk=connection.pk, credentials_sealed=connection.credentials_sealed)
    found: dict[str, Any] = {"checks": [asdict(line) for line in lines], "checked_at": now}
    if findings.accepts_key:
        found["broken_at"] = None
    same.update(**found)
    if findings.accepts_key is False:
        same.filter(broken_at=None).update(broken_at=now)
    if findings.account:
        same.filter(processor_account="").update(processor_account=findings.account)
    return lines
