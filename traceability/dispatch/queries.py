"""Reads: shipments, who received a batch, and what left it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Case, F, Max, Min, OuterRef, Prefetch, QuerySet, Subquery, Sum, When

from backend.accounts.models import User
from backend.accounts.queries import region_scope
from backend.core import clock
from traceability.batch.models import Batch, BatchDecision
from traceability.batch.rules import BatchStatus
from traceability.dispatch.models import Shipment, ShipmentLine
from traceability.dispatch.rules import StatusStep, Stock, status_at_end_of
from traceability.genealogy.queries import used_kg


def shipments_for(user: User) -> QuerySet[Shipment]:
    """With their lines: a clerk those to the own regions, others all. Cancelled ones are among them."""
    lines = with_late_paper(ShipmentLine.objects.select_related("batch__product")).order_by("id")
    rows = Shipment.objects.select_related("customer", "site").prefetch_related(Prefetch("lines", lines))
    regions = region_scope(user)
    return rows if regions is None else rows.filter(customer__region__in=regions)


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
