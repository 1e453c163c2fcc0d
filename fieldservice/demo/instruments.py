"""A moisture analyser and a salinity meter for each technician, calibrated every year; one is overdue."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from backend.accounts.models import User
from fieldservice.demo.people import People
from fieldservice.demo.stage import Stage
from fieldservice.instrument.models import Instrument
from fieldservice.instrument.rules import CalibrationKind, CalibrationResult, InstrumentKind, Quantity
from fieldservice.instrument.services import (
    CalibrationData,
    InstrumentData,
    record_calibration,
    register_instrument,
)

YEAR = timedelta(days=365)
OVERDUE_DAYS = 25  # the last technician's moisture analyser


@dataclass(frozen=True)
class Case:
    """A technician's two instruments."""

    moisture: Instrument
    salinity: Instrument


def make_instruments(stage: Stage, *, people: People) -> Mapping[str, Case]:
    """User name → instruments, with this and last year's calibrations."""
    cases = {}
    for number, technician in enumerate(people.technicians(), start=1):
        is_overdue = number == len(people.technicians())
        case = Case(
            moisture=register_instrument(_moisture(number, holder=technician)),
            salinity=register_instrument(_salinity(number, holder=technician)),
        )
        due_on = stage.day(OVERDUE_DAYS if is_overdue else -stage.chance.randint(30, 240))
        _calibrate(case.moisture, due_on=due_on, u="0.02", stage=stage, by=people["qc2"])
        due_on = stage.day(-stage.chance.randint(30, 240))
        _calibrate(case.salinity, due_on=due_on, u="0.005", stage=stage, by=people["qc2"])
        cases[technician.username] = case
    return cases


def _moisture(number: int, *, holder: User) -> InstrumentData:
    return InstrumentData(
        serial_no=f"HM140-{240100 + number}",
        kind=InstrumentKind.HALOGEN_MOISTURE_ANALYSER,
        model_name="HM-140 卤素水分测定仪",
        parameter=Quantity.MOISTURE,
        unit="%",
        range_low=Decimal(0),
        range_high=Decimal(100),
        resolution=Decimal("0.01"),
        accuracy_abs=Decimal("0.02"),
        holder=holder.pk,
    )


def _salinity(number: int, *, holder: User) -> InstrumentData:
    return InstrumentData(
        serial_no=f"SX10-{230500 + number}",
        kind=InstrumentKind.SALINITY_METER,
        model_name="SX-10 盐度计",
        parameter=Quantity.NACL,
        unit="%",
        range_low=Decimal(0),
        range_high=Decimal(10),
        resolution=Decimal("0.001"),
        accuracy_pct=Decimal("1"),
        holder=holder.pk,
    )


def _calibrate(instrument: Instrument, *, due_on: date, u: str, stage: Stage, by: User) -> None:
    for due in (due_on - YEAR, due_on):
        data = CalibrationData(
            kind=CalibrationKind.CALIBRATION,
            done_on=due - YEAR,
            due_on=due,
            certificate_no=f"JL{due - YEAR:%Y}-{instrument.serial_no}",
            expanded_u=Decimal(u),
            result=CalibrationResult.PASS,
        )
        record_calibration(instrument, data=data, by=by)
