"""What the customers counted when goods came, and what the works counted in its own store; one batch lacks some."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from decimal import Decimal

from backend.core.clock import FACTORY_ZONE
from fieldservice.demo.people import People
from fieldservice.demo.stage import Stage
from fieldservice.demo.works import Works
from traceability.balance.models import StockCount
from traceability.balance.services import refresh_findings
from traceability.batch.rules import BatchStatus
from traceability.dispatch.models import ReceiptLine, Shipment, ShipmentReceipt
from traceability.dispatch.queries import shipped_kg

ON_THE_WAY_DAYS = 3
SHORT_EVERY, SHORT_KG = 150, Decimal(50)  # a bag or two was torn on the way
SHORT_NOTE = "到货短少一袋，已拍照并通知承运方"
COUNTED_DAYS, COUNTED_BEFORE = 20, timedelta(hours=3)
RETAINED_KG = Decimal(2)
MISSING_DAYS_AGO, MISSING_KG = 70, Decimal(480)


def receive(stage: Stage, *, people: People) -> None:
    """All goods that left some days ago came; now and then a bag is missing."""
    shipments = Shipment.objects.filter(shipped_on__lte=stage.day(ON_THE_WAY_DAYS + 1))
    receipts, lines = [], []
    rows = shipments.select_related("customer").prefetch_related("lines").order_by("shipped_on", "number")
    for number, shipment in enumerate(rows, start=1):
        at = datetime.combine(shipment.shipped_on + timedelta(days=ON_THE_WAY_DAYS), time(15), FACTORY_ZONE)
        short_kg = SHORT_KG if number % SHORT_EVERY == 0 else Decimal()
        receipt = ShipmentReceipt(
            shipment=shipment,
            received_at=at,
            received_by_name=shipment.customer.contact_name,
            note=SHORT_NOTE if short_kg else "",
            recorded_by=people["logistics"],
            recorded_at=min(at + timedelta(hours=1), stage.now),
        )
        receipts.append(receipt)
        lines += [
            ReceiptLine(receipt=receipt, batch_id=line.batch_id, qty_kg=line.qty_kg - short_kg)
            for line in shipment.lines.all()
        ]
    ShipmentReceipt.objects.bulk_create(receipts)
    ReceiptLine.objects.bulk_create(lines)


def count_stock(stage: Stage, *, works: Works, people: People) -> None:
    """The store is counted: each packed batch is there as the books say, one lacks 480 kg. Findings are up to date."""
    StockCount.objects.bulk_create(_counts(stage, works=works, people=people))
    refresh_findings()


def _counts(stage: Stage, *, works: Works, people: People) -> Iterator[StockCount]:
    shipped = shipped_kg(batch.pk for batch in works.packed)
    old = [
        batch
        for batch in works.packed
        if (stage.today - batch.produced_on).days >= COUNTED_DAYS and batch.status == BatchStatus.RELEASED
    ]
    missing = next(b for b in reversed(old) if (stage.today - b.produced_on).days >= MISSING_DAYS_AGO)
    for batch in old:
        left_kg = batch.qty_kg - shipped.get(batch.pk, Decimal()) - RETAINED_KG
        yield StockCount(
            batch=batch,
            counted_at=stage.now - COUNTED_BEFORE,
            on_hand_kg=left_kg - MISSING_KG if batch is missing else left_kg,
            retained_kg=RETAINED_KG,
            by=people["logistics"],
            recorded_at=stage.now - COUNTED_BEFORE,
            note="季度盘点",
        )
