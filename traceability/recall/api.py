"""Recalls over HTTP: rules, preview, proposal, decision, plan, scope, clocks, close, dossier, the phones' list."""

import io
from typing import Any
from uuid import UUID

import django_filters
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path
from django.utils.translation import gettext
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backend.accounts.authentication import caller
from backend.accounts.rules import Can
from backend.core.endpoint import Endpoint, operation
from backend.core.paging import Filters, FlagFilter, IdFilter, TextFilter, get_or_404
from backend.core.table_file import CSV, XLSX, csv_lines, write_xlsx
from traceability.recall import closing, preview, queries, services
from traceability.recall.answer import (
    CheckPolicyOut,
    DossierCheckOut,
    DossierOut,
    LevelRuleOut,
    PhoneListOut,
    ReadinessOut,
    RecallDetailOut,
    RecallEffectOut,
    RecallLatenessOut,
    RecallOut,
    RecallPlanOut,
    RecallPreviewOut,
    RecallStepOut,
    ReconciliationOut,
    RegulatorReportOut,
    ScopeBatchOut,
    ScopeCheckOut,
    TimingOut,
)
from traceability.recall.consignee_table import HEADER, consignee_rows
from traceability.recall.dossier import sha256_of
from traceability.recall.effect import effect_of
from traceability.recall.intake import (
    CheckPolicyConfirmIn,
    LevelRuleConfirmIn,
    RecallIn,
    RecallLatenessIn,
    RecallPlanIn,
    RecallReasonIn,
)
from traceability.recall.models import Recall, RecallDossier
from traceability.recall.phone_list import phone_list
from traceability.recall.plan import plan_of
from traceability.recall.reckoning import reconcile
from traceability.recall.regulator import regulator_report
from traceability.recall.rules import INSTRUCTIONS, LEVELS, Clock, RecallState
from traceability.recall.scope import drift_of
from traceability.recall.timing import timing_of


class RecallFilters(Filters):
    number = TextFilter()
    state = django_filters.ChoiceFilter(choices=RecallState.choices())
    level = django_filters.ChoiceFilter(choices=[(str(level), str(level)) for level in LEVELS])
    is_drill = FlagFilter()
    batch = IdFilter(field_name="batches__batch_id")


class RecallEndpoint(Endpoint):
    """What the operations on one recall share."""

    def recall(self, id: UUID) -> Recall:
        return get_or_404(queries.recalls_for(caller(self.request)), id=id)

    def shown(self, recall: Recall) -> Response:
        """The recall as it is now."""
        return self.answer(queries.recalls_for(caller(self.request)).get(pk=recall.pk))

    def reason(self) -> str:
        return str(self.read()["reason"])


class RecallLevelRules(Endpoint):
    ordering = ("level", "valid_from", "id")

    @operation(Can.READ_RECALLS, gives=LevelRuleOut, page=True)
    def get(self, request: Request) -> Response:
        """Hours and working days per level and edition of the law."""
        return self.page(queries.level_rules())


class RecallLevelRuleConfirm(Endpoint):
    @operation(Can.DECIDE_RECALL, takes=LevelRuleConfirmIn, gives=LevelRuleOut)
    def post(self, request: Request, id: UUID) -> Response:
        """Confirm an edition's row from the law's text: from its first day on it counts."""
        row = get_or_404(queries.level_rules(), id=id)
        return self.answer(services.confirm_level_rule(row, by=caller(request), **self.read()))


class RecallCheckPolicies(Endpoint):
    ordering = ("level", "valid_from", "id")

    @operation(Can.READ_RECALLS, gives=CheckPolicyOut, page=True)
    def get(self, request: Request) -> Response:
        """Share of the consignees whose recall is checked for effect, per level."""
        return self.page(queries.check_policies())


