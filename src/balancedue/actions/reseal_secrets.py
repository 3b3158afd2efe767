"""Seal everything sealed anew with the newest field key, so that an old one can be thrown away (J12)."""

from django.db import transaction

from balancedue.models import Delivery, PaymentRequest, ProcessorConnection
from balancedue.models.sealing import CannotUnseal


def reseal_secrets() -> tuple[int, list[str]]:
    """How many secrets are sealed with the newest key now, and the public ids of those no key here opens.

    Each row in a transaction of its own: it can be stopped and run again, while everything goes on running.
    """
    done, closed = 0, []
    letters = Delivery.objects.exclude(letter_sealed="")
    for rows, reseal in (
        (ProcessorConnection.objects.all(), _connection),
        (PaymentRequest.objects.all(), _request),
        (letters, _letter),
    ):
        for pk, public_id in rows.order_by("pk").values_list("pk", "public_id").iterator():
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


def _letter(pk: int) -> None:
    with transaction.atomic():
        delivery = Delivery.objects.select_for_update().get(pk=pk)
        if delivery.letter is not None:
            delivery.seal_letter(delivery.letter)
            delivery.save(update_fields=["letter_sealed"])
