"""Reads: who sees which recalls and consignees, and what hangs on a recall."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Case, Exists, F, IntegerField, OuterRef, Prefetch, Q, QuerySet, Value, When

from backend.accounts.models import User
from backend.accounts.queries import region_scope
from backend.accounts.rules import Can, Role
from traceability.batch.models import Batch
from traceability.batch.rules import BatchStatus
from traceability.dispatch.models import Shipment
from traceability.genealogy.rules import SLACK_KG, SLACK_SHARE
from traceability.recall.models import (
    ContactAttempt,
    Disposition,
    EffectivenessCheck,
    FactoryStock,
    GoodsReport,
    Recall,
    RecallBatch,
    RecallCheckPolicy,
    RecallDossier,
    RecallLevelRule,
    RecallNotice,
    RecallScope,
    RecallStart,
    RecallStep,
    RecallWaiver,
    ReturnTest,
)
from traceability.recall.rules import (
    CONTACT_ORDER,
    OPEN,
    RUNNING,
    LevelRule,
    RecallNotClosed,
    RecallNotRunning,
    ScopeNotFrozen,
)


def level_rules() -> QuerySet[RecallLevelRule]:
    return RecallLevelRule.objects.select_related("confirmed_by")


def check_policies() -> QuerySet[RecallCheckPolicy]:
    return RecallCheckPolicy.objects.select_related("confirmed_by")


def confirmed_rules() -> list[LevelRule]:
    """The rows that count, for `rules.rule_in_force`."""
    rows = RecallLevelRule.objects.filter(needs_confirmation=False)
    return [
        LevelRule(
            id=row.pk,
            level=row.level,
            start_h=row.start_h or 0,
            complete_working_days=row.complete_working_days or 0,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
        )
        for row in rows
    ]


def check_share(level: int, *, on: date) -> RecallCheckPolicy | None:
    """The confirmed share of consignees to check at this level; None: none is confirmed, all are checked."""
    rows = RecallCheckPolicy.objects.filter(level=level, needs_confirmation=False, valid_from__lte=on)
    return rows.order_by("-valid_from").first()


def recalls_for(user: User) -> QuerySet[Recall]:
    """Every recall: whoever holds the right reads all; of the consignees only the own ones (`notices_for`)."""
    people = ("proposed_by", "decided_by", "announced_by", "finished_by", "closed_by")
    starts = Prefetch("starts", RecallStart.objects.select_related("batch__product").order_by("id"))
    return Recall.objects.select_related("level_rule", "scope", *people).prefetch_related(starts)


def recall_by_id(id: UUID) -> Recall:
    """Raises Recall.DoesNotExist."""
    return Recall.objects.select_related("level_rule", "scope").get(pk=id)


def open_recalls_of(shipment: Shipment) -> QuerySet[Recall]:
    """Real recalls between approval and close whose scope holds goods of the shipment; a drill's goods go on."""
    scopes = RecallBatch.objects.filter(batch__in=shipment.lines.values("batch")).values("recall")
    return Recall.objects.filter(pk__in=scopes, is_drill=False, state__in=OPEN).order_by("pk")


def notices_for(user: User) -> QuerySet[RecallNotice]:
    """Consignees: a clerk and a technician those of the own regions, who may not read any none, the others all."""
    rows = with_work_order(RecallNotice.objects.select_related("recall", "customer", "site", "region"))
    return rows.filter(_in_scope(user, region="region"))


def _in_scope(user: User, *, region: str) -> Q:
    """The lines a user may read, by their region's column."""
    if not user.may(Can.READ_CONSIGNEES):
        return Q(pk__in=())
    regions = user.regions if user.role == Role.TECHNICIAN else region_scope(user)
    return Q() if regions is None else Q(**{f"{region}__in": regions})


def of_running(rows: QuerySet[RecallNotice], *, is_running: bool) -> QuerySet[RecallNotice]:
    """Lines of recalls between announcement and close, or of the others."""
    running = Q(recall__state__in=RUNNING)
    return rows.filter(running if is_running else ~running)


def announced(notice: RecallNotice) -> RecallNotice:
    """The notice itself. Raises RecallNotRunning (409) before the announcement and after the close."""
    if notice.recall.state not in RUNNING:
        raise RecallNotRunning(state=notice.recall.state)
    return notice


def notices_of(recall: Recall) -> QuerySet[RecallNotice]:
    """Every consignee of a recall, whoever asks."""
    rows = RecallNotice.objects.filter(recall=recall).select_related("customer", "site", "region")
    return rows.order_by("customer__code", "site__name", "consignee_name", "id")


