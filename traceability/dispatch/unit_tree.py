"""What stands in what, and what lies in it: reads over the open containments.

Written as SQL because the walk is recursive. Levels strictly rise, so it is never deeper than the levels are many.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db import connection

from traceability.dispatch.models import LogisticUnit

_CONTENTS = """WITH RECURSIVE inside (root, id) AS (
    SELECT u.id, u.id FROM traceability_logisticunit u WHERE u.id = ANY(%s)
    UNION SELECT i.root, k.child_id FROM inside i
        JOIN traceability_containment k ON k.parent_id = i.id AND k.valid_to IS NULL
)
SELECT i.root, c.batch_id, sum(c.qty_kg), CASE WHEN bool_and(c.count IS NOT NULL) THEN sum(c.count) END
FROM inside i JOIN traceability_unitcontent c ON c.unit_id = i.id GROUP BY 1, 2 ORDER BY 1, 2"""
_STANDING = """WITH RECURSIVE inside (id) AS (
    SELECT %s::uuid
    UNION SELECT k.child_id FROM inside i
        JOIN traceability_containment k ON k.parent_id = i.id AND k.valid_to IS NULL
)
SELECT i.id FROM inside i WHERE i.id <> %s ORDER BY i.id LIMIT %s"""
_SHIPPED = """WITH RECURSIVE above (start, id) AS (
    SELECT u.id, u.id FROM traceability_logisticunit u WHERE u.id = ANY(%s)
    UNION SELECT a.start, k.parent_id FROM above a
        JOIN traceability_containment k ON k.child_id = a.id AND k.valid_to IS NULL
)
SELECT DISTINCT a.start FROM above a JOIN traceability_shipmentline l ON l.unit_id = a.id
    JOIN traceability_shipment s ON s.id = l.shipment_id WHERE s.cancelled_at IS NULL"""
# The shipment a unit left with, by itself or in another: one row of JSON, since a list asks for many.
LEFT_WITH = """(WITH RECURSIVE above (id) AS (
    SELECT traceability_logisticunit.id
    UNION SELECT k.parent_id FROM above a
        JOIN traceability_containment k ON k.child_id = a.id AND k.valid_to IS NULL
)
SELECT jsonb_build_object('id', s.id, 'number', s.number, 'shipped_on', s.shipped_on,
    'received_at', r.received_at, 'region', c.region_id, 'customer', c.id, 'customer_code', c.code)
FROM above JOIN traceability_shipmentline l ON l.unit_id = above.id
    JOIN traceability_shipment s ON s.id = l.shipment_id AND s.cancelled_at IS NULL
    JOIN traceability_customer c ON c.id = s.customer_id
    LEFT JOIN traceability_shipmentreceipt r ON r.shipment_id = s.id LIMIT 1)"""


@dataclass(frozen=True)
class Held:
    """Kg of a batch in the whole of a unit; `count` is None where one of its contents was not counted."""

    batch_id: UUID
    qty_kg: Decimal
    count: int | None


def contents_of(ids: Iterable[UUID]) -> dict[UUID, list[Held]]:
    """Unit → what lies in it, at any depth; empty units are absent."""
    found: dict[UUID, list[Held]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_CONTENTS, [list(ids)])
        for root, batch_id, qty_kg, count in cursor.fetchall():
            held = Held(batch_id=batch_id, qty_kg=qty_kg, count=None if count is None else int(count))
            found.setdefault(root, []).append(held)
    return found


def shipped_units(ids: Iterable[UUID]) -> set[UUID]:
    """Those of the units that left, by themselves or in another; a cancelled shipment counts for nothing."""
    with connection.cursor() as cursor:
        cursor.execute(_SHIPPED, [list(ids)])
        return {id for (id,) in cursor.fetchall()}


def units_in(unit: LogisticUnit, *, most: int) -> list[UUID]:
    """Ids of what stands in the unit at any depth, at most so many."""
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, [unit.pk, unit.pk, most])
        return [id for (id,) in cursor.fetchall()]
