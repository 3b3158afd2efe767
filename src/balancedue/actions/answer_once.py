"""Answer a repeated call once: the same idempotency key and content get the answer that was given before."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from balancedue.models import Account, SavedAnswer
from balancedue.rules.errors import Refused

KEPT_FOR = timedelta(days=30)
AT_WORK_FOR = timedelta(minutes=2)  # a first call that has not answered by then died


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: status and body text. `replayed` when it was given before."""

    status: int
    body: str
    replayed: bool = False


def answer_once(*, account: Account, key: str, content: bytes, work: Callable[[], Answer]) -> Answer:
    """Do `work` for the first call with `key`; give its answer to every later one.

    `content` is what the call says: method, path and body. Answers of 500 and above are not kept, so that a retry
    works anew. Raises Refused `invalid` for a bad key; `idempotency_conflict` when the key came with other content
    before, or the first call is still at work. The verbs themselves guard against doing a thing twice.
    """
    if not 1 <= len(key) <= 255 or not key.isprintable():
        raise Refused("invalid", "An Idempotency-Key has 1 to 255 printable characters", field="Idempotency-Key")
    fingerprint = hashlib.sha256(content).hexdigest()
    saved, is_first = _reserve(account, key, fingerprint)
    if not is_first:
        if saved.fingerprint != fingerprint:
            raise Refused("idempotency_conflict", "This Idempotency-Key was used before with other content")
        if saved.status is None:
            raise Refused("idempotency_conflict", "The first call with this Idempotency-Key is still at work")
        return Answer(saved.status, saved.body, replayed=True)
    try:
        answer = work()
    except BaseException:
        saved.delete()
        raise
    if answer.status >= 500:
        saved.delete()
    else:
        saved.status, saved.body = answer.status, answer.body
        saved.save(update_fields=["status", "body"])
    return answer


def forget_old_answers() -> None:
    """Remove answers nobody will ask for again."""
    SavedAnswer.objects.filter(created_at__lt=timezone.now() - KEPT_FOR).delete()


def _reserve(account: Account, key: str, fingerprint: str) -> tuple[SavedAnswer, bool]:
    now = timezone.now()
    with transaction.atomic():
        SavedAnswer.objects.filter(account=account, key=key, status=None, created_at__lt=now - AT_WORK_FOR).delete()
        return SavedAnswer.objects.get_or_create(
            account=account, key=key, defaults={"fingerprint": fingerprint, "created_at": now}
        )
