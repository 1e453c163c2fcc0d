"""From the display to a value with its uncertainty. Pure and exact.

U = 2·√((a/√3)² + (U_cert/2)² + s²/n), k = 2: a = the instrument's accuracy bound at the mean, U_cert from its
certificate, s the standard deviation of n replicates; all times the dilution where a solution was read.
"""

from dataclasses import dataclass
from decimal import Decimal

from backend.core.errors import InvalidInput
from backend.core.errors import mark as _
from fieldservice.instrument.rules import (
    DIMENSION,
    MEASURES,
    Certificate,
    InstrumentKind,
    Meter,
    OutsideRange,
    Quantity,
    accuracy_bound,
    check_displayed,
    plain,
    standard_uncertainty,
)
from fieldservice.instrument.unit import OWN_UNIT, Dimension, Unit, convert, unit_of
from fieldservice.reading.conformity import half_even
from fieldservice.reading.repeatability import agree, repeatability_limit
from fieldservice.reading.rules import Basis, Parameter

K = 2  # coverage factor of every U in the house, about 95 %
STEP = Decimal("0.000001")  # what the database keeps
# What a display of such a quantity can show at all, in its own unit; saturated brine has about 250 mS/cm.
PLAUSIBLE = {Dimension.MASS_FRACTION: Decimal(100), Dimension.CONDUCTIVITY: Decimal(2000)}
LARGEST_SHARE = Decimal(150)  # g/100g after dilution: above it the two masses were mixed up
LARGEST_DILUTION = 10_000  # solution over sample, by mass; the form asks for 100
SHOWS_PURITY_FROM = Decimal(50)  # g/100g: a meter with less range cannot show the purity of salt undiluted


@dataclass(frozen=True)
class Measured:
    """What the technician read: replicates in `unit`, on `basis`; masses in g, temperature in °C.

    `sample_g` made up to `solution_g` where a solution was read; `moisture_pct` g/100g wet, where it is known.
    """

    parameter: Parameter
    basis: Basis
    unit: str
    replicates: tuple[Decimal, ...]
    drying_temp_c: Decimal | None = None
    sample_g: Decimal | None = None
    solution_g: Decimal | None = None
    moisture_pct: Decimal | None = None

    @property
    def quantity(self) -> Quantity:
        return Quantity(self.parameter.value)

    @property
    def dimension(self) -> Dimension:
        return DIMENSION[self.quantity]

    @property
    def read_unit(self) -> Unit:
        """Raises UnknownUnit, IncompatibleUnit (400)."""
        return unit_of(self.unit, dimension=self.dimension)

    @property
    def own_unit(self) -> Unit:
        """The unit `Reading.value` is kept in: g/100g, or mS/cm for a conductivity."""
        return unit_of(OWN_UNIT[self.dimension], dimension=self.dimension)

    @property
    def dilution(self) -> Decimal:
        """Share of the sample = share of the solution × this."""
        if self.sample_g is None or self.solution_g is None:
            return Decimal(1)
        return self.solution_g / self.sample_g

    @property
    def mean(self) -> Decimal:
        """Of the replicates, unrounded, in the unit read."""
        return sum(self.replicates, Decimal(0)) / len(self.replicates)

    @property
    def value(self) -> Decimal:
        """The mean in the own unit, of the sample, on the basis read."""
        return convert(self.mean, unit=self.read_unit, to=self.own_unit) * self.dilution


def measures(meter: Meter, *, quantity: Quantity) -> bool:
    """Whether the instrument is one for this quantity."""
    return meter.parameter == quantity and quantity in MEASURES[InstrumentKind(meter.kind)]


def check_measured(measured: Measured, *, meter: Meter | None) -> None:
    """Raises UnknownUnit, IncompatibleUnit, OutsideRange, FinerThanResolution, InvalidInput (400)."""
    unit = measured.read_unit
    _check_basis(measured)
    _check_masses(measured)
    largest = convert(PLAUSIBLE[measured.dimension], unit=measured.own_unit, to=unit)
    for index, value in enumerate(measured.replicates):
        at = {"replicates": {str(index): OutsideRange.title}}
        if not 0 <= value <= largest:
            raise OutsideRange(value=plain(value), unit=unit.symbol, low="0", high=plain(largest), errors=at)
        if meter is not None and measures(meter, quantity=measured.quantity):
            own = unit_of(meter.unit, dimension=measured.dimension)
            check_displayed(convert(value, unit=unit, to=own), meter=meter, index=index)


def _check_basis(measured: Measured) -> None:
    is_solution = measured.basis is Basis.SOLUTION
    if is_solution != (measured.parameter is Parameter.CONDUCTIVITY):
        raise InvalidInput(errors={"basis": _("A conductivity is of a solution; a share is wet or dry.")})


def _check_masses(measured: Measured) -> None:
    sample, solution = measured.sample_g, measured.solution_g
    if (sample is None) != (solution is None):
        raise InvalidInput(errors={"solution_g": _("Sample and solution are both needed, or neither.")})
    if sample is None or solution is None:
        return
    if measured.parameter is not Parameter.NACL:
        raise InvalidInput(errors={"sample_g": _("Only salinity is read in a solution.")})
    if not 0 < sample <= solution <= LARGEST_DILUTION * sample:
        raise InvalidInput(errors={"solution_g": _("These masses of sample and solution cannot be.")})
    if measured.value > LARGEST_SHARE:
        raise OutsideRange(
            value=plain(half_even(measured.value, quantum=Decimal("0.01"))),
            unit=measured.own_unit.symbol,
            low="0",
            high=plain(LARGEST_SHARE),
            errors={"solution_g": OutsideRange.title},
        )


def reads_solution(meter: Meter) -> bool:
    """Whether the meter cannot show the purity of salt, so that its display is a solution's."""
    if meter.parameter != Quantity.NACL:
        return False
    unit = unit_of(meter.unit, dimension=Dimension.MASS_FRACTION)
    return meter.range_high * unit.factor < SHOWS_PURITY_FROM


def expanded_uncertainty(measured: Measured, *, meter: Meter, calibration: Certificate) -> Decimal:
    """U of `measured.value`, k = 2, in the own unit. `meter` measures the quantity."""
    unit = unit_of(meter.unit, dimension=measured.dimension)
    shown = convert(measured.mean, unit=measured.read_unit, to=unit)
    single = convert(
        standard_uncertainty(shown, meter=meter, calibration=calibration), unit=unit, to=measured.own_unit
    )
    scatter = convert(_standard_error(measured.replicates), unit=measured.read_unit, to=measured.own_unit)
    return K * (single * single + scatter * scatter).sqrt() * measured.dilution


def _standard_error(values: tuple[Decimal, ...]) -> Decimal:
    """s/√n in the unit of the values; 0 for one value, whose scatter is not known."""
    count = len(values)
    if count < 2:
        return Decimal(0)
    mean = sum(values, Decimal(0)) / count
    squares = sum(((value - mean) ** 2 for value in values), Decimal(0))
    return (squares / (count - 1) / count).sqrt()


def replicates_agree(measured: Measured, *, meter: Meter) -> bool:
    """Whether the replicates lie within repeatability of this instrument. `meter` measures the quantity."""
    unit = unit_of(meter.unit, dimension=measured.dimension)
    shown = tuple(convert(value, unit=measured.read_unit, to=unit) for value in measured.replicates)
    mean = sum(shown, Decimal(0)) / len(shown)
    accuracy = accuracy_bound(mean, meter=meter)
    limit = repeatability_limit(mean, parameter=measured.quantity, accuracy=accuracy)
    return agree(shown, limit=limit)
