"""Products and limits from a table (CSV): texts → typed rows, or the lines at fault. Pure."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TypeVar

from backend.core.errors import DomainError
from backend.core.errors import mark as _
from traceability.product.rules import CompareMode, Family, LimitData, LimitKind, ProductData, check_limit

T = TypeVar("T")
Row = Mapping[str, str]

NOTHING = ("", "-")  # how the tables write an empty cell
SUPERSEDED = re.compile(r"(.*?) *\(superseded (\d{4}-\d{2}-\d{2})\)")
# Days the editions came into force, from the status pages of the standards (domain notes, §1).
IN_FORCE: Mapping[tuple[str, str], date] = {
    ("GB/T 5461", "2016"): date(2017, 1, 1),
    ("GB/T 5462", "2015"): date(2016, 5, 1),
}
ASSUMED = "valid_from assumed from the edition"
OLDEST = date(2000, 1, 1)  # for standards without an edition


class BadSheet(DomainError):
    """Lines of a table that cannot be read; none of it was taken."""

    code, status, title = "bad_sheet", 400, _("The table holds lines that cannot be read")


def limits_of(rows: Iterable[Row]) -> list[LimitData]:
    """Limit rows of a table with the columns of seed/spec_limits.csv; valid_from, valid_to, decimals and
    compare_mode are read where they are given. Raises BadSheet (400) with every line at fault.

    Without them: the edition's known date, else the first day of its year (said in the note); the digits as
    printed.
    """
    return _each(rows, read=_limit)


def products_of(rows: Iterable[Row]) -> list[ProductData]:
    """Products of a table with the columns of seed/products_seed.csv; a doubtful VAT rate ("0.09?") stays open.

    Raises BadSheet (400) with every line at fault.
    """
    return _each(rows, read=_product)


def _each(rows: Iterable[Row], *, read: Callable[[Row], T]) -> list[T]:
    taken, faults = [], {}
    for line, row in enumerate(rows, start=2):  # line 1 holds the column names
        try:
            taken.append(read(row))
        except DomainError as error:
            faults[f"line {line}"] = f"{error.title}: {error}"
        except (ValueError, InvalidOperation, KeyError, TypeError, AttributeError) as error:
            faults[f"line {line}"] = f"{error.__class__.__name__}: {error}"
    if faults:
        raise BadSheet(errors=faults)
    return taken


def _limit(row: Row) -> LimitData:
    edition, ended_on = _edition(_text(row, "edition"))
    standard = _text(row, "standard")
    known = _day(row, "valid_from") or IN_FORCE.get((standard, edition))
    note = _text(row, "note")
    limit = LimitData(
        product_key=_needed(row, "product"),
        grade=_text(row, "grade"),
        parameter=_needed(row, "parameter"),
        kind=LimitKind(row["kind"]),
        low=_number(row, "low"),
        high=_number(row, "high"),
        unit=_text(row, "unit"),
        basis=_text(row, "basis"),
        standard=_needed(row, "standard"),
        edition=edition,
        compare_mode=CompareMode(_text(row, "compare_mode") or CompareMode.FULL_VALUE),
        decimals=int(_text(row, "decimals") or _digits(row)),
        valid_from=known or _first_day(edition),
        valid_to=_day(row, "valid_to") or ended_on,
        source_status=_text(row, "status"),
        source=_needed(row, "source"),
        note=note if known else "; ".join(filter(None, (note, ASSUMED))),
    )
    check_limit(limit)
    return limit


def _product(row: Row) -> ProductData:
    rate = _text(row, "vat_rate")
    return ProductData(
        sku=_needed(row, "key"),
        name_zh=_needed(row, "zh"),
        name_en=_needed(row, "en"),
        family=Family(row["family"]),
        limit_key=_text(row, "spec_key"),
        limit_grade=_text(row, "grade"),
        vat_rate=None if rate.endswith("?") else _number(row, "vat_rate"),
    )


def _text(row: Row, name: str) -> str:
    text = (row.get(name) or "").strip()
    return "" if text in NOTHING else text


def _needed(row: Row, name: str) -> str:
    text = _text(row, name)
    if not text:
        raise ValueError(f"{name} is empty")
    return text


def _number(row: Row, name: str) -> Decimal | None:
    text = _text(row, name)
    number = Decimal(text) if text else None
    if number is not None and not number.is_finite():
        raise ValueError(f"{name} is not a number")
    return number


def _day(row: Row, name: str) -> date | None:
    text = _text(row, name)
    return date.fromisoformat(text) if text else None


def _digits(row: Row) -> int:
    """Digits after the point of the printed limit."""
    return max(len(_text(row, name).partition(".")[2]) for name in ("low", "high"))


def _edition(text: str) -> tuple[str, date | None]:
    """ "2003 (superseded 2016-05-01)" → 2003 and the first day on which it no longer held."""
    match = SUPERSEDED.fullmatch(text)
    return (match[1], date.fromisoformat(match[2])) if match else (text, None)


def _first_day(edition: str) -> date:
    year = re.search(r"(?:19|20)\d\d", edition)
    return date(int(year[0]), 1, 1) if year else OLDEST
