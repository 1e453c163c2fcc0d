"""One consignee's notice from the rows. Reads."""

from collections.abc import Sequence

from backend.core import clock
from traceability.batch.models import Batch
from traceability.recall.models import Recall, RecallNotice
from traceability.recall.notice_text import NoticeFacts, NoticeGoods
from traceability.recall.scope import sent_to


def notice_facts(notice: RecallNotice) -> NoticeFacts:
    """What the notice of this consignee says; `notice.recall` is announced."""
    recall = notice.recall
    assert recall.announced_at is not None
    return NoticeFacts(
        number=recall.number,
        is_drill=recall.is_drill,
        consignee=notice.customer.name if notice.customer else notice.consignee_name,
        announced_on=clock.factory_date(recall.announced_at),
        goods=goods_of(recall, notice),
        words={"zh": recall.plan.notice_zh, "en": recall.plan.notice_en},
        contact=recall.plan.producer,
    )


def goods_of(recall: Recall, notice: RecallNotice) -> Sequence[NoticeGoods]:
    """The recalled batches this consignee was sent, with kg, the oldest first."""
    key = (notice.customer_id, notice.site_id, notice.consignee_name)
    kg = sent_to(recall, key)
    rows = Batch.objects.filter(pk__in=list(kg)).select_related("product").order_by("produced_on", "code")
    return [
        NoticeGoods(
            batch=row.code,
            product={"zh": row.product.name_zh, "en": row.product.name_en},
            produced_on=row.produced_on,
            kg=kg[row.pk],
        )
        for row in rows
    ]
