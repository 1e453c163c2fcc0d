"""Cost lines over HTTP, and what a visit cost."""

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
from backend.accounts.made import Made
from backend.accounts.models import User
from backend.accounts.rules import Can
from backend.core.attachment import photo_of
from backend.core.endpoint import Endpoint, operation
from backend.core.fields import Choice, Day, Exact, Id, In, Moment, Out, Sha256, Text
from backend.core.paging import DayFilter, Filters, FlagFilter, IdFilter, get_or_404
from fieldservice.cost import queries, services
from fieldservice.cost.models import CostLine
from fieldservice.cost.rules import CostCategory
from fieldservice.visit.queries import visits_for
from traceability.batch.queries import batches_for

ZERO, ONE_FEN = Decimal(0), Decimal("0.01")


def money(**options: Any) -> Exact:
    """CNY with at most two decimals."""
    return Exact(max_digits=12, decimal_places=2, **options)


def amount() -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=14, decimal_places=2)


class CostFields(In):
    visit = Id(required=False, allow_null=True, help_text="The visit it was spent on.")
    batch = Id(required=False, allow_null=True, help_text="The batch it was spent on (laboratory, freight).")
    category = Choice(choices=CostCategory.choices())
    spent_on = Day(help_text="Not in the future, at most 400 days ago.")
    net_cny = money(min_value=ZERO)
    tax_cny = money(min_value=ZERO, default=ZERO)
    gross_cny = money(min_value=ONE_FEN)
    note = Text(max_length=300, allow_blank=True, default="")
    receipt = Sha256(required=False, allow_null=True, help_text="The uploaded photo (POST attachments).")
    receipt_code = Text(
        max_length=20, allow_blank=True, default="", help_text="Fully digital invoices have none."
    )
    receipt_no = Text(max_length=40, allow_blank=True, default="")


class CostIn(CostFields):
    id = Id(help_text="Made by the app; sending it again changes nothing.")
    made_at = Moment()


class CostCorrectionIn(CostIn):
    reason = Text(max_length=300)


class CostPersonOut(Out):
    id = serializers.UUIDField()
    display_name = serializers.CharField()


class CostOut(Out):
    id = serializers.UUIDField()
    visit = serializers.UUIDField(source="visit_id", allow_null=True)
    batch = serializers.UUIDField(source="batch_id", allow_null=True)
    category = serializers.ChoiceField(choices=CostCategory.choices())
    spent_on = serializers.DateField()
    net_cny = amount()
    tax_cny = amount()
    gross_cny = amount()
    note = serializers.CharField()
    receipt = serializers.CharField(source="receipt_id", allow_null=True)
    receipt_code = serializers.CharField()
    receipt_no = serializers.CharField()
    duplicate_of = serializers.UUIDField(
        source="duplicate_of_id",
        allow_null=True,
        help_text="The line that handed in the same receipt before.",
    )
    duplicate_by = serializers.CharField(
        help_text="How it was recognised: same_photo, same_number, similar_photo; empty where it was not."
    )
    supersedes = serializers.UUIDField(source="supersedes_id", allow_null=True)
    superseded_by = serializers.UUIDField(
        source="superseded_by.id", default=None, allow_null=True, help_text="Such a line no longer counts."
    )
    correction_reason = serializers.CharField()
    recorded_by = CostPersonOut()
    device_at = serializers.DateTimeField()
    corrected_at = serializers.DateTimeField()
    received_at = serializers.DateTimeField()


class SumOut(Out):
    lines = serializers.IntegerField()
    net_cny = amount()
    tax_cny = amount()
    gross_cny = amount()


class CategorySumOut(Out):
    category = serializers.ChoiceField(choices=CostCategory.choices())
    amount = SumOut()


class CostTotalOut(Out):
    total = SumOut(help_text="Without superseded lines and without flagged duplicates.")
    by_category = CategorySumOut(many=True)
    duplicates = SumOut(help_text="Lines whose receipt was handed in before; not in `total`.")


