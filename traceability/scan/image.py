"""Photo bytes → codes, in a process that may die without hurting the server."""

import atexit
import os

from traceability.scan.code import PhotoResult
from traceability.scan.reader_pool import ReaderPool

_pool = ReaderPool(os.cpu_count() or 1)
atexit.register(_pool.close)


def read_codes(data: bytes) -> PhotoResult:
    """The codes in a photo; none is no error.

    Raises UnsupportedImageFormat (415), BrokenImage (400), ImageTooLarge (413), ImageTooHard (422),
    DecoderBusy (503).
    """
    return _pool.read(data)
