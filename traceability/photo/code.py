"""What a photo says: codes with their evidence. Plain data, shared by the server and the reader process."""

from dataclasses import dataclass
from enum import StrEnum

Point = tuple[float, float]
Quad = tuple[Point, Point, Point, Point]


class Format(StrEnum):
    """The symbologies we read, by the names our answers use. DataBar Omnidirectional and Stacked are one."""

    QR = "QR"
    DATA_MATRIX = "DATAMATRIX"
    CODE128 = "CODE128"
    EAN13 = "EAN13"
    UPCA = "UPCA"
    ITF = "ITF"
    DATABAR = "DATABAR"
    DATABAR_LIMITED = "DATABARLTD"
    DATABAR_EXPANDED = "DATABAREXP"


class Reader(StrEnum):
    ZXING = "zxing-cpp"
    ZBAR = "pyzbar"


@dataclass(frozen=True, slots=True)
class Code:
    """One code in a photo.

    `text` holds the GS1 separator as \\x1d and no leading FNC1; `aim` is the symbology identifier (`]C1 ]d2 …`)
    that tells GS1 from plain. `confirmed` is False for a candidate a person must look at. `box` is the four
    corners in the pixels of the photo as it is displayed (EXIF orientation applied), `stage` the look that
    found it.
    """

    text: str
    raw_bytes: bytes
    aim: str
    format: Format
    reader: Reader
    stage: str
    confirmed: bool
    box: Quad


@dataclass(frozen=True, slots=True)
class PhotoResult:
    """The codes of one photo, confirmed ones first. Empty `codes`: nothing was read.

    `width` and `height` are those of the photo as displayed; `load_ms` is the time to unpack the pixels,
    `ms` the time to read the codes in them, both CPU time of the reading thread.
    """

    codes: tuple[Code, ...]
    width: int
    height: int
    load_ms: float
    ms: float
