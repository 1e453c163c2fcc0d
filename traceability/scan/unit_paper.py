"""The label of a logistic unit: its SSCC as GS1-128 bars for forklifts and as a Digital Link QR code for phones."""

from pathlib import Path

from backend.core import clock, pdf
from traceability.dispatch.models import LogisticUnit
from traceability.dispatch.queries import WholeUnit
from traceability.label.symbol import Symbology, qr_png, symbol_png
from traceability.scan.label_paper import print_host

TEMPLATE = Path(__file__).with_name("unit_label.typ")
MOST_LINES = 8  # batches named on the label; of more it says how many


def unit_link(unit: LogisticUnit) -> str:
    return f"https://{print_host()}/00/{unit.sscc}"


def unit_png(unit: LogisticUnit) -> bytes:
    """The QR code alone with its quiet zone, 8 pixels per module."""
    return qr_png(unit_link(unit), scale=8)


def unit_pdf(whole: WholeUnit) -> bytes:
    return pdf.pdf(unit_sheet(whole))


def unit_sheet(whole: WholeUnit) -> pdf.Paper:
    """The label, 100 × 150 mm: level, batches with their kg, QR code and bars."""
    unit = whole.unit
    data = {
        "level": unit.level,
        "sscc": unit.sscc,
        "packed_on": clock.factory_date(unit.packed_at).isoformat(),
        "lines": [
            [batch.code, batch.product.name_zh[:20], f"{held.qty_kg.normalize():f} kg"]
            for batch, held in whole.total[:MOST_LINES]
        ],
        "more": max(0, len(whole.total) - MOST_LINES),
    }
    pictures = {
        "code.png": unit_png(unit),
        "bars.png": symbol_png(f"(00){unit.sscc}", Symbology.GS1_128, scale=4),
    }
    return pdf.Paper(TEMPLATE, data=data, made_at=clock.now(), pictures=pictures)