class RecallCheckPolicyConfirm(Endpoint):
    @operation(Can.DECIDE_RECALL, takes=CheckPolicyConfirmIn, gives=CheckPolicyOut)
    def post(self, request: Request, id: UUID) -> Response:
        """Confirm a share; until then every consignee is checked."""
        row = get_or_404(queries.check_policies(), id=id)
        return self.answer(services.confirm_check_policy(row, by=caller(request), **self.read()))


class Recalls(Endpoint):
    filterset_class = RecallFilters

    @operation(Can.READ_RECALLS, gives=RecallOut, page=True)
    def get(self, request: Request) -> Response:
        """Recalls and drills, the newest first."""
        return self.page(queries.recalls_for(caller(request)))

    @operation(Can.PROPOSE_RECALL, takes=RecallIn, gives=RecallDetailOut, status=201)
    def post(self, request: Request) -> Response:
        """Propose a recall or a drill; another person decides. Look at GET recalls/preview first."""
        data = self.read()
        starts = tuple(data.pop("batches"))
        made = services.propose_recall(services.RecallData(starts=starts, **data), by=caller(request))
        return self.answer(queries.recalls_for(caller(request)).get(pk=made.pk))


class RecallPreview(Endpoint):
    PARAMS = {
        "batches": "Ids with commas between, at most 50.",
        "code": "A scanned or typed code, in place of an id.",
        "level": "1, 2 or 3.",
        "risk_known_at": "With `level`: how much of the first clock is left.",
    }

    @operation(Can.PROPOSE_RECALL, gives=RecallPreviewOut, params=PARAMS)
    def get(self, request: Request) -> Response:
        """What a recall from these batches, or from a scanned code, would hold. Nothing is stored."""
        return self.answer(preview.preview_of(preview.asked(request.query_params), by=caller(request)))


class RecallPhoneList(Endpoint):
    @extend_schema(responses={200: PhoneListOut, 304: OpenApiResponse(description="The list is the same")})
    @operation(Can.READ_RECALLS, gives=PhoneListOut)
    def get(self, request: Request) -> HttpResponse:
        """Every recalled batch, for phones to carry along; 304 while it is the list of `If-None-Match`."""
        found = phone_list()
        tag = f'"{found.version}"'
        if request.headers.get("If-None-Match") == tag:
            return HttpResponse(status=304, headers={"ETag": tag})
        items = [
            {**vars(each), "instructions": gettext(INSTRUCTIONS[each.is_label_only])}
            for each in found.batches
        ]
        response = self.answer({"version": found.version, "items": items})
        response["ETag"] = tag
        response["Cache-Control"] = "private, no-cache"
        return response


class RecallDetail(RecallEndpoint):
    @operation(Can.READ_RECALLS, gives=RecallDetailOut)
    def get(self, request: Request, id: UUID) -> Response:
        """One recall with its clocks as they stand now."""
        return self.answer(self.recall(id))


class RecallPlanDetail(RecallEndpoint):
    @operation(Can.READ_RECALLS, gives=RecallPlanOut)
    def get(self, request: Request, id: UUID) -> Response:
        """The eight items of the recall plan, what is missing, and texts the figures give."""
        return self.answer(plan_of(self.recall(id)))

    @operation(Can.PROPOSE_RECALL, takes=RecallPlanIn, gives=RecallPlanOut)
    def patch(self, request: Request, id: UUID) -> Response:
        """Write items of the plan; it is sealed by the announcement."""
        recall = self.recall(id)
        services.change_plan(recall, by=caller(request), items=self.read())
        return self.answer(plan_of(self.recall(id)))


class RecallApprove(RecallEndpoint):
    @operation(Can.DECIDE_RECALL, takes=RecallReasonIn, gives=RecallDetailOut)
    def post(self, request: Request, id: UUID) -> Response:
        """Approve somebody else's recall: the scope is frozen, its batches are recalled (not in a drill)."""
        return self.shown(services.approve_recall(self.recall(id), by=caller(request), reason=self.reason()))


