"""Booking shipments: what may not leave is refused line by line."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from backend.accounts.models import User
from backend.core import clock
from backend.core.errors import DomainError, InvalidInput
from backend.core.errors import mark as _
from backend.core.numbering import next_number
from backend.core.queue import emit
from traceability.batch.models import Batch
from traceability.batch.rules import BatchStatus
from traceability.customer.models import Customer
from traceability.customer.queries import customers_for, sites_for
from traceability.dispatch import queries
from traceability.dispatch.gate import Fault, Gate, LineData, Part, lay_out
from traceability.dispatch.models import SalesRule, Shipment, ShipmentLine, ShipmentReceipt
from traceability.dispatch.rules import TEXTS, Refusal

UNDER_RECALL = (BatchStatus.RECALLED, BatchStatus.DESTROYED)


class LineFault(str):
    """The text of a refused line, with its permanent code."""

    code: str

    def __new__(cls, refusal: Refusal) -> "LineFault":
        made = super().__new__(cls, TEXTS[refusal])
        made.code = refusal.value
        return made


class LinesRefused(DomainError):
    """Nothing was booked; `errors` points at each line with its code."""

    code, status, title = "shipment_lines_refused", 409, _("Lines of the shipment may not leave")
    detail = _("Nothing was booked. With skip_refused the other lines are.")


class ShipmentNumberTaken(DomainError):
    code, status, title = "shipment_number_taken", 409, _("This shipment number is taken")


class ShipmentCancelled(DomainError):
    code, status, title = "shipment_cancelled", 409, _("This shipment is cancelled already")


class ShipmentReceived(DomainError):
    """The customer has counted the goods: that they came is a fact."""

    code, status, title = "shipment_received", 409, _("This shipment was received")


class ShipmentUnderRecall(DomainError):
    """A recall counts on who received what."""

    code, status, title = "shipment_under_recall", 409, _("A batch of this shipment is recalled")
    detail = _("The recall needs to know who received it.")


class SalesRuleDateTaken(DomainError):
    """A rule is never rewritten: shipments of its days were judged by it."""

    code, status, title = "sales_rule_date_taken", 409, _("A rule for this begins on that day already")


@dataclass(frozen=True)
class ShipmentData:
    """Without `number` the house gives one."""

    customer_id: UUID
    shipped_on: date
    lines: tuple[LineData, ...]
    number: str = ""
    site_id: UUID | None = None
    carrier: str = ""
    is_monitored: bool = False


@dataclass(frozen=True)
class RefusedLine:
    """`index` counts from 0 in the order the lines were given. `batch_id`: the batch at fault, where one is."""

    index: int
    batch_id: UUID | None
    refusal: Refusal
    sscc: str = ""


@dataclass(frozen=True)
class Booked:
    shipment: Shipment
    refused: tuple[RefusedLine, ...]


@transaction.atomic
def add_sales_rule(**fields: Any) -> SalesRule:
    """A rule in force from its day on; whoever enters it has read its source. Raises SalesRuleDateTaken (409)."""
    try:
        with transaction.atomic():
            return SalesRule.objects.create(needs_confirmation=False, **fields)
    except IntegrityError as error:
        raise SalesRuleDateTaken from error


@transaction.atomic
def record_shipment(data: ShipmentData, *, by: User, skip_refused: bool = False) -> Booked:
    """Books the lines that may leave. One refused line stops all, unless `skip_refused`; no line at all always does.

    Raises InvalidInput (400), LinesRefused, ShipmentNumberTaken (409).
    """
    customer = _check_head(data, by=by)
    parts, refused = _judged(data, customer=customer)
    if refused and (not skip_refused or len(refused) == len(data.lines)):
        faults = {line.index: LineFault(line.refusal) for line in refused}
        raise LinesRefused(errors={"lines": faults})
    shipment = _insert(data, by=by)
    ShipmentLine.objects.bulk_create(
        ShipmentLine(
            shipment=shipment,
            batch_id=part.batch_id,
            unit_id=part.unit_id,
            qty_kg=part.qty_kg,
            units=part.units,
        )
        for part in parts
    )
    if Batch.objects.filter(shipment_lines__shipment=shipment, status__in=UNDER_RECALL).exists():
        emit("shipment.under_recall", shipment_id=shipment.pk)
    return Booked(shipment=queries.shipments_for(by).get(pk=shipment.pk), refused=tuple(refused))


def _check_head(data: ShipmentData, *, by: User) -> Customer:
    if data.shipped_on > clock.today():
        raise InvalidInput(errors={"shipped_on": _("A shipment is entered once it left.")})
    customer = customers_for(by).filter(pk=data.customer_id).first()
    if customer is None:
        raise InvalidInput(errors={"customer": _("Unknown customer.")})
    if data.site_id and not sites_for(by).filter(pk=data.site_id, customer_id=data.customer_id).exists():
        raise InvalidInput(errors={"site": _("This is no site of the customer.")})
    return customer


def _judged(data: ShipmentData, *, customer: Customer) -> tuple[list[Part], list[RefusedLine]]:
    """What leaves, and the lines that may not; batches locked: none is held, or sold out, while we look."""
    laid_out = lay_out(data.lines)
    ids = {part.batch_id for parts in laid_out if not isinstance(parts, Refusal) for part in parts}
    rows = (
        Batch.objects.select_related("product")
        .select_for_update(of=("self",), no_key=True)
        .filter(pk__in=ids)
    )
    gate = Gate(rows.order_by("id"), customer=customer, on=data.shipped_on)
    leaving: list[Part] = []
    refused = []
    for index, (line, parts) in enumerate(zip(data.lines, laid_out, strict=True)):
        fault = Fault(parts, line.batch_id) if isinstance(parts, Refusal) else gate.admit(parts)
        if fault:
            refused.append(RefusedLine(index, fault.batch_id, fault.refusal, line.sscc))
        elif not isinstance(parts, Refusal):
            leaving += parts
    return leaving, refused


def _insert(data: ShipmentData, *, by: User) -> Shipment:
    try:
        with transaction.atomic():
            return Shipment.objects.create(
                number=data.number or next_number("S", on=clock.today()),
                customer_id=data.customer_id,
                site_id=data.site_id,
                shipped_on=data.shipped_on,
                carrier=data.carrier,
                is_monitored=data.is_monitored,
                recorded_by=by,
            )
    except IntegrityError as error:
        raise ShipmentNumberTaken from error


@transaction.atomic
def cancel_shipment(shipment: Shipment, *, by: User, reason: str) -> Shipment:
    """Takes back a shipment entered in error: it counts no more and its number is free.

    Raises ShipmentCancelled, ShipmentReceived, ShipmentUnderRecall (409).
    """
    # Locked as a receipt locks it, then as a recall does: nothing is counted, and no batch recalled, while it goes.
    row = Shipment.objects.select_for_update().get(pk=shipment.pk)
    if row.cancelled_at is not None:
        raise ShipmentCancelled
    batches = Batch.objects.select_for_update(of=("self",), no_key=True).filter(shipment_lines__shipment=row)
    if any(batch.status in UNDER_RECALL for batch in batches.order_by("id")):
        raise ShipmentUnderRecall
    if ShipmentReceipt.objects.filter(shipment=row).exists():
        raise ShipmentReceived
    row.cancelled_at, row.cancelled_by, row.cancel_reason = clock.now(), by, reason
    row.save(update_fields=["cancelled_at", "cancelled_by", "cancel_reason"])
    return queries.shipments_for(by).get(pk=shipment.pk)
