"""Reads of the log: who sees which events, and the events of a set of batches."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from backend.accounts.models import User
from traceability.batch.models import Batch
from traceability.epcis.identifier import spelled
from traceability.epcis.models import CaptureJob, TraceEvent
from traceability.epcis.naming import batch_uri
from traceability.epcis.rules import BLIND, CAPTURED

CHUNK = 500


def events_for(user: User) -> QuerySet[TraceEvent]:
    """All events; production none of others' documents, which may name customers anywhere."""
    rows = TraceEvent.objects.all()
    return rows.exclude(source=CAPTURED) if user.role in BLIND else rows


def event_by_id(rows: QuerySet[TraceEvent], event_id: str) -> TraceEvent | None:
    """The event as it stands: its error declaration, which repeats all of it, where there is one. Ours come first."""
    found = list(rows.filter(event_id=event_id).order_by("is_declaration")[:4])
    best = [event for event in found if event.source != CAPTURED] or found
    return best[-1] if best else None


def about(rows: QuerySet[TraceEvent], uri: str) -> QuerySet[TraceEvent]:
    """Events that name the thing, unit or lot, on any side."""
    name = [spelled(uri)]
    return rows.filter(Q(epcs__overlap=name) | Q(epc_classes__overlap=name))


def bodies_about(rows: QuerySet[TraceEvent], ids: Sequence[UUID]) -> Iterator[dict[str, Any]]:
    """Bodies of all events of the batches, each once, read as they are asked for.

    Batches come in the order given, 500 at a time; the events of each lot of 500 in order of their time.
    """
    seen: set[UUID] = set()
    for start in range(0, len(ids), CHUNK):
        part = list(ids[start : start + CHUNK])
        batches = Batch.objects.filter(pk__in=part).select_related("product", "trade_item")
        lots = [spelled(batch_uri(batch)) for batch in batches]
        mine = Q(batches__overlap=part) | Q(source=CAPTURED, epc_classes__overlap=lots)
        for event in rows.filter(mine).order_by("event_time", "id").only("id", "body").iterator(CHUNK):
            if event.pk not in seen:
                seen.add(event.pk)
                yield event.body


def jobs_for(user: User) -> QuerySet[CaptureJob]:
    """Jobs of everybody: whoever may capture sees what the others handed in."""
    return CaptureJob.objects.all()
