"""Reads: direct links, runs, silos, returns; and the walks above and below batches that a new link is checked by."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import (
    DecimalField,
    Exists,
    F,
    Max,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Coalesce

from backend.accounts.models import User
from backend.accounts.queries import region_scope
from traceability.batch.models import Batch
from traceability.batch.rules import BatchKind
from traceability.customer.models import Customer
from traceability.genealogy.models import (
    GoodsReturn,
    MadeFrom,
    Silo,
    SiloCleaning,
    SiloFill,
    Transformation,
    TransformationOutput,
)
from traceability.genealogy.rules import EDIBLE, Knot, Link, LinkKind
from traceability.product.rules import Family

CAP = 200_000  # batches of one walk: a guard against running away, far above any works

# UNION on the id alone: a ladder of diamonds (silo heels) has more paths than atoms, but few batches. LATERAL with
# OFFSET 0 keeps to one index probe per batch, and a family by subquery: joined, the planner would read all rows once
# the tables are large. The cap ends the walk early.
_WALK = """
WITH RECURSIVE seen (id) AS (
    SELECT unnest(%(starts)s::uuid[])
    UNION
    SELECT step.{to} FROM seen CROSS JOIN LATERAL (
        SELECT m.{to} FROM traceability_madefrom m WHERE m.{at} = seen.id AND m.is_live OFFSET 0
    ) step
)
"""
_REACH = """
SELECT count(*), bool_or(id = ANY(%(wanted)s::uuid[])), bool_or(family = ANY(%(families)s))
FROM (
    SELECT id, (
        SELECT p.family FROM traceability_batch b JOIN traceability_product p ON p.id = b.product_id
        WHERE b.id = seen.id
    ) AS family
    FROM seen LIMIT %(cap)s + 1
) reached
"""
_LINKS = """
SELECT m.parent_id, m.child_id FROM seen CROSS JOIN LATERAL (
    SELECT parent_id, child_id FROM traceability_madefrom WHERE {at} = seen.id AND is_live OFFSET 0
) m
"""
UP = {"at": "child_id", "to": "parent_id"}
DOWN = {"at": "parent_id", "to": "child_id"}


@dataclass(frozen=True)
class Reach:
    """What a walk met, its starts included."""

    is_truncated: bool
    has_wanted: bool
    has_family: bool


def reach_above(starts: Collection[UUID], *, looking_for: Collection[UUID]) -> Reach:
    """Whether one of `looking_for`, and whether industrial salt, is above the starts."""
    return _reach(UP, starts=starts, wanted=looking_for, families=[Family.INDUSTRIAL])


def reach_below(starts: Collection[UUID]) -> Reach:
    """Whether edible salt is below the starts."""
    return _reach(DOWN, starts=starts, wanted=(), families=EDIBLE)


def _reach(
    way: Mapping[str, str], *, starts: Collection[UUID], wanted: Collection[UUID], families: Iterable[Family]
) -> Reach:
    given: dict[str, Any] = {
        "starts": list(starts),
        "wanted": list(wanted),
        "families": [family.value for family in families],
        "cap": CAP,
    }
    with connection.cursor() as cursor:
        cursor.execute((_WALK + _REACH).format(**way), given)
        count, has_wanted, has_family = cursor.fetchone()
    return Reach(is_truncated=count > CAP, has_wanted=bool(has_wanted), has_family=bool(has_family))


def links_above(starts: Collection[UUID]) -> list[Link]:
    """Every (parent, child) on the way up from batches, each once."""
    return _links(UP, starts)


def links_below(starts: Collection[UUID]) -> list[Link]:
    """Every (parent, child) on the way down from batches, each once."""
    return _links(DOWN, starts)


def _links(way: Mapping[str, str], starts: Collection[UUID]) -> list[Link]:
    with connection.cursor() as cursor:
        cursor.execute((_WALK + _LINKS).format(**way), {"starts": list(starts)})
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


def returned_kg(batch: Batch, *, customer: Customer | None = None) -> Decimal:
    """Kg of the batch that came back from customers, or from one."""
    rows = MadeFrom.objects.filter(parent=batch, is_live=True, kind=LinkKind.RETURNED)
    if customer is not None:
        rows = rows.filter(child__came_back_as__customer=customer)
    return rows.aggregate(kg=Sum("qty_kg"))["kg"] or Decimal(0)


def links() -> QuerySet[MadeFrom]:
    """Links, the reversed ones among them, with both batches and the reversal."""
    return MadeFrom.objects.select_related(
        "parent__product", "child__product", "recorded_by", "transformation", "reversal__by"
    )


def parents_of(batch: Batch) -> QuerySet[MadeFrom]:
    """Direct parents of a batch with the kg that went in, the reversed ones among them."""
    # In two halves, as the indexes are.
    return links().filter(Q(child=batch, is_live=True) | Q(child=batch, is_live=False))


def children_of(batch: Batch) -> QuerySet[MadeFrom]:
    """What was made directly from a batch, with the kg taken, the reversed ones among them."""
    return links().filter(Q(parent=batch, is_live=True) | Q(parent=batch, is_live=False))


def runs() -> QuerySet[Any]:
    """Runs with `in_sum_kg` and `out_sum_kg` (packaging left out) and `is_reversed`: none of its links counts."""
    live = MadeFrom.objects.filter(transformation=OuterRef("pk"), is_live=True).order_by()
    outputs = TransformationOutput.objects.filter(transformation=OuterRef("pk")).order_by()
    return Transformation.objects.select_related("recorded_by").annotate(
        in_sum_kg=_sum_kg(live.exclude(parent__kind=BatchKind.PACKAGING), by="transformation"),
        out_sum_kg=_sum_kg(outputs.exclude(batch__kind=BatchKind.PACKAGING), by="transformation"),
        is_reversed=~Exists(live),
    )


def _sum_kg(rows: QuerySet[Any], *, by: str) -> Coalesce:
    total = rows.values(by).annotate(kg=Sum("qty_kg")).values("kg")
    field: DecimalField[Any, Any] = DecimalField(max_digits=20, decimal_places=3)
    return Coalesce(Subquery(total, output_field=field), Value(Decimal(0), output_field=field))


def with_batch(rows: QuerySet[Transformation], batch_id: UUID) -> QuerySet[Transformation]:
    """Those runs that the batch went into or came out of."""
    into = MadeFrom.objects.filter(transformation=OuterRef("pk"), parent=batch_id, is_live=True)
    out = TransformationOutput.objects.filter(transformation=OuterRef("pk"), batch=batch_id)
    return rows.filter(Exists(into) | Exists(out))


@dataclass(frozen=True)
class BatchPortion:
    """Kg of a batch, on one side of a run."""

    batch: Batch
    qty_kg: Decimal


@dataclass(frozen=True)
class WholeRun:
    """A run of `runs`, with what went in and was not reversed, and what came out; one row per batch."""

    run: Transformation
    inputs: list[BatchPortion]
    outputs: list[BatchPortion]


def whole_run(run: Transformation) -> WholeRun:
    outputs = TransformationOutput.objects.filter(transformation=run).values_list("batch", "qty_kg")
    live = MadeFrom.objects.filter(transformation=run, is_live=True).order_by()
    inputs = live.values_list("parent").annotate(kg=Sum("qty_kg"))
    return WholeRun(run=run, inputs=_portions(dict(inputs)), outputs=_portions(dict(outputs)))


def _portions(kg: dict[UUID, Decimal]) -> list[BatchPortion]:
    batches = Batch.objects.select_related("product").filter(pk__in=kg).order_by("pk")
    return [BatchPortion(batch=batch, qty_kg=kg[batch.pk]) for batch in batches]


def silos() -> QuerySet[Any]:
    """Silos with `last_cleaned_at`, and in `current` the fill since the last cleaning (none or one)."""
    later = SiloFill.objects.filter(silo=OuterRef("silo"), filled_at__gt=OuterRef("filled_at"))
    cleaned = SiloCleaning.objects.filter(silo=OuterRef("silo"), cleaned_at__gt=OuterRef("filled_at"))
    current = fills().filter(~Exists(later), ~Exists(cleaned))
    rows = Silo.objects.prefetch_related(Prefetch("fills", current, to_attr="current"))
    return rows.annotate(last_cleaned_at=Max("cleanings__cleaned_at"))


def silos_named(name: str) -> QuerySet[Any]:
    """The silo of a code, or of an id as text."""
    try:
        return silos().filter(pk=UUID(name))
    except ValueError:
        return silos().filter(code=name)


def fills() -> QuerySet[SiloFill]:
    return SiloFill.objects.select_related("batch__product", "heel__parent__product", "recorded_by")


def fills_of(silo: Silo) -> QuerySet[SiloFill]:
    return fills().filter(silo=silo)


def cleanings_of(silo: Silo) -> QuerySet[SiloCleaning]:
    return SiloCleaning.objects.filter(silo=silo).select_related("by")


def fill_before(silo: Silo, *, moment: datetime) -> SiloFill | None:
    """The last fill before a moment, cleaned away or not."""
    rows = SiloFill.objects.filter(silo=silo, filled_at__lt=moment).select_related("batch")
    return rows.order_by("-filled_at").first()


def fill_from(silo: Silo, *, moment: datetime) -> SiloFill | None:
    """The first fill at a moment or later."""
    rows = SiloFill.objects.filter(silo=silo, filled_at__gte=moment).select_related("batch", "heel")
    return rows.order_by("filled_at").first()


def is_cleaned_between(silo: Silo, *, start: datetime, end: datetime) -> bool:
    """Whether it was cleaned after `start` and not after `end`: of one moment, the cleaning came before the fill."""
    return SiloCleaning.objects.filter(silo=silo, cleaned_at__gt=start, cleaned_at__lte=end).exists()


def returns_for(user: User, batch: Batch) -> QuerySet[Any]:
    """What came back of a batch; a clerk sees what came from the own regions."""
    regions = region_scope(user)
    rows = returns_of(batch)
    return rows if regions is None else rows.filter(customer__region__in=regions)


def returns_of(batch: Batch) -> QuerySet[Any]:
    """What came back of a batch, with `qty_kg` and `is_reversed`: its link counts no more."""
    live = MadeFrom.objects.filter(
        parent=OuterRef("batch"), child=OuterRef("lot"), kind=LinkKind.RETURNED, is_live=True
    )
    rows = GoodsReturn.objects.filter(batch=batch).select_related(
        "batch__product", "lot__product", "customer", "recorded_by"
    )
    return rows.annotate(qty_kg=F("lot__qty_kg"), is_reversed=~Exists(live))


def codes_from(batch: Batch, *, ending: str) -> set[str]:
    """Codes of the batch's product that begin with its own and `ending`, as codes are compared."""
    rows = Batch.objects.filter(product=batch.product_id, code_norm__startswith=batch.code_norm + ending)
    return set(rows.values_list("code_norm", flat=True))
