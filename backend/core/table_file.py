"""CSV as Chinese Excel reads it: UTF-8 with BOM, codes stay text, formulas are inert."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import chain
from typing import Any

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
