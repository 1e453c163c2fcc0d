"""Recording, correcting and waiving readings. Judged here, on the server, by the limit of that day."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from backend.accounts.made import Made
from backend.accounts.models import User
from backend.accounts.rules import Role
from backend.core import clock
from backend.core.clock import Stamp
from backend.core.errors import DomainError, SamePerson
from backend.core.errors import mark as _
from backend.core.models import Attachment
from backend.core.queue import emit
from fieldservice.instrument.models import Calibration, Instrument
from fieldservice.instrument.rules import calibration_on
from fieldservice.reading import queries
from fieldservice.reading.judgement import InForce, Instrumentation, Judgement, judge
from fieldservice.reading.measurement import Measured, check_measured
from fieldservice.reading.models import Reading, Replicate, Waiver
from fieldservice.reading.rules import OUT_OF_SPEC, WAIVABLE, Basis, Parameter, Reason, Verdict
from fieldservice.reading.timing import TIMING_REASONS, Occasion, timing_reasons
from fieldservice.visit.models import Visit
from fieldservice.visit.rules import NotYourVisit
from fieldservice.visit.services import link_batch, open_for_record
from traceability.batch.models import Batch
from traceability.product.models import SpecLimit
from traceability.product.queries import limits_for_judging
from traceability.product.rules import limit_in_force

NOTHING_WAIVED: frozenset[Reason] = frozenset()


class ReadingCorrected(DomainError):
    """It was superseded: only the newest version is corrected or waived."""

    code, status, title = "reading_corrected", 409, _("This reading was corrected before")
    detail = _("The correction is {superseded_by}.")


class ReadingWaived(DomainError):
    code, status, title = "reading_waived", 409, _("QC has decided on this reading before")


class NotWaivable(DomainError):
    """Something stands against the reading that no reason of QC can heal."""

    code, status, title = "not_waivable", 409, _("This reading cannot be waived")
    detail = _("What stands against it: {reasons}.")


@dataclass(frozen=True)
class ReadingData:
    """One measurement as handed in."""

    measured: Measured
    batch: Batch
    method: str
    instrument: Instrument | None = None
    note: str = ""
    photo: Attachment | None = None


@transaction.atomic
def record_reading(visit: Visit, *, data: ReadingData, made: Made) -> Reading:
    """The reading with its verdict; out of spec and evidential it sets off a quality case.

    Taken before the check-in and after the end of the visit, if it was made before that end; made before the
    check-in (without one: the planned day) or the batch, or at a time nothing proves, it is kept and inconclusive.
    Raises NotYourVisit (403), VisitEnded (409), and what check_measured raises (400).
    """
    row = open_for_record(visit, made=made)
    return _keep(row, data=data, made=made)


@transaction.atomic
def supersede_reading(reading: Reading, *, data: ReadingData, made: Made, reason: str) -> Reading:
    """The correction: a new row with the times of the measurement; the old one stays, and is evidence no more.

    Technicians correct what they measured, QC any. Raises ReadingCorrected (409), NotYourVisit (403).
    """
    row = _locked_newest(reading)
    if made.by.role == Role.TECHNICIAN and made.by.pk not in (row.recorded_by_id, row.visit.technician_id):
        raise NotYourVisit
    stamp = Stamp(
        device_at=row.device_at,
        corrected_at=row.corrected_at,
        received_at=made.stamp.received_at,
        offset_s=0,
        suspect=row.clock_suspect,
        is_proven=_is_proven(row),
    )
    made = Made(id=made.id, by=made.by, device_id=made.device_id, stamp=stamp)
    return _keep(row.visit, data=data, made=made, supersedes=row, correction_reason=reason)


def _locked_newest(reading: Reading) -> Reading:
    # Lock before looking: two corrections may arrive together.
    row = Reading.objects.select_for_update().get(pk=reading.pk)
    newer = Reading.objects.filter(supersedes=row).first()
    if newer is not None:
        raise ReadingCorrected(superseded_by=str(newer.pk))
    return row


def _keep(visit: Visit, *, data: ReadingData, made: Made, **correction: Any) -> Reading:
    measured = data.measured
    check_measured(measured, meter=data.instrument)
    on = clock.factory_date(made.stamp.corrected_at)
    calibration = _calibration(data.instrument, on=on)
    timing = _timing(visit, batch=data.batch, at=made.stamp.corrected_at, is_proven=made.stamp.is_proven)
    judged = _judge(
        measured, batch=data.batch, instrument=data.instrument, calibration=calibration, on=on, timing=timing
    )
    reading = Reading.objects.create(
        **made.columns(),
        **_measured_columns(measured),
        **_judged_columns(judged),
        **correction,
        visit=visit,
        batch=data.batch,
        method=data.method,
        instrument=data.instrument,
        calibration=calibration,
        note=data.note,
        photo=data.photo,
    )
    Replicate.objects.bulk_create(_replicates(reading, values=measured.replicates))
    link_batch(visit, batch=data.batch)
    if judged.is_evidential:
        _tell(reading, verdict=judged.verdict)
    return reading


def _timing(visit: Visit, *, batch: Batch, at: datetime, is_proven: bool) -> Sequence[Reason]:
    occasion = Occasion(
        at=at,
        day=clock.factory_date(at),
        is_proven=is_proven,
        produced_on=batch.produced_on,
        planned_on=visit.planned_on,
        arrived_at=queries.arrived_at(visit),
    )
    return timing_reasons(occasion)


def _is_proven(reading: Reading) -> bool:
    return Reason.TIME_UNPROVEN not in reading.reasons


def _replicates(reading: Reading, *, values: Iterable[Decimal]) -> list[Replicate]:
    return [Replicate(reading=reading, position=at, value=value) for at, value in enumerate(values, start=1)]


def _calibration(instrument: Instrument | None, *, on: date) -> Calibration | None:
    return calibration_on(queries.calibrations_of(instrument), on=on) if instrument else None


def _judge(
    measured: Measured,
    *,
    batch: Batch,
    instrument: Instrument | None,
    calibration: Calibration | None,
    on: date,
    timing: Sequence[Reason],
    waived: frozenset[Reason] = NOTHING_WAIVED,
) -> Judgement[SpecLimit]:
    product, parameter = batch.product, measured.parameter
    limit = limit_in_force(limits_for_judging(product, parameter, on), on=on)
    unconfirmed = limit is None and queries.has_unconfirmed_limit(product, parameter=parameter, on=on)
    return judge(
        measured,
        by=Instrumentation(meter=instrument, calibration=calibration, on=on),
        against=InForce(limit=limit, has_unconfirmed=unconfirmed),
        timing=timing,
        waived=waived,
    )


def _measured_columns(measured: Measured) -> dict[str, Any]:
    return {
        "parameter": measured.parameter,
        "basis": measured.basis,
        "unit": measured.read_unit.symbol,
        "drying_temp_c": measured.drying_temp_c,
        "sample_g": measured.sample_g,
        "solution_g": measured.solution_g,
        "moisture_pct": measured.moisture_pct,
    }


def _judged_columns(judged: Judgement[SpecLimit]) -> dict[str, Any]:
    return {
        "mean": judged.mean,
        "value": judged.value,
        "verdict": judged.verdict,
        "reasons": list(judged.reasons),
        "is_evidential": judged.is_evidential,
        "spec_limit": judged.limit,
        "expanded_u": judged.expanded_u,
        "p_conform": judged.p_conform,
        "decision_rule": judged.decision_rule,
    }


def _tell(reading: Reading, *, verdict: Verdict) -> None:
    if verdict in OUT_OF_SPEC:
        emit("reading.out_of_spec", reading_id=reading.pk)


@transaction.atomic
def waive_reading(reading: Reading, *, by: User, reason: str) -> Waiver:
    """QC answers for an overdue or retired instrument; the verdict the reading then has stands in the waiver.

    Raises SamePerson (403), ReadingCorrected, ReadingWaived, NotWaivable (409).
    """
    row = _locked_newest(reading)
    if row.recorded_by_id == by.pk:
        raise SamePerson
    if Waiver.objects.filter(reading=row).exists():
        raise ReadingWaived
    on = clock.factory_date(row.corrected_at)
    judged = _judge(
        measured_of(row),
        batch=row.batch,
        instrument=row.instrument,
        calibration=_calibration(row.instrument, on=on),
        on=on,
        timing=[reason for reason in TIMING_REASONS if reason in row.reasons],  # as it was when it arrived
        waived=WAIVABLE,
    )
    if judged.reasons or row.is_evidential:
        raise NotWaivable(reasons=", ".join(judged.reasons) or "—")
    waiver = Waiver.objects.create(
        reading=row,
        by=by,
        at=clock.now(),
        reason=reason,
        verdict=judged.verdict,
        spec_limit=judged.limit,
        expanded_u=judged.expanded_u,
        p_conform=judged.p_conform,
    )
    _tell(row, verdict=judged.verdict)
    return waiver


def measured_of(reading: Reading) -> Measured:
    """What was measured, from the stored row: judging it again gives the same."""
    return Measured(
        parameter=Parameter(reading.parameter),
        basis=Basis(reading.basis),
        unit=reading.unit,
        replicates=tuple(row.value for row in reading.replicates.order_by("position")),
        drying_temp_c=reading.drying_temp_c,
        sample_g=reading.sample_g,
        solution_g=reading.solution_g,
        moisture_pct=reading.moisture_pct,
    )
