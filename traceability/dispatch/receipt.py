"""The customer's count of what came, beside what was sent."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import IntegrityError, transaction

from backend.accounts.models import User
from backend.core import clock
from backend.core.errors import InvalidInput, NotFound
from backend.core.errors import mark as _
from traceability.batch.models import Batch
from traceability.dispatch import queries
from traceability.dispatch.models import ReceiptLine, Shipment, ShipmentLine, ShipmentReceipt
from traceability.dispatch.services import ShipmentCancelled, ShipmentReceived

CLOCK_SLACK = timedelta(minutes=5)


@dataclass(frozen=True)
class CountData:
    batch_id: UUID
    qty_kg: Decimal


@dataclass(frozen=True)
class ReceiptData:
    """Without `lines` all came as it was sent; else each batch sent has its count, and surplus may stand beside."""

    received_at: datetime
    received_by_name: str
    lines: tuple[CountData, ...] | None = None
    note: str = ""


@dataclass(frozen=True)
class Compared:
    """Kg of a batch as sent and as counted; the difference is negative where some is missing."""

    batch: Batch
    sent_kg: Decimal
    received_kg: Decimal

    @property
    def difference_kg(self) -> Decimal:
        return self.received_kg - self.sent_kg


@transaction.atomic
def record_receipt(shipment: Shipment, data: ReceiptData, *, by: User) -> ShipmentReceipt:
    """Keeps the count for ever. Raises InvalidInput (400); ShipmentCancelled, ShipmentReceived (409)."""
    row = Shipment.objects.select_for_update().get(pk=shipment.pk)
    if row.cancelled_at is not None:
        raise ShipmentCancelled
    if data.received_at > clock.now() + CLOCK_SLACK:
        raise InvalidInput(errors={"received_at": _("This lies in the future.")})
    if clock.factory_date(data.received_at) < row.shipped_on:
        raise InvalidInput(errors={"received_at": _("This is before it was shipped.")})
    sent = sent_kg(row)
    counted = sent if data.lines is None else _counted(data.lines, sent=sent)
    try:
        with transaction.atomic():
            receipt = ShipmentReceipt.objects.create(
                shipment=row,
                received_at=data.received_at,
                received_by_name=data.received_by_name,
                note=data.note,
                recorded_by=by,
                recorded_at=clock.now(),
            )
    except IntegrityError as error:
        raise ShipmentReceived from error
    ReceiptLine.objects.bulk_create(
        ReceiptLine(receipt=receipt, batch_id=id, qty_kg=kg) for id, kg in counted.items()
    )
    return receipt_of(shipment, by=by)


def sent_kg(shipment: Shipment) -> dict[UUID, Decimal]:
    """Kg of each batch in the shipment, in units or not."""
    found: defaultdict[UUID, Decimal] = defaultdict(Decimal)
    for line in ShipmentLine.objects.filter(shipment=shipment).order_by("id"):
        found[line.batch_id] += line.qty_kg
    return dict(found)


def _counted(lines: Sequence[CountData], *, sent: Mapping[UUID, Decimal]) -> dict[UUID, Decimal]:
    times = Counter(line.batch_id for line in lines)
    known = set(Batch.objects.filter(pk__in=times).values_list("pk", flat=True))
    faults = {}
    for index, line in enumerate(lines):
        if line.batch_id not in known:
            faults[index] = {"batch": _("There is no such batch.")}
        elif times[line.batch_id] > 1:
            faults[index] = {"batch": _("The batch stands here twice.")}
    if faults:
        raise InvalidInput(errors={"lines": faults})
    if not sent.keys() <= times.keys():
        raise InvalidInput(errors={"lines": _("Every batch sent needs its count: 0 where nothing came.")})
    return {line.batch_id: line.qty_kg for line in lines}


def receipt_of(shipment: Shipment, *, by: User) -> ShipmentReceipt:
    """The receipt as `by` may see it. Raises NotFound (404) where nothing came yet."""
    receipt = queries.receipts_for(by).filter(shipment=shipment).first()
    if receipt is None:
        raise NotFound
    return receipt


def compared(receipt: ShipmentReceipt) -> list[Compared]:
    """What was sent beside what was counted, the batches sent first; rows come from `receipts_for`."""
    sent: dict[Batch, Decimal] = {}
    for line in receipt.shipment.lines.all():
        sent[line.batch] = sent.get(line.batch, Decimal()) + line.qty_kg
    counted = {line.batch: line.qty_kg for line in receipt.lines.all()}
    batches = [*sent, *(batch for batch in counted if batch not in sent)]
    return [
        Compared(batch, sent_kg=sent.get(batch, Decimal()), received_kg=counted.get(batch, Decimal()))
        for batch in batches
    ]
