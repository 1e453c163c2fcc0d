"""GTIN and SSCC: what a number of 8, 12, 13, 14 or 18 digits is, and what it only looks like."""

from traceability.label.check_digit import has_valid_check_digit, is_digits

GTIN_LENGTHS = (8, 12, 13, 14)
# Years a date-coded factory number may carry; outside of them eight digits are just digits.
_YEARS = range(2010, 2040)
_MONTH_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
# Restricted circulation (weighed in the shop, member organisation or company internal): General Specifications 1.4.
_IN_STORE_PREFIXES = frozenset(
    f"{prefix:03d}" for span in (range(20, 30), range(40, 50), range(200, 300)) for prefix in span
)
_BOOK_PREFIXES = ("977", "978", "979")


def gtin14(digits: str) -> str | None:
    """8, 12, 13 or 14 digits with a right check digit as 14 digits; None otherwise. All zeros is no number."""
    if len(digits) not in GTIN_LENGTHS or not has_valid_check_digit(digits) or not digits.strip("0"):
        return None
    return digits.zfill(14)


def is_sscc(digits: str) -> bool:
    """18 digits with a right check digit."""
    return len(digits) == 18 and has_valid_check_digit(digits) and bool(digits.strip("0"))


def gtin_remark(gtin: str) -> str | None:
    """Warning code for a 14-digit GTIN that names no trade item of the world: shop-internal, book or magazine."""
    if gtin.startswith("000000"):
        return "in_store_number" if gtin[6] in "02" else None
    if gtin[0] == "0" and gtin[1:4] in _IN_STORE_PREFIXES:
        return "in_store_number"
    if gtin[0] == "0" and gtin[1:4] in _BOOK_PREFIXES:
        return "book_number"
    return None


def reads_as_date_code(digits: str) -> bool:
    """Whether a factory would write such digits as date + counter, so that a right check digit proves little.

    One number in ten has a right check digit by chance; 20231026 is a date and a flawless GTIN-8.
    """
    if len(digits) in (13, 14):
        return _is_long_date(digits[:8])
    if len(digits) == 8:
        return _is_long_date(digits) or _is_short_date(digits[:6])
    starts = (digits[at : at + 8] for at in range(3))
    return any(map(_is_long_date, starts)) or (_is_short_date(digits[:6]) and digits[0] != "1")


def _is_long_date(digits: str) -> bool:
    return len(digits) == 8 and is_digits(digits) and int(digits[:4]) in _YEARS and _is_month_day(digits[4:])


def _is_short_date(digits: str) -> bool:
    return is_digits(digits) and 2000 + int(digits[:2]) in _YEARS and _is_month_day(digits[2:])


def _is_month_day(digits: str) -> bool:
    month, day = int(digits[:2]), int(digits[2:])
    return 1 <= month <= 12 and 1 <= day <= _MONTH_DAYS[month - 1]
