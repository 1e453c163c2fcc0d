"""One GS1 application identifier (AI) and the strict check of its value.

biip knows the AIs and their formats. What it lets through is checked here: digits that are not 0-9, empty
values, check digits, dates, company prefixes, countries, currencies and what else an AI's own rule demands
(GS1 General Specifications, section 3).
"""

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from biip import ParseError
from biip.gs1_application_identifiers import GS1ApplicationIdentifier

from traceability.label.check_digit import check_pair, has_valid_check_digit, is_iban
from traceability.label.code_lists import COUNTRY_ALPHA2, COUNTRY_NUMERIC, CURRENCY_NUMERIC

# Value lengths that end without a separator, by the first two digits of the AI (General Specifications 7.8.5).
_FIXED_LENGTHS = {
    "00": 18,
    **dict.fromkeys(("01", "02", "03"), 14),
    "04": 16,
    **dict.fromkeys(("11", "12", "13", "14", "15", "16", "17", "18", "19"), 6),
    "20": 2,
    **dict.fromkeys(("31", "32", "33", "34", "35", "36"), 6),
    "41": 13,
}
Check = Callable[[str], bool]


class BadElement(Exception):
    """The text is not a valid element string; `code` is the warning that says why, `ai` where (if known)."""

    def __init__(self, code: str, ai: str = "") -> None:
        super().__init__(f"{code} ({ai})" if ai else code)
        self.code = code
        self.ai = ai


@dataclass(frozen=True, slots=True)
class ApplicationIdentifier:
    """`length` is the length of a value that needs no separator after it, None for the others."""

    code: str
    length: int | None
    pattern: re.Pattern[str]
    checks: tuple[tuple[str, Check], ...]

    def refuse_bad(self, value: str) -> None:
        """Raises BadElement for a value this AI may not carry."""
        if not value:
            raise BadElement("no_data", self.code)
        if not self.pattern.fullmatch(value):
            raise BadElement(self._misfit(value), self.code)
        for code, is_good in self.checks:
            if not is_good(value):
                raise BadElement(code, self.code)

    def _misfit(self, value: str) -> str:
        if not all("!" <= character <= "z" for character in value):
            return "bad_character"
        is_date = bool(self.checks) and self.checks[0][0] == "bad_date"
        return "bad_date" if is_date and len(value) == 6 else "bad_format"


@lru_cache(maxsize=4096)
def ai_at(head: str) -> ApplicationIdentifier | None:
    """The AI that text starting with `head` (its first four characters) begins with."""
    if not head[:2].isascii() or not head[:2].isdigit():
        return None
    try:
        known = GS1ApplicationIdentifier.extract(head)
    except ParseError:
        return None
    return _application_identifier(known.ai, known.pattern, known.separator_required)


@lru_cache(maxsize=1024)
def ai_named(code: str) -> ApplicationIdentifier | None:
    """The AI that is exactly `code`."""
    ai = ai_at(code) if 2 <= len(code) <= 4 else None
    return ai if ai is not None and ai.code == code else None


@lru_cache(maxsize=1024)
def _application_identifier(code: str, pattern: str, needs_separator: bool) -> ApplicationIdentifier:
    # ASCII: `\d` alone takes full-width and Arabic digits. CPID may be 4 characters long, biip wants 5.
    value_pattern = pattern.removeprefix(f"^{code}").removesuffix("$").replace("{5,30}", "{4,30}")
    return ApplicationIdentifier(
        code=code,
        length=None if needs_separator else _FIXED_LENGTHS[code[:2]],
        pattern=re.compile(value_pattern, re.ASCII),
        checks=_CHECKS.get(code) or _CHECKS.get(code[:3]) or (),
    )


def full_year(two_digits: int, *, today: date) -> int:
    """The year a two-digit year means on `today`: from 49 years back to 50 years ahead (7.12)."""
    year = today.year - today.year % 100 + two_digits
    if year - today.year > 50:
        return year - 100
    return year + 100 if today.year - year >= 50 else year


def element_date(yymmdd: str, *, today: date) -> date:
    """The date of a checked YYMMDD value; day 00 is the last day of the month."""
    year, month, day = full_year(int(yymmdd[:2]), today=today), int(yymmdd[2:4]), int(yymmdd[4:6])
    # 29 February passed the check without its century; 2000 was a leap year and 2100 is out of reach.
    return date(year, month, min(day or 31, monthrange(year, month)[1]))


def _is_date(value: str, *, day_00: bool) -> bool:
    # 00 to 99 seen as 2000 to 2099: every fourth is a leap year, as it is in 1951 to 2099.
    year, month, day = 2000 + int(value[:2]), int(value[2:4]), int(value[4:6])
    return 1 <= month <= 12 and (0 if day_00 else 1) <= day <= monthrange(year, month)[1]


def _is_trade_date(value: str) -> bool:
    return _is_date(value, day_00=True)


def _is_day(value: str) -> bool:
    return _is_date(value[:6], day_00=False)


def _is_time(value: str) -> bool:
    """HH, HHMM or HHMMSS; empty is allowed, 9999 says that no time is given."""
    parts = [int(value[at : at + 2]) for at in range(0, len(value), 2)]
    return value == "9999" or ((parts[:1] or [0])[0] < 24 and all(part < 60 for part in parts[1:]))


