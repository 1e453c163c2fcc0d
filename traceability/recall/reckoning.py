"""Reconciliation of a recall from the rows: per batch, per consignee, in total, with what does not add up. Reads."""

from collections import defaultdict
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

from django.db import connection

from traceability.balance.models import StockCount
from traceability.batch.models import Batch
from traceability.batch.rules import BatchKind
from traceability.genealogy.models import MadeFrom
from traceability.genealogy.rules import LinkKind, slack_kg
from traceability.recall import queries
from traceability.recall.came_back import CameBack, by_line, came_back, unreported_kg
from traceability.recall.models import Recall, RecallNotice
from traceability.recall.reconciliation import (
    NO_KG,
    Counted,
    Finding,
    FindingCode,
    House,
    Outside,
    outside_of,
)
from traceability.recall.scope import ConsigneeKey, facts_of, made_since, sent_of

# What came back was shipped before: it is no use of the batch.
_USED = f"""
SELECT m.parent_id, SUM(m.qty_kg) FROM unnest(%(ids)s::uuid[]) a(id)
JOIN {MadeFrom._meta.db_table} m ON m.parent_id = a.id AND m.is_live AND m.kind <> %(returned)s
GROUP BY m.parent_id
"""  # noqa: S608 the table's own name


@dataclass(frozen=True)
class BatchLine:
    """`is_declared`: what is in the house was declared or counted; else the zeros are mere zeros."""

    batch_id: UUID
    code: str
    kind: BatchKind
    house: House
    outside: Outside
    is_declared: bool


@dataclass(frozen=True)
class ConsigneeLine:
    notice: RecallNotice
    outside: Outside


@dataclass(frozen=True)
class Reconciliation:
    """`house` leaves out return lots: their kg were shipped once and stand there already."""

    batches: list[BatchLine]
    consignees: list[ConsigneeLine]
    house: House
    outside: Outside
    findings: list[Finding]


def reconcile(recall: Recall) -> Reconciliation:
    """Where every kg of the frozen scope is now."""
    ids = queries.scope_ids(recall)
    sent = sent_of(ids)
    shipped: dict[tuple[ConsigneeKey, UUID], Decimal] = {(line.key, line.batch_id): line.kg for line in sent}
    notices = {_key(row): row for row in queries.notices_of(recall)}
    counts = _counts(recall)
    outsides = _outsides(shipped, counts, notices, by_line(came_back(ids), shipped=shipped))
    by_batch = _summed(outsides, by=1)
    by_consignee = _summed(outsides, by=0)
    batches = _batch_lines(recall, ids, by_batch)
    consignees = [
        ConsigneeLine(notice=row, outside=by_consignee.get(key, Outside())) for key, row in notices.items()
    ]
    goods = [line.house for line in batches if line.kind != BatchKind.RETURN]
    findings = [*_house_findings(batches), *_outside_findings(outsides, notices, batches), *_grown(ids)]
    return Reconciliation(
        batches=batches,
        consignees=consignees,
        house=sum(goods, House()),
        outside=sum(outsides.values(), Outside()),
        findings=findings,
    )


def _key(row: RecallNotice) -> ConsigneeKey:
    return (row.customer_id, row.site_id, row.consignee_name)


def _counts(recall: Recall) -> dict[tuple[UUID, UUID], list[Counted]]:
    """(notice, batch) → its current reports in the order of counting."""
    found: defaultdict[tuple[UUID, UUID], list[Counted]] = defaultdict(list)
    for row in queries.current_reports(recall):
        found[row.notice_id, row.batch_id].append(
            Counted(row.returned_kg, row.destroyed_kg, row.consumed_kg, row.blocked_kg)
        )
    return found


def _outsides(
    shipped: dict[tuple[ConsigneeKey, UUID], Decimal],
    counts: dict[tuple[UUID, UUID], list[Counted]],
    notices: dict[ConsigneeKey, RecallNotice],
    back: dict[tuple[ConsigneeKey, UUID], CameBack],
) -> dict[tuple[ConsigneeKey, UUID], Outside]:
    """(consignee, batch) → what was shipped and what became of it."""
    keys = {row.pk: key for key, row in notices.items()}
    reports = {(keys[notice_id], batch_id): rows for (notice_id, batch_id), rows in counts.items()}
    found = {}
    for key in sorted(shipped.keys() | reports.keys(), key=str):
        told = outside_of(shipped.get(key, NO_KG), reports.get(key, ()))
        returned_kg = back.get(key, CameBack()).returned_kg(reported_kg=told.returned_kg)
        found[key] = replace(told, returned_kg=returned_kg)
    return found


