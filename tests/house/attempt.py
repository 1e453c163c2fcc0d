"""One request whose every effect is taken back afterwards, and what it did meanwhile."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.core.signals import got_request_exception
from django.db import connection, transaction
from jsonschema import ValidationError

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


def judged(send: Callable[..., Answer], *args: Any, **kwargs: Any) -> Answer:
    """The answer; one of status 0 that says why, where it is not what the OpenAPI document promises."""
    try:
        return send(*args, **kwargs)
    except ValidationError as error:
        why = f"not as documented at {error.json_path}: {error.message}"
    except AssertionError as error:
        why = f"not as documented: {error}"
    return Answer(0, {}, why[:600].encode())


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
            answer = judged(send, *args, **kwargs)
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
