"""One request whose every effect is taken back afterwards, and what it did meanwhile."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.core.signals import got_request_exception
from django.db import connection, transaction

from tests.client import Answer
from tests.house.fingerprint import Fingerprint, fingerprint, written


@dataclass(frozen=True)
class Attempt:
    answer: Answer
    changed: list[str]  # tables whose content differs afterwards
    fault: str  # the traceback behind a 5xx

    def __str__(self) -> str:
        return (
            f"{self.answer.status} {self.answer.content[:600]!r} changed={self.changed}\n{self.fault}".strip()
        )


def attempt(
    send: Callable[..., Answer], *args: Any, untouched: Fingerprint | None = None, **kwargs: Any
) -> Attempt:
    """Calls `send` inside a savepoint that is rolled back.

    With `untouched`, the fingerprint before, the tables that changed are named; deferred constraints of an accepted
    write are checked as a commit would.
    """
    faults: list[str] = []

    def note(**signal: Any) -> None:
        faults.append(traceback.format_exc(limit=-8))

    cache.clear()  # the throttles count there; this is about rights and inputs
    got_request_exception.connect(note)
    try:
        with transaction.atomic():
            before = written()
            answer = send(*args, **kwargs)
            changed = []
            if untouched is not None and written() != before:
                after = fingerprint()
                changed = [name for name, content in after.items() if content != untouched.get(name)]
            if answer.status < 400 and written() != before:
                with connection.cursor() as cursor:
                    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            transaction.set_rollback(True)
    finally:
        got_request_exception.disconnect(note)
    return Attempt(answer, changed, "\n".join(faults))
