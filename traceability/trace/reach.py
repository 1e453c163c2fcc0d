"""The walk itself, as SQL: one recursive statement with UNION on the id alone.

A ladder of silo heels has more paths than atoms, but few batches; depths, shares and circles are computed from the
links it brings (`trace/rules.py`). Values come as texts: making 30,000 objects takes longer than finding the rows.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from uuid import UUID

from django.db import OperationalError, connection, transaction

from traceability.batch.models import Batch
from traceability.customer.models import Customer
from traceability.dispatch.models import ReceiptLine, Shipment, ShipmentLine, ShipmentReceipt
from traceability.genealogy.models import MadeFrom, Transformation
from traceability.product.models import Product
from traceability.trace.rules import Direction, TraceTooLarge

CAP = 200_000  # batches of one walk: 40 times the largest real one
LIMIT_S = 5
_TIMED_OUT = "57014"

NAMES = {
    "link": MadeFrom._meta.db_table,
    "batch": Batch._meta.db_table,
    "product": Product._meta.db_table,
    "line": ShipmentLine._meta.db_table,
    "shipment": Shipment._meta.db_table,
    "receipt": ShipmentReceipt._meta.db_table,
    "receipt_line": ReceiptLine._meta.db_table,
    "customer": Customer._meta.db_table,
    "run": Transformation._meta.db_table,
}
ENDS = {
    Direction.FORWARD: {"from": "parent_id", "to": "child_id"},
    Direction.BACKWARD: {"from": "child_id", "to": "parent_id"},
}
# LATERAL with OFFSET 0 keeps to one index probe per batch whatever the planner believes of the sizes, and lets the
# cap end the walk early.
_SEEN = """WITH RECURSIVE seen (id) AS (
    SELECT unnest(%(ids)s::uuid[])
    UNION
    SELECT step.{to} FROM seen
    CROSS JOIN LATERAL (SELECT m.{to} FROM {link} m WHERE m.{from} = seen.id AND m.is_live OFFSET 0) step
)"""
_LINKS = """
{seen}
SELECT {columns} FROM (SELECT id FROM seen LIMIT %(most)s) seen LEFT JOIN LATERAL (
    SELECT m.parent_id, m.child_id, m.qty_kg, m.kind, m.made_at FROM {link} m
    WHERE m.{from} = seen.id AND m.is_live OFFSET 0) m ON TRUE
"""
# One row per batch with its links in one text: other end, kg, kind, time, other end, kg …
_LOTS = """
{seen}
SELECT b.id::text, b.code, b.kind, b.status, b.plant, b.supplier_lot, b.produced_on::text, b.qty_kg::text,
    b.product_id::text,
    (SELECT string_agg(m.{to} || ',' || m.qty_kg || ',' || m.kind || ',' || m.made_at, ',')
    FROM {link} m WHERE m.{from} = seen.id AND m.is_live)
FROM (SELECT id FROM seen LIMIT %(most)s) seen
CROSS JOIN LATERAL (SELECT * FROM {batch} b WHERE b.id = seen.id OFFSET 0) b
"""


class Lot(NamedTuple):
    """A batch of a walk as PostgreSQL writes it; `ways`: its links, four texts each, or None."""

    id: str
    code: str
    kind: str
    status: str
    plant: str
    supplier_lot: str
    produced_on: str
    qty_kg: str
    product_id: str
    ways: str | None


def seen(direction: Direction) -> str:
    """The recursive part of a statement: a table `seen (id)` of all batches reachable from %(ids)s."""
    return _SEEN.format(**NAMES, **ENDS[direction])


def walk_statement(direction: Direction, *, columns: str) -> str:
    """The SQL of a walk from `ids`; `columns` are those of the links, as `m`, and `seen.id`."""
    return _LINKS.format(**NAMES, **ENDS[direction], seen=seen(direction), columns=columns)


def lots(ids: Iterable[UUID], *, direction: Direction, most: int) -> list[Lot]:
    """Every batch reachable from `ids`, those first that were reached first. Raises TraceTooLarge (409)."""
    statement = _LOTS.format(**NAMES, **ENDS[direction], seen=seen(direction))
    return [Lot._make(row) for row in rows_within(statement, {"ids": array(ids), "most": most})]


def rows_within(statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    """The rows. Raises TraceTooLarge (409) where they take longer than five seconds."""
    with time_limit(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


@contextmanager
def time_limit() -> Iterator[None]:
    """Statements inside are stopped after five seconds; the caller's own limits stand again afterwards."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('statement_timeout'), current_setting('jit')")
            before = cursor.fetchone()
            # The planner cannot know how far a walk goes: compiling it takes longer than most walks.
            cursor.execute(_LIMITS, [f"{LIMIT_S}s", "off"])
            yield
            cursor.execute(_LIMITS, before)
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) == _TIMED_OUT:
            raise TraceTooLarge(seconds=LIMIT_S) from error
        raise


_LIMITS = "SELECT set_config('statement_timeout', %s, true), set_config('jit', %s, true)"


def array(ids: Iterable[UUID | str]) -> str:
    """Ids as PostgreSQL writes an array; the driver's own way is slow for thousands."""
    return "{" + ",".join(map(str, ids)) + "}"
