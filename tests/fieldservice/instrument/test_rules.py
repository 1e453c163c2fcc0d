"""Which calibration speaks for a day, what a display can show, and the uncertainty of one value."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from backend.core.errors import InvalidInput
from fieldservice.instrument.rules import (
    CalibrationState,
    FinerThanResolution,
    OutsideRange,
    calibration_on,
    calibration_state,
    check_displayed,
    check_instrument,
    standard_uncertainty,
)

PURITY = json.loads(Path("tests/data/domain/purity_by_salinity_meter.json").read_text())


@dataclass(frozen=True)
class Meter:
    kind: str = "halogen_moisture_analyser"
    parameter: str = "moisture"
    unit: str = "%"
    range_low: Decimal = Decimal(0)
    range_high: Decimal = Decimal(10)
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


def test_value_beyond_the_range_is_refused_at_either_end():
    for value in ("-0.01", "10.01"):
        with pytest.raises(OutsideRange):
            check_displayed(Decimal(value), meter=Meter())
    check_displayed(Decimal("10.00"), meter=Meter())


def test_value_the_display_cannot_show_is_refused():
    with pytest.raises(FinerThanResolution):
        check_displayed(Decimal("0.285"), meter=Meter())
    with pytest.raises(FinerThanResolution):
        check_displayed(Decimal("0.52"), meter=replace(Meter(), resolution=Decimal("0.05")))
    check_displayed(Decimal("0.280"), meter=Meter())


def test_calibration_of_a_day_is_the_latest_done_by_then():
    old, new = Certificate(), Certificate(done_on=date(2026, 6, 1), due_on=date(2027, 6, 1))
    assert calibration_on([new, old], on=date(2026, 5, 31)) is old
    assert calibration_on([old, new], on=date(2026, 6, 1)) is new
    assert calibration_on([old, new], on=date(2025, 12, 31)) is None


def test_of_two_entries_of_one_day_the_last_recorded_counts():
    wrong = Certificate(result="fail")
    right = Certificate(recorded_at=datetime(2026, 1, 12, tzinfo=UTC))
    assert calibration_on([right, wrong], on=date(2026, 2, 1)) is right


def test_state_changes_the_day_after_it_was_due():
    certificate = Certificate()
    assert calibration_state(certificate, on=date(2027, 1, 10)) is CalibrationState.IN_DATE
    assert calibration_state(certificate, on=date(2027, 1, 11)) is CalibrationState.OVERDUE
    failed = Certificate(result="fail")
    assert calibration_state(failed, on=date(2026, 1, 10)) is CalibrationState.FAILED
    assert calibration_state(None, on=date(2026, 1, 10)) is CalibrationState.NONE


def test_uncertainty_combines_accuracy_and_certificate():
    u = standard_uncertainty(Decimal("0.27"), meter=Meter(), calibration=Certificate())
    # (0.02/√3)² + (0.02/2)² = 0.000133… + 0.0001
    assert u.quantize(Decimal("0.000001")) == Decimal("0.015275")


@pytest.mark.parametrize(("pct", "published"), [("1", "1.22"), ("2", "2.32"), ("5", "5.7")])
def test_purity_by_a_salinity_meter_is_as_uncertain_as_published(pct, published):
    meter = Meter(accuracy_abs=Decimal(0), accuracy_pct=Decimal(pct))
    example = PURITY["example"]
    value = Decimal(str(example["reading_w_pct"]))
    u = standard_uncertainty(value, meter=meter, calibration=Certificate(expanded_u=Decimal(0)))
    scale = Decimal(str(example["m_solution_g"])) / Decimal(str(example["m_sample_g"]))
    assert value * scale == Decimal("98.5")
    # The published figures add the two weighings, which the meter's share alone must stay just below.
    assert Decimal("0.9") * Decimal(published) < 2 * u * scale <= Decimal(published)


@pytest.mark.parametrize(
    "change",
    [
        {"parameter": "nacl"},
        {"accuracy_abs": Decimal(0)},
        {"accuracy_abs": Decimal("-0.1"), "accuracy_pct": Decimal(1)},
        {"resolution": Decimal(0)},
        {"range_high": Decimal(0)},
    ],
)
def test_entry_that_cannot_be_an_instrument_is_refused(change):
    with pytest.raises(InvalidInput):
        check_instrument(replace(Meter(), **change))
    check_instrument(Meter())
