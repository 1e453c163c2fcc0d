"""Importing a file: taken in, worked through in the background, restarted where it was, cancelled."""

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pghistory
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import OperationalError, connection, transaction
from django.db.models import F

from backend.accounts.models import User
from backend.core import clock
from backend.core.errors import DomainError, Forbidden
from backend.core.errors import mark as _
from backend.core.ids import uuid7
from backend.core.queue import emit
from traceability.balance.services import refresh_findings_since
from traceability.imports import queries
from traceability.imports.kinds import KINDS, Kind, records_of
from traceability.imports.limits import allow_long_work
from traceability.imports.models import FileImport, ImportFault
from traceability.imports.progress import ImportCancelled, Progress
from traceability.imports.rules import (
    NEEDS,
    ImportKind,
    ImportMode,
    ImportState,
    Outcome,
    Record,
    RowFault,
    TableRefused,
    Verdict,
)
from traceability.imports.table import MAX_BYTES, read_table

LONGEST_RUN_S = 150  # of one job; then the next one goes on (the cluster ends a job after 300 s)
LONGEST_WHOLE_S = 240  # of one that is written as a whole: no other job can go on with it
LAST_ATTEMPT_AFTER = timedelta(minutes=25)  # the queue tries three times, 15 minutes apart
STALE_AFTER = timedelta(hours=3)
WENT_WRONG = _("Something went wrong on our side")
LIVING = (ImportState.QUEUED, ImportState.RUNNING)
MOVES_GOODS = (ImportKind.BATCHES, ImportKind.LINKS, ImportKind.SHIPMENTS)
Say = Callable[[int, int], None]  # rows done, rows in all


class ImportTooLarge(DomainError):
    code, status, title = "import_too_large", 413, _("The file is too large")
    detail = _("At most {limit} bytes are taken; split it.")


class ImportEnded(DomainError):
    code, status, title = "import_ended", 409, _("This import is over")


class _TakenBack(Exception):
    """Rolls back what a dry run, or a file with bad rows, has written."""


@dataclass(frozen=True)
class ImportData:
    """A file somebody sends; `file_name` is only shown."""

    kind: ImportKind
    mode: ImportMode
    is_dry_run: bool
    file_name: str
    data: bytes


def silent(done: int, total: int) -> None:
    """Tells nobody."""


@transaction.atomic
def request_import(data: ImportData, *, by: User, in_background: bool = True) -> FileImport:
    """Keeps the file and queues its import. Raises Forbidden (403), ImportTooLarge (413)."""
    if not by.may(NEEDS[data.kind]):
        raise Forbidden
    if in_background and len(data.data) > MAX_BYTES:
        raise ImportTooLarge(limit=MAX_BYTES)
    row = FileImport.objects.create(
        kind=data.kind,
        mode=data.mode,
        is_dry_run=data.is_dry_run,
        file_name=data.file_name[-200:],
        file=default_storage.save(f"imports/{uuid7()}", ContentFile(data.data)),
        sha256=hashlib.sha256(data.data).hexdigest(),
        size_bytes=len(data.data),
        sent_by=by,
        sent_at=clock.now(),
    )
    if in_background:
        emit("import.requested", import_id=row.pk)
    return queries.imports_for(by).get(pk=row.pk)


@transaction.atomic
def cancel_import(row: FileImport, *, by: User) -> FileImport:
    """Stops an import that is queued or running. What a skipping one has written stays. Raises ImportEnded (409)."""
    won = FileImport.objects.filter(pk=row.pk, state__in=LIVING).update(
        state=ImportState.CANCELLED, finished_at=clock.now()
    )
    if not won:
        raise ImportEnded
    return queries.imports_for(by).get(pk=row.pk)


def run_import(id: UUID, *, say: Say = silent) -> None:
    """Works through the file. Safe to run twice; after a killed worker it goes on where the last commit was."""
    won = FileImport.objects.filter(pk=id, state__in=LIVING).update(state=ImportState.RUNNING)
    if not won:
        return
    FileImport.objects.filter(pk=id, started_at=None).update(started_at=clock.now())
    row = FileImport.objects.select_related("sent_by").get(pk=id)
    with pghistory.context(user=str(row.sent_by_id), job=f"import {row.pk}"):
        _end_stale()
        try:
            _work_through(row, say=say)
        except (
            OperationalError
        ):  # a lock, a limit, a lost connection: the queue tries again, three times in all
            if clock.now() - (row.started_at or row.sent_at) > LAST_ATTEMPT_AFTER:
                _give_up(row, reason=WENT_WRONG)
            raise
        except (
            Exception
        ):  # whatever it is, it would come again: nobody is left to look at an import that runs for ever
            _give_up(row, reason=WENT_WRONG)
            raise


def _give_up(row: FileImport, *, reason: str) -> None:
    """Ends an import that cannot go on. What a skipping one has written stays."""
    has_written = FileImport.objects.filter(pk=row.pk, records_done__gt=0).exists()
    _end(row, ImportState.CANCELLED if has_written else ImportState.REFUSED, refusal=reason)


def _end_stale() -> None:
    """Imports whose worker was killed at every attempt."""
    for row in FileImport.objects.filter(state=ImportState.RUNNING, started_at__lt=clock.now() - STALE_AFTER):
        _give_up(row, reason=WENT_WRONG)


def look_over(id: UUID) -> None:
    """What came in may have faults that no single row shows. Safe to run twice."""
    row = FileImport.objects.get(pk=id)
    refresh_findings_since(row.finished_at or row.sent_at)


