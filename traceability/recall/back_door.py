"""Edible goods made of recalled ones since the scope was frozen, beyond what was relabelled. Reads."""

from collections import defaultdict
from collections.abc import Collection
from decimal import Decimal
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet, Sum

from traceability.batch.models import Batch
from traceability.batch.rules import BatchStatus
from traceability.dispatch.models import ShipmentLine
from traceability.genealogy.models import MadeFrom
from traceability.genealogy.rules import EDIBLE, LinkKind, slack_kg
from traceability.recall.models import Disposition, Recall, RecallBatch
from traceability.recall.queries import scope_ids
from traceability.recall.rules import DispositionKind, DispositionState
from traceability.recall.scope import made_since
from traceability.trace.queries import walk
from traceability.trace.rules import Direction


def out_by_the_back_door(recall: Recall) -> QuerySet[Batch]:
    """Released, or shipped and stopped only then; a batch that is recalled itself is dealt with there."""
    shipped = ShipmentLine.objects.filter(batch=OuterRef("pk"), shipment__cancelled_at=None)
    recalled = RecallBatch.objects.filter(batch=OuterRef("pk"), recall__is_drill=False)
    rows = Batch.objects.filter(pk__in=_made_beyond_relabelling(recall), product__family__in=EDIBLE)
    rows = rows.filter(Q(status=BatchStatus.RELEASED) | Exists(shipped))
    return rows.exclude(status=BatchStatus.RECALLED).exclude(Exists(recalled))


def _made_beyond_relabelling(recall: Recall) -> set[UUID]:
    """What was made of batches of which more went into new ones than was relabelled."""
    ids = scope_ids(recall)
    if not made_since(ids):
        return set()
    origins = _origins(ids)
    used, children = _used_since(origins)
    relabelled = _relabelled_kg(recall)
    # Of a batch nobody relabelled not even a trace of 0 kg is covered.
    covered = {id for id, kg in relabelled.items() if used.get(id, Decimal()) <= kg + slack_kg(kg)}
    starts = {child for id, made in children.items() if id not in covered for child in made}
    starts |= {lot for lot, id in origins.items() if lot != id and id not in covered}
    return set(walk(list(starts), direction=Direction.FORWARD).lots) - set(ids)


def _origins(ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Batch → the batch of the scope it is goods of: itself, or the one a lot came back of since."""
    found = {id: id for id in ids}
    fresh = list(ids)
    while fresh:
        rows = MadeFrom.objects.filter(parent__in=fresh, kind=LinkKind.RETURNED, is_live=True)
        lots = {lot: found[parent] for parent, lot in rows.values_list("parent", "child") if lot not in found}
        found |= lots
        fresh = list(lots)
    return found


def _used_since(origins: dict[UUID, UUID]) -> tuple[dict[UUID, Decimal], dict[UUID, set[UUID]]]:
    """Batch of the scope → kg of it that went into batches made since, and those batches."""
    used: defaultdict[UUID, Decimal] = defaultdict(Decimal)
    children: defaultdict[UUID, set[UUID]] = defaultdict(set)
    rows = MadeFrom.objects.filter(parent__in=list(origins), is_live=True).exclude(kind=LinkKind.RETURNED)
    for parent, child, kg in rows.values_list("parent", "child", "qty_kg"):
        if child not in origins:
            used[origins[parent]] += kg
            children[origins[parent]].add(child)
    return dict(used), dict(children)


def _relabelled_kg(recall: Recall) -> dict[UUID, Decimal]:
    rows = Disposition.objects.filter(
        recall=recall, kind=DispositionKind.RELABEL, state=DispositionState.DONE
    )
    return dict(rows.values_list("batch").annotate(kg=Sum("qty_kg")))
