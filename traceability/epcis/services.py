"""Appending to the log what happened in the house: every business row's event, once, corrected by declarations."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.module_loading import import_string

from backend.core import clock
from traceability.epcis.conformance import event_faults
from traceability.epcis.document import context, is_valid
from traceability.epcis.entry import Origin, declaration, entry, in_order
from traceability.epcis.models import EventDue, TraceEvent
from traceability.epcis.naming import event_uri
from traceability.epcis.rules import CAPTURED, ErrorReason
from traceability.epcis.shape import Draft, body_of, event_hash

log = structlog.get_logger("saltline.epcis")

BEFORE_READING = 500  # rows a reader waits for; more are the minute's job
ROUNDS = 40
LONGEST_FAULT = 500
Builder = Callable[[Sequence[UUID]], Iterable[tuple[UUID, Draft]]]
Row = tuple[str, UUID]  # source, id


def append_all(*, limit: int = BEFORE_READING, rounds: int = ROUNDS) -> int:
    """Appends what is due, `limit` rows per transaction. The number of events added."""
    added = 0
    for _round in range(rounds):
        taken, made = append_due(limit)
        added += made
        if not taken:  # not `< limit`: a renamed batch makes further rows due
            break
    return added


def append_for_reader() -> None:
    """What is due, bounded, so that a reader sees what was done just now."""
    try:
        append_due(BEFORE_READING)
    except IntegrityError:
        log.info("events_appended_by_another")  # the same rows at the same moment: they are in the log


@transaction.atomic
def append_due(limit: int) -> tuple[int, int]:
    """Takes up to `limit` due rows and appends their events. (rows taken, events added).

    Due rows go when their events come, in one transaction: killed half-way, nothing happened. Rows another
    transaction has taken are skipped; IntegrityError where two wrote the event of one row, then the later one's
    rows stay due.
    """
    taken = list(EventDue.objects.select_for_update(skip_locked=True).filter(fault="").order_by("id")[:limit])
    if not taken:
        return 0, 0
    wanted: dict[str, list[UUID]] = defaultdict(list)
    for due in taken:
        if due.row_id not in wanted[due.source]:
            wanted[due.source].append(due.row_id)
    drafts, faults = _drafts(wanted)
    entries, now = _entries(wanted), clock.now()
    followers = {
        row: list(_followers(row, drafts.get(row), entries.get(row, []), at=now))
        for row in ((source, id) for source, ids in wanted.items() for id in ids)
        if row not in faults
    }
    added = in_order(event for events in followers.values() for event in events)
    TraceEvent.objects.bulk_create(added)
    _settle(taken, faults)
    _look_again(
        id
        for (source, id), fresh in followers.items()
        if source == "batch" and _is_renamed(entries.get((source, id), []), fresh)
    )
    return len(taken), len(added)


def _drafts(wanted: Mapping[str, list[UUID]]) -> tuple[dict[Row, Draft], dict[Row, str]]:
    """(row → draft, row → why no event could be made of it)."""
    drafts: dict[Row, Draft] = {}
    faults: dict[Row, str] = {}
    paths: Mapping[str, str] = import_string(settings.EVENT_SOURCES)
    for source, ids in wanted.items():
        if source not in paths:
            faults |= {(source, id): "unknown source" for id in ids}
            continue
        found, failed = _built(import_string(paths[source]), ids)
        for id, draft in found.items():
            fault = _fault_of(draft)
            if fault:
                failed[id] = fault
            else:
                drafts[source, id] = draft
        faults |= {(source, id): text for id, text in failed.items()}
    for (source, id), fault in faults.items():
        log.error("event_not_made", source=source, row_id=str(id), fault=fault)
    return drafts, faults


def _fault_of(draft: Draft) -> str:
    """Why the draft is no event for the log, which takes of ours what it takes of others; empty where it is one."""
    body = body_of(draft)
    if not is_valid({"@context": context(), **body}):
        return "does not conform to the schema"
    return "; ".join(f"{path}: {found.code}" for path, found in event_faults(body))[:LONGEST_FAULT]


def _built(builder: Builder, ids: Sequence[UUID]) -> tuple[dict[UUID, Draft], dict[UUID, str]]:
    """What the builder makes of the rows; where one of them breaks it, each is tried alone."""
    try:
        with transaction.atomic():
            return dict(builder(ids)), {}
    except Exception as error:  # noqa: BLE001 one broken row must not keep all others out of the log for ever
        if len(ids) == 1:
            return {}, {ids[0]: f"{type(error).__name__}: {error}"[:LONGEST_FAULT]}
    drafts: dict[UUID, Draft] = {}
    faults: dict[UUID, str] = {}
    for id in ids:
        found, failed = _built(builder, [id])
        drafts |= found
        faults |= failed
    return drafts, faults


def _entries(wanted: Mapping[str, list[UUID]]) -> dict[Row, list[TraceEvent]]:
    """The entries there are already, by row, the oldest revision first."""
    mine = Q()
    for source, ids in wanted.items():
        mine |= Q(source=source, source_id__in=ids)
    found: dict[Row, list[TraceEvent]] = defaultdict(list)
    for event in TraceEvent.objects.filter(mine).order_by("revision", "is_declaration"):
        found[event.source, event.source_id].append(event)
    return found


def _followers(
    row: Row, draft: Draft | None, entries: Sequence[TraceEvent], *, at: datetime
) -> Iterator[TraceEvent]:
    """What the log lacks so that it says what the row says now."""
    last = next((event for event in reversed(entries) if not event.is_declaration), None)
    stands = last is not None and not entries[-1].is_declaration
    if draft is None:
        if last is not None and stands:
            yield declaration(last, reason=ErrorReason.DID_NOT_OCCUR, declared_at=at, corrective=(), at=at)
        return
    body = body_of(draft)
    is_same = last is not None and last.hash == event_hash(body)
    gone = draft.gone
    if last is None or (not gone and not (stands and is_same)):
        revision = 0 if last is None else last.revision + 1
        event_id = event_uri(*row, revision=revision)
        if last is not None and stands:
            yield declaration(
                last, reason=ErrorReason.INCORRECT_DATA, declared_at=at, corrective=(event_id,), at=at
            )
        last = entry(body, event_id=event_id, origin=Origin(*row, revision), at=at, batches=draft.batches)
        stands = True
        yield last
    if gone and stands:
        corrective = (event_uri(row[0], gone.replaced_by, revision=0),) if gone.replaced_by else ()
        yield declaration(last, reason=gone.reason, declared_at=gone.at, corrective=corrective, at=at)


def _is_renamed(entries: Sequence[TraceEvent], fresh: Sequence[TraceEvent]) -> bool:
    """Whether a batch has another URI now: the events of others that name it must follow."""
    newest = next((event for event in fresh if not event.is_declaration), None)
    return bool(entries and newest and entries[-1].epc_classes != newest.epc_classes)


def _settle(taken: Sequence[EventDue], faults: Mapping[Row, str]) -> None:
    done = [row.pk for row in taken if (row.source, row.row_id) not in faults]
    EventDue.objects.filter(pk__in=done).delete()
    broken = [row for row in taken if (row.source, row.row_id) in faults]
    for row in broken:
        row.fault = faults[row.source, row.row_id]
    if broken:
        EventDue.objects.bulk_update(broken, ["fault"])


def _look_again(batches: Iterable[UUID]) -> None:
    """Makes every event that names one of the batches due once more."""
    ids = list(batches)
    if not ids:
        return
    named: Any = (
        TraceEvent.objects.filter(batches__overlap=ids, is_declaration=False)
        .exclude(source__in=(CAPTURED, "batch"))
        .values_list("source", "source_id")
        .distinct()
    )
    EventDue.objects.bulk_create(EventDue(source=source, row_id=row_id) for source, row_id in named)


def retry_faulty() -> int:
    """Tries those again that could not be made before; after their cause was repaired. Their number."""
    return EventDue.objects.exclude(fault="").update(fault="")
