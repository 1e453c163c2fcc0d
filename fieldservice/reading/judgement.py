"""How one reading is judged. Pure: the instrument, its certificate, the limit and the day come in as arguments.

Field salinity only screens: its U (1.2 to 5.7 points of NaCl for meters of 1 to 5 %) is wider than a grade step.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Generic, Protocol, TypeVar

from fieldservice.instrument.rules import (
    CalibrationState,
    Certificate,
    InstrumentKind,
    Meter,
    calibration_state,
)
from fieldservice.instrument.unit import IncompatibleUnit, UnknownUnit, unit_of
from fieldservice.reading.conformity import Band, Conformity, assess, half_even
from fieldservice.reading.measurement import (
    STEP,
    Measured,
    expanded_uncertainty,
    measures,
    reads_solution,
    replicates_agree,
)
from fieldservice.reading.rules import Basis, Parameter, Reason, Verdict
from traceability.product.rules import CompareMode, LimitKind

RULE = "ILAC-G8:09/2019 4.2.3"
SCREENING_RULE = "field salinity screening"
# GB/T 13025.3 and GB 5009.42 dry salt at 140 ± 2 °C (V2). Limits of other standards are read by that method too,
# unless they name their own (ISO 2483: 110 °C, from memory).
METHOD_C, TOLERANCE_C = Decimal(140), Decimal(2)
OTHER_METHOD_C: Mapping[str, Decimal] = {"ISO 2483": Decimal(110)}
HUNDRED = Decimal(100)


class Limit(Protocol):
    """What a limit row says; bounds in its own `unit` and `basis`."""

    @property
    def kind(self) -> str: ...
    @property
    def low(self) -> Decimal | None: ...
    @property
    def high(self) -> Decimal | None: ...
    @property
    def unit(self) -> str: ...
    @property
    def basis(self) -> str: ...
    @property
    def standard(self) -> str: ...
    @property
    def compare_mode(self) -> str: ...
    @property
    def decimals(self) -> int | None: ...


L = TypeVar("L", bound=Limit)
R = TypeVar("R")  # the caller's own kind of limit row


@dataclass(frozen=True)
class Instrumentation:
    """The instrument as it was on the day of the reading; `meter` None where none was named."""

    meter: Meter | None
    calibration: Certificate | None
    on: date


@dataclass(frozen=True)
class InForce(Generic[R]):
    """The limit that judges; without one, whether only unconfirmed rows exist."""

    limit: R | None
    has_unconfirmed: bool = False


@dataclass(frozen=True)
class Judgement(Generic[R]):
    """The verdict and all it rests on. `mean` in the unit read; `value`, `expanded_u` in g/100g (mS/cm)."""

    mean: Decimal
    value: Decimal
    verdict: Verdict
    reasons: tuple[Reason, ...]
    is_evidential: bool
    limit: R | None
    expanded_u: Decimal | None
    p_conform: Decimal | None
    decision_rule: str


def judge(
    measured: Measured,
    *,
    by: Instrumentation,
    against: InForce[L],
    timing: Sequence[Reason] = (),
    waived: frozenset[Reason] = frozenset(),
) -> Judgement[L]:
    """The judgement of a checked reading; `waived` reasons do not count. Never a pass while a reason stands.

    `timing`: what stands against the time of the reading, see timing.py.
    """
    u = _expanded_u(measured, by=by)
    limit = against.limit
    found = [
        *_instrument_reasons(measured, by=by),
        *_measurement_reasons(measured, by=by, u=u),
        *_limit_reasons(measured, against=against),
        *timing,
    ]
    reasons = tuple(reason for reason in found if reason not in waived)
    is_screening = measured.parameter is Parameter.NACL
    conformity = None
    if not reasons and limit is not None and u is not None:
        conformity = _conformity(measured, u=u, limit=limit)
    verdict = conformity.verdict if conformity else Verdict.INCONCLUSIVE
    if is_screening:
        reasons = (*reasons, Reason.SCREENING_ONLY)
        verdict = _screened(verdict, value=measured.value, u=u)
    return Judgement(
        mean=half_even(measured.mean, quantum=STEP),
        value=half_even(measured.value, quantum=STEP),
        verdict=verdict,
        reasons=reasons,
        is_evidential=conformity is not None and not is_screening,
        limit=limit,
        expanded_u=half_even(u, quantum=STEP) if u is not None else None,
        p_conform=conformity.p_conform if conformity else None,
        decision_rule=SCREENING_RULE if is_screening else RULE,
    )


def _expanded_u(measured: Measured, *, by: Instrumentation) -> Decimal | None:
    if by.meter is None or by.calibration is None or not measures(by.meter, quantity=measured.quantity):
        return None
    return expanded_uncertainty(measured, meter=by.meter, calibration=by.calibration) or None


_BY_STATE: Mapping[CalibrationState, Reason] = {
    CalibrationState.NONE: Reason.INSTRUMENT_NOT_CALIBRATED,
    CalibrationState.OVERDUE: Reason.INSTRUMENT_OUT_OF_CALIBRATION,
    CalibrationState.FAILED: Reason.INSTRUMENT_CALIBRATION_FAILED,
}


def _instrument_reasons(measured: Measured, *, by: Instrumentation) -> list[Reason]:
    if by.meter is None:
        return [Reason.NO_INSTRUMENT]
    state = calibration_state(by.calibration, on=by.on)
    found = (
        (not measures(by.meter, quantity=measured.quantity), Reason.INSTRUMENT_WRONG_PARAMETER),
        (not by.meter.is_active, Reason.INSTRUMENT_INACTIVE),
        (state in _BY_STATE, _BY_STATE.get(state, Reason.INSTRUMENT_NOT_CALIBRATED)),
        (by.meter.kind == InstrumentKind.NIR_MOISTURE_METER, Reason.PRODUCT_CURVE_MISSING),
    )
    return [reason for applies, reason in found if applies]


def _measurement_reasons(measured: Measured, *, by: Instrumentation, u: Decimal | None) -> list[Reason]:
    meter = by.meter
    if meter is None or not measures(meter, quantity=measured.quantity):
        return []
    lacks_masses = measured.sample_g is None and reads_solution(meter)
    found = (
        (by.calibration is not None and u is None, Reason.UNCERTAINTY_UNKNOWN),
        (not replicates_agree(measured, meter=meter), Reason.REPLICATES_DISAGREE),
        (measured.parameter is Parameter.NACL and lacks_masses, Reason.DILUTION_MISSING),
    )
    return [reason for applies, reason in found if applies]


def _limit_reasons(measured: Measured, *, against: InForce[L]) -> list[Reason]:
    limit = against.limit
    if limit is None or limit.kind == LimitKind.PROFILE:
        missing = Reason.LIMIT_UNCONFIRMED if against.has_unconfirmed else Reason.NO_LIMIT
        return [*_temperature_reasons(measured, standard=""), missing]
    found = _temperature_reasons(measured, standard=limit.standard)
    try:
        unit_of(limit.unit, dimension=measured.dimension)
    except (UnknownUnit, IncompatibleUnit):
        found.append(Reason.LIMIT_UNIT_UNKNOWN)
    if _on_basis(measured.value, measured=measured, basis=limit.basis) is None:
        found.append(Reason.BASIS_MISMATCH)
    return found


def _temperature_reasons(measured: Measured, *, standard: str) -> list[Reason]:
    if measured.parameter is not Parameter.MOISTURE:
        return []
    if measured.drying_temp_c is None:
        return [Reason.DRYING_TEMPERATURE_MISSING]
    wanted = OTHER_METHOD_C.get(standard, METHOD_C)
    if abs(measured.drying_temp_c - wanted) > TOLERANCE_C:
        return [Reason.DRYING_TEMPERATURE_MISMATCH]
    return []


def _conformity(measured: Measured, *, u: Decimal, limit: Limit) -> Conformity:
    """The comparison in the limit's own unit and basis, where its digits mean what is printed."""
    on_basis = _on_basis(measured.value, measured=measured, basis=limit.basis)
    assert on_basis is not None  # a mismatch is a reason, found before
    value, slope = on_basis
    factor = unit_of(limit.unit, dimension=measured.dimension).factor
    band = Band(
        low=limit.low,
        high=limit.high,
        high_is_exclusive=limit.kind == LimitKind.MAX_EXCLUSIVE,
        decimals=limit.decimals if limit.compare_mode == CompareMode.ROUNDED else None,
    )
    return assess(value / factor, expanded_u=u * slope / factor, band=band)


