"""Field instruments: kinds, what each may measure, its uncertainty, and whether one is fit on a day. Pure."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol, TypeVar

from backend.core.choices import Code
from backend.core.errors import DomainError, InvalidInput
from backend.core.errors import mark as _
from fieldservice.instrument.unit import Dimension, unit_of


class InstrumentKind(Code):
    SALINITY_METER = "salinity_meter"
    CONDUCTIVITY_METER = "conductivity_meter"
    REFRACTOMETER = "refractometer"
    HALOGEN_MOISTURE_ANALYSER = "halogen_moisture_analyser"
    NIR_MOISTURE_METER = "nir_moisture_meter"
    BALANCE = "balance"
    THERMOHYGROMETER = "thermohygrometer"


class Quantity(Code):
    """What an instrument measures; the first three are the parameters of readings."""

    MOISTURE = "moisture"
    NACL = "nacl"
    CONDUCTIVITY = "conductivity"
    MASS = "mass"
    RELATIVE_HUMIDITY = "relative_humidity"


class CalibrationKind(Code):
    """校准 and 检定 are different things in Chinese metrology law."""

    CALIBRATION = "calibration"
    VERIFICATION = "verification"


class CalibrationResult(Code):
    PASS = "pass"
    FAIL = "fail"


class CalibrationState(Code):
    """Of an instrument on a day."""

    IN_DATE = "in_date"
    OVERDUE = "overdue"
    FAILED = "failed"
    NONE = "none"


DIMENSION: Mapping[Quantity, Dimension] = {
    Quantity.MOISTURE: Dimension.MASS_FRACTION,
    Quantity.NACL: Dimension.MASS_FRACTION,
    Quantity.CONDUCTIVITY: Dimension.CONDUCTIVITY,
    Quantity.MASS: Dimension.MASS,
    Quantity.RELATIVE_HUMIDITY: Dimension.HUMIDITY,
}
MEASURES: Mapping[InstrumentKind, frozenset[Quantity]] = {
    InstrumentKind.SALINITY_METER: frozenset({Quantity.NACL, Quantity.CONDUCTIVITY}),
    InstrumentKind.CONDUCTIVITY_METER: frozenset({Quantity.NACL, Quantity.CONDUCTIVITY}),
    InstrumentKind.REFRACTOMETER: frozenset({Quantity.NACL}),
    InstrumentKind.HALOGEN_MOISTURE_ANALYSER: frozenset({Quantity.MOISTURE}),
    InstrumentKind.NIR_MOISTURE_METER: frozenset({Quantity.MOISTURE}),
    InstrumentKind.BALANCE: frozenset({Quantity.MASS}),
    InstrumentKind.THERMOHYGROMETER: frozenset({Quantity.RELATIVE_HUMIDITY}),
}


class Meter(Protocol):
    """What the rules need of an instrument; numbers in its own `unit`."""

    @property
    def kind(self) -> str: ...
    @property
    def parameter(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def range_low(self) -> Decimal: ...
    @property
    def range_high(self) -> Decimal: ...
    @property
    def resolution(self) -> Decimal: ...
    @property
    def accuracy_abs(self) -> Decimal: ...
    @property
    def accuracy_pct(self) -> Decimal: ...
    @property
    def is_active(self) -> bool: ...


class Certificate(Protocol):
    """What the rules need of a calibration; `expanded_u` with k = 2 in the instrument's unit."""

    @property
    def done_on(self) -> date: ...
    @property
    def due_on(self) -> date: ...
    @property
    def expanded_u(self) -> Decimal: ...
    @property
    def result(self) -> str: ...
    @property
    def recorded_at(self) -> datetime: ...


C = TypeVar("C", bound=Certificate)


class OutsideRange(DomainError):
    code, status, title = "outside_range", 400, _("The value lies outside what can be measured")
    detail = _("{value} {unit} lies outside {low} to {high} {unit}.")


class FinerThanResolution(DomainError):
    code, status, title = "finer_than_resolution", 400, _("The instrument cannot show this value")
    detail = _("The display shows steps of {resolution} {unit}; {value} is finer.")


