"""The bootstrap: when it installs, in whose words, and what it says instead of a traceback."""

import importlib.metadata
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from backend.core.bootstrap import (
    DEV,
    ROOT,
    RUN,
    Packages,
    Progress,
    only_one,
    running_python_has,
    uv_settings,
)
from manage import workers

PACKAGES = Packages("run", "requirements.txt")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / ".venv").mkdir()
    (tmp_path / "requirements.txt").write_text("one==1 \\\n    --hash=sha256:00\n")
    (tmp_path / "requirements-uv.txt").write_text("uv==1 \\\n    --hash=sha256:00\n")
    return tmp_path


def stamped(project: Path, *, python: str = "3.11.2") -> bool:
    return PACKAGES.is_stamped(project / ".venv", root=project, python_version=python)


def test_stamp_holds_until_python_or_a_list_changes(project):
    assert not stamped(project)
    PACKAGES.stamp(project / ".venv").write_text(PACKAGES.digest(root=project, python_version="3.11.2"))
    assert stamped(project)
    assert not stamped(project, python="3.12.0")
    (project / "requirements-uv.txt").write_text("uv==2 \\\n    --hash=sha256:00\n")
    assert not stamped(project)


def test_interpreter_that_holds_every_pinned_version_is_used_as_it_is(project):
    version = importlib.metadata.version("django")
    (project / "requirements.txt").write_text(
        f"django=={version} \\\n    --hash=sha256:00\nonly-there==1 ; sys_platform == 'win32' \\\n"
    )
    assert running_python_has(PACKAGES, root=project)
    (project / "requirements.txt").write_text(f"django=={version}.1 \\\n    --hash=sha256:00\n")
    assert not running_python_has(PACKAGES, root=project)


def test_suite_itself_runs_on_exactly_the_pinned_packages():
    assert running_python_has(RUN)
    assert running_python_has(DEV)


def test_mirror_and_certificate_of_pip_reach_uv():
    listed = (
        "global.cert='/etc/ssl/own.crt'\n"
        "global.extra-index-url='https://one.example/simple https://two.example/simple'\n"
        ":env:.find-links='/opt/wheels'\n"
        "user.index-url='https://mirror.example/simple?a=b'\n"
    )
    environment = uv_settings(listed, environ={"PATH": "/bin"})
    assert environment == {
        "PATH": "/bin",
        "UV_DEFAULT_INDEX": "https://mirror.example/simple?a=b",
        "UV_INDEX": "https://one.example/simple https://two.example/simple",
        "UV_FIND_LINKS": "/opt/wheels",
        "SSL_CERT_FILE": "/etc/ssl/own.crt",
        "UV_SYSTEM_CERTS": "1",
    }


def test_what_is_set_for_uv_itself_wins():
    environment = uv_settings(
        "global.index-url='https://pip.example'", environ={"UV_DEFAULT_INDEX": "https://uv.example"}
    )
    assert environment["UV_DEFAULT_INDEX"] == "https://uv.example"


def test_second_bootstrap_waits_for_the_first(tmp_path):
    said: list[str] = []
    order: list[str] = []
    held, waiting = threading.Event(), threading.Event()

    class Said(Progress):
        def __call__(self, text: str) -> None:
            said.append(text)
            waiting.set()

    def first() -> None:
        with only_one(tmp_path / "lock", say=Said()):
            held.set()
            waiting.wait(10)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    held.wait(10)
    with only_one(tmp_path / "lock", say=Said()):
        order.append("second")
    thread.join()
    assert order == ["first", "second"]
    assert len(said) == 1


def test_busy_port_is_said_in_one_line_before_any_slow_work():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, ROOT / "manage.py", "demo", "--port", str(port)],
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == f"Port {port} is in use; choose another: python3 manage.py demo --port {port + 1}\n"


def test_suite_uses_every_core_unless_the_person_chose(monkeypatch):
    cores = len(os.sched_getaffinity(0))
    expected = ["-n", str(min(cores, 8)), "--dist", "loadgroup"] if cores > 1 else []
    assert workers(["tests/core", "--cov"]) == expected
    for chosen in (["-n0"], ["-n", "3"], ["--numprocesses=2"], ["-p", "no:xdist"], ["--pdb"], ["--co"]):
        assert workers(chosen) == []


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "requirements-uv.txt"])
def test_every_requirement_is_pinned_with_hashes_and_names_no_host(name):
    text = (ROOT / name).read_text()
    entries = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert entries
    assert all("==" in line and line.endswith("\\") for line in entries)
    assert "://" not in text
    assert "--index-url" not in text.replace("--no-emit-index-url", "")


def test_dev_list_holds_the_whole_run_list():
    def pins(name: str) -> set[str]:
        lines = (ROOT / name).read_text().splitlines()
        return {line.split()[0] for line in lines if line and not line.startswith((" ", "#"))}

    assert pins("requirements.txt") <= pins("requirements-dev.txt")
