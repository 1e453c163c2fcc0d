"""What may never be a pass, what a field salinity meter may say, and how basis and unit are part of a value."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from backend.core.errors import DomainError, InvalidInput
from fieldservice.instrument.rules import FinerThanResolution, OutsideRange
from fieldservice.instrument.unit import IncompatibleUnit, UnknownUnit
from fieldservice.reading.judgement import InForce, Instrumentation, judge
from fieldservice.reading.measurement import Measured, check_measured
from fieldservice.reading.rules import (
    NEXT_STEP_TEXTS,
    REASON_TEXTS,
    VERDICT_TEXTS,
    WAIVABLE,
    Basis,
    NextStep,
    Parameter,
    Reason,
    Verdict,
    next_steps,
)

DAY = date(2026, 6, 1)


@dataclass(frozen=True)
class Meter:
    kind: str = "halogen_moisture_analyser"
    parameter: str = "moisture"
    unit: str = "%"
    range_low: Decimal = Decimal(0)
    range_high: Decimal = Decimal(50)
    resolution: Decimal = Decimal("0.01")
    accuracy_abs: Decimal = Decimal("0.02")
    accuracy_pct: Decimal = Decimal(0)
    is_active: bool = True


@dataclass(frozen=True)
class Certificate:
    done_on: date = date(2026, 1, 10)
    due_on: date = date(2027, 1, 10)
    expanded_u: Decimal = Decimal("0.02")
    result: str = "pass"
    recorded_at: datetime = datetime(2026, 1, 11, tzinfo=UTC)


@dataclass(frozen=True)
class Limit:
    kind: str = "max"
    low: Decimal | None = None
    high: Decimal | None = Decimal("0.30")
    unit: str = "g/100g"
    basis: str = "wet"
    standard: str = "GB/T 5461"
    compare_mode: str = "full_value"
    decimals: int | None = 2


MOISTURE = Measured(
    parameter=Parameter.MOISTURE,
    basis=Basis.WET,
    unit="%",
    replicates=(Decimal("0.20"), Decimal("0.21"), Decimal("0.20")),
    drying_temp_c=Decimal(140),
)
SALINITY_METER = Meter(
    kind="salinity_meter",
    parameter="nacl",
    range_high=Decimal(10),
    resolution=Decimal("0.001"),
    accuracy_abs=Decimal(0),
    accuracy_pct=Decimal(2),
)
PURITY = Measured(
    parameter=Parameter.NACL,
    basis=Basis.WET,
    unit="%",
    replicates=(Decimal("0.985"),),
    sample_g=Decimal(10),
    solution_g=Decimal(1000),
)
PURITY_LIMIT = Limit(kind="min", low=Decimal("99.1"), high=None)


def judged(measured=MOISTURE, *, meter=Meter(), certificate=Certificate(), limit=Limit(), unconfirmed=False,
           timing=(), waived=frozenset()):  # fmt: skip
    return judge(
        measured,
        by=Instrumentation(meter=meter, calibration=certificate, on=DAY),
        against=InForce(limit=limit, has_unconfirmed=unconfirmed),
        timing=timing,
        waived=waived,
    )


def test_good_reading_passes_with_all_it_rests_on():
    found = judged()
    assert found.verdict is Verdict.PASS and found.is_evidential and found.reasons == ()
    assert found.mean == Decimal("0.203333") and found.value == Decimal("0.203333")
    # U = 2·√(0.02²/3 + (0.02/2)² + s²/3), s² = 0.0000333…
    assert found.expanded_u == Decimal("0.031269")
    assert found.p_conform == Decimal("1.0000") and found.limit == Limit()


@pytest.mark.parametrize(
    ("value", "verdict"),
    [("0.26", "pass"), ("0.28", "conditional_pass"), ("0.32", "conditional_fail"), ("0.34", "fail")],
)
def test_verdict_follows_the_guard_band(value, verdict):
    assert judged(replace(MOISTURE, replicates=(Decimal(value),))).verdict == verdict


NEVER_A_PASS = [
    ("no_instrument", {"meter": None, "certificate": None}),
    ("instrument_not_calibrated", {"certificate": None}),
    ("instrument_out_of_calibration", {"certificate": Certificate(due_on=date(2026, 5, 31))}),
    ("instrument_calibration_failed", {"certificate": Certificate(result="fail")}),
    ("instrument_inactive", {"meter": Meter(is_active=False)}),
    ("instrument_wrong_parameter", {"meter": SALINITY_METER}),
    ("product_curve_missing", {"meter": Meter(kind="nir_moisture_meter")}),
    ("uncertainty_unknown",
     {"meter": Meter(accuracy_abs=Decimal(0)), "certificate": Certificate(expanded_u=Decimal(0)),
      "measured": replace(MOISTURE, replicates=(Decimal("0.20"),))}),
    ("drying_temperature_missing", {"measured": replace(MOISTURE, drying_temp_c=None)}),
    ("drying_temperature_mismatch", {"measured": replace(MOISTURE, drying_temp_c=Decimal(105))}),
    ("drying_temperature_mismatch", {"limit": Limit(standard="ISO 2483")}),
    ("replicates_disagree", {"measured": replace(MOISTURE, replicates=(Decimal("0.10"), Decimal("0.20")))}),
    ("no_limit", {"limit": None}),
    ("no_limit", {"limit": Limit(kind="profile", high=None)}),
    ("limit_unconfirmed", {"limit": None, "unconfirmed": True}),
    ("limit_unit_unknown", {"limit": Limit(unit="% of dry mass")}),
    ("basis_mismatch", {"limit": Limit(basis="as_I")}),
    ("basis_mismatch", {"limit": Limit(basis="")}),
    ("before_production", {"timing": (Reason.BEFORE_PRODUCTION,)}),
    ("before_visit", {"timing": (Reason.BEFORE_VISIT,)}),
    ("time_unproven", {"timing": (Reason.TIME_UNPROVEN,)}),
]  # fmt: skip


@pytest.mark.parametrize(("reason", "change"), NEVER_A_PASS, ids=[reason for reason, _ in NEVER_A_PASS])
def test_what_may_never_be_a_pass_is_inconclusive_and_says_why(reason, change):
    found = judged(**change)
    assert found.verdict is Verdict.INCONCLUSIVE and Reason(reason) in found.reasons
    assert not found.is_evidential and found.p_conform is None


def test_oven_tolerance_of_the_method_is_allowed():
    for temperature in ("138", "142"):
        assert judged(replace(MOISTURE, drying_temp_c=Decimal(temperature))).verdict is Verdict.PASS
    assert judged(replace(MOISTURE, drying_temp_c=Decimal("142.1"))).verdict is Verdict.INCONCLUSIVE


def test_waiver_heals_the_date_and_nothing_else():
    overdue = Certificate(due_on=date(2026, 5, 31))
    assert judged(certificate=overdue, waived=WAIVABLE).verdict is Verdict.PASS
    dry = replace(MOISTURE, drying_temp_c=None)
    assert judged(dry, certificate=overdue, waived=WAIVABLE).verdict is Verdict.INCONCLUSIVE
    failed = Certificate(result="fail")
    assert judged(certificate=failed, waived=WAIVABLE).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(("unit", "factor"), [("g/kg", 10), ("mg/kg", 10_000), ("g/100g", 1)])
def test_same_value_in_another_unit_is_judged_the_same(unit, factor):
    read = replace(MOISTURE, unit=unit, replicates=tuple(value * factor for value in MOISTURE.replicates))
    check_measured(read, meter=Meter())
    found, wanted = judged(read), judged()
    assert (found.verdict, found.value, found.expanded_u) == (wanted.verdict, wanted.value, wanted.expanded_u)
    assert found.mean == wanted.mean * factor or factor != 1  # the mean stays in the unit read


def test_limit_in_another_unit_is_compared_in_its_own():
    found = judged(limit=Limit(unit="mg/kg", high=Decimal(2100), compare_mode="rounded", decimals=0))
    assert found.verdict is Verdict.CONDITIONAL_PASS  # 2033 ± 313 against 2100


def test_wet_moisture_against_a_dry_limit_is_converted_by_itself():
    high = replace(MOISTURE, replicates=(Decimal("50.00"),))
    wet = judged(high, limit=Limit(high=Decimal(100), basis="dry"))
    assert wet.verdict is Verdict.CONDITIONAL_PASS and wet.value == Decimal(50)  # 50 % wet = 100 % dry
    dry = judged(replace(high, basis=Basis.DRY), limit=Limit(high=Decimal(50)))
    assert dry.verdict is Verdict.PASS  # 50 % dry = 33.3 % wet


def test_purity_on_the_wrong_basis_needs_the_moisture():
    dry_limit = replace(PURITY_LIMIT, basis="dry")
    unknown = judged(PURITY, meter=SALINITY_METER, limit=dry_limit)
    assert unknown.verdict is Verdict.INCONCLUSIVE and Reason.BASIS_MISMATCH in unknown.reasons
    known = judged(replace(PURITY, moisture_pct=Decimal("0.55")), meter=SALINITY_METER, limit=dry_limit)
    assert known.verdict in (Verdict.CONSISTENT, Verdict.SUSPICIOUS)


def test_dry_basis_arithmetic_is_the_published_example():
    # 98.60 % wet at 0.55 % moisture = 99.145 % dry.
    exact = Meter(
        kind="salinity_meter", parameter="nacl", range_high=Decimal(100), accuracy_abs=Decimal("0.001")
    )
    tiny = Certificate(expanded_u=Decimal("0.001"))
    read = replace(
        PURITY, replicates=(Decimal("98.60"),), sample_g=None, solution_g=None, moisture_pct=Decimal("0.55")
    )
    for bound, verdict in (("99.14", Verdict.CONSISTENT), ("99.15", Verdict.GROSS_DEVIATION)):
        limit = Limit(kind="min", low=Decimal(bound), high=None, basis="dry")
        assert judged(read, meter=exact, certificate=tiny, limit=limit).verdict is verdict


@pytest.mark.parametrize(
    ("shown", "verdict"),
    [("1.000", "consistent"), ("0.995", "consistent"), ("0.985", "suspicious"), ("0.940", "gross_deviation"),
     ("1.200", "gross_deviation")],
)  # fmt: skip
def test_field_salinity_only_screens(shown, verdict):
    found = judged(
        replace(PURITY, replicates=(Decimal(shown),)),
        meter=SALINITY_METER,
        certificate=Certificate(expanded_u=Decimal("0.01")),
        limit=PURITY_LIMIT,
    )
    assert found.verdict == verdict
    assert found.reasons == (Reason.SCREENING_ONLY,) and not found.is_evidential
    assert found.expanded_u > 1  # wider than a grade step


def test_solution_without_its_masses_is_no_purity():
    read = replace(PURITY, sample_g=None, solution_g=None)
    found = judged(read, meter=SALINITY_METER, limit=PURITY_LIMIT)
    assert found.verdict is Verdict.INCONCLUSIVE and Reason.DILUTION_MISSING in found.reasons


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"replicates": (Decimal("0.205"),)}, FinerThanResolution),
        ({"replicates": (Decimal("0.20"), Decimal("50.01"))}, OutsideRange),
        ({"replicates": (Decimal("-0.01"),)}, OutsideRange),
        ({"unit": "g/kg", "replicates": (Decimal("2.05"),)}, FinerThanResolution),
        ({"unit": "PSU"}, IncompatibleUnit),
        ({"unit": "mS/cm"}, IncompatibleUnit),
        ({"unit": "percent"}, UnknownUnit),
        ({"basis": Basis.SOLUTION}, InvalidInput),
        ({"sample_g": Decimal(10)}, InvalidInput),
        ({"sample_g": Decimal(10), "solution_g": Decimal(1000)}, InvalidInput),
    ],
)
def test_what_no_meter_showed_is_refused(change, error):
    with pytest.raises(error):
        check_measured(replace(MOISTURE, **change), meter=Meter())


def test_impossible_share_is_refused_even_without_an_instrument():
    with pytest.raises(OutsideRange):
        check_measured(replace(MOISTURE, replicates=(Decimal("100.01"),)), meter=None)
    with pytest.raises(OutsideRange):
        check_measured(replace(PURITY, sample_g=Decimal(1)), meter=SALINITY_METER)


def test_masses_that_cannot_be_are_refused():
    for sample, solution in (("10", "9"), ("0", "100"), ("0.001", "100"), ("-1", "100")):
        with pytest.raises(InvalidInput):
            check_measured(
                replace(
                    PURITY, replicates=(Decimal(0),), sample_g=Decimal(sample), solution_g=Decimal(solution)
                ),
                meter=SALINITY_METER,
            )


def test_refusal_points_at_the_replicate():
    with pytest.raises(DomainError) as refusal:
        check_measured(replace(MOISTURE, replicates=(Decimal("0.20"), Decimal("0.205"))), meter=Meter())
    assert "1" in refusal.value.errors["replicates"]


def test_every_code_has_a_text_and_every_reason_a_next_step():
    assert set(VERDICT_TEXTS) == set(Verdict)
    assert set(REASON_TEXTS) == set(Reason)
    assert set(NEXT_STEP_TEXTS) == set(NextStep)
    for reason in set(Reason) - {Reason.SCREENING_ONLY}:
        assert next_steps(Verdict.INCONCLUSIVE, reasons=[reason])
    assert next_steps(Verdict.SUSPICIOUS, reasons=[Reason.SCREENING_ONLY]) == [NextStep.SEAL_SAMPLE_FOR_LAB]
    assert next_steps(Verdict.PASS, reasons=[]) == []
