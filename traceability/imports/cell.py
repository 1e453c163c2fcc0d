"""Readers of cells: a text in, a value out, or what is wrong with it. As strict as the fields of the API, and fast."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from backend.core.clock import FACTORY_ZONE
from backend.core.errors import DomainError
from backend.core.errors import mark as _
from backend.core.fields import DAY_TEXT, DECIMAL_TEXT, FIRST_YEAR, LAST_YEAR, MOMENT_TEXT
from traceability.imports.rules import CellFault, Column, Read, Row, RowFault
from traceability.label.batch_code import BadBatchCode, normalise

TRUE = frozenset({"true", "1", "yes", "y", "是"})
FALSE = frozenset({"false", "0", "no", "n", "否"})
LOCAL_MOMENT = re.compile(DAY_TEXT.pattern + r"[T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?")
DAY_WITH_SLASHES = re.compile(r"([0-9]{4})[/.]([0-9]{1,2})[/.]([0-9]{1,2})")


def text(longest: int) -> Read:
    """A text of at most `longest` characters. What starts with = + - @ is a text like any other."""

    def read(cell: str) -> str:
        if len(cell) > longest:
            raise CellFault("max_length", _("At most {limit} characters are taken."), limit=longest)
        return cell

    return read


def choice(codes: Iterable[str]) -> Read:
    known = {str(code).lower(): str(code) for code in codes}

    def read(cell: str) -> str:
        code = known.get(cell.lower())
        if code is None:
            raise CellFault(
                "invalid_choice", _("One of these is expected: {codes}."), codes=", ".join(known.values())
            )
        return code

    return read


def number(*, digits: int, places: int, least: str | None = None, most: str | None = None) -> Read:
    """An exact decimal in plain ASCII digits; a comma between thousands is refused, it means two things."""
    low, high = (Decimal(end) if end is not None else None for end in (least, most))

    def read(cell: str) -> Decimal:
        if not DECIMAL_TEXT.fullmatch(cell):
            raise CellFault("not_decimal", _("A plain decimal number is expected."))
        value = Decimal(cell)
        whole, _point, fraction = cell.lstrip("-").partition(".")
        if len(fraction.rstrip("0")) > places or len(whole.lstrip("0")) > digits - places:
            raise CellFault(
                "max_digits",
                _("At most {digits} digits, {places} behind the point."),
                digits=digits,
                places=places,
            )
        if (low is not None and value < low) or (high is not None and value > high):
            raise CellFault("out_of_range", _("The number is too small or too large."))
        return value

    return read


def whole(*, least: int, most: int) -> Read:
    def read(cell: str) -> int:
        if not (cell.isascii() and cell.isdigit() and len(cell) <= 12):
            raise CellFault("not_whole", _("A whole number is expected."))
        if not least <= int(cell) <= most:
            raise CellFault("out_of_range", _("The number is too small or too large."))
        return int(cell)

    return read


def flag(cell: str) -> bool:
    if cell.lower() in TRUE:
        return True
    if cell.lower() in FALSE:
        return False
    raise CellFault("not_boolean", _("true or false is expected."))


def day(cell: str) -> date:
    """2026-03-01, and 2026/3/1 as Chinese Excel shows it."""
    slashes = DAY_WITH_SLASHES.fullmatch(cell)
    try:
        if slashes:
            found = date(*map(int, slashes.groups()))
        elif DAY_TEXT.fullmatch(cell):
            found = date.fromisoformat(cell)
        else:
            raise ValueError(cell)
    except ValueError as error:
        raise CellFault("not_date", _("A date such as 2026-03-01 is expected.")) from error
    if not FIRST_YEAR <= found.year < LAST_YEAR:
        raise CellFault("year_out_of_range", _("The year must lie in 2000 to 2099."))
    return found


def moment(cell: str) -> datetime:
    """A time; without a zone it is that of the factory, and a bare day is its beginning there."""
    is_local = LOCAL_MOMENT.fullmatch(cell)
    if not is_local and not MOMENT_TEXT.fullmatch(cell):
        return datetime.combine(day(cell), time(), FACTORY_ZONE).astimezone(UTC)
    try:
        found = datetime.fromisoformat(cell)
        found = (found.replace(tzinfo=FACTORY_ZONE) if is_local else found).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise CellFault(
            "not_moment", _("A date and time such as 2026-03-01T08:30:00+08:00 is expected.")
        ) from error
    if not FIRST_YEAR <= found.year < LAST_YEAR:
        raise CellFault("year_out_of_range", _("The year must lie in 2000 to 2099."))
    return found


def batch_code(cell: str) -> str:
    """A batch code as printed."""
    try:
        normalise(cell)
    except BadBatchCode as error:
        raise CellFault(error.code, error.detail) from error
    return cell.strip()


def read_cells(row: Row, columns: Sequence[Column]) -> tuple[dict[str, Any], list[RowFault]]:
    """The values of a row by column, and what is wrong with it. A column the file lacks is as if empty."""
    values, faults = {}, []
    for column in columns:
        cell = row.cells.get(column.name, "").strip()
        if not cell:
            if column.is_needed:
                faults.append(fault(row, column.name, "required", _("This cell may not be empty.")))
            values[column.name] = column.empty
            continue
        try:
            values[column.name] = column.read(cell)
        except CellFault as error:
            faults.append(RowFault(row.line, column.name, error.code, error.text, error.params))
    return values, faults


def fault(row: Row, column: str, code: str, text: str, **params: object) -> RowFault:
    return RowFault(row.line, column, code, text, {name: str(value) for name, value in params.items()})


def refusal(row: Row, error: DomainError, *, column: str = "") -> RowFault:
    """A refusal of the house's rules at a row: its code and text."""
    params = {name: str(value) for name, value in error.params.items()}
    text = error.detail or error.title
    for name, told in error.errors.items():
        return RowFault(row.line, column or str(name), error.code, str(told), params)
    return RowFault(row.line, column, error.code, text, params)
