"""The process that touches hostile pixels: photos in on stdin, answers out on stdout, and it may die of one.

Started by `reader_pool`, without Django. The end of stdin is its end, so none is left behind when the server
goes.
"""

import contextlib
import os
import resource
import signal
import sys
import warnings
from typing import BinaryIO

from PIL import Image

from backend.core.errors import DomainError
from traceability.photo.chain import decode
from traceability.photo.upload import ImageTooLarge
from traceability.photo.wire import LENGTH, framed, packed_refusal, packed_result

# Processor seconds one photo may cost, in native code too: the kernel ends the process then.
CPU_LIMIT_S = 2.0
# What a photo may take beyond the loaded libraries; the header checks of `upload` keep honest ones below it.
MEMORY_LIMIT = 256 * 1024 * 1024


def main() -> None:
    """Answers photos until stdin ends."""
    answers = _own_stdout()
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    # Ctrl-C in a terminal reaches the whole group; the server decides when its readers go.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    _limit_memory()
    while (photo := _receive(sys.stdin.buffer)) is not None:
        signal.setitimer(signal.ITIMER_PROF, CPU_LIMIT_S)
        answer = _answer(photo)
        signal.setitimer(signal.ITIMER_PROF, 0)
        answers.write(framed(answer))
        answers.flush()


def _receive(stream: BinaryIO) -> bytes | None:
    """The next message; None at the end of the stream, also where it ends inside a message."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    body = stream.read(length)
    return body if len(body) == length else None


def _answer(photo: bytes) -> bytes:
    try:
        return packed_result(decode(photo))
    except DomainError as refusal:
        return packed_refusal(refusal)
    except MemoryError:
        return packed_refusal(ImageTooLarge())


def _own_stdout() -> BinaryIO:
    """The answer pipe, out of the reach of libraries that print: their stdout becomes stderr."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return answers


def _limit_memory() -> None:
    # Not on every system: macOS has no /proc and refuses the limit. There the header checks must do.
    with contextlib.suppress(OSError, ValueError):
        with open("/proc/self/statm", encoding="ascii") as statm:
            used = int(statm.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY_LIMIT,) * 2)


if __name__ == "__main__":
    main()