class RecallDismiss(RecallEndpoint):
    @operation(Can.DECIDE_RECALL, takes=RecallReasonIn, gives=RecallDetailOut)
    def post(self, request: Request, id: UUID) -> Response:
        """Dismiss somebody else's recall: nothing changes."""
        return self.shown(services.dismiss_recall(self.recall(id), by=caller(request), reason=self.reason()))


class RecallAnnounce(RecallEndpoint):
    @operation(Can.DECIDE_RECALL, takes=RecallReasonIn, gives=RecallDetailOut)
    def post(self, request: Request, id: UUID) -> Response:
        """Announce an approved recall with a complete plan: notices open, the second clock runs."""
        return self.shown(services.announce_recall(self.recall(id), by=caller(request), reason=self.reason()))


class RecallConsigneesRefresh(RecallEndpoint):
    @operation(Can.CONTACT_CONSIGNEE, takes=RecallReasonIn, gives=RecallDetailOut)
    def post(self, request: Request, id: UUID) -> Response:
        """Take in consignees and kg of shipments that were entered late."""
        self.reason()
        return self.shown(services.refresh_consignees(self.recall(id), by=caller(request)))


class RecallScopeBatches(RecallEndpoint):
    @operation(Can.READ_RECALLS, gives=ScopeBatchOut, page=True)
    def get(self, request: Request, id: UUID) -> Response:
        """The frozen list of batches."""
        return self.page(queries.batches_of(self.recall(id)))


class RecallScopeCheck(RecallEndpoint):
    @operation(Can.READ_RECALLS, gives=ScopeCheckOut)
    def get(self, request: Request, id: UUID) -> Response:
        """The frozen list against its digest, and against the same walk today."""
        recall = self.recall(id)
        queries.frozen(recall)
        return self.answer(drift_of(recall))


class RecallSteps(RecallEndpoint):
    ordering = ("-at", "-id")

    @operation(Can.READ_RECALLS, gives=RecallStepOut, page=True)
    def get(self, request: Request, id: UUID) -> Response:
        """The diary: every step, person, time and reason; the newest first."""
        return self.page(queries.steps_of(self.recall(id)))


class RecallReconciliation(RecallEndpoint):
    @operation(Can.READ_RECALLS, gives=ReconciliationOut)
    def get(self, request: Request, id: UUID) -> Response:
        """Where every kg is: per batch, per consignee and in total, with accounted and recovered percent."""
        recall = self.recall(id)
        queries.frozen(recall)
        found = reconcile(recall)
        own = set(queries.notices_for(caller(request)).filter(recall=recall).values_list("pk", flat=True))
        consignees = [line for line in found.consignees if line.notice.pk in own]
        return self.answer({**vars(found), "consignees": consignees})


class RecallEffectiveness(RecallEndpoint):
    @operation(Can.READ_RECALLS, gives=RecallEffectOut)
    def get(self, request: Request, id: UUID) -> Response:
        """Which share of the consignees is checked for effect, and what the checks said."""
        recall = self.recall(id)
        found = effect_of(recall)
        own = set(queries.notices_for(caller(request)).filter(recall=recall))
        return self.answer(
            {
                "share_pct": found.share_pct,
                "is_by_policy": found.is_by_policy,
                "sampled": len(found.sampled),
                "checked": found.checked,
                "effective": found.effective,
                "effective_pct": found.effective_pct,
                "missing": [row.pk for row in found.missing if row in own],
            }
        )


class RecallLateness(RecallEndpoint):
    @operation(Can.PROPOSE_RECALL, takes=RecallLatenessIn, gives=RecallLatenessOut, status=201)
    def post(self, request: Request, id: UUID) -> Response:
        """Explain why a clock was missed; a late recall closes only with it."""
        recall, data = self.recall(id), self.read()
        which, reason = Clock(data["clock"]), data["reason"]
        return self.answer(closing.explain_lateness(recall, which=which, by=caller(request), reason=reason))


