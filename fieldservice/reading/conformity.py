"""Conformity with a limit under uncertainty: guard bands, probability, rounding. Pure, exact but for Φ.

Decision rule: ILAC-G8:09/2019 §4.2.3, non-binary, guard band w = U (k = 2); boundaries belong to the better side.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from statistics import NormalDist

from fieldservice.reading.rules import Verdict

PROBABILITY_STEP = Decimal("0.0001")


@dataclass(frozen=True)
class Band:
    """What conforms: from `low` to `high`, either may be missing; both in the unit of the value.

    `high_is_exclusive`: strictly less than `high`. `decimals`: compare after rounding to so many (GB/T 8170
    修约值比较法); None compares the full value (全数值比较法).
    """

    low: Decimal | None
    high: Decimal | None
    high_is_exclusive: bool = False
    decimals: int | None = None


@dataclass(frozen=True)
class Conformity:
    verdict: Verdict
    p_conform: Decimal  # 4 decimals
    compared: Decimal  # the value as compared: rounded where the limit says so


def half_even(value: Decimal, *, quantum: Decimal) -> Decimal:
    """`value` at the digits of `quantum`, 四舍六入五成双 (GB/T 8170).

    >>> half_even(Decimal("28.165"), quantum=Decimal("0.01")), half_even(Decimal("0.35"), quantum=Decimal("0.1"))
    (Decimal('28.16'), Decimal('0.4'))
    """
    return value.quantize(quantum, rounding=ROUND_HALF_EVEN)


def assess(value: Decimal, *, expanded_u: Decimal, band: Band) -> Conformity:
    """The verdict on a value with its U (k = 2, above zero)."""
    compared = value
    if band.decimals is not None:
        compared = half_even(value, quantum=Decimal(1).scaleb(-band.decimals))
    return Conformity(
        verdict=_verdict(compared, expanded_u=expanded_u, band=band),
        p_conform=probability(compared, u=expanded_u / 2, low=band.low, high=band.high),
        compared=compared,
    )


def _verdict(y: Decimal, *, expanded_u: Decimal, band: Band) -> Verdict:
    margins = []  # how far inside each bound; negative outside
    if band.low is not None:
        margins.append(y - band.low)
    if band.high is not None:
        margins.append(band.high - y)
    margin = min(margins)
    if margin >= expanded_u:
        return Verdict.PASS
    touches_exclusive = band.high_is_exclusive and y == band.high
    if margin >= 0 and not touches_exclusive:
        return Verdict.CONDITIONAL_PASS
    return Verdict.CONDITIONAL_FAIL if margin >= -expanded_u else Verdict.FAIL


def probability(y: Decimal, *, u: Decimal, low: Decimal | None, high: Decimal | None) -> Decimal:
    """p_c = Φ((T_U − y)/u) − Φ((T_L − y)/u), JCGM 106:2012; 4 decimals."""
    phi = NormalDist().cdf
    below_high = 1.0 if high is None else phi(float((high - y) / u))
    below_low = 0.0 if low is None else phi(float((low - y) / u))
    return half_even(Decimal(repr(below_high - below_low)), quantum=PROBABILITY_STEP)
