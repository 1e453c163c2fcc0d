"""Reads: the register, each instrument with its calibrations."""

from datetime import date

from django.db.models import OuterRef, Prefetch, Q, QuerySet, Subquery

from backend.accounts.models import User
from backend.accounts.rules import Can
from fieldservice.instrument.models import Calibration, Instrument
from fieldservice.instrument.rules import CalibrationResult


def instruments_for(user: User) -> QuerySet[Instrument]:
    """All instruments for those who may read them, holder and calibrations (newest first) at hand."""
    rows = Instrument.objects.select_related("holder").prefetch_related(
        Prefetch("calibrations", queryset=_newest_first())
    )
    return rows if user.may(Can.READ_INSTRUMENTS) else rows.none()


def fit(rows: QuerySet[Instrument], *, is_fit: bool, on: date) -> QuerySet[Instrument]:
    """Those in use and in calibration on the day (or those that are not), as rules.calibration_state says."""
    newest = _newest_first().filter(instrument=OuterRef("pk"), done_on__lte=on)
    passed = Q(last_result=CalibrationResult.PASS, last_due__gte=on, is_active=True)
    rows = rows.annotate(
        last_result=Subquery(newest.values("result")[:1]), last_due=Subquery(newest.values("due_on")[:1])
    )
    fit_ids = rows.filter(passed).values("pk")
    return rows.filter(pk__in=fit_ids) if is_fit else rows.exclude(pk__in=fit_ids)


def calibrations_of(instrument: Instrument) -> QuerySet[Calibration]:
    return _newest_first().filter(instrument=instrument).select_related("recorded_by")


def _newest_first() -> QuerySet[Calibration]:
    return Calibration.objects.order_by("-done_on", "-recorded_at")
