"""Seal everything sealed anew with the newest field key, so that an old one can be thrown away (J12)."""

from django.db import transaction

from balancedue.models import PaymentRequest, ProcessorConnection
from balancedue.models.sealing import CannotUnseal


def reseal_secrets() -> tuple[int, list[str]]:
    """How many secrets are sealed with the newest key now, and the public ids of those no key here opens.

    Each row in a transaction of its own: it can be stopped and run again, while everything goes on running.
    """
    done, closed = 0, []
    for model, reseal in ((ProcessorConnection, _connection), (PaymentRequest, _request)):
        for pk, public_id in model.objects.order_by("pk").values_list("pk", "public_id").iterator():
            try:
                reseal(pk)
            except CannotUnseal:
                closed.append(public_id)
            else:
                done += 1
    return done, closed


def _connection(pk: int) -> None:
    with transaction.atomic():
        connection = ProcessorConnection.objects.select_for_update().get(pk=pk)
        connection.credentials = connection.credentials
        connection.save(update_fields=["credentials_sealed", "credentials_shown"])


def _request(pk: int) -> None:
    with transaction.atomic():
        request = PaymentRequest.objects.select_for_update().get(pk=pk)
        request.seal_token(request.token)
        request.save(update_fields=["token_sealed"])