def _on_basis(value: Decimal, *, measured: Measured, basis: str) -> tuple[Decimal, Decimal] | None:
    """Value on the limit's basis and d(value)/d(value read), for U; None where it cannot be known.

    dry = wet/(1 − w/100). The moisture of a moisture reading is itself: dry = 100·w/(100 − w).
    """
    if basis == measured.basis:
        return value, Decimal(1)
    pair = (measured.basis, basis)
    if measured.parameter is Parameter.MOISTURE:
        if pair == (Basis.WET, Basis.DRY) and value < HUNDRED:
            return HUNDRED * value / (HUNDRED - value), (HUNDRED / (HUNDRED - value)) ** 2
        if pair == (Basis.DRY, Basis.WET):
            return HUNDRED * value / (HUNDRED + value), (HUNDRED / (HUNDRED + value)) ** 2
    elif measured.moisture_pct is not None and measured.parameter is Parameter.NACL:
        dry_share = 1 - measured.moisture_pct / HUNDRED
        if pair == (Basis.WET, Basis.DRY):
            return value / dry_share, 1 / dry_share
        if pair == (Basis.DRY, Basis.WET):
            return value * dry_share, dry_share
    return None


_SCREENED: Mapping[Verdict, Verdict] = {
    Verdict.PASS: Verdict.CONSISTENT,
    Verdict.CONDITIONAL_PASS: Verdict.CONSISTENT,
    Verdict.CONDITIONAL_FAIL: Verdict.SUSPICIOUS,
    Verdict.FAIL: Verdict.GROSS_DEVIATION,
    Verdict.INCONCLUSIVE: Verdict.INCONCLUSIVE,
}


def _screened(verdict: Verdict, *, value: Decimal, u: Decimal | None) -> Verdict:
    """What a field meter may say of purity. More than all of the sample by more than U: the measurement is wrong."""
    if verdict is not Verdict.INCONCLUSIVE and u is not None and value - u > HUNDRED:
        return Verdict.GROSS_DEVIATION
    return _SCREENED[verdict]
