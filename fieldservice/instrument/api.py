"""The register of field instruments and their calibrations."""

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
from backend.core import clock
from backend.core.endpoint import Endpoint, operation
from backend.core.fields import Choice, Day, Exact, Flag, Id, In, Measure, Measured, Out, Text
from backend.core.paging import Filters, FlagFilter, IdFilter, TextFilter, get_or_404
from fieldservice.instrument import queries, services
from fieldservice.instrument.models import Instrument
from fieldservice.instrument.rules import (
    CalibrationKind,
    CalibrationResult,
    CalibrationState,
    InstrumentKind,
    Quantity,
    calibration_on,
    calibration_state,
)


class InstrumentIn(In):
    serial_no = Text(max_length=64)
    kind = Choice(choices=InstrumentKind.choices())
    model_name = Text(max_length=100)
    parameter = Choice(choices=Quantity.choices())
    unit = Text(max_length=20)
    range_low = Measure()
    range_high = Measure()
    resolution = Measure()
    accuracy_abs = Measure(default=Decimal(0), help_text="In `unit`.")
    accuracy_pct = Exact(max_digits=7, decimal_places=3, default=Decimal(0), help_text="Of the reading.")
    holder = Id(allow_null=True, default=None)


class InstrumentChangeIn(In):
    model_name = Text(max_length=100, required=False)
    holder = Id(allow_null=True, required=False)
    is_active = Flag(required=False)


class CalibrationIn(In):
    kind = Choice(choices=CalibrationKind.choices())
    done_on = Day()
    due_on = Day()
    certificate_no = Text(max_length=64)
    expanded_u = Measure(min_value=Decimal(0), help_text="k = 2, in the instrument's unit.")
    result = Choice(choices=CalibrationResult.choices())


class CalibrationOut(Out):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=CalibrationKind.choices())
    done_on = serializers.DateField()
    due_on = serializers.DateField()
    certificate_no = serializers.CharField()
    expanded_u = Measured()
    result = serializers.ChoiceField(choices=CalibrationResult.choices())
    recorded_by = serializers.CharField(source="recorded_by.display_name")
    recorded_at = serializers.DateTimeField()


class HolderOut(Out):
    id = serializers.UUIDField()
    display_name = serializers.CharField()


class InstrumentOut(Out):
    id = serializers.UUIDField()
    serial_no = serializers.CharField()
    kind = serializers.ChoiceField(choices=InstrumentKind.choices())
    model_name = serializers.CharField()
    parameter = serializers.ChoiceField(choices=Quantity.choices())
    unit = serializers.CharField()
    range_low = Measured()
    range_high = Measured()
    resolution = Measured()
    accuracy_abs = Measured()
    accuracy_pct = serializers.DecimalField(max_digits=7, decimal_places=3, normalize_output=True)
    holder = HolderOut(allow_null=True)
    is_active = serializers.BooleanField()
    calibration_state = serializers.SerializerMethodField()
    calibration_due_on = serializers.SerializerMethodField()

    def get_calibration_state(self, instrument: Instrument) -> CalibrationState:
        today = clock.today()
        return calibration_state(calibration_on(instrument.calibrations.all(), on=today), on=today)

    def get_calibration_due_on(self, instrument: Instrument) -> str | None:
        latest = calibration_on(instrument.calibrations.all(), on=clock.today())
        return latest.due_on.isoformat() if latest else None


class InstrumentFilters(Filters):
    serial_no = TextFilter()
    kind = django_filters.ChoiceFilter(choices=InstrumentKind.choices())
    parameter = django_filters.ChoiceFilter(choices=Quantity.choices())
    holder = IdFilter(field_name="holder_id")
    is_active = FlagFilter()
    fit = FlagFilter(method="fit_today")

    def fit_today(self, rows: QuerySet[Instrument], name: str, value: bool) -> QuerySet[Instrument]:
        return queries.fit(rows, is_fit=value, on=clock.today())


class Instruments(Endpoint):
    filterset_class = InstrumentFilters

    @operation(Can.READ_INSTRUMENTS, gives=InstrumentOut, page=True)
    def get(self, request: Request) -> Response:
        """Instruments with the state of their calibration today."""
        return self.page(queries.instruments_for(caller(request)))

    @operation(Can.MANAGE_INSTRUMENTS, takes=InstrumentIn, gives=InstrumentOut, status=201)
    def post(self, request: Request) -> Response:
        """Register an instrument."""
        return self.answer(services.register_instrument(services.InstrumentData(**self.read())))


class InstrumentDetail(Endpoint):
    @operation(Can.READ_INSTRUMENTS, gives=InstrumentOut)
    def get(self, request: Request, id: UUID) -> Response:
        """One instrument."""
        return self.answer(get_or_404(queries.instruments_for(caller(request)), id=id))

    @operation(Can.MANAGE_INSTRUMENTS, takes=InstrumentChangeIn, gives=InstrumentOut)
    def patch(self, request: Request, id: UUID) -> Response:
        """Hand over, take out of use or rename; what it measures stays."""
        instrument = get_or_404(queries.instruments_for(caller(request)), id=id)
        return self.answer(services.change_instrument(instrument, changes=self.read()))


class Calibrations(Endpoint):
    ordering = ("-done_on", "-recorded_at", "-id")

    @operation(Can.READ_INSTRUMENTS, gives=CalibrationOut, page=True)
    def get(self, request: Request, id: UUID) -> Response:
        """Calibrations of an instrument, newest first."""
        instrument = get_or_404(queries.instruments_for(caller(request)), id=id)
        return self.page(queries.calibrations_of(instrument))

    @operation(Can.MANAGE_INSTRUMENTS, takes=CalibrationIn, gives=CalibrationOut, status=201)
    def post(self, request: Request, id: UUID) -> Response:
        """Record a calibration; a failed one puts the readings since the last good one in doubt."""
        instrument = get_or_404(queries.instruments_for(caller(request)), id=id)
        data = services.CalibrationData(**self.read())
        return self.answer(services.record_calibration(instrument, data=data, by=caller(request)))


urlpatterns: list[Any] = [
    path("instruments", Instruments.as_view()),
    path("instruments/<uuid:id>", InstrumentDetail.as_view()),
    path("instruments/<uuid:id>/calibrations", Calibrations.as_view()),
]
