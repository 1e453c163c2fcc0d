"""What the county regulator is told of a recall (食品安全法 art. 63), with the plan's items. Reads."""

from typing import Any

from traceability.batch.rules import BatchKind
from traceability.customer.models import Customer
from traceability.recall import queries
from traceability.recall.models import Recall
from traceability.recall.plan import plan_of
from traceability.recall.reckoning import reconcile
from traceability.recall.rules import TOLD_BEFORE

# What a shop sees: packed goods; what they were made from stands in the scope.
SOLD = (BatchKind.PACKED, BatchKind.DELIVERY)


def regulator_report(recall: Recall) -> dict[str, Any]:
    """The recall as the regulator's form asks for it; `recall` has its scope."""
    found = reconcile(recall)
    kg = {line.batch_id: line.house for line in found.batches}
    notices = [line.notice for line in found.consignees]
    told = [row for row in notices if row.first_contact_at]
    lines = queries.batches_of(recall).filter(batch__kind__in=SOLD).order_by("batch__code", "id")
    destroying = queries.dispositions().filter(recall=recall, kind__in=TOLD_BEFORE)
    return {
        "number": recall.number,
        "is_drill": recall.is_drill,
        "level": recall.level,
        "law_edition": recall.level_rule.law_edition,
        "risk_known_at": recall.risk_known_at,
        "announced_at": recall.announced_at,
        "finish_due_on": recall.finish_due_on,
        "plan": plan_of(recall),
        "goods": [
            {
                "product": line.batch.product.name_zh,
                "sku": line.batch.product.sku,
                "batch": line.batch.code,
                "produced_on": line.batch.produced_on,
                "expires_on": line.batch.expires_on,
                "produced_kg": kg[line.batch_id].produced_kg,
                "shipped_kg": kg[line.batch_id].shipped_kg,
            }
            for line in lines
        ],
        "regions": _provinces([row.customer_id for row in notices if row.customer_id]),
        "totals": found.outside,
        "consignees": len(notices),
        "consignees_told": len(told),
        "dispositions": list(destroying.order_by("planned_at", "id")),
    }


def _provinces(customer_ids: list[Any]) -> list[str]:
    rows = Customer.objects.filter(pk__in=customer_ids)
    return sorted(set(rows.values_list("province", flat=True)))
