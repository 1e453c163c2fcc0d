"""Photo bytes → codes, in a process that may die without hurting the server.

The way of a photo: `upload` (guards, pixels) → `chain` (the looks, from cheap to dear) → `evidence` (what to
believe). All of it runs in the processes of `reader_pool`; this is the door to them.
"""

import atexit
import os
from functools import cache
from importlib.metadata import version

from traceability.photo import zbar
from traceability.photo.code import PhotoResult
from traceability.photo.reader_pool import ReaderPool
from traceability.photo.upload import check_upload

# How many photos this web process reads at once; unset: as many as it may use cores.
READERS = "PHOTO_READERS"


def read_codes(data: bytes) -> PhotoResult:
    """The codes in a photo; none is no error.

    Raises UnsupportedImageFormat (415), BrokenImage (400), ImageTooLarge (413), ImageTooHard (422),
    DecoderBusy (503).
    """
    check_upload(data)
    return reader_pool().read(data)


@cache
def reader_pool() -> ReaderPool:
    """The pool of this process; its readers end with it."""
    pool = ReaderPool(int(os.environ.get(READERS) or len(os.sched_getaffinity(0))))
    atexit.register(pool.close)
    return pool


# A forked child must not share the pipes of its parent's readers.
os.register_at_fork(after_in_child=reader_pool.cache_clear)


def engines() -> dict[str, str | None]:
    """Versions of what reads photos; None for what is not installed."""
    return {
        "zxing-cpp": version("zxing-cpp"),
        "pyzbar": version("pyzbar") if zbar.is_available() else None,
        "zbar": zbar.version(),
        "pillow": version("pillow"),
    }
