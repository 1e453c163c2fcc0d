"""The second reader: zbar, through pyzbar's bindings. Optional: without libzbar0 it reads nothing.

The scan loop is our own. pyzbar's `decode()` raises on every structured-append QR code and loses all other reads
with it, cannot set the ITF length, and does not tell GS1-128 from plain Code 128.
"""

import ctypes
import os
from collections.abc import Iterator
from typing import Any

from traceability.photo.code import Format, Reader
from traceability.photo.read import Look, Read
from traceability.photo.view import View

try:
    from pyzbar import wrapper as _bindings
except (ImportError, OSError):  # pyzbar or libzbar0 is not installed
    _bindings = None

# Set to 1 to run as on a machine without libzbar0.
WITHOUT_ZBAR = "PHOTO_WITHOUT_ZBAR"

_GREY = int.from_bytes(b"Y800", "little")
_GS1 = 1
_ITF14_DIGITS = 14

# Never DataBar Expanded: zbar decodes letters followed by a separator and digits wrongly, without any error.
_CONFIG = {
    "QRCODE": Format.QR,
    "CODE128": Format.CODE128,
    "EAN13": Format.EAN13,
    "I25": Format.ITF,
    "DATABAR": Format.DATABAR,
}
_AIMS = {
    Format.QR: ("]Q1", "]Q3"),
    Format.CODE128: ("]C0", "]C1"),
    Format.EAN13: ("]E0", "]E0"),
    Format.UPCA: ("]E0", "]E0"),
    Format.ITF: ("]I1", "]I1"),
    Format.DATABAR: ("]e0", "]e0"),
}
ALL = tuple(_CONFIG)
LINEAR = ("CODE128", "EAN13", "I25", "DATABAR")


def is_available() -> bool:
    return _bindings is not None and os.environ.get(WITHOUT_ZBAR) != "1"


def version() -> str | None:
    """The version of libzbar, or None where it is missing."""
    if not is_available():
        return None
    major, minor, patch = ctypes.c_uint(), ctypes.c_uint(), ctypes.c_uint()
    _bindings.LIBZBAR.zbar_version(ctypes.byref(major), ctypes.byref(minor), ctypes.byref(patch))
    return f"{major.value}.{minor.value}.{patch.value}"


def read(view: View, *, look: Look, symbols: tuple[str, ...] = ALL, every: int = 1) -> list[Read]:
    """Everything zbar sees in the view, looking along each `every`-th row and column.

    ASCII texts only: it guesses the charset of others, mostly wrongly.
    """
    if not is_available() or not view.pixels.width or not view.pixels.height:
        return []
    scanner = _bindings.zbar_image_scanner_create()
    image = _bindings.zbar_image_create()
    try:
        _configure(scanner, symbols, every)
        pixels = view.pixels.tobytes()
        _bindings.zbar_image_set_format(image, _GREY)
        _bindings.zbar_image_set_size(image, *view.pixels.size)
        _bindings.zbar_image_set_data(image, pixels, len(pixels), None)
        if _bindings.zbar_scan_image(scanner, image) <= 0:
            return []
        reads = [_read(symbol, view, look) for symbol in _symbols(image)]
    finally:
        _bindings.zbar_image_destroy(image)
        _bindings.zbar_image_scanner_destroy(scanner)
    return [read for read in reads if read is not None]


def _configure(scanner: Any, symbols: tuple[str, ...], every: int) -> None:
    setting, symbol = _bindings.ZBarConfig, _bindings.ZBarSymbol
    _bindings.zbar_image_scanner_set_config(scanner, 0, setting.CFG_ENABLE, 0)
    for name in symbols:
        _bindings.zbar_image_scanner_set_config(scanner, symbol[name], setting.CFG_ENABLE, 1)
    for density in (setting.CFG_X_DENSITY, setting.CFG_Y_DENSITY):
        _bindings.zbar_image_scanner_set_config(scanner, 0, density, every)
    # A part of an ITF-14 reads as a shorter ITF: the commonest wrong read of all.
    for length in (setting.CFG_MIN_LEN, setting.CFG_MAX_LEN):
        _bindings.zbar_image_scanner_set_config(scanner, symbol.I25, length, _ITF14_DIGITS)


def _symbols(image: Any) -> Iterator[Any]:
    symbol = _bindings.zbar_image_first_symbol(image)
    while symbol:
        yield symbol
        symbol = _bindings.zbar_symbol_next(symbol)


def _read(symbol: Any, view: View, look: Look) -> Read | None:
    kind = _bindings.ZBarSymbol._value2member_map_.get(symbol.contents.type)
    symbology = _CONFIG.get(kind.name) if kind else None
    length = _bindings.zbar_symbol_get_data_length(symbol)
    raw = ctypes.string_at(_bindings.zbar_symbol_get_data(symbol), length)
    if symbology is None or not raw.isascii():
        return None
    if symbology is Format.EAN13 and raw.startswith(b"0"):
        symbology = Format.UPCA
    is_gs1 = bool(_bindings.LIBZBAR.zbar_symbol_get_modifiers(symbol) & _GS1)
    return Read(
        text=raw.decode("ascii"),
        raw=raw,
        aim=_AIMS[symbology][is_gs1],
        format=symbology,
        reader=Reader.ZBAR,
        look=look,
        box=view.quad(_corners(symbol)),
    )


def _corners(symbol: Any) -> tuple[tuple[int, int], ...]:
    """The upright rectangle around the points zbar remembers of the symbol."""
    count = _bindings.zbar_symbol_get_loc_size(symbol)
    xs = [_bindings.zbar_symbol_get_loc_x(symbol, i) for i in range(count)] or [0]
    ys = [_bindings.zbar_symbol_get_loc_y(symbol, i) for i in range(count)] or [0]
    return (min(xs), min(ys)), (max(xs), min(ys)), (max(xs), max(ys)), (min(xs), max(ys))