def _work_through(row: FileImport, *, say: Say) -> None:
    kind = KINDS[ImportKind(row.kind)]
    try:
        records = records_of(kind, read_table(_bytes_of(row)))
    except TableRefused as refused:
        _refuse(row, refused)
        return
    total = sum(len(record.rows) for record in records)
    FileImport.objects.filter(pk=row.pk).update(rows_total=total)
    if row.is_dry_run or row.mode == ImportMode.ALL_OR_NOTHING:
        _all_at_once(row, kind, records, say=say, total=total)
    else:
        _chunk_by_chunk(row, kind, records, say=say, total=total)


def _bytes_of(row: FileImport) -> bytes:
    try:
        with default_storage.open(row.file) as file:
            return bytes(file.read())
    except FileNotFoundError as error:
        raise TableRefused(reason=_("The file is missing in the media folder.")) from error


@transaction.atomic
def _refuse(row: FileImport, refused: TableRefused) -> None:
    if _end(row, ImportState.REFUSED, refusal=refused.reason):
        _keep_faults(row, refused.faults or [RowFault(1, "", refused.code, refused.reason)])


def _chunks(records: Sequence[Record], size: int) -> Iterator[Sequence[Record]]:
    for start in range(0, len(records), size):
        yield records[start : start + size]


def _all_at_once(row: FileImport, kind: Kind, records: Sequence[Record], *, say: Say, total: int) -> None:
    """All records in one transaction. A dry run, and a file with a bad row, is taken back and only told."""
    verdicts: list[Verdict] = []
    is_skipping, began = row.mode == ImportMode.SKIP_BAD, time.monotonic()
    try:
        with Progress(row.pk) as progress, transaction.atomic():
            allow_long_work()
            _one_worker(row)
            for chunk in _chunks(records, kind.chunk):
                verdicts += kind.apply(chunk, by=row.sent_by, skip_bad=is_skipping, is_dry_run=row.is_dry_run)
                if time.monotonic() - began > LONGEST_WHOLE_S and say is silent:
                    raise TableRefused(reason=_("The file has too many rows; split it."))
                done = sum(len(verdict.record.rows) for verdict in verdicts)
                progress.tell(done)
                say(done, total)
            if row.is_dry_run or any(verdict.faults for verdict in verdicts):
                raise _TakenBack
            if not _end(row, ImportState.DONE, **_counts(verdicts)):
                raise ImportCancelled
    except _TakenBack:
        _tell_only(row, verdicts)
    except TableRefused as refused:
        _refuse(row, refused)
    except ImportCancelled:
        return


@transaction.atomic
def _tell_only(row: FileImport, verdicts: Sequence[Verdict]) -> None:
    if _end(row, ImportState.DONE if row.is_dry_run else ImportState.REFUSED, **_counts(verdicts)):
        _keep_faults(row, [fault for verdict in verdicts for fault in verdict.faults])


def _chunk_by_chunk(row: FileImport, kind: Kind, records: Sequence[Record], *, say: Say, total: int) -> None:
    """Each chunk commits with the place reached: a killed worker loses its chunk and nothing doubles."""
    began, place = time.monotonic(), row.records_done
    for chunk in _chunks(records[place:], kind.chunk):
        if time.monotonic() - began > LONGEST_RUN_S and say is silent:
            emit("import.requested", import_id=row.pk)
            return
        if not _chunk(row, kind, chunk, place=place):
            return
        place += len(chunk)
        say(sum(len(record.rows) for record in records[:place]), total)
    _end(row, ImportState.DONE)


@transaction.atomic
def _chunk(row: FileImport, kind: Kind, chunk: Sequence[Record], *, place: int) -> bool:
    """False where the import was cancelled, or another worker has taken this chunk."""
    allow_long_work()
    own = FileImport.objects.select_for_update().filter(
        pk=row.pk, state=ImportState.RUNNING, records_done=place
    )
    if not own.first():
        return False
    verdicts = kind.apply(chunk, by=row.sent_by, skip_bad=True, is_dry_run=False)
    _keep_faults(row, [fault for verdict in verdicts for fault in verdict.faults])
    more = {name: F(name) + count for name, count in _counts(verdicts).items()}
    FileImport.objects.filter(pk=row.pk).update(records_done=place + len(chunk), **more)
    return True


def _counts(verdicts: Iterable[Verdict]) -> dict[str, int]:
    """Rows by what became of them; of a partly booked record the rows at fault are bad."""
    counts: Counter[str] = Counter(dict.fromkeys(("rows_done", *Outcome), 0))
    for verdict in verdicts:
        rows, bad = len(verdict.record.rows), verdict.bad_lines
        counts["rows_done"] += rows
        counts[Outcome.BAD] += bad
        if verdict.outcome != Outcome.BAD:
            counts[verdict.outcome] += rows - bad
    return {str(name): count for name, count in counts.items()}


def _keep_faults(row: FileImport, faults: Iterable[RowFault]) -> None:
    ImportFault.objects.bulk_create(
        (
            ImportFault(
                file_import=row,
                line=fault.line,
                column=fault.column[:40],
                code=fault.code,
                text=fault.text[:300],
                params=dict(fault.params),
            )
            for fault in faults
        ),
        batch_size=2_000,
    )


def _one_worker(row: FileImport) -> None:
    """Of two deliveries of one job the later one waits, and then finds the import over."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"import {row.pk}"])


@transaction.atomic
def _end(row: FileImport, state: ImportState, **fields: Any) -> bool:
    """False where it was cancelled meanwhile."""
    won = FileImport.objects.filter(pk=row.pk, state=ImportState.RUNNING).update(
        state=state, finished_at=clock.now(), **fields
    )
    if won and state == ImportState.DONE and not row.is_dry_run and row.kind in MOVES_GOODS:
        emit("goods.imported", import_id=row.pk)
    return bool(won)
