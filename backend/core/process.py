"""Child processes that never outlive their parent: started in a group of their own, ended as a group."""

import contextlib
import ctypes
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import psutil

PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of Linux's prctl; other systems have none
LIBC = ctypes.CDLL(None)


def stop_asked() -> threading.Event:
    """Set by Ctrl-C, SIGTERM or a closed terminal, from now on.

    An exception out of a signal handler may leave a lock of `subprocess` taken for ever (seen), so whoever
    holds children waits for this instead.
    """
    asked = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup
            signal.signal(number, lambda *_: asked.set())
    return asked


def start(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str] | None = None, output: IO[str] | None = None
) -> subprocess.Popen[bytes]:
    """A child in its own session: Ctrl-C does not reach it, its parent's end does (as SIGTERM)."""
    return subprocess.Popen(
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output else None,
        start_new_session=True,
        preexec_fn=_end_with_parent,
    )


def end(child: subprocess.Popen[bytes], *, grace_s: float) -> None:
    """Asks the child to end (SIGTERM), and after `grace_s` kills it; then kills what is left of its group."""
    child.terminate()
    try:
        child.wait(timeout=grace_s)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    until = time.monotonic() + 5
    while alive := [process for process in psutil.process_iter() if _lives_in(process, group=child.pid)]:
        for process in alive:
            with contextlib.suppress(psutil.Error):
                process.kill()
        if time.monotonic() > until:
            return
        time.sleep(0.05)


def is_alive(process: psutil.Process) -> bool:
    """Whether it still runs; the dead that nobody has collected yet do not count."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _lives_in(process: psutil.Process, *, group: int) -> bool:
    try:
        return os.getpgid(process.pid) == group and is_alive(process)
    except OSError:
        return False


def _end_with_parent() -> None:
    if hasattr(LIBC, "prctl"):
        LIBC.prctl(PARENT_DEATH_SIGNAL, signal.SIGTERM)
