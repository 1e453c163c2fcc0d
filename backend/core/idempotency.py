"""A write that may arrive twice happens once: client key + digest, stored in the transaction of the effect."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from django.db import OperationalError, transaction

from backend.core import clock
from backend.core.errors import IdReuse, InFlight
from backend.core.models import IdempotencyKey


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    replayed: bool = False


def digest_of(*parts: Any) -> str:
    """SHA-256 hex of the canonical JSON of `parts`: same content, same digest, whatever the key order."""
    return hashlib.sha256(orjson.dumps(parts, default=str, option=orjson.OPT_SORT_KEYS)).hexdigest()


def once(*, user_id: UUID, key: str, digest: str, effect: Callable[[], Answer]) -> Answer:
    """Runs `effect` the first time, replays its stored answer afterwards.

    A refusal (exception) leaves no trace, so a corrected retry may use the same key.
    Raises IdReuse (same key, other content) and InFlight (the first one still runs; waits 2 s for it).
    """
    with transaction.atomic():
        try:
            with transaction.atomic():
                row, created = IdempotencyKey.objects.get_or_create(
                    user_id=user_id, key=key, defaults={"digest": digest, "created_at": clock.now()}
                )
        except OperationalError as error:  # lock_timeout while the first one runs
            raise InFlight from error
        if not created:
            if row.digest != digest:
                raise IdReuse
            return Answer(status=row.status, body=row.body, replayed=True)
        answer = effect()
        IdempotencyKey.objects.filter(pk=row.pk).update(
            status=answer.status, body=orjson.loads(orjson.dumps(answer.body, default=str))
        )
        return answer
