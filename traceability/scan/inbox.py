"""QC's inbox of codes nobody could resolve: reported by scans, settled into aliases, or dismissed.

An alias that was wrong is withdrawn, and the code stands in the inbox again.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from backend.accounts.models import User
from backend.core import clock
from backend.core.errors import DomainError, IllegalStep, NotFound
from backend.core.errors import mark as _
from backend.core.ids import uuid7
from backend.core.queue import emit
from traceability.scan.models import CodeAlias, UnknownCode
from traceability.scan.queries import Target
from traceability.scan.question import LONGEST_REGISTERED
from traceability.scan.rules import UnknownState

_SHOWN = 260
_COUNT = """INSERT INTO traceability_unknowncode AS kept
    (id, raw, aim, times_seen, first_seen_at, last_seen_at, state, settled_note)
    SELECT id, raw, aim, seen, %s, %s, %s, ''
    FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::int[]) AS new(id, raw, aim, seen)
    ON CONFLICT (raw) DO UPDATE SET times_seen = kept.times_seen + EXCLUDED.times_seen,
    last_seen_at = EXCLUDED.last_seen_at RETURNING raw, id"""


class AliasTaken(DomainError):
    code, status, title = "alias_taken", 409, _("This code is registered already")


class CodeTooLong(DomainError):
    """No registered code is that long; the report keeps its beginning only."""

    code, status, title = "code_too_long", 409, _("This code is too long to be registered")
    detail = _("At most {limit} characters.")


def entry_text(spelling: str) -> str:
    """The code as the inbox lists it; a long one by its beginning and a digest that tells it from others."""
    if len(spelling) <= LONGEST_REGISTERED:
        return spelling
    digest = hashlib.sha256(spelling.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{spelling[:_SHOWN]}…{digest[:32]}"


def report(seen: Iterable[tuple[str, str]], *, at: datetime) -> Mapping[str, UUID]:
    """Counts (text, aim) pairs in the inbox in one statement: text → report id. New ones are announced.

    Call inside a transaction with the scans that saw them.
    """
    pairs = list(seen)
    counts = Counter(text for text, _aim in pairs)
    aims = dict(reversed(pairs))
    texts = sorted(counts)  # in key order: two uploads may report the same codes at once
    ids = {text: uuid7() for text in texts}
    params: list[Any] = [
        at,
        at,
        UnknownState.OPEN,
        [ids[text] for text in texts],
        texts,
        [aims[text] for text in texts],
        [counts[text] for text in texts],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, params)
        found = dict(cursor.fetchall())
    for text in texts:
        if found[text] == ids[text]:
            emit("scan.unknown", report_id=ids[text])
    return found


@transaction.atomic
def register(code: str, *, target: Target, by: User, serial: str = "", note: str = "") -> CodeAlias:
    """From now on the code means this batch or pack, whatever it looks like. Raises AliasTaken (409)."""
    row, created = CodeAlias.objects.get_or_create(
        code=code,
        defaults={
            "batch": target.batch,
            "trade_item": target.trade_item,
            "serial": serial,
            "note": note,
            "created_by": by,
        },
    )
    if not created:
        raise AliasTaken
    return row


@transaction.atomic
def settle(report: UnknownCode, *, target: Target, by: User, note: str) -> UnknownCode:
    """Registers the code for the batch or pack. Raises IllegalStep, AliasTaken, CodeTooLong (409)."""
    if len(report.raw) > LONGEST_REGISTERED or "…" in report.raw[_SHOWN : _SHOWN + 1]:
        raise CodeTooLong(limit=LONGEST_REGISTERED)
    _close(report, state=UnknownState.SETTLED, by=by, note=note)
    alias = register(report.raw, target=target, by=by, note=note[:200])
    UnknownCode.objects.filter(pk=report.pk).update(alias=alias)
    report.refresh_from_db()
    return report


@transaction.atomic
def withdraw(alias: CodeAlias, *, note: str) -> CodeAlias:
    """Takes a wrong alias back: the code no longer means its target, and a report it settled is open again.

    The row goes, its history stays, with the reason and who. Raises NotFound (404) where somebody was faster.
    """
    row = CodeAlias.objects.select_for_update(of=("self",)).filter(pk=alias.pk).first()
    if row is None:
        raise NotFound
    UnknownCode.objects.filter(alias=row).update(
        alias=None, state=UnknownState.OPEN, settled_by=None, settled_at=None, settled_note=""
    )
    row.note = note
    row.save(update_fields=["note"])  # before it goes: the history keeps why
    CodeAlias.objects.filter(pk=row.pk).delete()
    return row


@transaction.atomic
def dismiss(report: UnknownCode, *, by: User, note: str) -> UnknownCode:
    """Not a code of ours; further scans of it are counted and stay dismissed. Raises IllegalStep (409)."""
    _close(report, state=UnknownState.DISMISSED, by=by, note=note)
    report.refresh_from_db()
    return report


def _close(report: UnknownCode, *, state: UnknownState, by: User, note: str) -> None:
    open_rows = UnknownCode.objects.filter(pk=report.pk, state=UnknownState.OPEN)
    changed = open_rows.update(state=state, settled_by=by, settled_at=clock.now(), settled_note=note)
    if not changed:
        raise IllegalStep(state=report.state, action=state, allowed="—")
