"""Batches, their decisions, certificates, and proposals to hold, recall or destroy."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.urls import path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.accounts.authentication import caller
from backend.accounts.rules import Can
from backend.core.endpoint import Endpoint, operation
from backend.core.fields import Choice, Day, Exact, Id, In, Out, Text
from backend.core.paging import DayFilter, Filters, FlagFilter, IdFilter, TextFilter, get_or_404
from traceability.batch import queries, services
from traceability.batch.certificate import CertificateData, ValueData, record_certificate
from traceability.batch.models import Batch
from traceability.batch.rules import (
    OWN_KINDS,
    PROPOSABLE,
    TESTS_ONLY,
    BatchAction,
    BatchData,
    BatchKind,
    BatchStatus,
    Conclusion,
    ProposalState,
)
from traceability.product.rules import Family

LEAST_KG = Decimal("0.001")
OWN = [(kind.value, kind.value) for kind in OWN_KINDS]
PROPOSED = [(action.value, action.value) for action in PROPOSABLE]


class BatchIn(In):
    product = Id(source="product_id")
    code = Text(max_length=64, help_text="As printed: letters, digits, Chinese characters and . / _ -")
    trade_item = Id(
        source="trade_item_id", allow_null=True, default=None, help_text="Its pack, a bag mostly."
    )
    kind = Choice(choices=OWN, default=BatchKind.PACKED.value)
    plant = Text(max_length=40)
    line = Text(max_length=20, allow_blank=True, default="")
    shift = Text(max_length=20, allow_blank=True, default="")
    supplier_lot = Text(max_length=64, allow_blank=True, default="")
    produced_on = Day()
    expires_on = Day(allow_null=True, default=None, help_text="Without: from the product's shelf life.")
    qty_kg = Exact(max_digits=14, decimal_places=3, min_value=LEAST_KG)


class BatchChangeIn(In):
    code = Text(max_length=64, required=False)
    trade_item = Id(source="trade_item_id", allow_null=True, required=False)
    plant = Text(max_length=40, required=False)
    line = Text(max_length=20, allow_blank=True, required=False)
    shift = Text(max_length=20, allow_blank=True, required=False)
    supplier_lot = Text(max_length=64, allow_blank=True, required=False)
    produced_on = Day(required=False)
    expires_on = Day(allow_null=True, required=False)
    qty_kg = Exact(max_digits=14, decimal_places=3, min_value=LEAST_KG, required=False)


class BatchProductOut(Out):
    id = serializers.UUIDField()
    sku = serializers.CharField()
    name_zh = serializers.CharField()
    name_en = serializers.CharField()
    family = serializers.ChoiceField(choices=Family.choices())


class BatchRefOut(Out):
    id = serializers.UUIDField()
    code = serializers.CharField()
    kind = serializers.ChoiceField(choices=BatchKind.choices())
    status = serializers.ChoiceField(choices=BatchStatus.choices())
    produced_on = serializers.DateField()
    product = BatchProductOut()


class BatchOut(Out):
    id = serializers.UUIDField()
    code = serializers.CharField()
    kind = serializers.ChoiceField(choices=BatchKind.choices())
    product = BatchProductOut()
    trade_item = serializers.UUIDField(source="trade_item_id", allow_null=True)
    gtin = serializers.CharField(source="trade_item.gtin", default=None, allow_null=True)
    plant = serializers.CharField()
    line = serializers.CharField(required=False, help_text="Line and shift are absent without the right.")
    shift = serializers.CharField(required=False)
    supplier_lot = serializers.CharField()
    produced_on = serializers.DateField()
    expires_on = serializers.DateField(allow_null=True)
    qty_kg = serializers.DecimalField(max_digits=14, decimal_places=3)
    status = serializers.ChoiceField(choices=BatchStatus.choices())
    status_reason = serializers.CharField()
    status_at = serializers.DateTimeField()
    open_cases = serializers.IntegerField(source="open_case_count")
    is_history = serializers.BooleanField(help_text="From another system's history: stored as it was found.")

    def to_representation(self, instance: Any) -> dict[str, Any]:
        shown = super().to_representation(instance)
        if caller(self.context["request"]).may(Can.READ_BATCH_TESTS):
            return shown
        return {name: value for name, value in shown.items() if name not in TESTS_ONLY}


class BatchReasonIn(In):
    reason = Text(max_length=500)


class DecisionOut(Out):
    id = serializers.UUIDField()
    action = serializers.ChoiceField(choices=BatchAction.choices())
    from_status = serializers.ChoiceField(choices=BatchStatus.choices())
    to_status = serializers.ChoiceField(choices=BatchStatus.choices())
    reason = serializers.CharField()
    by = serializers.CharField(source="by.display_name", help_text="Display name.")
    at = serializers.DateTimeField()
    proposal = serializers.UUIDField(source="proposal_id", allow_null=True)


class ValueIn(In):
    parameter = Text(max_length=40)
    value = Exact(max_digits=14, decimal_places=6)
    unit = Text(max_length=20)
    basis = Text(max_length=20, allow_blank=True, default="")
    method = Text(max_length=60)
    expanded_u = Exact(
        max_digits=14, decimal_places=6, min_value=0, allow_null=True, default=None, help_text="k = 2."
    )


class CertificateIn(In):
    report_no = Text(max_length=64)
    inspection_basis = Text(max_length=200, help_text="The standard it was tested by.")
    conclusion = Choice(choices=Conclusion.choices())
    tested_by = Id(source="tested_by_id")
    reviewed_by = Id(source="reviewed_by_id", help_text="Another person than the tester.")
    issued_on = Day()
    values = serializers.ListField(child=ValueIn(), min_length=1, max_length=60)


class ValueOut(Out):
    parameter = serializers.CharField()
    value = serializers.DecimalField(max_digits=14, decimal_places=6)
    unit = serializers.CharField()
    basis = serializers.CharField()
    method = serializers.CharField()
    expanded_u = serializers.DecimalField(max_digits=14, decimal_places=6, allow_null=True)


class CertificateOut(Out):
    id = serializers.UUIDField()
    report_no = serializers.CharField()
    inspection_basis = serializers.CharField()
    conclusion = serializers.ChoiceField(choices=Conclusion.choices())
    tested_by = serializers.UUIDField(source="tested_by_id")
    tested_by_name = serializers.CharField(source="tested_by.display_name")
    reviewed_by = serializers.UUIDField(source="reviewed_by_id")
    reviewed_by_name = serializers.CharField(source="reviewed_by.display_name")
    issued_on = serializers.DateField()
    values = ValueOut(many=True)


class ProposalIn(In):
    batch = Id()
    action = Choice(choices=PROPOSED)
    reason = Text(max_length=500)


class ProposalOut(Out):
    id = serializers.UUIDField()
    batch = BatchRefOut()
    action = serializers.ChoiceField(choices=PROPOSED)
    reason = serializers.CharField()
    state = serializers.ChoiceField(choices=ProposalState.choices())
    proposed_by = serializers.UUIDField(
        source="proposed_by_id", allow_null=True, help_text="null: the system."
    )
    proposed_by_name = serializers.CharField(source="proposed_by.display_name", default=None, allow_null=True)
    proposed_at = serializers.DateTimeField()
    decided_by_name = serializers.CharField(source="decided_by.display_name", default=None, allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    decision_reason = serializers.CharField()


class BatchFilters(Filters):
    code = TextFilter(method="by_code", help_text="The code or its beginning, however it is written.")
    product = IdFilter()
    family = django_filters.ChoiceFilter(field_name="product__family", choices=Family.choices())
    kind = django_filters.ChoiceFilter(choices=BatchKind.choices())
    status = django_filters.ChoiceFilter(choices=BatchStatus.choices())
    plant = TextFilter()
    supplier_lot = TextFilter()
    is_history = FlagFilter()
    produced_from = DayFilter(field_name="produced_on", lookup_expr="gte")
    produced_to = DayFilter(field_name="produced_on", lookup_expr="lte")

    def by_code(self, rows: QuerySet[Batch], name: str, value: str) -> QuerySet[Batch]:
        return queries.with_code(rows, value)


class ProposalFilters(Filters):
    batch = IdFilter()
    action = django_filters.ChoiceFilter(choices=PROPOSED)
    state = django_filters.ChoiceFilter(choices=ProposalState.choices())


class Batches(Endpoint):
    filterset_class = BatchFilters
    ordering = ("-produced_on", "-id")

    @operation(Can.READ_BATCHES, gives=BatchOut, page=True)
    def get(self, request: Request) -> Response:
        """Batches, the latest made first."""
        return self.page(queries.batches_for(caller(request)))

    @operation(Can.RECORD_BATCH, takes=BatchIn, gives=BatchOut, status=201)
    def post(self, request: Request) -> Response:
        """Enter a batch; it starts in quarantine."""
        return self.answer(services.record_batch(BatchData(**self.read())))


class BatchDetail(Endpoint):
    @operation(Can.READ_BATCHES, gives=BatchOut)
    def get(self, request: Request, id: UUID) -> Response:
        """One batch; line and shift only for those who may read its tests."""
        return self.answer(get_or_404(queries.batches_for(caller(request)), id=id))

    @operation(Can.RECORD_BATCH, takes=BatchChangeIn, gives=BatchOut)
    def patch(self, request: Request, id: UUID) -> Response:
        """Correct a batch while it is in quarantine."""
        batch = get_or_404(queries.batches_for(caller(request)), id=id)
        return self.answer(services.correct_batch(batch, **self.read()))


class BatchDecisions(Endpoint):
    @operation(Can.READ_BATCHES, gives=DecisionOut, page=True)
    def get(self, request: Request, id: UUID) -> Response:
        """What was decided on a batch, why and by whom; the newest first."""
        return self.page(queries.decisions_of(get_or_404(queries.batches_for(caller(request)), id=id)))


class BatchHold(Endpoint):
    @operation(Can.HOLD_BATCH, takes=BatchReasonIn, gives=BatchOut)
    def post(self, request: Request, id: UUID) -> Response:
        """Put a batch on hold, with the reason."""
        batch = get_or_404(queries.batches_for(caller(request)), id=id)
        return self.answer(services.hold_batch(batch, by=caller(request), reason=self.read()["reason"]))


class BatchRelease(Endpoint):
    @operation(Can.RELEASE_BATCH, takes=BatchReasonIn, gives=BatchOut)
    def post(self, request: Request, id: UUID) -> Response:
        """Release a batch: needs a conforming certificate and another person than tester and holder."""
        batch = get_or_404(queries.batches_for(caller(request)), id=id)
        return self.answer(services.release_batch(batch, by=caller(request), reason=self.read()["reason"]))


class BatchCertificates(Endpoint):
    ordering = ("-issued_on", "-id")

    @operation(Can.READ_BATCH_TESTS, gives=CertificateOut, page=True)
    def get(self, request: Request, id: UUID) -> Response:
        """Release certificates of a batch with their values; the first one counts."""
        return self.page(queries.certificates_of(get_or_404(queries.batches_for(caller(request)), id=id)))

    @operation(Can.RECORD_CERTIFICATE, takes=CertificateIn, gives=CertificateOut, status=201)
    def post(self, request: Request, id: UUID) -> Response:
        """Enter a release certificate; a correction is a new one with its own number."""
        batch = get_or_404(queries.batches_for(caller(request)), id=id)
        data = self.read()
        data["values"] = tuple(ValueData(**value) for value in data["values"])
        return self.answer(record_certificate(batch, CertificateData(**data)))


class Proposals(Endpoint):
    filterset_class = ProposalFilters

    @operation(Can.READ_PROPOSALS, gives=ProposalOut, page=True)
    def get(self, request: Request) -> Response:
        """Proposals to hold, recall or destroy; the newest first."""
        return self.page(queries.proposals_for(caller(request)))

    @operation(Can.PROPOSE_HOLD, takes=ProposalIn, gives=ProposalOut, status=201)
    def post(self, request: Request) -> Response:
        """Propose to hold, recall or destroy a batch; another person decides."""
        data, user = self.read(), caller(request)
        batch = get_or_404(queries.batches_for(user), id=data["batch"])
        made = services.propose(batch, action=BatchAction(data["action"]), reason=data["reason"], by=user)
        return self.answer(queries.proposals_for(user).get(pk=made.pk))


class ProposalDetail(Endpoint):
    @operation(Can.READ_PROPOSALS, gives=ProposalOut)
    def get(self, request: Request, id: UUID) -> Response:
        """One proposal."""
        return self.answer(get_or_404(queries.proposals_for(caller(request)), id=id))


class ProposalAccept(Endpoint):
    @operation(Can.DECIDE_PROPOSAL, takes=BatchReasonIn, gives=ProposalOut)
    def post(self, request: Request, id: UUID) -> Response:
        """Accept a proposal of somebody else: the batch takes the step."""
        proposal = get_or_404(queries.proposals_for(caller(request)), id=id)
        reason = self.read()["reason"]
        return self.answer(services.accept_proposal(proposal, by=caller(request), reason=reason))


class ProposalDismiss(Endpoint):
    @operation(Can.DECIDE_PROPOSAL, takes=BatchReasonIn, gives=ProposalOut)
    def post(self, request: Request, id: UUID) -> Response:
        """Dismiss a proposal of somebody else: the batch stays as it is."""
        proposal = get_or_404(queries.proposals_for(caller(request)), id=id)
        reason = self.read()["reason"]
        return self.answer(services.dismiss_proposal(proposal, by=caller(request), reason=reason))


urlpatterns: list[Any] = [
    path("batches", Batches.as_view()),
    path("batches/<uuid:id>", BatchDetail.as_view()),
    path("batches/<uuid:id>/decisions", BatchDecisions.as_view()),
    path("batches/<uuid:id>/hold", BatchHold.as_view()),
    path("batches/<uuid:id>/release", BatchRelease.as_view()),
    path("batches/<uuid:id>/certificates", BatchCertificates.as_view()),
    path("proposals", Proposals.as_view()),
    path("proposals/<uuid:id>", ProposalDetail.as_view()),
    path("proposals/<uuid:id>/accept", ProposalAccept.as_view()),
    path("proposals/<uuid:id>/dismiss", ProposalDismiss.as_view()),
]
