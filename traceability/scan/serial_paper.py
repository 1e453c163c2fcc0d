"""Serial codes for the printer: a file of them, or a sheet of labels."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from backend.core import clock, pdf
from backend.core.errors import InvalidInput, NotFound
from backend.core.errors import mark as _
from traceability.batch.models import Batch
from traceability.label.symbol import Symbology, symbol_svg
from traceability.scan.label_paper import GS1_LOT, print_host
from traceability.serial.models import SerialRange
from traceability.serial.rules import Span
from traceability.serial.services import codes_of
from traceability.serial.token import grouped

TEMPLATE = Path(__file__).with_name("serial_labels.typ")
COLUMNS = ("number", "code", "token", "link", "gtin", "batch")


@dataclass(frozen=True)
class PrintedCode:
    """`printed`: for the eye; `link`: for the QR code, the token alone where the pack has no GTIN."""

    number: int
    token: str
    link: str

    @property
    def printed(self) -> str:
        return grouped(self.token)


@dataclass(frozen=True)
class PrintRun:
    """Codes of one range, made while they are read."""

    batch: Batch
    range: SerialRange
    codes: Iterator[PrintedCode]


def print_run(batch: Batch, row: SerialRange | None, *, start: int | None, count: int) -> PrintRun:
    """`count` codes from number `start` on (without: the first), as far as the range goes.

    Raises NotFound (404) without a range, InvalidInput (400) where it holds none of the numbers,
    SerialRangeWithdrawn and SerialKeyMissing (409).
    """
    if row is None or row.batch_id != batch.pk:
        raise NotFound
    numbers = Span(row.first, row.last).part(start=start, count=count)
    if numbers is None:
        raise InvalidInput(errors={"from": _("The range holds no such number.")})
    host, gtin = print_host(), row.trade_item.gtin if row.trade_item else ""
    codes = (
        PrintedCode(number, token, serial_link(token, host=host, gtin=gtin, lot=batch.code))
        for number, token in codes_of(row, numbers)
    )
    return PrintRun(batch=batch, range=row, codes=codes)


def serial_link(token: str, *, host: str, gtin: str, lot: str) -> str:
    """`https://host/01/{gtin}/10/{lot}/21/{token}`; a lot that AI (10) cannot hold is left out."""
    if not gtin:
        return token
    middle = f"/10/{quote(lot, safe='')}" if GS1_LOT.fullmatch(lot) else ""
    return f"https://{host}/01/{gtin}{middle}/21/{token}"


def table_rows(run: PrintRun) -> Iterator[list[object]]:
    """As COLUMNS."""
    gtin = run.range.trade_item.gtin if run.range.trade_item else ""
    for code in run.codes:
        yield [code.number, code.printed, code.token, code.link, gtin, run.batch.code]


def labels_pdf(run: PrintRun) -> bytes:
    return pdf.pdf(labels_sheet(run))


def labels_sheet(run: PrintRun) -> pdf.Paper:
    """A label of 50 × 30 mm per page: the QR code and the code for the eye."""
    codes = list(run.codes)
    data = {
        "name": run.batch.product.name_zh[:20],
        "batch": run.batch.code,
        "codes": [code.printed for code in codes],
    }
    pictures = {
        f"{index}.svg": symbol_svg(code.link, Symbology.QR).encode() for index, code in enumerate(codes)
    }
    return pdf.Paper(TEMPLATE, data=data, made_at=clock.now(), pictures=pictures)
