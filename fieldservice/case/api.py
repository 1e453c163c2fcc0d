"""Cases over HTTP, their links, and what a case or a batch cost."""

from typing import Any
from uuid import UUID

import django_filters
from django.urls import path
from django.utils.translation import get_language
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.accounts.authentication import caller
from backend.accounts.rules import Can, Role
from backend.core import clock
from backend.core.endpoint import Endpoint, operation
from backend.core.fields import Choice, Id, In, Measured, Out, Text, Whole
from backend.core.paging import Filters, IdFilter, MomentFilter, TextFilter, get_or_404
from fieldservice.case import complaint_codes, queries, services
from fieldservice.case.models import Case, CaseReading
from fieldservice.case.rules import (
    ALWAYS,
    EVIDENCE_ALWAYS,
    CaseKind,
    CaseStatus,
    check_filters,
    hidden_fields,
    hidden_in_evidence,
)
from fieldservice.cost.api import CostTotalOut
from fieldservice.cost.queries import costs_for, total
from fieldservice.reading.rules import Parameter, Verdict
from fieldservice.visit.queries import visits_for
from fieldservice.visit.rules import VisitStatus
from traceability.batch.models import Batch
from traceability.customer.queries import customers_for
from traceability.customer.rules import shown_name

CODES = complaint_codes.choices()


class CaseIn(In):
    complaint_code = Choice(choices=CODES)
    customer = Id()
    batch = Id(required=False, allow_null=True)
    scan = Id(
        required=False, allow_null=True, help_text="Instead of `batch`: an own scan; its batch is the case's."
    )
    title = Text(max_length=200, allow_blank=True, default="", help_text="Left out: the code's name.")
    description = Text(max_length=4000)
    grade = Whole(
        min_value=1, max_value=4, required=False, help_text="1 minor to 4 urgent; left out: by the code."
    )


class CaseCloseIn(In):
    note = Text(max_length=500)


class CaseVisitIn(In):
    visit = Id()


class CaseCostIn(In):
    cost_line = Id()


class CaseOut(Out):
    always = ALWAYS

    id = serializers.UUIDField()
    number = serializers.CharField()
    kind = serializers.ChoiceField(choices=CaseKind.choices())
    complaint_code = serializers.ChoiceField(choices=CODES)
    title = serializers.SerializerMethodField(help_text="As given, else the code's name and the batch.")
    grade = serializers.IntegerField()
    status = serializers.ChoiceField(choices=CaseStatus.choices())
    batch = serializers.UUIDField(source="batch_id", allow_null=True)
    batch_code = serializers.CharField(source="batch.code", default=None, allow_null=True)
    customer = serializers.UUIDField(source="customer_id", allow_null=True)
    customer_code = serializers.CharField(source="customer.code", default=None, allow_null=True)
    customer_name = serializers.SerializerMethodField(help_text="A private person's is masked.")
    region = serializers.CharField(source="region_id", allow_null=True)
    description = serializers.CharField()
    opened_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)
    closing_note = serializers.CharField()

    def get_title(self, case: Case) -> str:
        if case.title:
            return case.title
        name = complaint_codes.COMPLAINT_CODES[case.complaint_code].name(get_language() or "zh-hans")
        return f"{name} · {case.batch.code}" if case.batch else name

    def get_customer_name(self, case: Case) -> str | None:
        role = caller(self.context["request"]).role
        customer = case.customer
        return shown_name(customer.name, kind=customer.kind, role=role) if customer else None

    def to_representation(self, instance: Case) -> dict[str, Any]:
        """Fields the caller's role does not see are absent."""
        hidden = hidden_fields(caller(self.context["request"]).role)
        shown: dict[str, Any] = super().to_representation(instance)
        return {name: value for name, value in shown.items() if name not in hidden}


