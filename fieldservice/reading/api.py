"""Readings over HTTP: recorded and judged, corrected by a new row, waived by QC."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import django_filters
from django.db.models import Q, QuerySet
from django.urls import path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.accounts.authentication import caller
from backend.accounts.made import Made
from backend.accounts.rules import Can, Role
from backend.core import clock
from backend.core.attachment import photo_of
from backend.core.endpoint import Endpoint, operation
from backend.core.errors import InvalidInput
from backend.core.errors import mark as _
from backend.core.fields import Choice, Exact, Id, In, Measure, Moment, Sha256, Text
from backend.core.paging import Filters, FlagFilter, IdFilter, MomentFilter, get_or_404
from fieldservice.instrument.queries import instruments_for
from fieldservice.reading import queries, services
from fieldservice.reading.answer import ReadingOut
from fieldservice.reading.measurement import Measured
from fieldservice.reading.models import Reading
from fieldservice.reading.rules import Basis, Parameter, Verdict, check_filters
from fieldservice.visit.queries import visits_for
from traceability.batch.queries import batches_for

MAX_REPLICATES = 20


class ReadingFields(In):
    batch = Id()
    instrument = Id(allow_null=True, default=None)
    parameter = Choice(choices=Parameter.choices())
    method = Text(max_length=60)
    basis = Choice(choices=Basis.choices(), help_text="Wet or dry; a conductivity is of the solution.")
    unit = Text(max_length=20, help_text="As on the display: %, g/100g, g/kg, mg/kg, mS/cm …")
    replicates = serializers.ListField(child=Measure(), min_length=1, max_length=MAX_REPLICATES)
    drying_temp_c = Exact(
        max_digits=5,
        decimal_places=1,
        min_value=Decimal(20),
        max_value=Decimal(400),
        allow_null=True,
        default=None,
        help_text="Without it no moisture is judged.",
    )
    sample_g = Exact(max_digits=10, decimal_places=3, allow_null=True, default=None)
    solution_g = Exact(
        max_digits=10,
        decimal_places=3,
        allow_null=True,
        default=None,
        help_text="`sample_g` made up to this mass, where the meter read a solution.",
    )
    moisture_pct = Exact(
        max_digits=8,
        decimal_places=4,
        min_value=Decimal(0),
        max_value=Decimal("99.9999"),
        allow_null=True,
        default=None,
        help_text="Of the sample, wet; needed where the limit has the other basis.",
    )
    note = Text(max_length=500, allow_blank=True, default="")
    photo = Sha256(allow_null=True, default=None, help_text="From POST attachments.")


class ReadingIn(ReadingFields):
    id = Id(help_text="Made by the app; sending it again changes nothing.")
    made_at = Moment(help_text="By the phone's clock.")
    visit = Id()


class ReadingCorrectionIn(ReadingFields):
    id = Id(help_text="Of the correction, made by the app.")
    reason = Text(max_length=300)


class ReadingWaiverIn(In):
    reason = Text(max_length=300)


class ReadingFilters(Filters):
    batch = IdFilter(field_name="batch_id")
    visit = IdFilter(field_name="visit_id")
    instrument = IdFilter(field_name="instrument_id")
    parameter = django_filters.ChoiceFilter(choices=Parameter.choices())
    verdict = django_filters.ChoiceFilter(choices=Verdict.choices(), method="judged_as")
    superseded = FlagFilter(field_name="superseded_by", lookup_expr="isnull", exclude=True)
    in_doubt = FlagFilter(field_name="in_doubt")
    received_from = MomentFilter(field_name="received_at", lookup_expr="gte")
    received_to = MomentFilter(field_name="received_at", lookup_expr="lt")

    def judged_as(self, rows: QuerySet[Reading], name: str, value: str) -> QuerySet[Reading]:
        return rows.filter(Q(waiver__isnull=True, verdict=value) | Q(waiver__verdict=value))


class ReadingEndpoint(Endpoint):
    """What the operations on readings share."""

    def reading(self, id: UUID) -> Reading:
        return get_or_404(queries.readings_for(caller(self.request)), id=id)

    def shown(self, id: UUID) -> Response:
        """The reading as it stands now, whoever may read it."""
        return self.answer(queries.readings().get(pk=id))

    def made(self, id: UUID, *, stamp: clock.Stamp) -> Made:
        device_id = getattr(self.request.auth, "device_id", None)
        return Made(id, caller(self.request), device_id, stamp)

    def measured(self, data: dict[str, Any]) -> services.ReadingData:
        user = caller(self.request)
        return services.ReadingData(
            measured=Measured(
                parameter=Parameter(data["parameter"]),
                basis=Basis(data["basis"]),
                unit=data["unit"],
                replicates=tuple(data["replicates"]),
                drying_temp_c=data["drying_temp_c"],
                sample_g=data["sample_g"],
                solution_g=data["solution_g"],
                moisture_pct=data["moisture_pct"],
            ),
            batch=_named(batches_for(user), data["batch"], field="batch"),
            method=data["method"],
            instrument=_named(instruments_for(user), data["instrument"], field="instrument"),
            note=data["note"],
            photo=photo_of(data["photo"], by_id=user.pk, field="photo"),
        )


def _named(rows: QuerySet[Any], id: UUID | None, *, field: str) -> Any:
    """The row a body names, in the caller's scope; None for none. Raises InvalidInput (400)."""
    row = rows.filter(pk=id).first() if id else None
    if id and row is None:
        raise InvalidInput(errors={field: _("No such row.")})
    return row


