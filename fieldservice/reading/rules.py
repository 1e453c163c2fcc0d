"""Readings: parameters, bases, verdicts, and why one is inconclusive. Pure. How one is judged: judgement.py."""

from collections.abc import Iterable, Mapping, Sequence

from backend.accounts.rules import Role
from backend.core.choices import Code
from backend.core.errors import InvalidInput
from backend.core.errors import mark as _


class Parameter(Code):
    """The values are those of instrument.rules.Quantity."""

    MOISTURE = "moisture"
    NACL = "nacl"
    CONDUCTIVITY = "conductivity"


class Basis(Code):
    """What the value is a share of; part of the value, never assumed."""

    WET = "wet"
    DRY = "dry"
    SOLUTION = "solution"  # of the solution in the beaker, for conductivity


class Verdict(Code):
    """ILAC-G8:09/2019 §4.2.3, non-binary, plus `inconclusive`; the three screening outcomes of field salinity."""

    PASS = "pass"
    CONDITIONAL_PASS = "conditional_pass"
    CONDITIONAL_FAIL = "conditional_fail"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    CONSISTENT = "consistent"
    SUSPICIOUS = "suspicious"
    GROSS_DEVIATION = "gross_deviation"


SCREENING_VERDICTS = (Verdict.INCONCLUSIVE, Verdict.CONSISTENT, Verdict.SUSPICIOUS, Verdict.GROSS_DEVIATION)
OUT_OF_SPEC = (Verdict.FAIL, Verdict.CONDITIONAL_FAIL)
WARN_BAND = (Verdict.CONDITIONAL_PASS, Verdict.CONDITIONAL_FAIL)  # nearer to the limit than the uncertainty


class Reason(Code):
    """Why a reading decides nothing. Permanent codes."""

    NO_INSTRUMENT = "no_instrument"
    INSTRUMENT_INACTIVE = "instrument_inactive"
    INSTRUMENT_WRONG_PARAMETER = "instrument_wrong_parameter"
    INSTRUMENT_NOT_CALIBRATED = "instrument_not_calibrated"
    INSTRUMENT_OUT_OF_CALIBRATION = "instrument_out_of_calibration"
    INSTRUMENT_CALIBRATION_FAILED = "instrument_calibration_failed"
    PRODUCT_CURVE_MISSING = "product_curve_missing"
    UNCERTAINTY_UNKNOWN = "uncertainty_unknown"
    DRYING_TEMPERATURE_MISSING = "drying_temperature_missing"
    DRYING_TEMPERATURE_MISMATCH = "drying_temperature_mismatch"
    REPLICATES_DISAGREE = "replicates_disagree"
    DILUTION_MISSING = "dilution_missing"
    NO_LIMIT = "no_limit"
    LIMIT_UNCONFIRMED = "limit_unconfirmed"
    LIMIT_UNIT_UNKNOWN = "limit_unit_unknown"
    BASIS_MISMATCH = "basis_mismatch"
    SCREENING_ONLY = "screening_only"
    BEFORE_PRODUCTION = "before_production"
    BEFORE_VISIT = "before_visit"
    TIME_UNPROVEN = "time_unproven"


# What QC may answer for with a reason: the certificate is there, only its date or the register says no. Never a
# failed calibration, a missing one, or anything about the value itself.
WAIVABLE = frozenset({Reason.INSTRUMENT_OUT_OF_CALIBRATION, Reason.INSTRUMENT_INACTIVE})


class NextStep(Code):
    SEAL_SAMPLE_FOR_LAB = "seal_sample_for_lab"
    CHECK_METER_AND_DILUTION = "check_meter_and_dilution"
    REPEAT_MEASUREMENT = "repeat_measurement"
    USE_FIT_INSTRUMENT = "use_fit_instrument"
    DRY_AT_METHOD_TEMPERATURE = "dry_at_method_temperature"
    STATE_MOISTURE = "state_moisture"
    STATE_DILUTION = "state_dilution"
    ASK_QC_FOR_LIMIT = "ask_qc_for_limit"


