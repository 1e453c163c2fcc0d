"""Reads: direct parents and children, and the links above or below a batch."""

from collections.abc import Iterable
from decimal import Decimal
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet, Sum

from traceability.batch.models import Batch
from traceability.genealogy.models import MadeFrom
from traceability.genealogy.rules import Knot, Link, LinkKind

# UNION on the id alone: a ladder of diamonds (silo heels) has more paths than atoms, but few batches.
LINKS_ABOVE = """
WITH RECURSIVE seen (id) AS (
    SELECT %s::uuid UNION SELECT m.parent_id FROM traceability_madefrom m JOIN seen ON m.child_id = seen.id AND m.is_live
)
SELECT m.parent_id, m.child_id FROM traceability_madefrom m JOIN seen ON m.child_id = seen.id AND m.is_live
"""
LINKS_BELOW = """
WITH RECURSIVE seen (id) AS (
    SELECT %s::uuid UNION SELECT m.child_id FROM traceability_madefrom m JOIN seen ON m.parent_id = seen.id AND m.is_live
)
SELECT m.parent_id, m.child_id FROM traceability_madefrom m JOIN seen ON m.parent_id = seen.id AND m.is_live
"""


def parents_of(batch: Batch) -> QuerySet[MadeFrom]:
    """Direct parents of a batch with the kg that went in."""
    return MadeFrom.objects.filter(child=batch).select_related("parent__product", "recorded_by")


def children_of(batch: Batch) -> QuerySet[MadeFrom]:
    """What was made directly from a batch, with the kg taken."""
    return MadeFrom.objects.filter(parent=batch).select_related("child__product", "recorded_by")


def links_above(id: UUID) -> list[Link]:
    """Every (parent, child) on the way up from a batch, each once."""
    return _links(LINKS_ABOVE, id)


def links_below(id: UUID) -> list[Link]:
    """Every (parent, child) on the way down from a batch, each once."""
    return _links(LINKS_BELOW, id)


def _links(sql: str, id: UUID) -> list[Link]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [id])
        return [(parent, child) for parent, child in cursor.fetchall()]


def knots(ids: Iterable[UUID]) -> dict[UUID, Knot]:
    """Code and family of batches."""
    rows = Batch.objects.filter(pk__in=set(ids)).values_list("id", "code", "product__family")
    return {id: Knot(code=code, family=family) for id, code, family in rows}


def used_kg(ids: Iterable[UUID]) -> dict[UUID, Decimal]:
    """Kg of each batch that went into others; batches without any are absent.

    What came back from a customer does not count: it left the batch when it was shipped.
    """
    rows = MadeFrom.objects.filter(parent__in=set(ids), is_live=True).exclude(kind=LinkKind.RETURNED)
    return dict(rows.values_list("parent").annotate(kg=Sum("qty_kg")))