class Readings(ReadingEndpoint):
    filterset_class = ReadingFilters
    ordering = ("-received_at", "-id")

    @operation(Can.READ_READINGS, gives=ReadingOut, page=True)
    def get(self, request: Request) -> Response:
        """Readings the caller may read, newest first; superseded ones stay visible."""
        user = caller(request)
        check_filters(request.query_params, role=Role(user.role))
        return self.page(queries.readings_for(user))

    @operation(Can.RECORD_READING, takes=ReadingIn, gives=ReadingOut, status=201)
    def post(self, request: Request) -> Response:
        """Record a measurement; judged by the limit in force on the day it was made."""
        data = self.read()
        visit = _named(visits_for(caller(request)), data["visit"], field="visit")
        made = self.made(data["id"], stamp=self.stamp(data["made_at"]))
        return self.shown(services.record_reading(visit, data=self.measured(data), made=made).pk)


class ReadingDetail(ReadingEndpoint):
    @operation(Can.READ_READINGS, gives=ReadingOut)
    def get(self, request: Request, id: UUID) -> Response:
        """One reading."""
        return self.answer(self.reading(id))


class ReadingSupersede(ReadingEndpoint):
    @operation(Can.CORRECT_READING, takes=ReadingCorrectionIn, gives=ReadingOut, status=201)
    def post(self, request: Request, id: UUID) -> Response:
        """Correct a reading: a new one in its place, judged by the day of the measurement; both stay visible."""
        data = self.read()
        made = self.made(data["id"], stamp=self.stamp(clock.now()))
        corrected = services.supersede_reading(
            self.reading(id), data=self.measured(data), made=made, reason=data["reason"]
        )
        return self.shown(corrected.pk)


class ReadingWaive(ReadingEndpoint):
    @operation(Can.WAIVE_READING, takes=ReadingWaiverIn, gives=ReadingOut)
    def post(self, request: Request, id: UUID) -> Response:
        """QC lets a reading of an overdue or retired instrument count, with a reason."""
        waiver = services.waive_reading(self.reading(id), by=caller(request), reason=self.read()["reason"])
        return self.shown(waiver.reading_id)


urlpatterns: list[Any] = [
    path("readings", Readings.as_view()),
    path("readings/<uuid:id>", ReadingDetail.as_view()),
    path("readings/<uuid:id>/supersede", ReadingSupersede.as_view()),
    path("readings/<uuid:id>/waive", ReadingWaive.as_view()),
]
