"""The state of batches as the tables have it, and as the log has it: what `replay_events` holds against each other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet, Sum

from traceability.batch.models import Batch
from traceability.batch.rules import BatchStatus
from traceability.dispatch.models import ReceiptLine, ShipmentLine
from traceability.epcis.models import TraceEvent
from traceability.epcis.naming import batch_uri
from traceability.epcis.replay import NO_KG, BatchState, differences, replay
from traceability.epcis.rules import CAPTURED, Disposition
from traceability.genealogy.models import MadeFrom

CHUNK = 500
_DISPOSITIONS = {
    BatchStatus.QUARANTINE: Disposition.IN_PROGRESS,
    BatchStatus.RELEASED: Disposition.CONFORMANT,
    BatchStatus.HELD: Disposition.NON_SELLABLE_OTHER,
    BatchStatus.RECALLED: Disposition.RECALLED,
    BatchStatus.DESTROYED: Disposition.DESTROYED,
}


@dataclass(frozen=True)
class Difference:
    """One batch the log and the tables disagree about: field → (log, tables)."""

    batch: Batch
    fields: dict[str, tuple[Any, Any]]


def compare(rows: QuerySet[Batch]) -> Iterator[Difference]:
    """Those of the batches, 500 at a time, whose events do not rebuild their state. History has no events."""
    ids = list(rows.filter(is_history=False).order_by("id").values_list("id", flat=True))
    for start in range(0, len(ids), CHUNK):
        yield from _compared(ids[start : start + CHUNK])


def _compared(ids: Sequence[UUID]) -> Iterator[Difference]:
    bodies = TraceEvent.objects.filter(batches__overlap=list(ids)).exclude(source=CAPTURED)
    log = replay(bodies.order_by("record_time", "id").values_list("body", flat=True))
    tables = states_of(ids)
    for batch in Batch.objects.filter(pk__in=ids).select_related("product", "trade_item").order_by("id"):
        found = differences(log.get(batch_uri(batch), BatchState()), tables[batch.pk])
        if found:
            yield Difference(batch, found)


def states_of(ids: Sequence[UUID]) -> dict[UUID, BatchState]:
    """The batches' state by the tables: status, and sums over live links, standing shipments and receipts."""
    used = _sums(MadeFrom.objects.filter(parent__in=ids, is_live=True), "parent_id")
    shipped = _sums(ShipmentLine.objects.filter(batch__in=ids, shipment__cancelled_at=None), "batch_id")
    received = _sums(ReceiptLine.objects.filter(batch__in=ids), "batch_id")
    return {
        batch.pk: BatchState(
            status=batch.status,
            disposition=_DISPOSITIONS[BatchStatus(batch.status)],
            made_kg=batch.qty_kg,
            used_kg=used.get(batch.pk, NO_KG),
            shipped_kg=shipped.get(batch.pk, NO_KG),
            received_kg=received.get(batch.pk, NO_KG),
        )
        for batch in Batch.objects.filter(pk__in=ids)
    }


def _sums(rows: Any, key: str) -> dict[UUID, Any]:
    return dict(rows.order_by().values_list(key).annotate(kg=Sum("qty_kg")))
