"""The first reader: zxing-cpp."""

from enum import Enum

import zxingcpp

from traceability.photo.charset import text_of
from traceability.photo.code import Format, Reader
from traceability.photo.read import Look, Read
from traceability.photo.view import View

_F = zxingcpp.BarcodeFormat
# UPC-E and EAN-8 are left out on purpose: they made most of the false reads, and no product of ours has one.
ALL = zxingcpp.barcode_formats_from_str(
    "QRCode,DataMatrix,Code128,EAN13,UPCA,ITF,DataBar,DataBarExp,DataBarLtd"
)
LINEAR = zxingcpp.barcode_formats_from_str("Code128,EAN13,UPCA,ITF,DataBar,DataBarExp,DataBarLtd")
# Those that are found only when they lie level; a QR code is found at any angle.
ONE_WAY = zxingcpp.barcode_formats_from_str("DataMatrix,Code128,EAN13,UPCA,ITF,DataBar,DataBarExp,DataBarLtd")
MATRIX = zxingcpp.barcode_formats_from_str("QRCode,DataMatrix")

_SYMBOLOGIES = {
    _F.QRCode: Format.QR,
    _F.QRCodeModel1: Format.QR,
    _F.QRCodeModel2: Format.QR,
    _F.MicroQRCode: Format.QR,
    _F.RMQRCode: Format.QR,
    _F.DataMatrix: Format.DATA_MATRIX,
    _F.Code128: Format.CODE128,
    _F.EAN13: Format.EAN13,
    _F.UPCA: Format.UPCA,
    _F.ITF: Format.ITF,
    _F.ITF14: Format.ITF,
    _F.DataBar: Format.DATABAR,
    _F.DataBarOmni: Format.DATABAR,
    _F.DataBarStk: Format.DATABAR,
    _F.DataBarStkOmni: Format.DATABAR,
    _F.DataBarLtd: Format.DATABAR_LIMITED,
    _F.DataBarExp: Format.DATABAR_EXPANDED,
    _F.DataBarExpStk: Format.DATABAR_EXPANDED,
}
_MATRIX_SYMBOLOGIES = (Format.QR, Format.DATA_MATRIX)


class Threshold(Enum):
    """How grey becomes black or white: by the neighbourhood, or by one level for each row."""

    LOCAL = zxingcpp.Binarizer.LocalAverage
    GLOBAL = zxingcpp.Binarizer.GlobalHistogram


def read(
    view: View,
    *,
    look: Look,
    formats: zxingcpp.BarcodeFormats = ALL,
    threshold: Threshold = Threshold.LOCAL,
    rotate: bool = False,
    invert: bool = False,
) -> list[Read]:
    """Everything zxing-cpp sees in the view; without `rotate`, of all but QR codes only what lies level."""
    found = zxingcpp.read_barcodes(
        view.pixels,
        formats=formats,
        try_rotate=rotate,
        try_invert=invert,
        text_mode=zxingcpp.TextMode.Plain,
        binarizer=threshold.value,
    )
    return [_read(barcode, view, look) for barcode in found if barcode.format in _SYMBOLOGIES]


def _read(barcode: zxingcpp.Barcode, view: View, look: Look) -> Read:
    raw, symbology = barcode.bytes, _SYMBOLOGIES[barcode.format]
    if symbology is Format.EAN13 and raw.startswith(b"0"):
        symbology = Format.UPCA
    place = barcode.position
    corners = (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
    return Read(
        text=text_of(raw, declared=barcode.text, linear=symbology not in _MATRIX_SYMBOLOGIES),
        raw=raw,
        aim=barcode.symbology_identifier,
        format=symbology,
        reader=Reader.ZXING,
        look=look,
        box=view.quad((corner.x, corner.y) for corner in corners),
    )