def with_work_order(rows: QuerySet[RecallNotice]) -> QuerySet[Any]:
    """Each with `contact_rank` (who knows nothing first) and `open_kg` (not accounted for)."""
    ranks = [When(state=state, then=Value(rank)) for state, rank in CONTACT_ORDER.items()]
    accounted = F("returned_kg") + F("destroyed_kg") + F("consumed_kg") + F("quarantined_kg")
    return rows.annotate(
        contact_rank=Case(*ranks, default=Value(9), output_field=IntegerField()),
        open_kg=F("shipped_kg") - accounted,
    )


def open_lines(
    *, recall_id: UUID | None = None, regions: Sequence[str] | None = None
) -> QuerySet[RecallNotice]:
    """Consignees of running recalls with kg still to find, most urgent first; for the day lists of technicians.

    `regions` None: all of them. Drills are among them and say so (`recall.is_drill`).
    """
    rows = with_work_order(RecallNotice.objects.select_related("recall", "customer", "site"))
    beyond_scales = Q(open_kg__gt=SLACK_KG) & Q(open_kg__gt=F("shipped_kg") * SLACK_SHARE)
    rows = rows.filter(beyond_scales, recall__state__in=RUNNING)
    if recall_id is not None:
        rows = rows.filter(recall=recall_id)
    if regions is not None:
        rows = rows.filter(region__in=regions)
    return rows.order_by("recall__level", "recall__start_due_at", "contact_rank", "-open_kg", "id")


def frozen(recall: Recall) -> RecallScope:
    """The recall's scope. Raises ScopeNotFrozen (409)."""
    scope: RecallScope | None = getattr(recall, "scope", None)
    if scope is None:
        raise ScopeNotFrozen
    return scope


def dossier_of(recall: Recall) -> RecallDossier:
    """The sealed record. Raises RecallNotClosed (409)."""
    found = RecallDossier.objects.filter(recall=recall).first()
    if found is None:
        raise RecallNotClosed
    return found


def batches_of(recall: Recall) -> QuerySet[RecallBatch]:
    """The frozen scope."""
    return RecallBatch.objects.filter(recall=recall).select_related("batch__product")


def scope_ids(recall: Recall) -> list[UUID]:
    """Ids of the frozen scope, sorted."""
    rows = RecallBatch.objects.filter(recall=recall).values_list("batch_id", flat=True)
    return sorted(rows, key=str)


def steps_of(recall: Recall) -> QuerySet[RecallStep]:
    return RecallStep.objects.filter(recall=recall).select_related("by")


def contacts_of(notice: RecallNotice) -> QuerySet[ContactAttempt]:
    return ContactAttempt.objects.filter(notice=notice).select_related("by")


def goods_reports_for(user: User) -> QuerySet[GoodsReport]:
    """Reports at the consignees the user sees; each with `is_current`: no later row corrects it."""
    later = GoodsReport.objects.filter(supersedes=OuterRef("pk"))
    rows = GoodsReport.objects.filter(_in_scope(user, region="notice__region"))
    return rows.annotate(is_current=~Exists(later)).select_related("batch__product", "recorded_by")


def current_reports(recall: Recall) -> QuerySet[GoodsReport]:
    """Those no later row corrects, in the order of counting."""
    return GoodsReport.objects.filter(recall=recall, superseded_by=None).order_by("counted_at", "id")


def declarations_of(recall: Recall) -> QuerySet[FactoryStock]:
    return FactoryStock.objects.filter(recall=recall).select_related("batch__product", "by")


def newest_declarations(recall: Recall) -> dict[UUID, FactoryStock]:
    """Batch → its newest declaration of what is in the house."""
    return {row.batch_id: row for row in FactoryStock.objects.filter(recall=recall).order_by("at", "id")}


def tests_of(recall: Recall) -> QuerySet[ReturnTest]:
    return ReturnTest.objects.filter(recall=recall).select_related("batch__product", "by")


def dispositions() -> QuerySet[Disposition]:
    people = ("proposed_by", "decided_by", "regulator_told_by", "done_by")
    return Disposition.objects.select_related("batch__product", "target_product", "recall", *people)


def waivers_for(user: User) -> QuerySet[RecallWaiver]:
    """Waivers at the consignees the user sees."""
    rows = RecallWaiver.objects.filter(_in_scope(user, region="notice__region"))
    return rows.select_related("notice__recall", "proposed_by", "decided_by")


def checks_of(notice: RecallNotice) -> QuerySet[EffectivenessCheck]:
    return EffectivenessCheck.objects.filter(notice=notice).select_related("by")


def recalled_batches() -> QuerySet[Batch]:
    """Every batch that is recalled now, by a recall or by a proposal of its own; drills recall nothing."""
    return Batch.objects.filter(status=BatchStatus.RECALLED).select_related("product", "trade_item")
