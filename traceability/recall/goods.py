"""Scan-confirm on site: what was found, blocked, taken back, destroyed or eaten; and what is left in the house."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from backend.accounts.made import Made
from backend.accounts.models import User
from backend.core import clock
from backend.core.errors import DomainError, InvalidInput, NotFound
from backend.core.errors import mark as _
from backend.core.models import Attachment
from backend.core.queue import emit
from traceability.batch.models import Batch
from traceability.recall import queries
from traceability.recall.diary import note
from traceability.recall.models import FactoryStock, GoodsReport, Recall, RecallBatch, RecallNotice
from traceability.recall.reconciliation import Counted, Outside, check_count, outside_of
from traceability.recall.rules import OPEN, RecallNotRunning, StepKind
from traceability.recall.scope import sent_of
from traceability.recall.services import locked, running
from traceability.scan.queries import scans_for

MOVEMENTS = ("returned_kg", "destroyed_kg", "consumed_kg", "blocked_kg")


class BatchNotRecalled(DomainError):
    """What was scanned is no goods of this recall: it may stay where it is."""

    code, status, title = "batch_not_recalled", 409, _("This batch is not part of the recall")
    detail = _("Batch {batch} is not in the scope of recall {recall}. Do not take it away.")


class ScanNamesNoBatch(DomainError):
    code, status, title = "scan_names_no_batch", 409, _("The scan did not find a batch")
    detail = _("Scan again, or settle the scan first: a recall counts batches, not products.")


class ReportCorrected(DomainError):
    code, status, title = "goods_report_corrected", 409, _("This report was corrected already")


@dataclass(frozen=True)
class GoodsPlace:
    """Where the phone was; all of it or nothing."""

    latitude: Decimal | None = None
    longitude: Decimal | None = None
    datum: str = ""
    accuracy_m: Decimal | None = None


@dataclass(frozen=True)
class GoodsData:
    """One count at a consignee, kg. `customer_id` (and `site_id` where it has several lines) or `notice_id` say whose.

    `scan_id` names the batch by its code; without one `batch_id` does. `supersedes_id`: the report this one corrects.
    """

    blocked_kg: Decimal
    returned_kg: Decimal
    destroyed_kg: Decimal
    consumed_kg: Decimal
    found_kg: Decimal | None = None
    notice_id: UUID | None = None
    customer_id: UUID | None = None
    site_id: UUID | None = None
    scan_id: UUID | None = None
    batch_id: UUID | None = None
    units: int | None = None
    photo: Attachment | None = None
    place: GoodsPlace = GoodsPlace()
    note: str = ""
    supersedes_id: UUID | None = None

    @property
    def counted(self) -> Counted:
        return Counted(
            returned_kg=self.returned_kg,
            destroyed_kg=self.destroyed_kg,
            consumed_kg=self.consumed_kg,
            blocked_kg=self.blocked_kg,
        )


@transaction.atomic
def report_goods(recall: Recall, data: GoodsData, *, made: Made) -> GoodsReport:
    """Stores a count and brings the consignee's line up to date.

    Raises NotFound (404: no consignee of this recall within the scope), InvalidInput, MoreThanShipped (400),
    RecallNotRunning, BatchNotRecalled, ScanNamesNoBatch, ReportCorrected (409).
    """
    row = running(recall)
    notice = _notice(row, data, by=made.by)
    batch = _batch(row, data, by=made.by)
    corrected = _corrected(notice, batch, data)
    if data.found_kg is not None and data.blocked_kg > data.found_kg:
        raise InvalidInput(errors={"blocked_kg": _("No more is blocked than was found.")})
    counted_at = corrected.counted_at if corrected else made.stamp.received_at
    _check(notice, batch, data, without=corrected)
    report = GoodsReport.objects.create(
        **made.columns(),
        recall=row,
        notice=notice,
        batch=batch,
        scan_id=data.scan_id,
        found_kg=data.found_kg,
        **{name: getattr(data, name) for name in MOVEMENTS},
        units=data.units,
        photo=data.photo,
        latitude=data.place.latitude,
        longitude=data.place.longitude,
        datum=data.place.datum,
        accuracy_m=data.place.accuracy_m,
        note=data.note,
        counted_at=counted_at,
        supersedes=corrected,
    )
    _sum_up(notice)
    kind = StepKind.GOODS_CORRECTED if corrected else StepKind.GOODS_REPORTED
    note(row, kind=kind, by=made.by, subject_id=report.pk)
    emit("recall.goods_reported", notice_id=notice.pk)
    return report


def _notice(recall: Recall, data: GoodsData, *, by: User) -> RecallNotice:
    """The consignee's line, locked. Raises NotFound (404), InvalidInput (400) where the site must be named."""
    rows = queries.notices_for(by).filter(recall=recall)
    if data.notice_id:
        rows = rows.filter(pk=data.notice_id)
    else:
        rows = rows.filter(customer=data.customer_id)
        if data.site_id:
            rows = rows.filter(site=data.site_id)
    found = list(rows.order_by("pk").values_list("pk", flat=True)[:2])
    if not found:
        raise NotFound
    if len(found) > 1:
        raise InvalidInput(errors={"site": _("Several sites of this customer were supplied: say which.")})
    return RecallNotice.objects.select_for_update().get(pk=found[0])


