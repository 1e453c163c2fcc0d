"""Reads: who sees which readings, which of them are evidence now, and what one is judged by."""

from datetime import date, datetime

from django.db.models import BooleanField, Case, OuterRef, Prefetch, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import TruncDate

from backend.accounts.models import User
from backend.accounts.queries import region_scope
from backend.accounts.rules import Can, Role
from backend.core.clock import FACTORY_ZONE
from fieldservice.instrument.models import Calibration, Instrument
from fieldservice.instrument.rules import CalibrationResult
from fieldservice.reading.models import Reading, Replicate
from fieldservice.reading.rules import OUT_OF_SPEC, Parameter
from fieldservice.visit.models import CheckPoint, Visit
from fieldservice.visit.rules import CheckKind
from traceability.batch.models import Batch
from traceability.product.models import Product, SpecLimit
from traceability.product.queries import limits_in_force


def readings_for(user: User) -> QuerySet[Reading]:
    """The readings the user may read, everything an answer shows at hand, `in_doubt` among it.

    Technicians: those they made and those of their visits. Clerks: their regions. Dealers: the own customer's.
    """
    if not user.may(Can.READ_READINGS):
        return Reading.objects.none()
    rows = readings()
    regions = region_scope(user)
    if regions is not None:
        return rows.filter(visit__region__in=regions)
    if user.role == Role.TECHNICIAN:
        return rows.filter(Q(recorded_by=user) | Q(visit__technician=user))
    if user.role == Role.DEALER:
        return rows.filter(visit__customer__accounts__user=user)
    return rows


def readings() -> QuerySet[Reading]:
    """All readings with what an answer shows, annotated with `in_doubt`."""
    return with_doubt(Reading.objects.all()).select_related(
        "visit", "batch__product", "instrument", "calibration", "spec_limit", "recorded_by",
        "superseded_by", "waiver__by", "waiver__spec_limit",
    ).prefetch_related(Prefetch("replicates", queryset=Replicate.objects.order_by("position")))  # fmt: skip


def with_doubt(rows: QuerySet[Reading]) -> QuerySet[Reading]:
    """The rows with `in_doubt`: the instrument failed the calibration of that day, or the next one after it."""
    of_instrument = Calibration.objects.filter(instrument=OuterRef("instrument"))
    of_the_day = of_instrument.filter(done_on__lte=OuterRef("day")).order_by("-done_on", "-recorded_at")
    the_next = of_instrument.filter(done_on__gt=OuterRef("day")).order_by("done_on", "-recorded_at")
    has_failed = Q(result_then=CalibrationResult.FAIL) | Q(result_next=CalibrationResult.FAIL)
    return rows.annotate(
        day=TruncDate("corrected_at", tzinfo=FACTORY_ZONE),
        result_then=Subquery(of_the_day.values("result")[:1]),
        result_next=Subquery(the_next.values("result")[:1]),
        in_doubt=Case(When(has_failed, then=Value(True)), default=Value(False), output_field=BooleanField()),
    )


def evidence(rows: QuerySet[Reading]) -> QuerySet[Reading]:
    """Those that count now: judged or waived, not superseded, the instrument not failed since."""
    counts = Q(is_evidential=True) | Q(waiver__isnull=False)
    return with_doubt(rows).filter(counts, Q(("in_doubt", False)), superseded_by=None)


def is_current_evidence(reading: Reading) -> bool:
    """Whether the reading counts now."""
    return evidence(Reading.objects.filter(pk=reading.pk)).exists()


def out_of_spec(batch: Batch) -> QuerySet[Reading]:
    """The batch's readings that count now and lie outside their limit, by their own verdict or QC's waiver."""
    outside = Q(waiver__isnull=True, verdict__in=OUT_OF_SPEC) | Q(waiver__verdict__in=OUT_OF_SPEC)
    return evidence(Reading.objects.filter(batch=batch)).filter(outside)


def arrived_at(visit: Visit) -> datetime | None:
    """The corrected time of the visit's check-in; None while none has come."""
    arrivals = CheckPoint.objects.filter(visit=visit, kind=CheckKind.IN)
    return arrivals.values_list("corrected_at", flat=True).first()


def calibrations_of(instrument: Instrument) -> list[Calibration]:
    return list(Calibration.objects.filter(instrument=instrument))


def has_unconfirmed_limit(product: Product, *, parameter: Parameter, on: date) -> bool:
    """Whether a limit would hold on the day if QC had confirmed it."""
    rows = SpecLimit.objects.filter(
        limits_in_force(on),
        product_key=product.limit_key,
        grade__in={product.limit_grade, ""},
        parameter=parameter,
        needs_confirmation=True,
    )
    return bool(product.limit_key) and rows.exists()
