"""An empty file of a kind to fill in: the columns, and one row of examples."""

import io

from xlsxwriter import Workbook

from backend.core.table_file import csv_lines
from traceability.imports.kinds import Kind


def csv_template(kind: Kind) -> bytes:
    """UTF-8 with BOM, as Chinese Excel reads it."""
    example = [column.example for column in kind.columns]
    return b"".join(csv_lines([column.name for column in kind.columns], [example]))


def xlsx_template(kind: Kind) -> bytes:
    """Every cell is a text: codes and days stay as they are typed; needed columns are bold."""
    file = io.BytesIO()
    with Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet(kind.name)
        as_text, needed = book.add_format({"num_format": "@"}), book.add_format({"bold": True})
        sheet.set_column(0, len(kind.columns) - 1, 18, as_text)
        for place, column in enumerate(kind.columns):
            sheet.write_string(0, place, column.name, needed if column.is_needed else as_text)
            sheet.write_string(1, place, column.example, as_text)
    return file.getvalue()
