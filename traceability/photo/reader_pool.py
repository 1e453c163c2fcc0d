"""Reader processes kept by a web process: as many photos at once as there are cores, and any of them may die."""

import logging
import os
import queue
import selectors
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO

from backend.core.errors import DomainError
from backend.core.errors import mark as _
from traceability.photo.code import PhotoResult
from traceability.photo.wire import LENGTH, framed, unpacked

logger = logging.getLogger(__name__)

_HOME = Path(__file__).resolve().parents[2]
# Wall time; the processor time of one photo is limited inside the process.
_ANSWER_LIMIT_S = 15.0
# A photo waits this long for a free reader before the caller is told to come back.
_QUEUE_LIMIT_S = 2.0
# Native libraries leak and fragment; a fresh process costs a quarter of a second.
_PHOTOS_PER_PROCESS = 500
_LARGEST_ANSWER = 4 * 1024 * 1024
_CHUNK = 1 << 16


class ImageTooHard(DomainError):
    """The reader process died of this photo, or ran into its time limit."""

    code, status, title = "image_too_hard", 422, _("This photo could not be processed")
    detail = _("Reading it took too long. Take the photo again, closer and with less around the label.")


class DecoderBusy(DomainError):
    code, status, title = "decoder_busy", 503, _("All photo readers are busy")
    detail = _("Send the photo again in a moment.")
    retry_after_s = 2


class _ReaderDied(Exception):
    """The process ended, went silent or answered nonsense."""


class _ReaderProcess:
    """One child process; one thread at a time."""

    def __init__(self) -> None:
        self.photos = 0
        self._is_between_photos = True
        self._child = subprocess.Popen(
            [sys.executable, "-m", "traceability.photo.reader_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # zbar prints assertions of no consequence about DataBar.
            stderr=subprocess.DEVNULL,
            cwd=_HOME,
        )
        for pipe in self._pipes():
            os.set_blocking(pipe.fileno(), False)

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def is_usable(self) -> bool:
        """Alive, young, and not left in the middle of an answer, which would be taken for that to the next."""
        is_alive = self._child.poll() is None
        return is_alive and self._is_between_photos and self.photos < _PHOTOS_PER_PROCESS

    def ask(self, photo: bytes) -> PhotoResult:
        """The answer to one photo. Raises _ReaderDied and the refusals of `upload`."""
        self.photos += 1
        self._is_between_photos = False
        stdin, stdout = self._pipes()
        until = time.monotonic() + _ANSWER_LIMIT_S
        try:
            _send(stdin, framed(photo), until=until)
            (length,) = LENGTH.unpack(_receive(stdout, LENGTH.size, until=until))
            if length > _LARGEST_ANSWER:
                raise _ReaderDied("answer too long")
            answer = _receive(stdout, length, until=until)
            self._is_between_photos = True
            return unpacked(answer)
        except (OSError, ValueError, KeyError, TypeError) as broken:
            raise _ReaderDied(f"{type(broken).__name__}: {broken}") from broken

    def stop(self) -> str:
        """Ends the process; how it ended, for the log."""
        for pipe in self._pipes():
            pipe.close()
        # One that died of a photo needs a moment to be gone; its own end tells more than our kill.
        try:
            status = self._child.wait(timeout=0.2)
        except subprocess.TimeoutExpired:
            self._child.kill()
            status = self._child.wait()
        return signal.Signals(-status).name if status < 0 else f"exit {status}"

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        stdin, stdout = self._child.stdin, self._child.stdout
        assert stdin is not None
        assert stdout is not None
        return stdin, stdout


def _send(pipe: IO[bytes], message: bytes, *, until: float) -> None:
    rest = memoryview(message)
    while rest:
        _await(pipe, selectors.EVENT_WRITE, until=until)
        rest = rest[os.write(pipe.fileno(), rest[:_CHUNK]) :]


def _receive(pipe: IO[bytes], length: int, *, until: float) -> bytes:
    body = bytearray()
    while len(body) < length:
        _await(pipe, selectors.EVENT_READ, until=until)
        part = os.read(pipe.fileno(), length - len(body))
        if not part:
            raise _ReaderDied("end of answers")
        body += part
    return bytes(body)


def _await(pipe: IO[bytes], event: int, *, until: float) -> None:
    """Until the pipe can be used. Raises _ReaderDied when time is up."""
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, event)
        if not selector.select(max(0.0, until - time.monotonic())):
            raise _ReaderDied("no answer in time")


class ReaderPool:
    """Thread-safe. Processes start when first needed and are replaced when they died or have read enough."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._running: set[_ReaderProcess] = set()
        self._slots: queue.LifoQueue[_ReaderProcess | None] = queue.LifoQueue()
        for _slot in range(size):
            self._slots.put(None)

    def read(self, photo: bytes) -> PhotoResult:
        """The codes in the photo; none is no error.

        Raises UnsupportedImageFormat, BrokenImage, ImageTooLarge, ImageTooHard, DecoderBusy.
        """
        try:
            reader = self._slots.get(timeout=_QUEUE_LIMIT_S)
        except queue.Empty:
            raise DecoderBusy from None
        try:
            if reader is None or not reader.is_usable:
                self._retire(reader)
                reader = None
                reader = self._start()
            return reader.ask(photo)
        except _ReaderDied as death:
            how = self._retire(reader)
            reader = None
            logger.warning("photo_reader_died: %s, %s, %d bytes", how, death, len(photo))
            raise ImageTooHard from death
        finally:
            self._slots.put(reader)

    def pids(self) -> list[int]:
        """The processes that run now."""
        with self._lock:
            return [reader.pid for reader in self._running]

    def close(self) -> None:
        """Ends all processes; the pool starts new ones if it is used again."""
        with self._lock:
            running, self._running = self._running, set()
        for reader in running:
            reader.stop()

    def _start(self) -> _ReaderProcess:
        reader = _ReaderProcess()
        with self._lock:
            self._running.add(reader)
        return reader

    def _retire(self, reader: _ReaderProcess | None) -> str:
        if reader is None:
            return ""
        with self._lock:
            self._running.discard(reader)
        return reader.stop()
