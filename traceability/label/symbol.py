"""Text → a printable code: the symbols on our own labels, drawn by zxing-cpp's writer."""

from enum import StrEnum
from io import BytesIO

import zxingcpp
from PIL import Image

from backend.core.errors import DomainError
from backend.core.errors import mark as _


class Symbology(StrEnum):
    """What can be printed. The `GS1_…` ones carry element strings: `(01)06901234567892(10)A1(17)271231`."""

    QR = "qr"
    DATA_MATRIX = "data_matrix"
    CODE128 = "code128"
    EAN13 = "ean13"
    ITF14 = "itf14"
    DATABAR = "databar"
    GS1_QR = "gs1_qr"
    GS1_DATA_MATRIX = "gs1_data_matrix"
    GS1_128 = "gs1_128"
    GS1_DATABAR_EXPANDED = "gs1_databar_expanded"
    GS1_DATABAR_STACKED = "gs1_databar_stacked"


class SymbolRefused(DomainError):
    """The symbology cannot carry this text (a wrong check digit, letters in ITF-14, too long …)."""

    code, status, title = "symbol_refused", 400, _("This text does not fit the symbol")


_FORMATS = {
    Symbology.QR: zxingcpp.BarcodeFormat.QRCode,
    Symbology.DATA_MATRIX: zxingcpp.BarcodeFormat.DataMatrix,
    Symbology.CODE128: zxingcpp.BarcodeFormat.Code128,
    Symbology.EAN13: zxingcpp.BarcodeFormat.EAN13,
    Symbology.ITF14: zxingcpp.BarcodeFormat.ITF,
    Symbology.DATABAR: zxingcpp.BarcodeFormat.DataBar,
    Symbology.GS1_QR: zxingcpp.BarcodeFormat.QRCode,
    Symbology.GS1_DATA_MATRIX: zxingcpp.BarcodeFormat.DataMatrix,
    Symbology.GS1_128: zxingcpp.BarcodeFormat.Code128,
    Symbology.GS1_DATABAR_EXPANDED: zxingcpp.BarcodeFormat.DataBarExp,
    Symbology.GS1_DATABAR_STACKED: zxingcpp.BarcodeFormat.DataBarExpStk,
}
_ELEMENT_STRINGS = {
    Symbology.GS1_QR,
    Symbology.GS1_DATA_MATRIX,
    Symbology.GS1_128,
    Symbology.GS1_DATABAR_EXPANDED,
    Symbology.GS1_DATABAR_STACKED,
}
# Q: a quarter of the symbol may be scuffed away; a sack is dragged before it is scanned.
_QR_LEVEL = "Q"


def symbol_image(content: str | bytes, symbology: Symbology, *, scale: int = 4) -> Image.Image:
    """The symbol black on white with its quiet zone, `scale` pixels per module, mode "L".

    Raises SymbolRefused.
    """
    return Image.fromarray(_symbol(content, symbology).to_image(scale=scale))


def symbol_png(content: str | bytes, symbology: Symbology, *, scale: int = 8) -> bytes:
    """The symbol as PNG bytes. Raises SymbolRefused."""
    out = BytesIO()
    symbol_image(content, symbology, scale=scale).save(out, "PNG", optimize=True)
    return out.getvalue()


def symbol_svg(content: str | bytes, symbology: Symbology) -> str:
    """The symbol as an SVG document, sharp at any print size. Raises SymbolRefused."""
    return str(_symbol(content, symbology).to_svg())


def qr_png(text: str, *, scale: int = 8) -> bytes:
    """A QR code of a text or a Digital Link as PNG bytes. Raises SymbolRefused."""
    return symbol_png(text, Symbology.QR, scale=scale)


def _symbol(content: str | bytes, symbology: Symbology) -> zxingcpp.Barcode:
    options: dict[str, object] = {"gs1": True} if symbology in _ELEMENT_STRINGS else {}
    if _FORMATS[symbology] == zxingcpp.BarcodeFormat.QRCode:
        options["ec_level"] = _QR_LEVEL
    try:
        return zxingcpp.create_barcode(content, _FORMATS[symbology], **options)
    except ValueError as refused:
        raise SymbolRefused(symbology=symbology.value, reason=str(refused)) from refused
