"""Runs: what went in, what came out, what was lost."""

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
from backend.core.fields import Choice, Exact, Id, In, Moment, Out, Text
from backend.core.paging import Filters, FlagFilter, IdFilter, MomentFilter, TextFilter, get_or_404
from traceability.batch.api import OWN, BatchRefOut
from traceability.batch.rules import BatchKind
from traceability.genealogy import queries, services
from traceability.genealogy.guard import GoneElsewhere, nothing_elsewhere
from traceability.genealogy.mass import Balance, Portion, RunData
from traceability.genealogy.models import Transformation

LEAST_KG = Decimal("0.001")
MOST_PORTIONS = 100  # on each side: a link is made for every input × output


class PortionIn(In):
    batch = Id(source="batch_id")
    qty_kg = Exact(max_digits=14, decimal_places=3, min_value=LEAST_KG)


class TransformationIn(In):
    number = Text(max_length=40, default="", help_text="Without: the house gives one.")
    stage = Choice(choices=OWN, help_text="The kind of all batches that come out.")
    plant = Text(max_length=40)
    started_at = Moment()
    finished_at = Moment()
    inputs = serializers.ListField(child=PortionIn(), min_length=1, max_length=MOST_PORTIONS)
    outputs = serializers.ListField(child=PortionIn(), min_length=1, max_length=MOST_PORTIONS)
    loss_kg = Exact(max_digits=14, decimal_places=3, min_value=0, default=Decimal(0))
    loss_reason = Text(max_length=300, allow_blank=True, default="")


class ReverseIn(In):
    reason = Text(max_length=300)


class PortionOut(Out):
    batch = BatchRefOut()
    qty_kg = serializers.DecimalField(max_digits=14, decimal_places=3)


class RunMassesOut(Out):
    in_kg = serializers.DecimalField(max_digits=20, decimal_places=3, help_text="Without packaging.")
    out_kg = serializers.DecimalField(max_digits=20, decimal_places=3)
    loss_kg = serializers.DecimalField(max_digits=14, decimal_places=3)
    unaccounted_kg = serializers.DecimalField(max_digits=20, decimal_places=3)
    yield_pct = serializers.DecimalField(
        max_digits=14, decimal_places=2, allow_null=True, help_text="null: nothing but packaging went in."
    )


class TransformationRowOut(Out):
    id = serializers.UUIDField()
    number = serializers.CharField()
    stage = serializers.ChoiceField(choices=BatchKind.choices())
    plant = serializers.CharField()
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField()
    loss_reason = serializers.CharField()
    balance = serializers.SerializerMethodField()
    recorded_by = serializers.CharField(source="recorded_by.display_name", help_text="Display name.")
    is_reversed = serializers.BooleanField(help_text="All its links were reversed: it counts no more.")

    def get_balance(self, run: Any) -> RunMassesOut:
        return RunMassesOut(Balance(in_kg=run.in_sum_kg, out_kg=run.out_sum_kg, loss_kg=run.loss_kg)).data  # type: ignore[return-value]  # drf-spectacular reads the shape from the annotation


class TransformationOut(TransformationRowOut):
    inputs = PortionOut(many=True, help_text="Reversed ones are left out.")
    outputs = PortionOut(many=True)

    def to_representation(self, instance: Any) -> dict[str, Any]:
        sides = {"inputs": instance.inputs, "outputs": instance.outputs}
        shown = TransformationRowOut(instance.run, context=self.context).data
        portions = {
            name: PortionOut(rows, many=True, context=self.context).data for name, rows in sides.items()
        }
        return shown | portions


class TransformationFilters(Filters):
    number = TextFilter()
    stage = django_filters.ChoiceFilter(choices=OWN)
    plant = TextFilter()
    finished_from = MomentFilter(field_name="finished_at", lookup_expr="gte")
    finished_to = MomentFilter(field_name="finished_at", lookup_expr="lte")
    batch = IdFilter(method="by_batch", help_text="Went in or came out.")
    is_reversed = FlagFilter()

    def by_batch(self, rows: QuerySet[Transformation], name: str, value: UUID) -> QuerySet[Transformation]:
        return queries.with_batch(rows, value)


class Transformations(Endpoint):
    filterset_class = TransformationFilters
    ordering = ("-finished_at", "-id")
    gone_elsewhere: GoneElsewhere = staticmethod(nothing_elsewhere)

    @operation(Can.READ_BATCHES, gives=TransformationRowOut, page=True)
    def get(self, request: Request) -> Response:
        """Runs with their masses, the last finished first."""
        return self.page(queries.runs())

    @operation(Can.RECORD_BATCH, takes=TransformationIn, gives=TransformationOut, status=201)
    def post(self, request: Request) -> Response:
        """Enter a run: every output gets its share of every input, by kg.

        More out than in, more than is left of an input, circles and industrial salt in edible salt are refused.
        """
        data = self.read()
        for side in ("inputs", "outputs"):
            data[side] = tuple(Portion(**portion) for portion in data[side])
        run = RunData(**data | {"stage": BatchKind(data["stage"])})
        made = services.record_transformation(run, by=caller(request), gone_elsewhere=self.gone_elsewhere)
        return self.answer(queries.whole_run(made))


class TransformationDetail(Endpoint):
    @operation(Can.READ_BATCHES, gives=TransformationOut)
    def get(self, request: Request, id: UUID) -> Response:
        """One run with what went in, what came out, and its balance."""
        return self.answer(queries.whole_run(get_or_404(queries.runs(), id=id)))


class TransformationReverse(Endpoint):
    @operation(Can.RECORD_BATCH, takes=ReverseIn, gives=TransformationOut)
    def post(self, request: Request, id: UUID) -> Response:
        """Take back all links of a run entered in error."""
        run = get_or_404(queries.runs(), id=id)
        reversed_run = services.reverse_transformation(run, by=caller(request), **self.read())
        return self.answer(queries.whole_run(reversed_run))


def addresses(*, gone_elsewhere: GoneElsewhere) -> list[Any]:
    """The routes; how much of a batch was shipped, the concept that ships tells from above."""
    return [
        path("transformations", Transformations.as_view(gone_elsewhere=gone_elsewhere)),
        path("transformations/<uuid:id>", TransformationDetail.as_view()),
        path("transformations/<uuid:id>/reverse", TransformationReverse.as_view()),
    ]