class CostFilters(Filters):
    visit = IdFilter(field_name="visit_id")
    batch = IdFilter(field_name="batch_id")
    recorded_by = IdFilter(field_name="recorded_by_id")
    category = django_filters.ChoiceFilter(choices=CostCategory.choices())
    spent_from = DayFilter(field_name="spent_on", lookup_expr="gte")
    spent_to = DayFilter(field_name="spent_on", lookup_expr="lte")
    duplicates = FlagFilter(field_name="duplicate_of", lookup_expr="isnull", exclude=True)
    superseded = FlagFilter(field_name="superseded_by", lookup_expr="isnull", exclude=True)


class CostEndpoint(Endpoint):
    """What recording and correcting share: the expense and the record's maker, from the body."""

    def expense(self, data: dict[str, Any], *, user: User) -> services.Expense:
        receipt = services.Receipt(
            photo=photo_of(data.get("receipt"), by_id=user.pk, field="receipt"),
            code=data["receipt_code"],
            number=data["receipt_no"],
        )
        return services.Expense(
            category=CostCategory(data["category"]),
            spent_on=data["spent_on"],
            net_cny=data["net_cny"],
            tax_cny=data["tax_cny"],
            gross_cny=data["gross_cny"],
            note=data["note"],
            visit=_row(visits_for(user), data.get("visit")),
            batch=_row(batches_for(user), data.get("batch")),
            receipt=receipt,
        )

    def made(self, data: dict[str, Any]) -> Made:
        device_id = getattr(self.request.auth, "device_id", None)
        stamp = self.stamp(data["made_at"])
        return Made(id=data["id"], by=caller(self.request), device_id=device_id, stamp=stamp)


def _row(rows: QuerySet[Any], id: UUID | None) -> Any:
    return get_or_404(rows, id=id) if id else None


class Costs(CostEndpoint):
    filterset_class = CostFilters
    ordering = ("-received_at", "-id")

    @operation(Can.READ_COSTS, gives=CostOut, page=True)
    def get(self, request: Request) -> Response:
        """Cost lines, the newest first; `duplicates=true` shows receipts handed in twice."""
        return self.page(queries.costs_for(caller(request)))

    @operation(Can.RECORD_COST, takes=CostIn, gives=CostOut, status=201)
    def post(self, request: Request) -> Response:
        """Record a cost line; a receipt seen before is kept and flagged."""
        data = self.read()
        line = services.record_cost(self.expense(data, user=caller(request)), made=self.made(data))
        return self.answer(get_or_404(queries.costs_for(caller(request)), id=line.pk))


class CostDetail(Endpoint):
    @operation(Can.READ_COSTS, gives=CostOut)
    def get(self, request: Request, id: UUID) -> Response:
        """One cost line."""
        return self.answer(get_or_404(queries.costs_for(caller(request)), id=id))


class CostSupersede(CostEndpoint):
    @operation(Can.RECORD_COST, takes=CostCorrectionIn, gives=CostOut, status=201)
    def post(self, request: Request, id: UUID) -> Response:
        """Correct an own line: a new one takes its place, the old one stays readable."""
        line = get_or_404(queries.costs_for(caller(request)), id=id)
        data = self.read()
        expense = self.expense(data, user=caller(request))
        new: CostLine = services.correct_cost(
            line, expense=expense, made=self.made(data), reason=data["reason"]
        )
        return self.answer(get_or_404(queries.costs_for(caller(request)), id=new.pk))


class VisitCostTotal(Endpoint):
    @operation(Can.READ_COSTS, gives=CostTotalOut)
    def get(self, request: Request, id: UUID) -> Response:
        """What a visit cost, by category, of the lines the caller sees."""
        visit = get_or_404(visits_for(caller(request)), id=id)
        return self.answer(queries.total(queries.costs_for(caller(request)).filter(visit=visit)))


urlpatterns: list[Any] = [
    path("costs", Costs.as_view()),
    path("costs/<uuid:id>", CostDetail.as_view()),
    path("costs/<uuid:id>/supersede", CostSupersede.as_view()),
    path("visits/<uuid:id>/costs/total", VisitCostTotal.as_view()),
]
