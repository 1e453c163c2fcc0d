"""Verdicts and probabilities against published and computed cases."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from fieldservice.reading.conformity import Band, assess, half_even, probability
from fieldservice.reading.rules import Verdict

FOLDER = Path("tests/data/domain")
ROUNDING = json.loads((FOLDER / "rounding_gbt8170.json").read_text())["cases"]
CONFORMITY = json.loads((FOLDER / "conformity_cases.json").read_text(), parse_float=Decimal)


def number(value: object) -> Decimal | None:
    return None if value is None else Decimal(str(value))


@pytest.mark.parametrize("case", ROUNDING, ids=lambda case: f"{case['in']}->{case['out']}")
def test_rounding_is_half_even_as_gbt_8170_prints_it(case):
    rounded = half_even(Decimal(case["in"]), quantum=Decimal(case["quantum"]))
    assert str(rounded) == str(Decimal(case["out"]))


@pytest.mark.parametrize("case", CONFORMITY["cases"], ids=lambda case: f"{case['quantity']}-{case['y']}")
def test_verdict_and_probability_of_each_worked_case(case):
    band = Band(low=number(case["low"]), high=number(case["high"]))
    found = assess(number(case["y"]), expanded_u=number(case["U"]), band=band)
    assert found.verdict == case["verdict"]
    assert found.p_conform == pytest.approx(case["p_conform"], abs=Decimal("0.00005"))


@pytest.mark.parametrize("case", CONFORMITY["jcgm106"], ids=str)
def test_jcgm_106_examples(case):
    if "resistor" in case:
        resistor = case["resistor"]
        low, high = (number(bound) for bound in resistor["T"])
        p = probability(number(resistor["y0"]), u=number(resistor["u0"]), low=low, high=high)
        assert p == pytest.approx(case["p_c"], abs=Decimal("0.0005"))
        return
    low, high = number(case.get("low", case.get("lower"))), number(case.get("high", case.get("upper")))
    p = probability(number(case["y"]), u=number(case["u"]), low=low, high=high)
    assert p == pytest.approx(case["p"], abs=Decimal("0.005"))


@pytest.mark.parametrize(
    ("y", "verdict"),
    [("0.25", "pass"), ("0.2501", "conditional_pass"), ("0.30", "conditional_pass"),
     ("0.3001", "conditional_fail"), ("0.35", "conditional_fail"), ("0.3501", "fail")],
)  # fmt: skip
def test_boundary_belongs_to_the_better_side(y, verdict):
    band = Band(low=None, high=Decimal("0.30"))
    assert assess(Decimal(y), expanded_u=Decimal("0.05"), band=band).verdict == verdict


def test_rounded_comparison_passes_what_the_full_value_fails():
    y, u = Decimal("0.304"), Decimal("0.002")
    full = assess(y, expanded_u=u, band=Band(low=None, high=Decimal("0.30")))
    rounded = assess(y, expanded_u=u, band=Band(low=None, high=Decimal("0.30"), decimals=2))
    assert full.verdict is Verdict.FAIL and full.compared == y
    assert rounded.verdict is Verdict.CONDITIONAL_PASS and rounded.compared == Decimal("0.30")


def test_rounding_before_comparison_is_half_even():
    band = Band(low=None, high=Decimal("0.30"), decimals=2)
    assert assess(Decimal("0.305"), expanded_u=Decimal("0.001"), band=band).compared == Decimal("0.30")
    assert assess(Decimal("0.315"), expanded_u=Decimal("0.001"), band=band).verdict is Verdict.FAIL


def test_exclusive_bound_itself_does_not_conform():
    band = Band(low=None, high=Decimal("5"), high_is_exclusive=True)
    assert assess(Decimal("5"), expanded_u=Decimal("1"), band=band).verdict is Verdict.CONDITIONAL_FAIL
    assert assess(Decimal("4.9"), expanded_u=Decimal("1"), band=band).verdict is Verdict.CONDITIONAL_PASS


def test_both_bounds_of_a_range_are_guarded():
    band = Band(low=Decimal("18"), high=Decimal("33"))
    verdicts = [
        assess(Decimal(y), expanded_u=Decimal(1), band=band).verdict.value
        for y in ("16", "17.5", "25", "33", "34.5")
    ]
    assert verdicts == ["fail", "conditional_fail", "pass", "conditional_pass", "fail"]
