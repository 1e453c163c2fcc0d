"""Scans in the log: what a code named, where it was seen. A code that named nothing is no event of any goods."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from traceability.epcis.naming import batch_uri, item_uri, lot_uri, named, place_uri, unit_uri
from traceability.epcis.rules import Action, BizStep, EventType
from traceability.epcis.shape import Draft, Goods
from traceability.label.trade_number import gtin14, is_sscc
from traceability.scan.models import Scan


def scanned(ids: Sequence[UUID]) -> Iterator[tuple[UUID, Draft]]:
    """A scan: inspecting the goods. It changes no state: no disposition, the answer stands in `salt:outcome`."""
    rows = Scan.objects.filter(pk__in=ids).select_related("batch__product", "batch__trade_item")
    for scan in rows.defer("answer", "raw", "raw_bytes"):
        things, goods = _things(scan), _goods(scan)
        if not things and not goods:
            continue
        yield (
            scan.pk,
            Draft(
                type=EventType.OBJECT,
                at=scan.corrected_at,
                batches=(scan.batch_id,) if scan.batch_id else (),
                action=Action.OBSERVE,
                step=BizStep.INSPECTING,
                epcs=things,
                goods=goods,
                read_point=place_uri(scan),
                more={"salt:outcome": scan.outcome, "salt:scan": named("scan", str(scan.pk))},
            ),
        )


def _things(scan: Scan) -> tuple[str, ...]:
    things = []
    if is_sscc(scan.sscc):
        things.append(unit_uri(scan.sscc))
    if scan.serial and len(scan.gtin) == 14 and gtin14(scan.gtin):
        things.append(item_uri(scan.gtin, scan.serial))
    return tuple(things)


def _goods(scan: Scan) -> tuple[Goods, ...]:
    if scan.batch is not None:
        return (Goods(batch_uri(scan.batch)),)
    if scan.lot and len(scan.gtin) == 14 and gtin14(scan.gtin):
        return (Goods(lot_uri(scan.gtin, scan.lot)),)
    return ()