class RecallReadiness(RecallEndpoint):
    @operation(Can.READ_RECALLS, gives=ReadinessOut)
    def get(self, request: Request, id: UUID) -> Response:
        """What is open before the recall can be finished and closed."""
        recall = self.recall(id)
        queries.frozen(recall)
        found = closing.blockers_of(recall, reader=caller(request))
        return self.answer({"is_ready": not found, "blockers": found})


class RecallFinish(RecallEndpoint):
    @operation(Can.PROPOSE_RECALL, takes=RecallReasonIn, gives=RecallDetailOut)
    def post(self, request: Request, id: UUID) -> Response:
        """Say that all goods are dealt with: the second clock stops."""
        return self.shown(closing.finish_recall(self.recall(id), by=caller(request), reason=self.reason()))


class RecallReopen(RecallEndpoint):
    @operation(Can.PROPOSE_RECALL, takes=RecallReasonIn, gives=RecallDetailOut)
    def post(self, request: Request, id: UUID) -> Response:
        """Take the finish back: something turned up."""
        return self.shown(closing.reopen_recall(self.recall(id), by=caller(request), reason=self.reason()))


class RecallClose(RecallEndpoint):
    @operation(Can.DECIDE_RECALL, takes=RecallReasonIn, gives=RecallDetailOut)
    def post(self, request: Request, id: UUID) -> Response:
        """Close a recall somebody else finished: its dossier is sealed."""
        return self.shown(closing.close_recall(self.recall(id), by=caller(request), reason=self.reason()))


class RecallDrillReport(RecallEndpoint):
    @operation(Can.READ_RECALLS, gives=TimingOut)
    def get(self, request: Request, id: UUID) -> Response:
        """How fast a drill (or a recall) went, in minutes, and how much it accounted for."""
        recall = self.recall(id)
        found = timing_of(recall)
        head = {"number": recall.number, "is_drill": recall.is_drill, "level": recall.level}
        return self.answer({**vars(found), "is_scope_in_time": found.is_scope_in_time, **head})


class RecallRegulatorReport(RecallEndpoint):
    @operation(Can.READ_RECALL_DOSSIER, gives=RegulatorReportOut)
    def get(self, request: Request, id: UUID) -> Response:
        """What the regulator is told: the plan, the goods, the area, what was recovered and what is destroyed."""
        recall = self.recall(id)
        queries.frozen(recall)
        return self.answer(regulator_report(recall))


class RecallDossierJson(RecallEndpoint):
    @operation(Can.READ_RECALL_DOSSIER, gives=DossierOut)
    def get(self, request: Request, id: UUID) -> Response:
        """The sealed record of a closed recall; `content` hashes to `sha256`."""
        row = queries.dossier_of(self.recall(id))
        names = ("sha256", "paper_sha256", "sealed_at")
        fields: dict[str, Any] = {name: getattr(row, name) for name in names}
        return self.answer({**fields, "content": bytes(row.content).decode()})


class RecallDossierPdf(RecallEndpoint):
    @operation(Can.READ_RECALL_DOSSIER, media_type="application/pdf")
    def get(self, request: Request, id: UUID) -> HttpResponse:
        """The sealed paper of a closed recall."""
        recall = self.recall(id)
        row = queries.dossier_of(recall)
        response = HttpResponse(bytes(row.paper), content_type="application/pdf")
        response["Content-Disposition"] = f'attachment; filename="{recall.number}.pdf"'
        response["ETag"] = f'"{row.paper_sha256}"'
        return response


class RecallDossierCheck(RecallEndpoint):
    @operation(Can.READ_RECALL_DOSSIER, gives=DossierCheckOut)
    def get(self, request: Request, id: UUID) -> Response:
        """Hash what is stored once more: record, paper and scope against their digests."""
        recall = self.recall(id)
        row: RecallDossier = queries.dossier_of(recall)
        return self.answer(
            {
                "is_content_intact": sha256_of(bytes(row.content)) == row.sha256,
                "is_paper_intact": sha256_of(bytes(row.paper)) == row.paper_sha256,
                "is_scope_intact": drift_of(recall).is_intact,
                "sha256": row.sha256,
                "paper_sha256": row.paper_sha256,
                "scope_sha256": recall.scope.sha256,
            }
        )


