"""Reads: the register, each instrument with its calibrations."""

from django.db.models import Prefetch, QuerySet

from backend.accounts.models import User
from backend.accounts.rules import Can
from fieldservice.instrument.models import Calibration, Instrument


def instruments_for(user: User) -> QuerySet[Instrument]:
    """All instruments for those who may read them, holder and calibrations (newest first) at hand."""
    rows = Instrument.objects.select_related("holder").prefetch_related(
        Prefetch("calibrations", queryset=_newest_first())
    )
    return rows if user.may(Can.READ_INSTRUMENTS) else rows.none()


def calibrations_of(instrument: Instrument) -> QuerySet[Calibration]:
    return _newest_first().filter(instrument=instrument).select_related("recorded_by")


def _newest_first() -> QuerySet[Calibration]:
    return Calibration.objects.order_by("-done_on", "-recorded_at")
