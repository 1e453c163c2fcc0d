"""Reads of the log: who sees which events, and the events of a set of batches."""

import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import unquote
from uuid import UUID

from django.db.models import Q, QuerySet

from backend.accounts.models import User
from traceability.batch.models import Batch
from traceability.epcis.identifier import spelled
from traceability.epcis.models import CaptureJob, TraceEvent
from traceability.epcis.naming import batch_uri
from traceability.epcis.rules import BLIND, CAPTURED
from traceability.label.batch_code import BadBatchCode, normalise

CHUNK = 500
_LOT = re.compile(r"/01/(?P<gtin>[0-9]{14})/10/(?P<lot>[^/?#]+)$")


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
    """Events that name the thing, unit or lot, on any side; a lot under the GTIN of any of its packs."""
    names = list({spelled(uri), *_names_of_lot(uri)})
    return rows.filter(Q(epcs__overlap=names) | Q(epc_classes__overlap=names))


def _names_of_lot(uri: str) -> list[str]:
    """What the log calls the batch whose label carries this link: a bag says another GTIN than a case."""
    link = _LOT.search(uri)
    if link is None:
        return []
    try:
        code = normalise(unquote(link["lot"]))
    except BadBatchCode:
        return []
    found = Batch.objects.filter(product__trade_items__gtin=link["gtin"], code_norm=code)
    return [spelled(batch_uri(batch)) for batch in found.select_related("product", "trade_item")]


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