def _batch(recall: Recall, data: GoodsData, *, by: User) -> Batch:
    """The scanned batch. Raises InvalidInput (400), ScanNamesNoBatch, BatchNotRecalled (409)."""
    batch_id = data.batch_id
    if data.scan_id:
        scan = scans_for(by).filter(pk=data.scan_id).first()
        if scan is None:
            raise InvalidInput(errors={"scan": _("Unknown scan.")})
        if scan.batch_id is None:
            raise ScanNamesNoBatch
        batch_id = scan.batch_id
    batch = Batch.objects.filter(pk=batch_id).first() if batch_id else None
    if batch is None:
        raise InvalidInput(errors={"batch": _("Unknown batch.")})
    is_other = data.batch_id is not None and batch.pk != data.batch_id
    if is_other or not RecallBatch.objects.filter(recall=recall, batch=batch).exists():
        raise BatchNotRecalled(batch=batch.code, recall=recall.number)
    return batch


def _corrected(notice: RecallNotice, batch: Batch, data: GoodsData) -> GoodsReport | None:
    """The report that is corrected. Raises InvalidInput (400), ReportCorrected (409)."""
    if data.supersedes_id is None:
        return None
    later = GoodsReport.objects.filter(supersedes=OuterRef("pk"))
    rows = GoodsReport.objects.annotate(is_over=Exists(later))
    found = rows.filter(pk=data.supersedes_id, notice=notice, batch=batch).first()
    if found is None:
        raise InvalidInput(errors={"supersedes": _("This is no report on the same batch and consignee.")})
    if found.is_over:
        raise ReportCorrected
    return found


def _check(notice: RecallNotice, batch: Batch, data: GoodsData, *, without: GoodsReport | None) -> None:
    key = (notice.customer_id, notice.site_id, notice.consignee_name)
    shipped = sum((line.kg for line in sent_of([batch.pk]) if line.key == key), Decimal())
    rows = _current(notice).filter(batch=batch)
    # A correction keeps its place in time: the last count may be a later one.
    counts = [data.counted if without and row.pk == without.pk else _counted(row) for row in rows]
    check_count(outside_of(shipped, counts if without else [*counts, data.counted]))


def _current(notice: RecallNotice) -> QuerySet[GoodsReport]:
    return GoodsReport.objects.filter(notice=notice, superseded_by=None).order_by("counted_at", "id")


def _counted(row: GoodsReport) -> Counted:
    return Counted(
        returned_kg=row.returned_kg,
        destroyed_kg=row.destroyed_kg,
        consumed_kg=row.consumed_kg,
        blocked_kg=row.blocked_kg,
    )


def _sum_up(notice: RecallNotice) -> None:
    """Writes the sums over the current reports to the line; `notice` is locked."""
    by_batch: dict[UUID, list[Counted]] = {}
    for row in _current(notice):
        by_batch.setdefault(row.batch_id, []).append(_counted(row))
    total = sum((outside_of(Decimal(), rows) for rows in by_batch.values()), Outside())
    names = ["returned_kg", "destroyed_kg", "consumed_kg", "quarantined_kg"]
    for name in names:
        setattr(notice, name, getattr(total, name))
    notice.save(update_fields=names)


@dataclass(frozen=True)
class StockData:
    """What of a batch is in the house, kg."""

    batch_id: UUID
    stock_kg: Decimal
    retained_kg: Decimal
    scrapped_kg: Decimal
    note: str = ""


@transaction.atomic
def declare_stock(recall: Recall, lines: Sequence[StockData], *, by: User) -> list[FactoryStock]:
    """What is in the house of batches of the recall; the newest declaration of a batch counts.

    Raises InvalidInput (400), RecallNotRunning, BatchNotRecalled (409).
    """
    row = locked(recall)
    if row.state not in OPEN:
        raise RecallNotRunning(state=row.state)
    known = {line.batch_id: line.batch for line in queries.batches_of(row).filter(batch__in=_ids_of(lines))}
    for line in lines:
        batch = known.get(line.batch_id)
        if batch is None:
            raise BatchNotRecalled(batch=str(line.batch_id), recall=row.number)
    at = clock.now()
    made = FactoryStock.objects.bulk_create(
        FactoryStock(
            recall=row,
            batch=known[line.batch_id],
            stock_kg=line.stock_kg,
            retained_kg=line.retained_kg,
            scrapped_kg=line.scrapped_kg,
            note=line.note,
            by=by,
            at=at,
        )
        for line in lines
    )
    note(row, kind=StepKind.STOCK_DECLARED, by=by, reason=", ".join(known[r.batch_id].code for r in made))
    return made


def _ids_of(lines: Sequence[StockData]) -> list[UUID]:
    ids = [line.batch_id for line in lines]
    if len(set(ids)) < len(ids):
        raise InvalidInput(errors={"lines": _("Each batch is declared once.")})
    return ids
