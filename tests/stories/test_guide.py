"""Runs api_docs/guide.md: every bash block in one shell against the demo's data, every text block compared."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from tests.jobs import run_jobs

GUIDE = Path(__file__).resolve().parents[2] / "api_docs" / "guide.md"
BLOCK = re.compile(r"```(bash|text)\n(.*?)```", re.DOTALL)
END = "--- end of block ---"


def script_and_expected(text: str) -> tuple[str, list[str]]:
    """One shell script that marks the end of each block, and what each block must print."""
    parts, expected = ["set -euo pipefail"], []
    for kind, body in BLOCK.findall(text):
        if kind == "bash":
            parts += [body, f'echo "{END}"']
            expected.append("")
        else:
            expected[-1] = body
    return "\n".join(parts), expected


@pytest.fixture
def jobs_running() -> Iterator[None]:
    """The job cluster's work, done in a thread of this process: the same queue, the same jobs."""
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(0.1):
            run_jobs()
        connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    yield
    stop.set()
    worker.join()


def test_guide_has_blocks_to_run() -> None:
    _script, expected = script_and_expected(GUIDE.read_text())
    assert len(expected) >= 8 and sum(1 for text in expected if text) >= 7


@pytest.mark.django_db(transaction=True)
def test_every_block_of_the_guide_prints_what_it_says(
    live_server: Any, jobs_running: None, tmp_path: Path
) -> None:
    call_command("seed_demo", verbosity=0)
    script, expected = script_and_expected(GUIDE.read_text())
    environment = {
        "BASE": live_server.url,
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "LANG": "C.UTF-8",
    }
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    printed = done.stdout.split(f"{END}\n")
    assert done.returncode == 0, f"block {len(printed)} failed: {printed[-1]}\n{done.stderr[-2000:]}"
    for got, wanted in zip(printed, expected, strict=False):
        pattern = re.escape(wanted).replace("…", ".*")
        assert re.fullmatch(pattern, got), f"expected {wanted!r}, got {got!r}"