VERDICT_TEXTS: Mapping[Verdict, str] = {
    Verdict.PASS: _("Conforms: inside the limit by more than the uncertainty."),
    Verdict.CONDITIONAL_PASS: _("Inside the limit, but by less than the uncertainty."),
    Verdict.CONDITIONAL_FAIL: _("Outside the limit, but by less than the uncertainty."),
    Verdict.FAIL: _("Does not conform: outside the limit by more than the uncertainty."),
    Verdict.INCONCLUSIVE: _("Decides nothing; see the reasons."),
    Verdict.CONSISTENT: _("Screening: consistent with the limit. A field meter does not decide the grade."),
    Verdict.SUSPICIOUS: _("Screening: suspicious. Only the laboratory decides: send a sealed sample."),
    Verdict.GROSS_DEVIATION: _(
        "Screening: gross deviation. Only the laboratory decides: send a sealed sample."
    ),
}
REASON_TEXTS: Mapping[Reason, str] = {
    Reason.NO_INSTRUMENT: _("No instrument was named."),
    Reason.INSTRUMENT_INACTIVE: _("The instrument is out of use."),
    Reason.INSTRUMENT_WRONG_PARAMETER: _("The instrument does not measure this."),
    Reason.INSTRUMENT_NOT_CALIBRATED: _("The instrument had no calibration on that day."),
    Reason.INSTRUMENT_OUT_OF_CALIBRATION: _("The instrument's calibration was overdue on that day."),
    Reason.INSTRUMENT_CALIBRATION_FAILED: _("The instrument had failed its calibration."),
    Reason.PRODUCT_CURVE_MISSING: _("A near-infrared meter needs a named calibration curve of the product."),
    Reason.UNCERTAINTY_UNKNOWN: _("The uncertainty is not known, so nothing can be decided."),
    Reason.DRYING_TEMPERATURE_MISSING: _("The drying temperature was not stated."),
    Reason.DRYING_TEMPERATURE_MISMATCH: _("The limit is defined for another drying temperature."),
    Reason.REPLICATES_DISAGREE: _("The replicates differ by more than repeatability allows."),
    Reason.DILUTION_MISSING: _("The meter reads a solution; the masses of sample and solution are missing."),
    Reason.NO_LIMIT: _("No limit is in force for this product, grade and day."),
    Reason.LIMIT_UNCONFIRMED: _("The limit has not been confirmed by QC yet."),
    Reason.LIMIT_UNIT_UNKNOWN: _("The limit's unit cannot be compared with the reading's."),
    Reason.BASIS_MISMATCH: _("Reading and limit have different bases and the moisture is not known."),
    Reason.SCREENING_ONLY: _("Field salinity only screens; the laboratory decides purity."),
    Reason.BEFORE_PRODUCTION: _("By its time it was made before the batch was produced."),
    Reason.BEFORE_VISIT: _("By its time it was made before the visit."),
    Reason.TIME_UNPROVEN: _("It arrived long after its time, and the phone did not send its clock."),
}
NEXT_STEP_TEXTS: Mapping[NextStep, str] = {
    NextStep.SEAL_SAMPLE_FOR_LAB: _("Seal a sample and send it to the laboratory."),
    NextStep.CHECK_METER_AND_DILUTION: _("Check the meter with its standard and the two masses."),
    NextStep.REPEAT_MEASUREMENT: _("Repeat the measurement with new portions."),
    NextStep.USE_FIT_INSTRUMENT: _("Measure again with an instrument in calibration."),
    NextStep.DRY_AT_METHOD_TEMPERATURE: _("Dry at the temperature of the method and state it."),
    NextStep.STATE_MOISTURE: _("State the moisture of the sample."),
    NextStep.STATE_DILUTION: _("State the masses of sample and solution."),
    NextStep.ASK_QC_FOR_LIMIT: _("Ask QC to confirm the limit of this product."),
}
_AFTER_REASON: Mapping[Reason, NextStep] = {
    Reason.PRODUCT_CURVE_MISSING: NextStep.SEAL_SAMPLE_FOR_LAB,
    Reason.DRYING_TEMPERATURE_MISSING: NextStep.DRY_AT_METHOD_TEMPERATURE,
    Reason.DRYING_TEMPERATURE_MISMATCH: NextStep.DRY_AT_METHOD_TEMPERATURE,
    Reason.REPLICATES_DISAGREE: NextStep.REPEAT_MEASUREMENT,
    Reason.DILUTION_MISSING: NextStep.STATE_DILUTION,
    Reason.NO_LIMIT: NextStep.ASK_QC_FOR_LIMIT,
    Reason.LIMIT_UNCONFIRMED: NextStep.ASK_QC_FOR_LIMIT,
    Reason.LIMIT_UNIT_UNKNOWN: NextStep.ASK_QC_FOR_LIMIT,
    Reason.BASIS_MISMATCH: NextStep.STATE_MOISTURE,
    Reason.BEFORE_PRODUCTION: NextStep.REPEAT_MEASUREMENT,
    Reason.BEFORE_VISIT: NextStep.REPEAT_MEASUREMENT,
    Reason.TIME_UNPROVEN: NextStep.REPEAT_MEASUREMENT,
}
_AFTER_VERDICT: Mapping[Verdict, Sequence[NextStep]] = {
    Verdict.CONDITIONAL_PASS: (NextStep.SEAL_SAMPLE_FOR_LAB,),
    Verdict.CONDITIONAL_FAIL: (NextStep.SEAL_SAMPLE_FOR_LAB,),
    Verdict.SUSPICIOUS: (NextStep.SEAL_SAMPLE_FOR_LAB,),
    Verdict.GROSS_DEVIATION: (NextStep.CHECK_METER_AND_DILUTION, NextStep.SEAL_SAMPLE_FOR_LAB),
}


def next_steps(verdict: Verdict, *, reasons: Sequence[Reason]) -> list[NextStep]:
    """What the technician does now, each step once, in the order it is done."""
    after = [
        _AFTER_REASON.get(reason, NextStep.USE_FIT_INSTRUMENT)
        for reason in reasons
        if reason is not Reason.SCREENING_ONLY
    ]
    return list(dict.fromkeys([*after, *_AFTER_VERDICT.get(verdict, ())]))


# Source: the roles matrix. Production reads readings by batch without the customer; dealers the result, no notes.
HIDDEN: Mapping[Role, frozenset[str]] = {
    Role.PRODUCTION: frozenset(
        {"visit", "visit_number", "note", "photo", "recorded_by", "correction_reason"}
    ),
    Role.DEALER: frozenset({"note", "photo", "recorded_by", "correction_reason"}),
}


# The field each filter of the list speaks about, where that field is not shown to everybody.
FILTERED: Mapping[str, str] = {"visit": "visit"}
SOMETIMES_HIDDEN = frozenset().union(*HIDDEN.values())


def is_shown(field: str, *, role: Role) -> bool:
    """Whether a role gets a field of a reading; what it does not get is absent, not null."""
    return field not in HIDDEN.get(role, frozenset())


def check_filters(names: Iterable[str], *, role: Role) -> None:
    """Raises InvalidInput (400) naming each filter by a field the role is not shown."""
    hidden = [name for name in names if name in FILTERED and not is_shown(FILTERED[name], role=role)]
    if hidden:
        raise InvalidInput(errors={name: _("Your role cannot filter by this.") for name in hidden})
