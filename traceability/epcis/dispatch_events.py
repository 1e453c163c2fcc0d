"""Packed units, shipments and receipts in the log. Ids in, drafts out."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from decimal import Decimal
from uuid import UUID

from django.db.models import Prefetch

from traceability.dispatch.models import (
    Containment,
    LogisticUnit,
    ReceiptLine,
    Shipment,
    ShipmentLine,
    ShipmentReceipt,
    UnitContent,
)
from traceability.dispatch.rules import UnitLevel
from traceability.epcis.batch_events import begin_of
from traceability.epcis.naming import batch_uri, named, unit_uri
from traceability.epcis.rules import Action, BizStep, Disposition, ErrorReason, EventType
from traceability.epcis.shape import Draft, Gone, Goods

WORKS = "works"  # the one party that is always the source


def packed(ids: Sequence[UUID]) -> Iterator[tuple[UUID, Draft]]:
    """What lies in a unit itself; a unit that only holds other units is told by its containments."""
    contents = UnitContent.objects.select_related("batch__product", "batch__trade_item").order_by("id")
    rows = LogisticUnit.objects.filter(pk__in=ids).prefetch_related(Prefetch("contents", queryset=contents))
    for unit in rows:
        held = list(unit.contents.all())
        if not held:
            continue
        yield (
            unit.pk,
            Draft(
                type=EventType.AGGREGATION,
                at=unit.packed_at,
                batches=tuple(content.batch_id for content in held),
                action=Action.ADD,
                step=BizStep.PACKING,
                disposition=Disposition.IN_PROGRESS,
                parent=unit_uri(unit.sscc),
                goods=tuple(Goods(batch_uri(content.batch), content.qty_kg) for content in held),
                more={"salt:level": unit.level},
                gone=Gone(reason=ErrorReason.DID_NOT_OCCUR, at=unit.cancelled_at)
                if unit.cancelled_at
                else None,
            ),
        )


def loaded(ids: Sequence[UUID]) -> Iterator[tuple[UUID, Draft]]:
    """A unit was put into another: an event of every batch in the unit that moved."""
    rows = _containments(ids)
    held = _batches_in({row.child_id for row in rows})
    for row in rows:
        is_container = row.parent.level == UnitLevel.CONTAINER
        yield (
            row.pk,
            Draft(
                type=EventType.AGGREGATION,
                at=row.valid_from,
                batches=tuple(sorted(held[row.child_id])),
                action=Action.ADD,
                step=BizStep.LOADING if is_container else BizStep.PACKING,
                parent=unit_uri(row.parent.sscc),
                epcs=(unit_uri(row.child.sscc),),
            ),
        )


def unloaded(ids: Sequence[UUID]) -> Iterator[tuple[UUID, Draft]]:
    """And taken out again."""
    rows = _containments(ids)
    held = _batches_in({row.child_id for row in rows})
    for row in rows:
        if row.valid_to is None:
            continue
        is_container = row.parent.level == UnitLevel.CONTAINER
        yield (
            row.pk,
            Draft(
                type=EventType.AGGREGATION,
                at=row.valid_to,
                batches=tuple(sorted(held[row.child_id])),
                action=Action.DELETE,
                step=BizStep.UNLOADING if is_container else BizStep.UNPACKING,
                parent=unit_uri(row.parent.sscc),
                epcs=(unit_uri(row.child.sscc),),
            ),
        )


def _containments(ids: Sequence[UUID]) -> list[Containment]:
    return list(Containment.objects.filter(pk__in=ids).select_related("parent", "child"))


def _batches_in(units: Set[UUID]) -> Mapping[UUID, set[UUID]]:
    """Unit → batches that lay in it at any depth, at any time: whose trace the unit's way belongs to."""
    roots: dict[UUID, set[UUID]] = {unit: {unit} for unit in units}  # unit inside → units it lies in
    frontier = set(units)
    for _level in UnitLevel:
        stays = Containment.objects.filter(parent__in=frontier).values_list("parent_id", "child_id")
        frontier = set()
        for parent, child in stays:
            roots[child] = roots.get(child, set()) | roots[parent]
            frontier.add(child)
        if not frontier:
            break
    found: dict[UUID, set[UUID]] = {unit: set() for unit in units}
    for unit, batch in UnitContent.objects.filter(unit__in=roots).values_list("unit_id", "batch_id"):
        for root in roots[unit]:
            found.setdefault(root, set()).add(batch)
    return found


def shipped(ids: Sequence[UUID]) -> Iterator[tuple[UUID, Draft]]:
    """One shipment with the kg of every batch and the units it went in."""
    lines = ShipmentLine.objects.select_related("batch__product", "batch__trade_item", "unit").order_by("id")
    rows = Shipment.objects.filter(pk__in=ids).select_related("customer", "site")
    for shipment in rows.prefetch_related(Prefetch("lines", queryset=lines)):
        sent = list(shipment.lines.all())
        units = dict.fromkeys(unit_uri(line.unit.sscc) for line in sent if line.unit)
        yield (
            shipment.pk,
            Draft(
                type=EventType.OBJECT,
                at=begin_of(shipment.shipped_on),
                batches=tuple(dict.fromkeys(line.batch_id for line in sent)),
                action=Action.OBSERVE,
                step=BizStep.SHIPPING,
                disposition=Disposition.IN_TRANSIT,
                epcs=tuple(units),
                goods=tuple(Goods(batch_uri(line.batch), line.qty_kg) for line in sent),
                transactions=(("desadv", named("shipment", shipment.number)),),
                sources=(("possessing_party", named(WORKS)),),
                destinations=_destinations(shipment),
                gone=Gone(reason=ErrorReason.DID_NOT_OCCUR, at=shipment.cancelled_at)
                if shipment.cancelled_at
                else None,
            ),
        )


def _destinations(shipment: Shipment) -> tuple[tuple[str, str], ...]:
    party = ("possessing_party", named("party", shipment.customer.code))
    return (party, ("location", named("site", str(shipment.site_id)))) if shipment.site_id else (party,)


def received(ids: Sequence[UUID]) -> Iterator[tuple[UUID, Draft]]:
    """What the customer counted; `mismatch_quantity` where it is not what was sent."""
    counted = ReceiptLine.objects.select_related("batch__product", "batch__trade_item").order_by("id")
    rows = ShipmentReceipt.objects.filter(pk__in=ids).select_related("shipment__customer")
    rows = rows.prefetch_related(Prefetch("lines", queryset=counted), "shipment__lines")
    for receipt in rows:
        lines, shipment = list(receipt.lines.all()), receipt.shipment
        sent: dict[UUID, Decimal] = defaultdict(Decimal)
        for line in shipment.lines.all():
            sent[line.batch_id] += line.qty_kg
        is_all = sent == {line.batch_id: line.qty_kg for line in lines}
        yield (
            receipt.pk,
            Draft(
                type=EventType.OBJECT,
                at=receipt.received_at,
                batches=tuple(line.batch_id for line in lines),
                action=Action.OBSERVE,
                step=BizStep.RECEIVING,
                disposition=Disposition.IN_PROGRESS if is_all else Disposition.MISMATCH_QUANTITY,
                goods=tuple(Goods(batch_uri(line.batch), line.qty_kg) for line in lines),
                transactions=(("desadv", named("shipment", shipment.number)),),
                sources=(("possessing_party", named(WORKS)),),
                destinations=_destinations(shipment),
            ),
        )