class RecallConsigneesCsv(RecallEndpoint):
    @operation(Can.READ_RECEIVERS, media_type="text/csv")
    def get(self, request: Request, id: UUID) -> StreamingHttpResponse:
        """The consignees the caller may read, as CSV."""
        recall = self.recall(id)
        rows = consignee_rows(recall, user=caller(request))
        response = StreamingHttpResponse(
            csv_lines([gettext(name) for name in HEADER], rows), content_type=CSV
        )
        response["Content-Disposition"] = f'attachment; filename="{recall.number}-consignees.csv"'
        return response


class RecallConsigneesXlsx(RecallEndpoint):
    @operation(Can.READ_RECEIVERS, media_type=XLSX)
    def get(self, request: Request, id: UUID) -> HttpResponse:
        """The consignees the caller may read, as a workbook."""
        recall = self.recall(id)
        rows = consignee_rows(recall, user=caller(request))
        file = io.BytesIO()
        write_xlsx(file, [gettext(name) for name in HEADER], rows)
        response = HttpResponse(file.getvalue(), content_type=XLSX)
        response["Content-Disposition"] = f'attachment; filename="{recall.number}-consignees.xlsx"'
        return response


urlpatterns: list[Any] = [
    path("recall-level-rules", RecallLevelRules.as_view()),
    path("recall-level-rules/<uuid:id>/confirm", RecallLevelRuleConfirm.as_view()),
    path("recall-check-policies", RecallCheckPolicies.as_view()),
    path("recall-check-policies/<uuid:id>/confirm", RecallCheckPolicyConfirm.as_view()),
    path("recalls", Recalls.as_view()),
    path("recalls/preview", RecallPreview.as_view()),
    path("recalls/list", RecallPhoneList.as_view()),
    path("recalls/<uuid:id>", RecallDetail.as_view()),
    path("recalls/<uuid:id>/plan", RecallPlanDetail.as_view()),
    path("recalls/<uuid:id>/approve", RecallApprove.as_view()),
    path("recalls/<uuid:id>/dismiss", RecallDismiss.as_view()),
    path("recalls/<uuid:id>/announce", RecallAnnounce.as_view()),
    path("recalls/<uuid:id>/refresh-consignees", RecallConsigneesRefresh.as_view()),
    path("recalls/<uuid:id>/scope", RecallScopeBatches.as_view()),
    path("recalls/<uuid:id>/scope/check", RecallScopeCheck.as_view()),
    path("recalls/<uuid:id>/steps", RecallSteps.as_view()),
    path("recalls/<uuid:id>/reconciliation", RecallReconciliation.as_view()),
    path("recalls/<uuid:id>/effectiveness", RecallEffectiveness.as_view()),
    path("recalls/<uuid:id>/lateness", RecallLateness.as_view()),
    path("recalls/<uuid:id>/readiness", RecallReadiness.as_view()),
    path("recalls/<uuid:id>/finish", RecallFinish.as_view()),
    path("recalls/<uuid:id>/reopen", RecallReopen.as_view()),
    path("recalls/<uuid:id>/close", RecallClose.as_view()),
    path("recalls/<uuid:id>/drill-report", RecallDrillReport.as_view()),
    path("recalls/<uuid:id>/regulator-report", RecallRegulatorReport.as_view()),
    path("recalls/<uuid:id>/dossier", RecallDossierJson.as_view()),
    path("recalls/<uuid:id>/dossier.pdf", RecallDossierPdf.as_view()),
    path("recalls/<uuid:id>/dossier/check", RecallDossierCheck.as_view()),
    path("recalls/<uuid:id>/consignees.csv", RecallConsigneesCsv.as_view()),
    path("recalls/<uuid:id>/consignees.xlsx", RecallConsigneesXlsx.as_view()),
]
