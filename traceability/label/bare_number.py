"""Digits and nothing else: a trade number, a pallet number, or a number of the house that only looks like one.

One number in ten has a right check digit by chance. So the check digit alone never beats a pattern of the
house or a date; that the number is one of ours does.
"""

from traceability.label.answer import rejected, single, trade_item, unknown
from traceability.label.config import LabelConfig
from traceability.label.house_code import house_candidate
from traceability.label.label_data import Candidate, Kind, LabelData
from traceability.label.trade_number import GTIN_LENGTHS, gtin14, is_sscc, reads_as_date_code


def read_number(digits: str, *, house: tuple[Kind, ...], config: LabelConfig) -> LabelData | None:
    """What the digits are, `house` being what our patterns take them for; None where only the pattern speaks."""
    if len(digits) in GTIN_LENGTHS:
        return _trade_number(digits, house=house, config=config)
    if len(digits) == 18:
        return _pallet_number(digits, digits=digits, house=house, config=config)
    if len(digits) == 20 and digits.startswith("00"):
        return _pallet_number(digits[2:], digits=digits, house=house, config=config)
    return None


def _trade_number(digits: str, *, house: tuple[Kind, ...], config: LabelConfig) -> LabelData | None:
    gtin = gtin14(digits)
    date_code = reads_as_date_code(digits)
    if gtin is None:
        # A wrong check digit is a misread trade number, unless such numbers are written for other reasons.
        return None if house or date_code or not digits.strip("0") else rejected(Kind.GTIN, "check_digit")
    others = _house_readings(digits, house)
    if config.has_product(gtin):
        return trade_item(gtin, candidates=others)
    reading = Candidate(kind=Kind.GTIN, reason="date_code" if date_code else "two_readings", gtin=gtin)
    if date_code:
        return (
            single(house[0], digits, candidates=(reading,))
            if house
            else unknown(Kind.TEXT, "date_code", candidates=(reading,))
        )
    firm = [kind for kind in house if config.expects_digits(digits, kind)]
    if firm and not config.is_own_number(gtin):
        return single(firm[0], digits, "two_readings", candidates=(reading,))
    return trade_item(gtin, *(("two_readings",) if firm else ()), candidates=others)


def _pallet_number(
    sscc: str, *, digits: str, house: tuple[Kind, ...], config: LabelConfig
) -> LabelData | None:
    """`sscc` with or (in `digits`) without its (00) in front: ours, or a matter of doubt."""
    own = config.is_own_number(sscc)
    others = _house_readings(digits, house)
    if not is_sscc(sscc):
        return rejected(Kind.SSCC, "check_digit", candidates=others) if own else None
    if own:
        return single(Kind.SSCC, sscc, candidates=others)
    reading = Candidate(kind=Kind.SSCC, reason="two_readings", sscc=sscc)
    if house and sscc == digits:
        return single(house[0], digits, "two_readings", candidates=(reading,))
    if reads_as_date_code(sscc):
        return None if house else unknown(Kind.TEXT, "date_code", candidates=(reading,))
    return single(Kind.SSCC, sscc, "two_readings" if house else "not_ours", candidates=others)


def _house_readings(digits: str, house: tuple[Kind, ...]) -> tuple[Candidate, ...]:
    return tuple(house_candidate(kind, digits, reason="two_readings") for kind in house)
