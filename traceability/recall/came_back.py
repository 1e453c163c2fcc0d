"""Recalled goods that came back to the works as lots of their own, beside what was reported on site. Reads."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from traceability.genealogy.models import MadeFrom
from traceability.genealogy.rules import LinkKind
from traceability.recall.models import Recall
from traceability.recall.queries import current_reports
from traceability.recall.reconciliation import NO_KG
from traceability.recall.scope import ConsigneeKey

CustomerBatch = tuple[UUID | None, UUID]


@dataclass(frozen=True)
class CameBack:
    """Kg of a batch. `before_kg`: their lots stand in the scope themselves. `since_kg`: booked after the freeze; a
    report on site may have counted the same goods, so the larger of the two holds, never their sum.
    """

    before_kg: Decimal = NO_KG
    since_kg: Decimal = NO_KG

    def returned_kg(self, *, reported_kg: Decimal) -> Decimal:
        return self.before_kg + max(self.since_kg, reported_kg)


def came_back(ids: Iterable[UUID]) -> dict[CustomerBatch, CameBack]:
    """(customer, batch of the scope) → what it sent back; returns entered in error do not count."""
    scope = set(ids)
    rows = MadeFrom.objects.filter(parent__in=scope, kind=LinkKind.RETURNED, is_live=True)
    found: defaultdict[CustomerBatch, CameBack] = defaultdict(CameBack)
    named = rows.exclude(child__came_back_as=None)
    for customer_id, batch_id, lot_id, kg in named.values_list(
        "child__came_back_as__customer", "parent", "child", "qty_kg"
    ):
        known = found[customer_id, batch_id]
        if lot_id in scope:
            found[customer_id, batch_id] = CameBack(known.before_kg + kg, known.since_kg)
        else:
            found[customer_id, batch_id] = CameBack(known.before_kg, known.since_kg + kg)
    return dict(found)


def by_line(
    back: Mapping[CustomerBatch, CameBack], *, shipped: Mapping[tuple[ConsigneeKey, UUID], Decimal]
) -> dict[tuple[ConsigneeKey, UUID], CameBack]:
    """The same per line of the recall: a return names no site, so each takes up to what it was sent."""
    lines: defaultdict[CustomerBatch, list[tuple[ConsigneeKey, UUID]]] = defaultdict(list)
    for key, batch_id in sorted(shipped, key=str):
        lines[key[0], batch_id].append((key, batch_id))
    found = {}
    for pair, whole in back.items():
        before_kg, since_kg = whole.before_kg, whole.since_kg
        for line in lines[pair][:-1]:
            before = min(before_kg, shipped[line])
            since = min(since_kg, shipped[line] - before)
            found[line] = CameBack(before, since)
            before_kg, since_kg = before_kg - before, since_kg - since
        if lines[pair]:
            found[lines[pair][-1]] = CameBack(before_kg, since_kg)
    return found


def unreported_kg(recall: Recall, ids: Iterable[UUID]) -> dict[UUID, Decimal]:
    """Batch → kg that came back since the freeze and no report on site speaks of."""
    reported: defaultdict[CustomerBatch, Decimal] = defaultdict(Decimal)
    for row in current_reports(recall).select_related("notice"):
        reported[row.notice.customer_id, row.batch_id] += row.returned_kg
    found: defaultdict[UUID, Decimal] = defaultdict(Decimal)
    for pair, whole in came_back(ids).items():
        if whole.since_kg > reported[pair]:
            found[pair[1]] += whole.since_kg - reported[pair]
    return dict(found)