class CaseEvidenceOut(Out):
    always = EVIDENCE_ALWAYS

    reading = serializers.UUIDField(source="reading_id")
    visit = serializers.UUIDField(source="reading.visit_id")
    parameter = serializers.ChoiceField(source="reading.parameter", choices=Parameter.choices())
    verdict = serializers.SerializerMethodField(help_text="QC's waiver's where there is one.")
    value = Measured(source="reading.mean")
    unit = serializers.CharField(source="reading.unit")
    at = serializers.DateTimeField(source="reading.corrected_at")
    superseded_by = serializers.UUIDField(source="reading.superseded_by.id", default=None, allow_null=True)

    def get_verdict(self, evidence: CaseReading) -> Verdict:
        return queries.judged_verdict(evidence.reading)

    def to_representation(self, instance: CaseReading) -> dict[str, Any]:
        """Fields the caller's role does not see are absent."""
        hidden = hidden_in_evidence(caller(self.context["request"]).role)
        shown: dict[str, Any] = super().to_representation(instance)
        return {name: value for name, value in shown.items() if name not in hidden}


class CaseVisitOut(Out):
    link = serializers.UUIDField(source="id", help_text="Of the link itself; its history names who made it.")
    visit = serializers.UUIDField(source="visit_id")
    number = serializers.CharField(source="visit.number")
    status = serializers.ChoiceField(source="visit.status", choices=VisitStatus.choices())
    planned_on = serializers.DateField(source="visit.planned_on")


class CaseDetailOut(CaseOut):
    evidence = CaseEvidenceOut(many=True)
    visits = CaseVisitOut(source="visit_links", many=True)
    costs_total = serializers.SerializerMethodField(help_text="Address of the exact sum.")

    def get_costs_total(self, case: Case) -> str:
        return f"/api/v1/cases/{case.pk}/costs/total"


class ComplaintCodeOut(Out):
    code = serializers.ChoiceField(choices=CODES)
    name = serializers.SerializerMethodField()
    default_severity = serializers.CharField()
    ask_for = serializers.CharField(help_text="Evidence to ask for.")

    def get_name(self, row: complaint_codes.ComplaintCode) -> str:
        return row.name(get_language() or "zh-hans")


class ComplaintCodesOut(Out):
    items = ComplaintCodeOut(many=True)


class CaseFilters(Filters):
    kind = django_filters.ChoiceFilter(choices=CaseKind.choices())
    status = django_filters.ChoiceFilter(choices=CaseStatus.choices())
    complaint_code = django_filters.ChoiceFilter(choices=CODES)
    number = TextFilter()
    batch = IdFilter(field_name="batch_id")
    customer = IdFilter(field_name="customer_id")
    opened_from = MomentFilter(field_name="opened_at", lookup_expr="gte")
    opened_to = MomentFilter(field_name="opened_at", lookup_expr="lt")


class ComplaintCodes(Endpoint):
    @operation(Can.READ_CASES, gives=ComplaintCodesOut)
    def get(self, request: Request) -> Response:
        """The complaint codes with their names and the evidence to ask for."""
        return self.answer({"items": list(complaint_codes.COMPLAINT_CODES.values())})


class CaseEndpoint(Endpoint):
    def case(self, id: UUID) -> Case:
        """As the detail shows it. Raises NotFound outside the caller's scope."""
        return get_or_404(queries.cases_with_links(queries.cases_for(caller(self.request))), id=id)


class Cases(CaseEndpoint):
    filterset_class = CaseFilters
    ordering = ("-opened_at", "-id")

    @operation(Can.READ_CASES, gives=CaseOut, page=True)
    def get(self, request: Request) -> Response:
        """Cases, the newest first."""
        user = caller(request)
        check_filters(request.query_params, role=Role(user.role))
        return self.page(queries.cases_for(user))

    @operation(Can.OPEN_CASE, takes=CaseIn, gives=CaseDetailOut, status=201)
    def post(self, request: Request) -> Response:
        """Open a complaint; dealers for their own customer, and by a scan of the goods, only."""
        data = self.read()
        complaint = services.Complaint(
            code=data["complaint_code"],
            customer=get_or_404(customers_for(caller(request)), id=data["customer"]),
            batch=queries.complained_batch(caller(request), batch=data.get("batch"), scan=data.get("scan")),
            title=data["title"],
            description=data["description"],
            grade=data.get("grade"),
        )
        return self.answer(
            self.case(services.open_complaint(complaint, by=caller(request), at=clock.now()).pk)
        )


