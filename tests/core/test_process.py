"""Children in their own group: none outlives its parent or its end."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from backend.core import process

# A child that ignores SIGTERM, with a child of its own; it prints that one's id when both are there.
STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(grandchild.pid, flush=True)
time.sleep(600)
"""
PARENT = """
import sys, time
from pathlib import Path
from backend.core import process
child = process.start([sys.executable, "-c", "import time; time.sleep(600)"], cwd=Path.cwd())
print(child.pid, flush=True)
time.sleep(600)
"""


def first_line(file: Path) -> int:
    until = time.monotonic() + 30
    while not file.read_text().endswith("\n"):
        assert time.monotonic() < until
        time.sleep(0.05)
    return int(file.read_text())


def test_child_that_ignores_the_request_ends_with_its_whole_group(tmp_path):
    with (tmp_path / "out").open("w") as output:
        child = process.start([sys.executable, "-c", STUBBORN], cwd=tmp_path, output=output)
    grandchild = psutil.Process(first_line(tmp_path / "out"))

    process.end(child, grace_s=0.2)

    assert child.returncode == -signal.SIGKILL
    assert not process.is_alive(grandchild)


def test_child_ends_when_its_parent_is_killed():
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
        until = time.monotonic() + 10
        while process.is_alive(child):
            assert time.monotonic() < until
            time.sleep(0.05)
