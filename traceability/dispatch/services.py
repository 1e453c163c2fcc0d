"""Booking shipments: what may not leave is refused line by line."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db import IntegrityError, transaction

from backend.accounts.models import User
from backend.core import clock
from backend.core.errors import DomainError, InvalidInput
from backend.core.errors import mark as _
from backend.core.numbering import next_number
from traceability.batch.models import Batch
from traceability.batch.rules import BatchStatus
from traceability.customer.queries import customers_for, sites_for
from traceability.dispatch import queries
from traceability.dispatch.models import Shipment, ShipmentLine
from traceability.dispatch.rules import TEXTS, Refusal, refusal_of


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


class ShipmentUnderRecall(DomainError):
    """A recall counts on who received what."""

    code, status, title = "shipment_under_recall", 409, _("A batch of this shipment is recalled")
    detail = _("The recall needs to know who received it.")


@dataclass(frozen=True)
class LineData:
    batch_id: UUID
    qty_kg: Decimal
    units: int | None = None


@dataclass(frozen=True)
class ShipmentData:
    """Without `number` the house gives one."""

    customer_id: UUID
    shipped_on: date
    lines: tuple[LineData, ...]
    number: str = ""
    site_id: UUID | None = None
    carrier: str = ""


@dataclass(frozen=True)
class RefusedLine:
    """`index` counts from 0 in the order the lines were given."""

    index: int
    batch_id: UUID
    refusal: Refusal


@dataclass(frozen=True)
class Booked:
    shipment: Shipment
    refused: tuple[RefusedLine, ...]


@transaction.atomic
def record_shipment(data: ShipmentData, *, by: User, skip_refused: bool = False) -> Booked:
    """Books the lines that may leave. One refused line stops all, unless `skip_refused`; no line at all always does.

    Raises InvalidInput (400), LinesRefused, ShipmentNumberTaken (409).
    """
    _check_head(data, by=by)
    refused = _refused(data)
    if refused and (not skip_refused or len(refused) == len(data.lines)):
        faults = {line.index: LineFault(line.refusal) for line in refused}
        raise LinesRefused(errors={"lines": faults})
    shipment = _insert(data, by=by)
    left_out = {line.index for line in refused}
    ShipmentLine.objects.bulk_create(
        ShipmentLine(shipment=shipment, batch_id=line.batch_id, qty_kg=line.qty_kg, units=line.units)
        for index, line in enumerate(data.lines)
        if index not in left_out
    )
    return Booked(shipment=queries.shipments_for(by).get(pk=shipment.pk), refused=tuple(refused))


def _check_head(data: ShipmentData, *, by: User) -> None:
    if data.shipped_on > clock.today():
        raise InvalidInput(errors={"shipped_on": _("A shipment is entered once it left.")})
    if not customers_for(by).filter(pk=data.customer_id).exists():
        raise InvalidInput(errors={"customer": _("Unknown customer.")})
    if data.site_id and not sites_for(by).filter(pk=data.site_id, customer_id=data.customer_id).exists():
        raise InvalidInput(errors={"site": _("This is no site of the customer.")})


def _refused(data: ShipmentData) -> list[RefusedLine]:
    """The lines that may not leave, batches locked: none is held, or sold out, while we look."""
    ids = {line.batch_id for line in data.lines}
    rows = list(Batch.objects.select_for_update().filter(pk__in=ids).order_by("id"))
    stocks = queries.stocks(rows, on=data.shipped_on)
    refused, seen = [], set()
    for index, line in enumerate(data.lines):
        stock = stocks.get(line.batch_id)
        if stock is None:
            refusal: Refusal | None = Refusal.BATCH_UNKNOWN
        elif line.batch_id in seen:
            refusal = Refusal.BATCH_TWICE
        else:
            refusal = refusal_of(stock, qty_kg=line.qty_kg, on=data.shipped_on)
        seen.add(line.batch_id)
        if refusal:
            refused.append(RefusedLine(index=index, batch_id=line.batch_id, refusal=refusal))
    return refused


def _insert(data: ShipmentData, *, by: User) -> Shipment:
    try:
        with transaction.atomic():
            return Shipment.objects.create(
                number=data.number or next_number("S", on=clock.today()),
                customer_id=data.customer_id,
                site_id=data.site_id,
                shipped_on=data.shipped_on,
                carrier=data.carrier,
                recorded_by=by,
            )
    except IntegrityError as error:
        raise ShipmentNumberTaken from error


@transaction.atomic
def cancel_shipment(shipment: Shipment, *, by: User, reason: str) -> Shipment:
    """Takes back a shipment entered in error: it counts no more and its number is free.

    Raises ShipmentCancelled, ShipmentUnderRecall (409).
    """
    # Locked as a recall locks it: no batch is recalled while its shipment goes.
    rows = Batch.objects.select_for_update(of=("self",)).filter(shipment_lines__shipment=shipment)
    if any(row.status in (BatchStatus.RECALLED, BatchStatus.DESTROYED) for row in rows.order_by("id")):
        raise ShipmentUnderRecall
    won = Shipment.objects.filter(pk=shipment.pk, cancelled_at=None).update(
        cancelled_at=clock.now(), cancelled_by=by, cancel_reason=reason
    )
    if not won:
        raise ShipmentCancelled
    return queries.shipments_for(by).get(pk=shipment.pk)
