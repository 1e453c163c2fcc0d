"""What was made from what in the log: runs and single links are transformations. Ids in, drafts out."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from uuid import UUID

from django.db.models import Prefetch

from traceability.epcis.naming import batch_uri, named
from traceability.epcis.rules import BizStep, Disposition, ErrorReason, EventType
from traceability.epcis.shape import Draft, Gone, Goods, number
from traceability.genealogy.models import MadeFrom, Transformation, TransformationOutput
from traceability.genealogy.rules import LinkKind


def run(ids: Sequence[UUID]) -> Iterator[tuple[UUID, Draft]]:
    """One run with all that went in and came out. Without a link that still counts, it did not occur."""
    links = MadeFrom.objects.select_related("parent__product", "parent__trade_item", "reversal")
    outputs = TransformationOutput.objects.select_related("batch__product", "batch__trade_item")
    rows = Transformation.objects.filter(pk__in=ids).prefetch_related(
        Prefetch("links", queryset=links.order_by("id")), Prefetch("outputs", queryset=outputs.order_by("id"))
    )
    for row in rows:
        links_of_run = list(row.links.all())
        live = [link for link in links_of_run if link.is_live]
        counted = live or links_of_run
        reversed_at = max((link.reversal.at for link in links_of_run if not link.is_live), default=None)
        outputs_of_run = list(row.outputs.all())
        yield (
            row.pk,
            Draft(
                type=EventType.TRANSFORMATION,
                at=row.finished_at,
                batches=tuple(
                    {link.parent_id for link in counted} | {made.batch_id for made in outputs_of_run}
                ),
                step=BizStep.CREATING_CLASS_INSTANCE,
                disposition=Disposition.IN_PROGRESS,
                inputs=_sums(counted),
                outputs=tuple(Goods(batch_uri(made.batch), made.qty_kg) for made in outputs_of_run),
                run=named("run", row.number),
                location=named("plant", row.plant),
                more={"salt:stage": row.stage, "salt:lossKg": number(row.loss_kg) or None},
                gone=Gone(reason=ErrorReason.DID_NOT_OCCUR, at=reversed_at)
                if reversed_at and not live
                else None,
            ),
        )


def _sums(links: Sequence[MadeFrom]) -> tuple[Goods, ...]:
    """What went in, each batch once: a run has one link per parent and child."""
    kg: dict[str, Decimal] = defaultdict(Decimal)
    for link in links:
        kg[batch_uri(link.parent)] += link.qty_kg
    return tuple(Goods(uri, each) for uri, each in kg.items())


def linked(ids: Sequence[UUID]) -> Iterator[tuple[UUID, Draft]]:
    """A single link: the links of one child share a transformation id, for together they made it."""
    rows = MadeFrom.objects.filter(pk__in=ids, is_history=False, transformation=None).select_related(
        "parent__product", "parent__trade_item", "child__product", "child__trade_item", "reversal"
    )
    for link in rows:
        is_repack = link.kind == LinkKind.REPACK
        is_return = link.kind == LinkKind.RETURNED
        yield (
            link.pk,
            Draft(
                type=EventType.TRANSFORMATION,
                at=link.made_at,
                batches=(link.parent_id, link.child_id),
                step=BizStep.REPACKAGING if is_repack else BizStep.CREATING_CLASS_INSTANCE,
                disposition=Disposition.RETURNED if is_return else Disposition.IN_PROGRESS,
                inputs=(Goods(batch_uri(link.parent), link.qty_kg),),
                outputs=(Goods(batch_uri(link.child)),),
                run=named("making", link.child.product.sku, link.child.code),
                location=named("plant", link.child.plant),
                more={"salt:link": link.kind},
                gone=None if link.is_live else Gone(reason=ErrorReason.DID_NOT_OCCUR, at=link.reversal.at),
            ),
        )
