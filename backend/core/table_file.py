"""Tables for Chinese Excel: CSV in UTF-8 with BOM, and workbooks. Codes stay text, formulas are inert."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain, islice
from typing import IO, Any

import xlsxwriter

CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WORKBOOK_DATE = datetime(2026, 1, 1, tzinfo=UTC)
ROWS_OF_A_SHEET = 1_048_576  # Excel's; beyond it a writer drops them without a word
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def inert(value: Any) -> str:
    """The cell's text; one that a spreadsheet would run as a formula gets a leading apostrophe. A number stays one."""
    if isinstance(value, (int, Decimal)):
        return str(value)
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """The file's lines as bytes, streamed; the first carries the BOM."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    mark = "\ufeff"
    for row in chain([header], rows):
        writer.writerow([inert(value) for value in row])
        yield (mark + buffer.getvalue()).encode()
        mark = ""
        buffer.seek(0)
        buffer.truncate()


def write_xlsx(
    to: IO[bytes], header: Sequence[str], rows: Iterable[Sequence[Any]], *, most: int = ROWS_OF_A_SHEET
) -> None:
    """A workbook, written row by row with flat memory; the header stays in sight and filters.

    Numbers (Decimal, int) are numbers; every other value is text, whatever it looks like. One sheet; rows beyond
    the `most` a sheet holds, its header counted, go on on the next.
    """
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    rest = iter(rows)
    with xlsxwriter.Workbook(to, options) as book:
        book.set_properties({"created": WORKBOOK_DATE})  # the same rows give the same file
        bold = book.add_format({"bold": True})
        _write_sheet(book.add_worksheet(), header, islice(rest, most - 1), bold=bold)
        for row in rest:
            _write_sheet(book.add_worksheet(), header, chain([row], islice(rest, most - 2)), bold=bold)


def _write_sheet(sheet: Any, header: Sequence[str], rows: Iterable[Sequence[Any]], *, bold: Any) -> None:
    sheet.freeze_panes(1, 0)
    last = 0
    for column, name in enumerate(header):
        sheet.set_column(column, column, max(10, 2 * len(name)))
    for column, name in enumerate(header):
        sheet.write_string(0, column, name, bold)
    for last, row in enumerate(rows, 1):
        for column, value in enumerate(row):
            if isinstance(value, (int, Decimal)):
                sheet.write_number(last, column, float(value))
            elif value is not None and value != "":
                sheet.write_string(last, column, str(value))
    sheet.autofilter(0, 0, last, len(header) - 1)