class CaseDetail(CaseEndpoint):
    @operation(Can.READ_CASES, gives=CaseDetailOut)
    def get(self, request: Request, id: UUID) -> Response:
        """One case with its evidence and visits."""
        return self.answer(self.case(id))


class CaseClose(CaseEndpoint):
    @operation(Can.CLOSE_CASE, takes=CaseCloseIn, gives=CaseDetailOut)
    def post(self, request: Request, id: UUID) -> Response:
        """Close a case with a note."""
        services.close_case(self.case(id), by=caller(request), note=self.read()["note"], at=clock.now())
        return self.answer(self.case(id))


class CaseVisits(CaseEndpoint):
    @operation(Can.EDIT_CASE, takes=CaseVisitIn, gives=CaseDetailOut)
    def post(self, request: Request, id: UUID) -> Response:
        """Link a visit made for the case: its costs count for the case."""
        case = self.case(id)
        visit = get_or_404(visits_for(caller(request)), id=self.read()["visit"])
        services.link_visit(case, visit=visit)
        return self.answer(self.case(id))


class CaseVisitLink(CaseEndpoint):
    @operation(Can.EDIT_CASE)
    def delete(self, request: Request, id: UUID, visit: UUID) -> Response:
        """Take back a visit linked in error, while the case is open."""
        case = self.case(id)
        services.unlink_visit(case, visit=get_or_404(visits_for(caller(request)), id=visit))
        return self.answer(None)


class CaseCosts(CaseEndpoint):
    @operation(Can.EDIT_CASE, takes=CaseCostIn, gives=CaseDetailOut)
    def post(self, request: Request, id: UUID) -> Response:
        """Book a cost line on the case (laboratory, freight)."""
        case = self.case(id)
        line = get_or_404(costs_for(caller(request)), id=self.read()["cost_line"])
        services.book_cost(case, line=line)
        return self.answer(self.case(id))


class CaseCostLink(CaseEndpoint):
    @operation(Can.EDIT_CASE)
    def delete(self, request: Request, id: UUID, cost_line: UUID) -> Response:
        """Take back a cost line booked in error, while the case is open."""
        case = self.case(id)
        services.unbook_cost(case, line=get_or_404(costs_for(caller(request)), id=cost_line))
        return self.answer(None)


class CaseCostTotal(CaseEndpoint):
    @operation(Can.READ_COSTS, gives=CostTotalOut)
    def get(self, request: Request, id: UUID) -> Response:
        """What a case cost, by category, of the lines the caller sees; no line counts on two cases."""
        lines = queries.lines_of_case(self.case(id), among=costs_for(caller(request)))
        return self.answer(total(lines))


class BatchCostTotal(Endpoint):
    @operation(Can.READ_COSTS, gives=CostTotalOut)
    def get(self, request: Request, id: UUID) -> Response:
        """What a batch cost: lines spent on it and on its cases, each once, of those the caller sees."""
        batch = get_or_404(Batch.objects.all(), id=id)
        lines = queries.lines_of_batch(batch, among=costs_for(caller(request)))
        return self.answer(total(lines))


urlpatterns: list[Any] = [
    path("complaint-codes", ComplaintCodes.as_view()),
    path("cases", Cases.as_view()),
    path("cases/<uuid:id>", CaseDetail.as_view()),
    path("cases/<uuid:id>/close", CaseClose.as_view()),
    path("cases/<uuid:id>/visits", CaseVisits.as_view()),
    path("cases/<uuid:id>/visits/<uuid:visit>", CaseVisitLink.as_view()),
    path("cases/<uuid:id>/costs", CaseCosts.as_view()),
    path("cases/<uuid:id>/costs/<uuid:cost_line>", CaseCostLink.as_view()),
    path("cases/<uuid:id>/costs/total", CaseCostTotal.as_view()),
    path("batches/<uuid:id>/costs/total", BatchCostTotal.as_view()),
]
