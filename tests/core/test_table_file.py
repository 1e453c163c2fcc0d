"""Workbooks: nothing is lost, however many rows there are."""

import io
from decimal import Decimal

from openpyxl import load_workbook

from backend.core.table_file import write_xlsx

HEADER = ["batch", "kg"]


def sheets(count: int, *, most: int) -> list[list[tuple[object, ...]]]:
    file = io.BytesIO()
    write_xlsx(file, HEADER, ((f"YS-{n}", Decimal(n)) for n in range(count)), most=most)
    return [list(sheet.iter_rows(values_only=True)) for sheet in load_workbook(file).worksheets]


def test_rows_beyond_what_a_sheet_holds_go_on_on_the_next():
    found = sheets(7, most=4)
    assert [len(sheet) for sheet in found] == [4, 4, 2]
    assert {sheet[0] for sheet in found} == {("batch", "kg")}
    assert [row for sheet in found for row in sheet[1:]] == [(f"YS-{n}", n) for n in range(7)]


def test_table_that_fits_has_one_sheet():
    assert [len(sheet) for sheet in sheets(3, most=4)] == [4]
    assert sheets(0, most=4) == [[("batch", "kg")]]
