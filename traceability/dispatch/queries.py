"""Reads: units, shipments, receipts, who received a batch, what left it, and who may be supplied with what."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import (
    Case,
    Exists,
    F,
    JSONField,
    Max,
    Min,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Sum,
    When,
)
from django.db.models.expressions import RawSQL

from backend.accounts.models import User
from backend.accounts.queries import region_scope
from backend.core import clock
from backend.core.paging import get_or_404
from traceability.batch.models import Batch, BatchDecision
from traceability.batch.rules import BatchStatus
from traceability.dispatch.models import (
    Containment,
    LogisticUnit,
    ReceiptLine,
    SalesRule,
    Shipment,
    ShipmentLine,
    ShipmentReceipt,
    UnitContent,
)
from traceability.dispatch.rules import (
    SalesTerm,
    ShipmentStatus,
    StatusStep,
    Stock,
    UnitState,
    status_at_end_of,
)
from traceability.dispatch.unit_tree import LEFT_WITH, Held, contents_of, units_in
from traceability.genealogy.queries import used_kg

MOST_UNITS_SHOWN = 1_000  # a container of single cases holds more
# What a unit stands in now: one row or none.
OPEN_STAYS = Prefetch(
    "stays", Containment.objects.filter(valid_to=None).select_related("parent"), to_attr="open_stays"
)


def shipments_for(user: User) -> QuerySet[Shipment]:
    """With their lines: a clerk those to the own regions, others all. Cancelled ones are among them."""
    lines = with_late_paper(ShipmentLine.objects.select_related("batch__product", "unit")).order_by("id")
    rows = Shipment.objects.select_related("customer", "site", "receipt")
    rows = rows.prefetch_related(Prefetch("lines", lines))
    regions = region_scope(user)
    return rows if regions is None else rows.filter(customer__region__in=regions)


def with_status(rows: QuerySet[Shipment], status: ShipmentStatus) -> QuerySet[Shipment]:
    if status is ShipmentStatus.CANCELLED:
        return rows.exclude(cancelled_at=None)
    return rows.filter(cancelled_at=None, receipt__isnull=status is ShipmentStatus.SHIPPED)


def with_late_paper(lines: QuerySet[ShipmentLine]) -> QuerySet[Any]:
    """Each line with `recorded_after_hold`: the batch was on hold, recalled or destroyed when it was entered.

    Only goods that left before that are booked then. UUIDv7 ids of our own making tell which row came first.
    """
    before = BatchDecision.objects.filter(batch=OuterRef("batch"), id__lt=OuterRef("id")).order_by("-id")
    stopped = [BatchStatus.HELD, BatchStatus.RECALLED, BatchStatus.DESTROYED]
    rows = lines.annotate(status_when_recorded=Subquery(before.values("to_status")[:1]))
    return rows.annotate(
        recorded_after_hold=Case(When(status_when_recorded__in=stopped, then=True), default=False)
    )


def receivers_for(user: User, batch: Batch) -> QuerySet[Any, Any]:
    """Who received the batch directly, one row per customer and site, kg summed; cancelled shipments do not count.

    A clerk sees those of the own regions.
    """
    lines = ShipmentLine.objects.filter(batch=batch, shipment__cancelled_at=None)
    regions = region_scope(user)
    if regions is not None:
        lines = lines.filter(shipment__customer__region__in=regions)
    return lines.values(
        customer=F("shipment__customer_id"),
        customer_code=F("shipment__customer__code"),
        customer_name=F("shipment__customer__name"),
        customer_kind=F("shipment__customer__kind"),
        tier=F("shipment__customer__tier"),
        region=F("shipment__customer__region_id"),
        province=F("shipment__customer__province"),
        site=F("shipment__site_id"),
        site_name=F("shipment__site__name"),
    ).annotate(
        qty_sum_kg=Sum("qty_kg"),
        shipments=ArrayAgg("shipment__number", distinct=True),
        first_shipped_on=Min("shipment__shipped_on"),
        last_shipped_on=Max("shipment__shipped_on"),
    )


def stocks(batches: Iterable[Batch], *, on: date) -> dict[UUID, Stock]:
    """What is left of batches that leave on a day: kg shipped (not cancelled) and used in others are gone."""
    rows = {batch.pk: batch for batch in batches}
    used, shipped, steps = used_kg(rows), shipped_kg(rows), _steps_of(rows)
    return {
        id: Stock(
            status=BatchStatus(batch.status),
            status_then=status_at_end_of(on, steps=steps.get(id, ()), now=BatchStatus(batch.status)),
            produced_on=batch.produced_on,
            expires_on=batch.expires_on,
            qty_kg=batch.qty_kg,
            gone_kg=used.get(id, Decimal()) + shipped.get(id, Decimal()),
            is_history=batch.is_history,
        )
        for id, batch in rows.items()
    }


def _steps_of(batches: Mapping[UUID, Batch]) -> Mapping[UUID, list[StatusStep]]:
    """The decisions on those of the batches that may not leave now, the first one first; the others need none."""
    stopped = [id for id, batch in batches.items() if batch.status != BatchStatus.RELEASED]
    found: defaultdict[UUID, list[StatusStep]] = defaultdict(list)
    if not stopped:
        return found
    for row in BatchDecision.objects.filter(batch__in=stopped).order_by("at", "id"):
        step = StatusStep(on=clock.factory_date(row.at), from_status=BatchStatus(row.from_status))
        found[row.batch_id].append(step)
    return found


def shipped_kg(ids: Iterable[UUID]) -> dict[UUID, Decimal]:
    """Kg of each batch that was shipped; batches without any are absent."""
    lines = ShipmentLine.objects.filter(batch__in=set(ids), shipment__cancelled_at=None)
    return dict(lines.values_list("batch").annotate(kg=Sum("qty_kg")))


def shipped_to_kg(batch_id: UUID, customer_id: UUID) -> Decimal:
    """Kg of the batch that were shipped to the customer."""
    lines = ShipmentLine.objects.filter(
        batch=batch_id, shipment__customer=customer_id, shipment__cancelled_at=None
    )
    return lines.aggregate(kg=Sum("qty_kg"))["kg"] or Decimal(0)


def packed_or_gone_kg(ids: Iterable[UUID]) -> defaultdict[UUID, Decimal]:
    """Kg of each batch that no further unit can hold: packed, used in others, or shipped without a unit."""
    wanted = set(ids)
    packed = UnitContent.objects.filter(batch__in=wanted, unit__cancelled_at=None)
    loose = ShipmentLine.objects.filter(batch__in=wanted, unit=None, shipment__cancelled_at=None)
    found: defaultdict[UUID, Decimal] = defaultdict(Decimal, used_kg(wanted))
    for rows in (packed, loose):
        for id, kg in rows.values_list("batch").annotate(kg=Sum("qty_kg")):
            found[id] += kg
    return found


def sales_terms(kind: str, *, families: Iterable[str], on: date) -> dict[str, SalesTerm]:
    """Family → what the rule in force on the day says of such customers; families without a rule are absent."""
    rows = SalesRule.objects.filter(
        customer_kind=kind, family__in=set(families), valid_from__lte=on, needs_confirmation=False
    )
    newest = rows.order_by("family", "-valid_from").distinct("family")
    return {
        row.family: SalesTerm(is_allowed=row.is_allowed, needs_licence=row.needs_licence) for row in newest
    }


def sales_rules() -> QuerySet[SalesRule]:
    return SalesRule.objects.all()


def receipts_for(user: User) -> QuerySet[ShipmentReceipt]:
    """Receipts of the shipments the user sees, with what was sent and what was counted."""
    sent = ShipmentLine.objects.select_related("batch__product").order_by("id")
    counted = ReceiptLine.objects.select_related("batch__product").order_by("id")
    rows = ShipmentReceipt.objects.filter(shipment__in=shipments_for(user)).select_related("recorded_by")
    return rows.prefetch_related(Prefetch("shipment__lines", sent), Prefetch("lines", counted))


def units_for(user: User) -> QuerySet[Any]:
    """All units with their own contents: whoever holds the right reads every one.

    `open_stays`: what a unit stands in now, one or none. `left_with`: the shipment it left with, or None.
    """
    contents = UnitContent.objects.select_related("batch__product").order_by("id")
    rows = LogisticUnit.objects.select_related("trade_item", "packed_by")
    rows = rows.prefetch_related(Prefetch("contents", contents), OPEN_STAYS)
    return rows.annotate(left_with=RawSQL(LEFT_WITH, [], output_field=JSONField()))  # noqa: S611 a constant


def units_in_state(rows: QuerySet[Any], state: UnitState) -> QuerySet[Any]:
    if state is UnitState.CANCELLED:
        return rows.exclude(cancelled_at=None)
    live = rows.filter(cancelled_at=None)
    if state is UnitState.SHIPPED:
        return live.filter(left_with__isnull=False)
    stays = Containment.objects.filter(child=OuterRef("pk"), valid_to=None)
    here = live.filter(left_with__isnull=True)
    return here.filter(Exists(stays)) if state is UnitState.LOADED else here.exclude(Exists(stays))


def containments_of(unit: LogisticUnit) -> QuerySet[Containment]:
    """What the unit stood in and what stood in it, ever."""
    rows = Containment.objects.filter(Q(child=unit) | Q(parent=unit))
    return rows.select_related("child", "parent", "loaded_by", "unloaded_by")


@dataclass(frozen=True)
class WholeUnit:
    """A unit with all that is in it, by batch code; `units` stand in it, at most a thousand."""

    unit: LogisticUnit
    total: list[tuple[Batch, Held]]
    units: list[LogisticUnit]
    is_truncated: bool


def whole_unit(user: User, sscc: str) -> WholeUnit:
    """The unit with this number and all that is in it. Raises NotFound (404)."""
    return whole_of(get_or_404(units_for(user), sscc=sscc))


def whole_of(unit: LogisticUnit) -> WholeUnit:
    held = contents_of([unit.pk]).get(unit.pk, [])
    rows = Batch.objects.select_related("product").in_bulk([one.batch_id for one in held])
    inside = units_in(unit, most=MOST_UNITS_SHOWN + 1)
    units = LogisticUnit.objects.filter(pk__in=inside[:MOST_UNITS_SHOWN]).order_by("id")
    return WholeUnit(
        unit=unit,
        total=sorted(((rows[one.batch_id], one) for one in held), key=lambda pair: pair[0].code),
        units=list(units.prefetch_related(OPEN_STAYS)),
        is_truncated=len(inside) > MOST_UNITS_SHOWN,
    )
