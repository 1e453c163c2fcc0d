"""Reads: the batches reachable over live links, who has goods of them, and the batch a code means."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from backend.accounts.models import User
from backend.accounts.queries import region_scope
from backend.core import clock
from backend.core.errors import NotFound
from traceability.batch.models import Batch
from traceability.batch.queries import batches_for
from traceability.batch.rules import BatchKind
from traceability.dispatch.models import LogisticUnit
from traceability.dispatch.unit_tree import contents_of
from traceability.label.batch_code import BadBatchCode, normalise
from traceability.scan.queries import Scanned, meanings
from traceability.scan.reading import Raw
from traceability.trace.reach import CAP, NAMES, array, rows_within, walk_statement
from traceability.trace.rules import (
    AmbiguousBatchCode,
    CodeAmbiguous,
    CodeUnresolved,
    Consignee,
    Direction,
    Edge,
    Sent,
    Walk,
    depths,
    steps_of,
)

__all__ = ["CAP", "batch_by_code", "codes_of", "consignees_of", "scanned_batches", "walk", "walk_statement"]

MOST_CANDIDATES = 10
_COLUMNS = "seen.id::text, m.parent_id::text, m.child_id::text, m.qty_kg::text, m.kind, m.made_at::text"


def walk(ids: Sequence[UUID], *, direction: Direction, cap: int = CAP) -> Walk:
    """Every batch reachable from `ids` over live links, and the links between them.

    `cap`: of batches; beyond it the walk is truncated and says so. Raises TraceTooLarge (409) after five seconds.
    """
    statement = walk_statement(direction, columns=_COLUMNS)
    rows = rows_within(statement, {"ids": array(ids), "most": cap + 1})
    id_of = {text: UUID(text) for text in dict.fromkeys(row[0] for row in rows)}
    is_truncated = len(id_of) > cap
    if is_truncated:
        id_of.popitem()
    moments = {row[5]: datetime.fromisoformat(row[5]) for row in rows if row[5]}
    edges = [
        Edge(id_of[parent], id_of[child], Decimal(kg), kind, moments[made_at])
        for _id, parent, child, kg, kind, made_at in rows
        if parent in id_of and child in id_of
    ]
    is_forward = direction is Direction.FORWARD
    steps = steps_of((e.parent, e.child, 0.0) if is_forward else (e.child, e.parent, 0.0) for e in edges)
    starts = [id for id in ids if str(id) in id_of]
    return Walk(lots=depths(starts, steps=steps), edges=edges, truncated=is_truncated)


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


def consignees_of(ids: Iterable[UUID | str], *, user: User | None = None) -> list[Consignee]:
    """Who was sent goods of these batches, by customer, with kg per shipment; cancelled shipments do not count.

    Deliveries of history count with the customer their file names. `user`: a clerk gets those of the own regions.
    """
    values = {"ids": array(set(ids)), "delivery": BatchKind.DELIVERY.value}
    regions = region_scope(user) if user else None
    found: dict[tuple[Any, ...], list[Sent]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_CONSIGNEES.format(**NAMES), values)
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
    named = rows.filter(pk=by_id) if by_id else rows.filter(code_norm=_norm(code_or_uuid))
    found = list(named[:MOST_CANDIDATES])
    if not found:
        raise NotFound
    if len(found) > 1:
        candidates = _candidates(found)
        raise AmbiguousBatchCode(candidates=candidates, skus=", ".join(c["product"] for c in candidates))
    return found[0]


def _candidates(batches: Iterable[Batch]) -> list[dict[str, str]]:
    named = [{"id": str(b.pk), "code": b.code, "product": b.product.sku} for b in batches]
    return sorted(named, key=lambda candidate: (candidate["code"], candidate["product"]))


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


def scanned_batches(code: str, *, aim: str | None, user: User) -> list[Batch]:
    """The batch a scanned code names, or all batches in the unit it names; no scan is stored.

    Raises CodeUnresolved (404), CodeAmbiguous (409) with the candidates.
    """
    raw = Raw(code=code, aim=aim, on=clock.today())
    [meaning] = meanings([Scanned(raw=raw)], regions=user.regions)
    ids = _in_unit(meaning.label.sscc)
    if not ids:
        resolution = meaning.resolution
        if resolution.batch is None:
            named = {candidate.batch.id for candidate in resolution.candidates if candidate.batch}
            if not named:
                raise CodeUnresolved
            raise CodeAmbiguous(candidates=_candidates(batches_for(user).filter(pk__in=named)))
        ids = [resolution.batch.id]
    return list(batches_for(user).filter(pk__in=ids).order_by("code"))


def _in_unit(sscc: str | None) -> list[UUID]:
    if not sscc:
        return []
    units = list(LogisticUnit.objects.filter(sscc=sscc, cancelled_at=None).values_list("pk", flat=True))
    return [held.batch_id for inside in contents_of(units).values() for held in inside]


def codes_of(ids: Iterable[UUID]) -> dict[UUID, str]:
    """Id → code of batches."""
    return dict(Batch.objects.filter(pk__in=set(ids)).values_list("id", "code"))
