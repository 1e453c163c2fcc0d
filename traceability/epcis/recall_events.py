"""Recalled goods in the log: found at a consignee, and disposed of. Drills are not the world: they leave no event."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from uuid import UUID

from traceability.epcis.naming import batch_uri, named, place_uri
from traceability.epcis.rules import Action, BizStep, Disposition, ErrorReason, EventType
from traceability.epcis.shape import Draft, Gone, Goods, number
from traceability.recall.models import Disposition as Disposal
from traceability.recall.models import GoodsReport
from traceability.recall.rules import DispositionKind, DispositionState


def reported(ids: Sequence[UUID]) -> Iterator[tuple[UUID, Draft]]:
    """What was blocked, taken back, destroyed or used up at a consignee; the kg of each as `salt:` members."""
    rows = GoodsReport.objects.filter(pk__in=ids, recall__is_drill=False).select_related(
        "recall", "batch__product", "batch__trade_item", "notice__customer", "superseded_by"
    )
    for row in rows:
        step, disposition = _what_happened(row)
        customer, newer = row.notice.customer, getattr(row, "superseded_by", None)
        kg = {"blocked": row.blocked_kg, "returned": row.returned_kg, "destroyed": row.destroyed_kg}
        yield (
            row.pk,
            Draft(
                type=EventType.OBJECT,
                at=row.corrected_at,
                batches=(row.batch_id,),
                action=Action.OBSERVE,
                step=step,
                disposition=disposition,
                goods=(Goods(batch_uri(row.batch), sum(kg.values(), Decimal(0))),),
                transactions=((named("recall"), named("recall", row.recall.number)),),
                sources=(("possessing_party", named("party", customer.code)),) if customer else (),
                read_point=place_uri(row),
                more={f"salt:{name}Kg": number(each) for name, each in kg.items() if each}
                | ({"salt:consumedKg": number(row.consumed_kg)} if row.consumed_kg else {}),
                gone=Gone(reason=ErrorReason.INCORRECT_DATA, at=newer.received_at, replaced_by=newer.pk)
                if newer
                else None,
            ),
        )


def _what_happened(row: GoodsReport) -> tuple[BizStep, Disposition]:
    if row.returned_kg:
        return BizStep.COLLECTING, Disposition.RETURNED
    if row.destroyed_kg and not row.blocked_kg:
        return BizStep.DESTROYING, Disposition.DESTROYED
    return BizStep.HOLDING, Disposition.RECALLED


def disposed(ids: Sequence[UUID]) -> Iterator[tuple[UUID, Draft]]:
    """Recalled goods in our hands, once it is done: destroyed, relabelled, downgraded."""
    rows = Disposal.objects.filter(
        pk__in=ids, recall__is_drill=False, state=DispositionState.DONE, done_at__isnull=False
    ).select_related("recall", "batch__product", "batch__trade_item")
    for row in rows:
        is_relabelled = row.kind in (DispositionKind.RELABEL, DispositionKind.DOWNGRADE)
        assert row.done_at is not None
        yield (
            row.pk,
            Draft(
                type=EventType.OBJECT,
                at=row.done_at,
                batches=(row.batch_id,),
                action=Action.OBSERVE if is_relabelled else Action.DELETE,
                step=BizStep.REPACKAGING if is_relabelled else BizStep.DESTROYING,
                disposition=Disposition.IN_PROGRESS if is_relabelled else Disposition.DESTROYED,
                goods=(Goods(batch_uri(row.batch), row.qty_kg),),
                location=named("plant", row.batch.plant),
                transactions=((named("recall"), named("recall", row.recall.number)),),
                more={"salt:disposal": row.kind},
            ),
        )
