"""Reads for the public: packed goods only, and of them only what stands on the bag, and the recall."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from django.db.models import QuerySet

from traceability.batch.models import Batch
from traceability.batch.rules import BatchKind, BatchStatus
from traceability.dispatch.models import LogisticUnit
from traceability.dispatch.unit_tree import contents_of
from traceability.label.batch_code import BadBatchCode, normalise
from traceability.product.models import TradeItem
from traceability.recall.models import RecallBatch
from traceability.resolver.link import Link
from traceability.resolver.rules import PublicBatch, state_of


def packed() -> QuerySet[Batch]:
    return Batch.objects.filter(kind=BatchKind.PACKED, is_history=False).select_related(
        "product", "trade_item"
    )


def item_of(gtin: str) -> TradeItem | None:
    return TradeItem.objects.select_related("product").filter(gtin=gtin).first()


def public_batches(link: Link, *, on: date) -> list[PublicBatch]:
    """The batch of the link, or those in the unit it names; none where we know nothing of it."""
    if link.sscc:
        return [_public(batch, link=link, on=on) for batch in _in_unit(link.sscc)]
    try:
        number = normalise(link.lot)
    except BadBatchCode:
        return []
    rows = packed().filter(product__trade_items__gtin=link.gtin, code_norm=number)
    return [_public(batch, link=link, on=on) for batch in rows]


def _in_unit(sscc: str) -> list[Batch]:
    unit = LogisticUnit.objects.filter(sscc=sscc, cancelled_at=None).first()
    if unit is None:
        return []
    held = contents_of([unit.pk]).get(unit.pk, [])
    return list(packed().filter(pk__in=[one.batch_id for one in held]).order_by("code"))


def _public(batch: Batch, *, link: Link, on: date) -> PublicBatch:
    item = batch.trade_item
    gtin = link.gtin or (item.gtin if item else "")
    return PublicBatch(
        id=batch.pk,
        gtin=gtin,
        code=batch.code,
        name_zh=batch.product.name_zh,
        name_en=batch.product.name_en,
        net_kg=item.net_kg if item and item.gtin == gtin else None,
        produced_on=batch.produced_on,
        expires_on=batch.expires_on,
        state=state_of(BatchStatus(batch.status), expires_on=batch.expires_on, label_expiry=link.expires_on),
        is_past=batch.expires_on is not None and batch.expires_on < on,
    )


def recall_notices(ids: Iterable[UUID], *, is_chinese: bool) -> dict[UUID, str]:
    """Batch → what the newest announced recall of it tells people; never that of a drill."""
    rows = RecallBatch.objects.filter(
        batch__in=list(ids), was_recalled=True, recall__is_drill=False, recall__announced_at__isnull=False
    ).order_by("recall__announced_at")
    text = "recall__plan__notice_zh" if is_chinese else "recall__plan__notice_en"
    return {batch: notice for batch, notice in rows.values_list("batch", text) if notice}