def _is_moment(value: str) -> bool:
    return _is_day(value) and len(value) % 2 == 0 and _is_time(value[6:])


def _is_delivery_moment(value: str) -> bool:
    return _is_date(value[:6], day_00=True) and _is_time(value[6:])


def _is_birth_moment(value: str) -> bool:
    year, month, day = int(value[:4]), int(value[4:6]), int(value[6:8])
    return year > 0 and 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1] and _is_time(value[8:])


def _is_day_span(value: str) -> bool:
    return all(_is_day(value[at : at + 6]) for at in range(0, len(value), 6))


def _is_company_prefix(value: str) -> bool:
    # The shortest company prefix has four digits.
    return len(value) >= 4 and value[:4].isdigit()


def _is_piece_of_total(value: str) -> bool:
    return 1 <= int(value[14:16]) <= int(value[16:18])


def _are_countries(value: str) -> bool:
    return all(value[at : at + 3] in COUNTRY_NUMERIC for at in range(0, len(value), 3))


def _is_percent_encoded(value: str) -> bool:
    return not re.search(r"%(?![0-9A-Fa-f]{2})", value)


def _has_check_pair(value: str) -> bool:
    return len(value) > 2 and check_pair(value[:-2]) == value[-2:]


def _are_dimensions(value: str) -> bool:
    return value[:4] != "0000" and value[4:9] != "00000" and value[9:12] != "000" and value[12] in "019"


def _is_position(value: str) -> bool:
    return "0" < value[0] <= value[2]


def _is_place(value: str) -> bool:
    return int(value[:10]) <= 1_800_000_000 and int(value[10:]) <= 3_600_000_000


_COUNTRY = (("bad_value", _are_countries),)
_DATE = (("bad_date", _is_trade_date),)
_KEY = (("check_digit", has_valid_check_digit),)
_PREFIX = (("bad_value", _is_company_prefix),)
_ENCODED = (("bad_value", _is_percent_encoded),)
_YEAR_DATE = (("bad_date", _is_birth_moment),)

_CHECKS: dict[str, tuple[tuple[str, Check], ...]] = {
    **dict.fromkeys(("00", "01", "02", "03", "402", "8017", "8018"), _KEY),
    **{f"41{digit}": _KEY for digit in range(8)},
    **dict.fromkeys(("253", "255"), (("check_digit", lambda value: has_valid_check_digit(value[:13])),)),
    "8003": (("check_digit", lambda value: has_valid_check_digit(value[1:14])),),
    **dict.fromkeys(
        ("8006", "8026"),
        (("check_digit", lambda value: has_valid_check_digit(value[:14])), ("bad_value", _is_piece_of_total)),
    ),
    **dict.fromkeys(("11", "12", "13", "15", "16", "17"), _DATE),
    **dict.fromkeys(("4324", "4325"), (("bad_date", _is_delivery_moment),)),
    **dict.fromkeys(("7003", "7011", "8008"), (("bad_date", _is_moment),)),
    **dict.fromkeys(("4326", "7006"), (("bad_date", _is_day),)),
    "7007": (("bad_date", _is_day_span),),
    **dict.fromkeys(("7250", "7251"), _YEAR_DATE),
    **dict.fromkeys(("401", "7023", "8004", "8010"), _PREFIX),
    "8013": (*_PREFIX, ("check_digit", _has_check_pair)),
    "8014": (*_PREFIX, ("check_digit", _has_check_pair), ("bad_value", lambda value: not value.isdigit())),
    **dict.fromkeys(("422", "423", "424", "425", "426"), _COUNTRY),
    "421": (("bad_value", lambda value: value[:3] in COUNTRY_NUMERIC),),
    **dict.fromkeys(("391", "393"), (("bad_value", lambda value: value[:3] in CURRENCY_NUMERIC),)),
    "703": (("bad_value", lambda value: value[:3] == "999" or value[:3] in COUNTRY_NUMERIC),),
    **dict.fromkeys(("4307", "4317"), (("bad_value", COUNTRY_ALPHA2.__contains__),)),
    **dict.fromkeys(("4300", "4301", "4310", "4311", "4320"), _ENCODED),
    **{f"43{pair:02d}": _ENCODED for pair in (2, 3, 4, 5, 6, 12, 13, 14, 15, 16)},
    **{f"72{pair}": _ENCODED for pair in (53, 54, 56, 57, 59)},
    "4309": (("bad_value", _is_place),),
    "7040": (("bad_value", lambda value: value[3].isalnum() or value[3] in "-_"),),
    "7241": (("bad_value", lambda value: "01" <= value <= "10" or value >= "80"),),
    "7252": (("bad_value", lambda value: value in "0129"),),
    "7258": (("bad_value", _is_position),),
    "8001": (("bad_value", _are_dimensions),),
    "8007": (("bad_value", lambda value: value[:2] in COUNTRY_ALPHA2 and is_iban(value)),),
    "8011": (("bad_value", lambda value: value == "0" or value[0] != "0"),),
}
