"""The scope of a recall: everything made from its starts, and everybody who was sent some of it. Reads only."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db import connection
from django.db.models import Sum

from traceability.batch.models import Batch
from traceability.batch.rules import BatchKind, BatchStatus
from traceability.customer.models import Customer
from traceability.dispatch.models import Shipment, ShipmentLine
from traceability.genealogy.models import MadeFrom
from traceability.recall.models import Recall, RecallBatch
from traceability.recall.queries import scope_ids
from traceability.recall.rules import ScopeTruncated, scope_digest
from traceability.trace.queries import walk, walk_statement
from traceability.trace.rules import Direction

_NAMES = {
    "batch": Batch._meta.db_table,
    "line": ShipmentLine._meta.db_table,
    "shipment": Shipment._meta.db_table,
    "customer": Customer._meta.db_table,
}
# One row per consignee and batch: the site counts where it is known, a history delivery by the name its file gave.
_SENT = """
SELECT s.customer_id, s.site_id, '', c.region_id, l.batch_id, SUM(l.qty_kg), ARRAY_AGG(DISTINCT s.number)
FROM unnest(%(ids)s::uuid[]) a(id)
JOIN {line} l ON l.batch_id = a.id
JOIN {shipment} s ON s.id = l.shipment_id AND s.cancelled_at IS NULL
JOIN {customer} c ON c.id = s.customer_id
GROUP BY s.customer_id, s.site_id, c.region_id, l.batch_id
UNION ALL
SELECT NULL, NULL, b.consignee, NULL, b.id, b.qty_kg, ARRAY[b.code]
FROM unnest(%(ids)s::uuid[]) a(id)
JOIN {batch} b ON b.id = a.id AND b.kind = %(delivery)s AND b.consignee <> ''
ORDER BY 1, 2, 3, 5
"""
_FACTS = """
SELECT b.id, b.status, b.kind, b.qty_kg, b.code FROM unnest(%(ids)s::uuid[]) a(id) JOIN {batch} b ON b.id = a.id
"""
_CHILDREN = """
SELECT DISTINCT m.child_id FROM unnest(%(ids)s::uuid[]) a(id) JOIN {link} m ON m.parent_id = a.id AND m.is_live
"""
ConsigneeKey = tuple[UUID | None, UUID | None, str]  # customer, site, name of a history delivery


@dataclass(frozen=True)
class Sent:
    """Kg of one batch that went to one consignee, and the numbers of the shipments."""

    customer_id: UUID | None
    site_id: UUID | None
    consignee_name: str
    region_id: str | None
    batch_id: UUID
    kg: Decimal
    numbers: tuple[str, ...]

    @property
    def key(self) -> ConsigneeKey:
        return (self.customer_id, self.site_id, self.consignee_name)


@dataclass(frozen=True)
class BatchFact:
    id: UUID
    status: BatchStatus
    kind: BatchKind
    qty_kg: Decimal
    code: str


@dataclass(frozen=True)
class Scope:
    """`depths`: id → steps from the nearest start. `sent`: one entry per consignee and batch."""

    starts: tuple[UUID, ...]
    depths: dict[UUID, int]
    facts: dict[UUID, BatchFact]
    sent: tuple[Sent, ...]

    @property
    def sha256(self) -> str:
        return scope_digest(self.depths)

    @property
    def produced_kg(self) -> Decimal:
        """Of the batches that are goods themselves: a return came out of a batch that is counted already."""
        goods = (fact.qty_kg for fact in self.facts.values() if fact.kind != BatchKind.RETURN)
        return sum(goods, Decimal())

    @property
    def shipped_kg(self) -> Decimal:
        """Of the same: what came back and went out again left the works once already."""
        goods = (line.kg for line in self.sent if self.facts[line.batch_id].kind != BatchKind.RETURN)
        return sum(goods, Decimal())

    @property
    def consignees(self) -> dict[ConsigneeKey, list[Sent]]:
        found: dict[ConsigneeKey, list[Sent]] = {}
        for line in self.sent:
            found.setdefault(line.key, []).append(line)
        return found

    @property
    def by_status(self) -> dict[str, int]:
        return dict(sorted(Counter(str(fact.status) for fact in self.facts.values()).items()))

    @property
    def by_kind(self) -> dict[str, int]:
        return dict(sorted(Counter(str(fact.kind) for fact in self.facts.values()).items()))


def scope_of(starts: Sequence[UUID]) -> Scope:
    """What a recall from these batches would hold, complete. Raises ScopeTruncated, TraceTooLarge (409)."""
    found = walk(list(starts), direction=Direction.FORWARD)
    if found.truncated:
        raise ScopeTruncated
    ids = list(found.lots)
    return Scope(starts=tuple(starts), depths=found.lots, facts=facts_of(ids), sent=tuple(sent_of(ids)))


def statement() -> str:
    """The query a frozen scope was taken with, for the record."""
    return walk_statement(Direction.FORWARD, columns="m.parent_id, m.child_id").strip()


def facts_of(ids: Iterable[UUID]) -> dict[UUID, BatchFact]:
    with connection.cursor() as cursor:
        cursor.execute(_FACTS.format(**_NAMES), {"ids": list(ids)})
        rows = cursor.fetchall()
    return {
        id: BatchFact(id=id, status=BatchStatus(status), kind=BatchKind(kind), qty_kg=kg, code=code)
        for id, status, kind, kg, code in rows
    }


def sent_of(ids: Iterable[UUID]) -> list[Sent]:
    """Who was sent how much of which of the batches; cancelled shipments do not count."""
    with connection.cursor() as cursor:
        cursor.execute(_SENT.format(**_NAMES), {"ids": list(ids), "delivery": BatchKind.DELIVERY.value})
        rows = cursor.fetchall()
    return [
        Sent(customer_id, site_id, name, region_id, batch_id, kg, tuple(sorted(numbers)))
        for customer_id, site_id, name, region_id, batch_id, kg, numbers in rows
    ]


def sent_to(recall: Recall, key: ConsigneeKey) -> dict[UUID, Decimal]:
    """Batch → kg of the frozen scope that one consignee was sent; found from the consignee, not over the scope."""
    customer_id, site_id, name = key
    scope = RecallBatch.objects.filter(recall=recall).values("batch")
    if customer_id is None:
        rows = Batch.objects.filter(pk__in=scope, kind=BatchKind.DELIVERY, consignee=name)
        return dict(rows.values_list("pk", "qty_kg"))
    lines = ShipmentLine.objects.filter(
        shipment__customer=customer_id, shipment__site=site_id, shipment__cancelled_at=None, batch__in=scope
    )
    return dict(lines.values_list("batch").annotate(kg=Sum("qty_kg")).order_by())


def made_since(ids: Iterable[UUID]) -> set[UUID]:
    """Batches made of those of a frozen scope that are not in it: linked, or made, after it was frozen.

    One look at the direct children, and a walk only where there are new ones.
    """
    known = set(ids)
    with connection.cursor() as cursor:
        cursor.execute(_CHILDREN.format(link=MadeFrom._meta.db_table), {"ids": list(known)})
        new = [id for (id,) in cursor.fetchall() if id not in known]
    return set(walk(new, direction=Direction.FORWARD).lots) - known if new else set()


@dataclass(frozen=True)
class Drift:
    """The frozen scope beside the same walk today. `added` were made or linked since; `missing` were reversed."""

    sha256: str
    sha256_now: str
    is_intact: bool  # the stored list still has the stored digest
    added: tuple[UUID, ...]
    missing: tuple[UUID, ...]


def drift_of(recall: Recall) -> Drift:
    """Whether the stored list is the one that was frozen, and what the walk finds today."""
    stored = scope_ids(recall)
    starts = [row.batch_id for row in recall.starts.all()]
    now = walk(starts, direction=Direction.FORWARD).lots
    return Drift(
        sha256=recall.scope.sha256,
        sha256_now=scope_digest(now),
        is_intact=scope_digest(stored) == recall.scope.sha256,
        added=tuple(sorted(set(now) - set(stored), key=str)),
        missing=tuple(sorted(set(stored) - set(now), key=str)),
    )