def _summed(
    outsides: dict[tuple[ConsigneeKey, UUID], Outside], *, by: int
) -> dict[ConsigneeKey | UUID, Outside]:
    found: dict[ConsigneeKey | UUID, Outside] = {}
    for key, outside in outsides.items():
        found[key[by]] = found.get(key[by], Outside()) + outside
    return found


def _batch_lines(
    recall: Recall, ids: list[UUID], by_batch: dict[ConsigneeKey | UUID, Outside]
) -> list[BatchLine]:
    facts, used = facts_of(ids), _used(ids)
    stock = _stock(recall, ids)
    lines = []
    for id in ids:
        outside = by_batch.get(id, Outside())
        stock_kg, retained_kg, scrapped_kg = stock.get(id, (NO_KG, NO_KG, NO_KG))
        house = House(
            produced_kg=facts[id].qty_kg,
            stock_kg=stock_kg,
            retained_kg=retained_kg,
            scrapped_kg=scrapped_kg,
            used_kg=used.get(id, NO_KG),
            shipped_kg=outside.shipped_kg,
        )
        lines.append(BatchLine(id, facts[id].code, facts[id].kind, house, outside, id in stock))
    return sorted(lines, key=lambda line: line.code)


def _used(ids: list[UUID]) -> dict[UUID, Decimal]:
    with connection.cursor() as cursor:
        cursor.execute(_USED, {"ids": ids, "returned": LinkKind.RETURNED.value})
        return dict(cursor.fetchall())


def _stock(recall: Recall, ids: list[UUID]) -> dict[UUID, tuple[Decimal, Decimal, Decimal]]:
    """Batch → (stock, retained, scrapped) as declared for this recall, else as counted last."""
    found = {}
    for count in StockCount.objects.filter(batch__in=ids).order_by("counted_at", "id"):
        found[count.batch_id] = (count.on_hand_kg, count.retained_kg, count.scrap_kg)
    for id, row in queries.newest_declarations(recall).items():
        found[id] = (row.stock_kg, row.retained_kg, row.scrapped_kg)
    return found


def in_hand_kg(recall: Recall) -> dict[UUID, Decimal]:
    """Batch → kg that came back or never left; what is disposed of must be among them."""
    ids = queries.scope_ids(recall)
    found = {id: stock_kg for id, (stock_kg, _retained, _scrapped) in _stock(recall, ids).items()}
    for row in queries.current_reports(recall):
        found[row.batch_id] = found.get(row.batch_id, NO_KG) + row.returned_kg
    for id, kg in unreported_kg(recall, ids).items():
        found[id] = found.get(id, NO_KG) + kg
    return found


def _house_findings(batches: list[BatchLine]) -> list[Finding]:
    found = []
    for line in batches:
        residual = line.house.residual_kg
        if line.is_declared and not line.house.is_balanced:
            found.append(Finding(FindingCode.PRODUCTION_UNBALANCED, line.code, residual))
        elif not line.is_declared and residual > slack_kg(line.house.produced_kg):
            found.append(Finding(FindingCode.STOCK_UNDECLARED, line.code, residual))
        elif not line.is_declared and not line.house.is_balanced:
            found.append(Finding(FindingCode.PRODUCTION_UNBALANCED, line.code, residual))
    return found


def _outside_findings(
    outsides: dict[tuple[ConsigneeKey, UUID], Outside],
    notices: dict[ConsigneeKey, RecallNotice],
    batches: list[BatchLine],
) -> list[Finding]:
    codes = {line.batch_id: line.code for line in batches}
    found = []
    for (key, batch_id), outside in outsides.items():
        if outside.is_over:
            found.append(Finding(FindingCode.MORE_THAN_SHIPPED, codes[batch_id], -outside.unaccounted_kg))
        if key not in notices:
            found.append(Finding(FindingCode.CONSIGNEE_UNLISTED, codes[batch_id], outside.shipped_kg))
    return found


def _grown(ids: list[UUID]) -> list[Finding]:
    """Batches made from recalled goods after the scope was frozen; what came back is no new one."""
    rows = Batch.objects.filter(pk__in=made_since(ids)).exclude(kind=BatchKind.RETURN)
    codes = rows.order_by("code").values_list("code", "qty_kg")
    return [Finding(FindingCode.SCOPE_GROWN, code, kg) for code, kg in codes]
