"""A file as a table: CSV in UTF-8 or GB18030, or the first sheet of a workbook. Cells are texts, nothing is run."""

import csv
import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from itertools import islice
from typing import Any
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from backend.core.errors import mark as _
from backend.core.strict import FORBIDDEN
from traceability.imports.rules import Row, TableRefused

MAX_BYTES = 12_000_000
MAX_ROWS = 200_000
MAX_COLUMNS = 100
MAX_CELL_CHARS = 2_000
# A workbook is a zip: what it unfolds to is looked up before anything is unfolded.
MAX_UNFOLDED_BYTES = 400_000_000
MAX_RATIO = 200
ZIP_START = b"PK\x03\x04"
OLD_EXCEL_START = b"\xd0\xcf\x11\xe0"
# What reading damaged workbooks ended in. RuntimeError: encrypted, or packed in a way nobody uses.
NOT_A_WORKBOOK = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    InvalidFileException,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    ParseError,
    RuntimeError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True)
class Table:
    """`header` as it stands in the file, lower case; `rows` without the empty ones."""

    header: tuple[str, ...]
    rows: list[Row]


def read_table(data: bytes) -> Table:
    """The table in `data`. Raises TableRefused (400)."""
    if data.startswith(OLD_EXCEL_START):
        raise TableRefused(reason=_("This is an old or encrypted workbook; save it as XLSX or CSV."))
    lines = _workbook_lines(data) if data.startswith(ZIP_START) else _csv_lines(data)
    header = _header(next(lines, (1, ()))[1])
    rows = [
        Row(line, dict(zip(header, cells, strict=False)))
        for line, cells in lines
        if any(map(str.strip, cells))
    ]
    if len(rows) > MAX_ROWS:
        raise TableRefused(reason=_("The file has too many rows; split it."))
    if not rows:
        raise TableRefused(reason=_("The file holds no rows."))
    return Table(header=header, rows=rows)


def _header(cells: Sequence[str]) -> tuple[str, ...]:
    names = [cell.strip().lower() for cell in cells]
    while names and not names[-1]:
        names.pop()
    if not names:
        raise TableRefused(reason=_("The first row must hold the names of the columns."))
    if len(names) > MAX_COLUMNS:
        raise TableRefused(reason=_("The file has too many columns."))
    if len(set(names)) != len(names):
        raise TableRefused(reason=_("A column stands twice."))
    return tuple(names)


def _csv_lines(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """(line of the file, cells). UTF-8 first, then GB18030, as Chinese Excel saves."""
    text = _decoded(data)
    if FORBIDDEN.search(text):
        raise TableRefused(reason=_("The file holds characters that are not allowed."))
    first = text[: text.find("\n")] if "\n" in text else text
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for cells in islice(reader, MAX_ROWS + 2):
            yield reader.line_num, cells
    except csv.Error as error:
        raise TableRefused(reason=_("The file is no valid CSV: check its quotes.")) from error


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise TableRefused(reason=_("The file is neither UTF-8 nor GB18030."))


def _workbook_lines(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """(row of the sheet, cells): values as the workbook last showed them; no formula is worked out, no macro run."""
    try:
        _check_zip(data)
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        rows: Iterable[tuple[Any, ...]] = sheet.iter_rows(values_only=True, max_col=MAX_COLUMNS + 1)
        for number, cells in enumerate(islice(rows, MAX_ROWS + 2), start=1):
            texts = [_text(cell) for cell in cells]
            if any(map(FORBIDDEN.search, texts)):
                raise TableRefused(reason=_("The file holds characters that are not allowed."))
            yield number, texts
    except NOT_A_WORKBOOK as error:
        raise TableRefused(reason=_("The file is no readable workbook.")) from error


def _check_zip(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        unfolded = sum(member.file_size for member in archive.infolist())
    if unfolded > MAX_UNFOLDED_BYTES or unfolded > MAX_RATIO * len(data):
        raise TableRefused(reason=_("The workbook unfolds to too much."))


def _text(cell: Any) -> str:
    """The cell's value as it would stand in a CSV."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):  # a spreadsheet knows no other numbers: 15 digits are what it shows
        return format(Decimal(format(cell, ".15g")), "f")
    if isinstance(cell, datetime):
        return (cell.date() if cell.time() == time() else cell).isoformat()
    return cell.isoformat() if isinstance(cell, (date, time)) else str(cell)