def check_instrument(meter: Meter) -> None:
    """Raises InvalidInput, UnknownUnit, IncompatibleUnit (400) where the entry cannot be an instrument."""
    quantity = Quantity(meter.parameter)
    if quantity not in MEASURES[InstrumentKind(meter.kind)]:
        raise InvalidInput(errors={"parameter": _("An instrument of this kind does not measure that.")})
    unit_of(meter.unit, dimension=DIMENSION[quantity])
    if meter.range_low >= meter.range_high:
        raise InvalidInput(errors={"range_high": _("The range must end above its start.")})
    if meter.resolution <= 0:
        raise InvalidInput(errors={"resolution": _("The resolution must be above zero.")})
    if min(meter.accuracy_abs, meter.accuracy_pct) < 0 or not (meter.accuracy_abs or meter.accuracy_pct):
        raise InvalidInput(errors={"accuracy_abs": _("Accuracy in the unit or in percent is needed.")})
    if meter.accuracy_abs > meter.range_high - meter.range_low or meter.accuracy_pct > 100:
        raise InvalidInput(errors={"accuracy_abs": _("An instrument this inaccurate measures nothing.")})


def check_expanded_u(expanded_u: Decimal, *, meter: Meter) -> None:
    """Raises InvalidInput (400) where the certificate's U is wider than the instrument's range."""
    if expanded_u > meter.range_high - meter.range_low:
        raise InvalidInput(errors={"expanded_u": _("The uncertainty is wider than the range.")})


def check_calibration(*, done_on: date, due_on: date, today: date) -> None:
    """Raises InvalidInput (400) where the dates cannot be."""
    if done_on > today:
        raise InvalidInput(errors={"done_on": _("This day has not come yet.")})
    if due_on <= done_on:
        raise InvalidInput(errors={"due_on": _("The next one must be due after this one.")})


def check_displayed(value: Decimal, *, meter: Meter, index: int = 0) -> None:
    """`value` in the meter's unit, the `index`th replicate. Raises OutsideRange, FinerThanResolution (400)."""
    if not meter.range_low <= value <= meter.range_high:
        raise OutsideRange(
            value=plain(value),
            unit=meter.unit,
            low=plain(meter.range_low),
            high=plain(meter.range_high),
            errors={"replicates": {str(index): OutsideRange.title}},
        )
    if value % meter.resolution:
        raise FinerThanResolution(
            value=plain(value),
            unit=meter.unit,
            resolution=plain(meter.resolution),
            errors={"replicates": {str(index): FinerThanResolution.title}},
        )


def plain(value: Decimal) -> str:
    """The number without trailing zeros or exponent.

    >>> plain(Decimal("100.000000")), plain(Decimal("0.280000"))
    ('100', '0.28')
    """
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def calibration_on(rows: Iterable[C], *, on: date) -> C | None:
    """The calibration that speaks for the day: the latest done by then; of one day's entries the last recorded."""
    done = [row for row in rows if row.done_on <= on]
    return max(done, key=lambda row: (row.done_on, row.recorded_at), default=None)


def calibration_state(calibration: Certificate | None, *, on: date) -> CalibrationState:
    """Whether the instrument is in calibration on the day; the day it is due still counts."""
    if calibration is None:
        return CalibrationState.NONE
    if calibration.result == CalibrationResult.FAIL:
        return CalibrationState.FAILED
    return CalibrationState.OVERDUE if calibration.due_on < on else CalibrationState.IN_DATE


def accuracy_bound(value: Decimal, *, meter: Meter) -> Decimal:
    """a = accuracy_abs + accuracy_pct % of the value, in the meter's unit: what the maker promises at most."""
    return meter.accuracy_abs + meter.accuracy_pct * abs(value) / 100


def standard_uncertainty(value: Decimal, *, meter: Meter, calibration: Certificate) -> Decimal:
    """u of one value in the meter's unit: √((a/√3)² + (U/2)²).

    a = accuracy_bound, rectangular (GUM 4.3.7); U from the certificate, k = 2.
    """
    bound = accuracy_bound(value, meter=meter)
    return (bound * bound / 3 + calibration.expanded_u * calibration.expanded_u / 4).sqrt()
