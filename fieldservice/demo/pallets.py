"""Pallets with their SSCC, one of them mixed, a container, what left by SSCC, and unit codes on the bags."""

from datetime import datetime, timedelta
from decimal import Decimal

from fieldservice.demo.articles import COMPANY
from fieldservice.demo.customers import WHOLESALER
from fieldservice.demo.people import People
from fieldservice.demo.stage import Stage
from fieldservice.demo.works import WET_DAYS_AGO, Works
from traceability.batch.models import Batch
from traceability.batch.rules import BatchStatus
from traceability.customer.models import Customer
from traceability.dispatch.gate import LineData
from traceability.dispatch.models import LogisticUnit
from traceability.dispatch.packing import ContentData, UnitData, load_unit, pack_unit
from traceability.dispatch.rules import UnitLevel, sscc_of
from traceability.dispatch.services import ShipmentData, record_shipment
from traceability.product.rules import Family
from traceability.serial.services import RangeData, make_range

PALLET_KG, MIXED_KG = Decimal(800), Decimal(300)
PALLETS = 3
PACKED_BEFORE, LOADED_AFTER = timedelta(hours=9), timedelta(hours=1)
UNIT_PREFIX, UNIT_CODES = "YS", 20_000


def pack_pallets(stage: Stage, *, works: Works, customers: list[Customer], people: People) -> None:
    """Pallets of the newest released edible batch, one mixed with the batch before; two stand in a container.

    One pallet left for a wholesaler today, by its SSCC alone.
    """
    newest, before = _newest_edible(works)
    at, by = stage.now - PACKED_BEFORE, people["logistics"]
    contents = [((newest, PALLET_KG),)] * PALLETS + [((newest, MIXED_KG), (before, MIXED_KG))]
    pallets = [
        pack_unit(_pallet(number, *content, at=at), by=by) for number, content in enumerate(contents, start=1)
    ]
    empty = UnitData(UnitLevel.CONTAINER, sscc=_sscc(len(pallets) + 1), packed_at=at)
    container = pack_unit(empty, by=by)
    for unit in (pallets[0], pallets[-1]):
        load_unit(unit, parent=container, at=at + LOADED_AFTER, by=by)
    _send(stage, pallets[1], customers=customers, people=people)
    make_range(newest, RangeData(prefix=UNIT_PREFIX, count=UNIT_CODES), by=people["qc1"])


def _newest_edible(works: Works) -> tuple[Batch, Batch]:
    """The last two released batches of edible salt, the newest first; never the one that is going wrong."""
    newest = works.packed[-1].produced_on
    sound = [
        batch
        for batch in works.packed
        if batch.product.family == Family.EDIBLE
        and batch.status == BatchStatus.RELEASED
        and (newest - batch.produced_on).days < WET_DAYS_AGO - 2
    ]
    return sound[-1], sound[-2]


def _pallet(number: int, *content: tuple[Batch, Decimal], at: datetime) -> UnitData:
    lines = tuple(ContentData(batch.pk, kg) for batch, kg in content)
    return UnitData(UnitLevel.PALLET, sscc=_sscc(number), packed_at=at, contents=lines)


def _sscc(number: int) -> str:
    found = sscc_of(number, prefix=COMPANY)
    assert found is not None  # the first of ten thousand million
    return found


def _send(stage: Stage, pallet: LogisticUnit, *, customers: list[Customer], people: People) -> None:
    buyer = next(customer for customer in customers if customer.kind == WHOLESALER)
    data = ShipmentData(
        customer_id=buyer.pk,
        shipped_on=stage.today,
        number=f"FH-{stage.today:%Y%m}-P001",
        carrier="自有车队",
        lines=(LineData(sscc=pallet.sscc),),
    )
    record_shipment(data, by=people["logistics"])
