"""Units: exact, by name, and never across scales that only look alike."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from fieldservice.instrument.unit import (
    NOT_COMPARABLE,
    UNITS,
    Dimension,
    IncompatibleUnit,
    UnknownUnit,
    convert,
    unit_of,
)

SALINITY = json.loads(Path("tests/data/domain/salinity_cases.json").read_text())


@pytest.mark.parametrize(
    ("value", "unit", "to", "wanted"),
    [
        ("0.28", "%", "g/100g", "0.28"),
        ("2.8", "g/kg", "g/100g", "0.28"),
        ("2800", "mg/kg", "%", "0.28"),
        ("0.0028", "kg/kg", "%", "0.28"),
        ("12880", "µS/cm", "mS/cm", "12.88"),
        ("1.288", "S/m", "mS/cm", "12.88"),
        ("98.5", "g/100g", "mg/kg", "985000"),
    ],
)
def test_conversion_is_exact(value, unit, to, wanted):
    dimension = next(each.dimension for each in UNITS.values() if each.symbol == unit)
    result = convert(
        Decimal(value), unit=unit_of(unit, dimension=dimension), to=unit_of(to, dimension=dimension)
    )
    assert result == Decimal(wanted)


def test_there_and_back_loses_no_digit():
    value = Decimal("0.123456")
    for unit in UNITS.values():
        for to in UNITS.values():
            if unit.dimension is to.dimension:
                assert convert(convert(value, unit=unit, to=to), unit=to, to=unit) == value


def test_both_micro_signs_and_the_wide_percent_sign_are_read():
    assert unit_of("\u00b5S/cm", dimension=Dimension.CONDUCTIVITY).symbol == "µS/cm"
    assert unit_of("\u03bcS/cm", dimension=Dimension.CONDUCTIVITY).symbol == "µS/cm"
    assert unit_of("uS/cm", dimension=Dimension.CONDUCTIVITY).symbol == "µS/cm"
    assert unit_of("％", dimension=Dimension.MASS_FRACTION).symbol == "%"


@pytest.mark.parametrize("symbol", NOT_COMPARABLE)
def test_scales_that_only_look_like_a_mass_fraction_are_refused(symbol):
    with pytest.raises(IncompatibleUnit):
        unit_of(symbol, dimension=Dimension.MASS_FRACTION)


def test_grams_per_100_ml_would_be_a_wrong_mass_fraction():
    assert any(mass != volume for mass, volume in SALINITY["w_to_g_per_100mL_20C"])
    with pytest.raises(IncompatibleUnit):
        unit_of("g/100mL", dimension=Dimension.MASS_FRACTION)


def test_unit_of_another_dimension_is_incompatible_and_an_invented_one_unknown():
    with pytest.raises(IncompatibleUnit):
        unit_of("mS/cm", dimension=Dimension.MASS_FRACTION)
    with pytest.raises(UnknownUnit) as refusal:
        unit_of("bushel", dimension=Dimension.MASS_FRACTION)
    assert "g/100g" in str(refusal.value.params["known"])
