"""Replicates that disagree decide nothing; nobody drops one."""

import random
from decimal import Decimal

import pytest

from fieldservice.instrument.rules import Quantity
from fieldservice.reading.repeatability import CRITICAL_RANGE, agree, repeatability_limit


@pytest.mark.parametrize("count", [2, 3, 5, 10, 20])
def test_factors_are_the_95_percent_range_of_as_many_normal_values(count):
    random.seed(count)
    ranges = []
    for _ in range(20_000):
        values = [random.gauss(0, 1) for _ in range(count)]
        ranges.append(max(values) - min(values))
    quantile = sorted(ranges)[19_000]
    assert float(CRITICAL_RANGE[count]) == pytest.approx(quantile, abs=0.09)


def test_two_replicates_may_differ_by_the_limit_and_not_more():
    limit = Decimal("0.03")
    assert agree((Decimal("0.28"), Decimal("0.31")), limit=limit)
    assert not agree((Decimal("0.28"), Decimal("0.32")), limit=limit)
    assert agree((Decimal("0.28"),), limit=limit)


def test_more_replicates_may_lie_wider():
    values = (Decimal("0.28"), Decimal("0.30"), Decimal("0.315"))
    assert agree(values, limit=Decimal("0.03"))
    assert not agree((values[0], values[2]), limit=Decimal("0.03"))


def test_limit_is_the_larger_of_instrument_and_method():
    moisture = {"parameter": Quantity.MOISTURE, "accuracy": Decimal("0.02")}
    assert repeatability_limit(Decimal("0.30"), **moisture).quantize(Decimal("0.0001")) == Decimal("0.0323")
    assert repeatability_limit(Decimal("4.00"), **moisture) == Decimal("0.40")
    salinity = repeatability_limit(Decimal("98"), parameter=Quantity.NACL, accuracy=Decimal("1.96"))
    assert salinity.quantize(Decimal("0.01")) == Decimal("3.17")
