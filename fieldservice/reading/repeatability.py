"""Whether replicates agree: the critical range of ISO 5725-6. Nothing is ever dropped; who disagrees repeats. Pure."""

from collections.abc import Mapping
from decimal import Decimal

from fieldservice.instrument.rules import Quantity

# 95 % critical range factors f(n) of ISO 5725-6 table 1: the range of n results stays below f(n)·s_r. Checked against
# the studentised range by computation (tests/fieldservice/reading/test_repeatability.py); f(2) = 2.8 gives r = 2.8·s_r.
_FACTORS = "2.8 3.3 3.6 3.9 4.0 4.2 4.3 4.4 4.5 4.6 4.6 4.7 4.7 4.8 4.8 4.9 4.9 5.0 5.0"
CRITICAL_RANGE: Mapping[int, Decimal] = {
    count: Decimal(factor) for count, factor in enumerate(_FACTORS.split(), start=2)
}
# GB 5009.3: two results of one sample may differ by 10 % of their mean (from memory, to be confirmed). It only ever
# makes a reading inconclusive, never a pass. Screening meters have no such rule: their own accuracy counts.
RELATIVE_LIMIT: Mapping[Quantity, Decimal] = {Quantity.MOISTURE: Decimal("0.10")}


def repeatability_limit(mean: Decimal, *, parameter: Quantity, accuracy: Decimal) -> Decimal:
    """r for two replicates, in the unit of `mean`; `accuracy` is the instrument's bound a at the mean.

    The larger of 2.8·a/√3 (what the instrument itself may do) and the method's relative rule.
    """
    own = CRITICAL_RANGE[2] * accuracy / Decimal(3).sqrt()
    return max(own, RELATIVE_LIMIT.get(parameter, Decimal(0)) * abs(mean))


def agree(values: tuple[Decimal, ...], *, limit: Decimal) -> bool:
    """Whether the values lie as close as repeatability allows; `limit` is r of two. One value agrees with itself."""
    if len(values) < 2:
        return True
    widest = CRITICAL_RANGE[min(len(values), max(CRITICAL_RANGE))] / CRITICAL_RANGE[2] * limit
    return max(values) - min(values) <= widest
