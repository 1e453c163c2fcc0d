"""Reads: the batches reachable over live links, and who has goods of them.

The walk is one recursive statement with UNION on the id alone: a ladder of silo heels has more paths than atoms, but
few batches. Depths, shares and circles are computed from its links (`trace/rules.py`).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import OperationalError, connection, transaction

from backend.accounts.models import User
from backend.accounts.queries import region_scope
from backend.core.errors import NotFound
from traceability.batch.models import Batch
from traceability.batch.queries import batches_for
from traceability.batch.rules import BatchKind
from traceability.customer.models import Customer
from traceability.dispatch.models import Shipment, ShipmentLine
from traceability.genealogy.models import MadeFrom
from traceability.label.batch_code import BadBatchCode, normalise
from traceability.trace.rules import (
    AmbiguousBatchCode,
    Consignee,
    Direction,
    Edge,
    Sent,
    TraceTooLarge,
    Walk,
    depths,
    steps_of,
)

CAP = 200_000  # rows of one walk: 70 times the largest real one
LIMIT_S = 5
_TIMED_OUT = "57014"
MOST_CANDIDATES = 10

_NAMES = {
    "link": MadeFrom._meta.db_table,
    "batch": Batch._meta.db_table,
    "line": ShipmentLine._meta.db_table,
    "shipment": Shipment._meta.db_table,
    "customer": Customer._meta.db_table,
}
# LATERAL with OFFSET 0 keeps to one index probe per batch whatever the planner believes of the sizes, and lets the
# cap end the walk early.
_WALK = """
WITH RECURSIVE seen (id) AS (
    SELECT unnest(%(ids)s::uuid[])
    UNION
    SELECT step.{to} FROM seen
    CROSS JOIN LATERAL (SELECT m.{to} FROM {link} m WHERE m.{from} = seen.id AND m.is_live OFFSET 0) step
)
SELECT {columns} FROM seen CROSS JOIN LATERAL (
    SELECT m.parent_id, m.child_id, m.qty_kg, m.kind, m.made_at FROM {link} m
    WHERE m.{from} = seen.id AND m.is_live OFFSET 0) m
LIMIT %(most)s
"""
_ENDS = {
    Direction.FORWARD: {"from": "parent_id", "to": "child_id"},
    Direction.BACKWARD: {"from": "child_id", "to": "parent_id"},
}


def walk_statement(direction: Direction, *, columns: str) -> str:
    """The SQL of a walk from `ids`; `columns` are those of the links, as `m`."""
    return _WALK.format(**_NAMES, **_ENDS[direction], columns=columns)


def walk(ids: Sequence[UUID], *, direction: Direction, cap: int = CAP) -> Walk:
    """Every batch reachable from `ids` over live links, and the links between them.

    `cap`: of links; beyond it the walk is truncated and says so. Raises TraceTooLarge (409) after five seconds.
    """
    statement = walk_statement(direction, columns="m.parent_id, m.child_id, m.qty_kg, m.kind, m.made_at")
    rows = rows_within(statement, {"ids": list(ids), "most": cap + 1})
    edges = [Edge(*row) for row in rows[:cap]]
    ends = ((edge.parent, edge.child) for edge in edges)
    pairs = ends if direction is Direction.FORWARD else ((child, parent) for parent, child in ends)
    steps = steps_of((here, there, 0.0) for here, there in pairs)
    return Walk(lots=depths(ids, steps=steps), edges=edges, truncated=len(rows) > cap)


def rows_within(statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    """The rows, or TraceTooLarge where they take longer than five seconds."""
    with time_limit(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


@contextmanager
def time_limit() -> Iterator[None]:
    """Statements inside are stopped after five seconds; the caller's own limit stands again afterwards."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('statement_timeout')")
            before = cursor.fetchone()[0]
            cursor.execute(f"SET LOCAL statement_timeout = '{LIMIT_S}s'")
            yield
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [before])
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) == _TIMED_OUT:
            raise TraceTooLarge(seconds=LIMIT_S) from error
        raise


_CONSIGNEES = """
SELECT c.id, c.code, c.name, c.kind, c.region_id, s.number, s.id, b.id, b.code, s.shipped_on, l.qty_kg
FROM unnest(%(ids)s::uuid[]) a(id)
JOIN {line} l ON l.batch_id = a.id
JOIN {shipment} s ON s.id = l.shipment_id AND s.cancelled_at IS NULL
JOIN {customer} c ON c.id = s.customer_id
JOIN {batch} b ON b.id = l.batch_id
UNION ALL
SELECT NULL, '', b.consignee, '', '', b.code, NULL, b.id, b.code, b.produced_on, b.qty_kg
FROM unnest(%(ids)s::uuid[]) a(id)
JOIN {batch} b ON b.id = a.id AND b.kind = %(delivery)s AND b.consignee <> ''
ORDER BY 2, 3, 10, 6, 9
"""


def consignees_of(ids: Iterable[UUID], *, user: User | None = None) -> list[Consignee]:
    """Who was sent goods of these batches, by customer, with kg per shipment; cancelled shipments do not count.

    Deliveries of history count with the customer their file names. `user`: a clerk gets those of the own regions.
    """
    values: dict[str, Any] = {"ids": list(set(ids)), "delivery": BatchKind.DELIVERY.value}
    regions = region_scope(user) if user else None
    found: dict[tuple[Any, ...], list[Sent]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_CONSIGNEES.format(**_NAMES), values)
        for row in cursor.fetchall():
            if regions is None or row[4] in regions:
                number, shipment_id, batch_id, batch_code, on, kg = row[5:]
                found[row[:5]].append(Sent(number, shipment_id, batch_id, batch_code, on, kg))
    return [_consignee(customer, sent) for customer, sent in found.items()]


def _consignee(customer: tuple[Any, ...], sent: Sequence[Sent]) -> Consignee:
    id, code, name, kind, region = customer
    kg = sum((part.kg for part in sent), Decimal())
    return Consignee(id, code, name, kind, region, kg, tuple(sent))


def batch_by_code(code_or_uuid: str, *, user: User | None, product: str | None = None) -> Batch:
    """The batch of a code (of a product's sku, where given) or of an id.

    Raises NotFound (404), AmbiguousBatchCode (409) where several products have a batch of this code.
    """
    rows = Batch.objects.select_related("product") if user is None else batches_for(user)
    if product is not None:
        rows = rows.filter(product__sku=product)
    by_id = _uuid(code_or_uuid)
    found = list(
        (rows.filter(pk=by_id) if by_id else rows.filter(code_norm=_norm(code_or_uuid)))[:MOST_CANDIDATES]
    )
    if not found:
        raise NotFound
    if len(found) > 1:
        candidates = [
            {"id": str(batch.pk), "code": batch.code, "product": batch.product.sku}
            for batch in sorted(found, key=lambda batch: batch.product.sku)
        ]
        raise AmbiguousBatchCode(candidates=candidates, skus=", ".join(c["product"] for c in candidates))
    return found[0]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if len(text) == 36 else None
    except ValueError:
        return None


def _norm(code: str) -> str:
    try:
        return normalise(code)
    except BadBatchCode as error:
        raise NotFound from error


def codes_of(ids: Iterable[UUID]) -> dict[UUID, str]:
    """Id → code of batches."""
    return dict(Batch.objects.filter(pk__in=set(ids)).values_list("id", "code"))
