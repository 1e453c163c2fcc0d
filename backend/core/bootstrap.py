"""Makes `.venv` with exactly the pinned packages. Standard library only: this runs before anything is installed."""

import contextlib
import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;]+)\s*(;.*?)?\s*\\?$", re.MULTILINE)
PIP_TO_UV = {"index-url": "UV_DEFAULT_INDEX", "extra-index-url": "UV_INDEX", "find-links": "UV_FIND_LINKS"}


class SetupError(Exception):
    """Something is missing on this machine; the message is one line for the person at the keyboard."""


class Progress:
    """Prints what happens, with the seconds since the command was typed, on standard error."""

    def __init__(self, *, started_at: float | None = None) -> None:
        self.started_at = time.time() if started_at is None else started_at

    def __call__(self, text: str) -> None:
        sys.stderr.write(f"[{time.time() - self.started_at:6.1f} s] {text}\n")
        sys.stderr.flush()


@dataclass(frozen=True)
class Packages:
    """One pinned list and the stamp that says `.venv` holds it."""

    name: str
    file: str

    def stamp(self, venv: Path) -> Path:
        return venv / f"saltline-{self.name}.stamp"

    def digest(self, *, root: Path, python_version: str) -> str:
        """sha256 over the Python version and the lists: a change of either makes the install run again."""
        parts = [
            python_version.encode(),
            (root / "requirements-uv.txt").read_bytes(),
            (root / self.file).read_bytes(),
        ]
        return hashlib.sha256(b"\0".join(parts)).hexdigest()

    def is_stamped(self, venv: Path, *, root: Path, python_version: str) -> bool:
        try:
            return self.stamp(venv).read_text() == self.digest(root=root, python_version=python_version)
        except FileNotFoundError:
            return False


RUN = Packages("run", "requirements.txt")
DEV = Packages("dev", "requirements-dev.txt")  # holds all of RUN


def ensure(packages: Packages, *, say: Progress, root: Path = ROOT) -> Path | None:
    """The Python to go on in, with `packages` installed; None where the running one is it. Raises SetupError."""
    venv = root / ".venv"
    inside = Path(sys.prefix).resolve() == venv.resolve()
    if not inside and running_python_has(packages, root=root):
        return None
    version = python_version(venv)
    if version is None or not packages.is_stamped(venv, root=root, python_version=version):
        with only_one(root / ".local" / "bootstrap.lock", say=say):
            _install(packages, venv=venv, root=root, say=say)
    return None if inside else venv / "bin" / "python"


def running_python_has(packages: Packages, *, root: Path = ROOT) -> bool:
    """Whether this interpreter already holds every pinned version (an image, a venv of one's own)."""
    for name, version, marker in PINNED.findall((root / packages.file).read_text()):
        if marker:  # only for other systems or Pythons
            continue
        try:
            if importlib.metadata.version(name) != version:
                return False
        except importlib.metadata.PackageNotFoundError:
            return False
    return True


def python_version(venv: Path) -> str | None:
    """Version of the environment's Python; None where there is none, or it does not start or has no pip.

    (After a system upgrade the link points at a newer Python, which does not see the packages of the older.)
    """
    python = venv / "bin" / "python"
    ask = "import pip, sys; print('.'.join(map(str, sys.version_info[:3])))"
    try:
        answer = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()


@contextlib.contextmanager
def only_one(lock: Path, *, say: Progress) -> Iterator[None]:
    """Two terminals may start at once; the second waits and then finds the work done."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another command is installing packages; waiting for it.")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _install(packages: Packages, *, venv: Path, root: Path, say: Progress) -> None:
    version = python_version(venv)
    if version is None:
        version = _make_venv(venv, say=say)
    if packages.is_stamped(venv, root=root, python_version=version):
        return  # the command we waited for did it
    python = str(venv / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--disable-pip-version-check", "--quiet", "--require-hashes"]
    if not _has_uv(venv, root=root):
        _run([*pip, "-r", str(root / "requirements-uv.txt")], what="Installing uv", say=say)
    count = len(PINNED.findall((root / packages.file).read_text()))
    what = f"Installing {count} pinned packages into .venv"
    uv = [str(venv / "bin" / "uv"), "pip", "install", "--python", python, "--require-hashes"]
    # Several indexes may hold a package; the hash decides, so the best match is as safe as the first.
    uv += ["--index-strategy", "unsafe-best-match", "-r", str(root / packages.file)]
    try:
        _run(uv, what=what, say=say, env=_uv_environment(python, root=root))
    except SetupError:
        say("uv could not do it; trying again with pip, which is slower.")
        _run([*pip, "-r", str(root / packages.file)], what=what, say=say)
    for each in {packages, RUN}:  # DEV holds all of RUN
        each.stamp(venv).write_text(each.digest(root=root, python_version=version))


def _make_venv(venv: Path, *, say: Progress) -> str:
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        raise SetupError(
            "Python's venv module is missing; on Debian and Ubuntu: apt-get install python3-venv"
        )
    _run([sys.executable, "-m", "venv", "--clear", str(venv)], what="Making .venv", say=say)
    version = python_version(venv)
    if version is None:
        raise SetupError(f"The Python in {venv} does not start; remove that folder and try again.")
    return version


def _has_uv(venv: Path, *, root: Path) -> bool:
    wanted = [
        f"{name} {version}" for name, version, _ in PINNED.findall((root / "requirements-uv.txt").read_text())
    ]
    try:
        answer = subprocess.run(
            [venv / "bin" / "uv", "--version"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return False
    return " ".join(answer.stdout.split()[:2]) in wanted


def _uv_environment(python: str, *, root: Path) -> dict[str, str]:
    """The environment for uv, which does not read pip's settings: a mirror or a certificate set there holds here."""
    listed = subprocess.run(
        [python, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    )
    environment = uv_settings(listed.stdout, environ=os.environ)
    cache = (
        environment.get("UV_CACHE_DIR") or environment.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    )
    if not _can_write(Path(cache)):
        environment["UV_CACHE_DIR"] = str(root / ".local" / "uv-cache")
    return environment


def uv_settings(pip_config: str, *, environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` with what `pip config list` printed said in uv's words; what is set for uv itself wins."""
    pip = {}
    for line in pip_config.splitlines():
        key, _, value = line.partition("=")
        pip[key.rpartition(".")[2]] = value.strip("'\"")
    environment = dict(environ)
    for pip_name, uv_name in PIP_TO_UV.items():
        if pip.get(pip_name):
            separator = "," if pip_name == "find-links" else " "
            environment.setdefault(uv_name, separator.join(pip[pip_name].replace("\\n", " ").split()))
    if pip.get("cert"):
        environment.setdefault("SSL_CERT_FILE", pip["cert"])
    environment.setdefault("UV_SYSTEM_CERTS", "1")
    return environment


def _can_write(folder: Path) -> bool:
    if not folder.is_absolute():  # "~" of a user without a home
        return False
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return os.access(folder, os.W_OK | os.X_OK)


def _run(
    command: Sequence[str],
    *,
    what: str,
    say: Progress,
    env: Mapping[str, str] | None = None,
    beat_s: float = 5,
) -> None:
    """Runs `command`, saying every few seconds that it is still at it; its output is shown only when it fails."""
    say(what)
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=env)
        try:
            while True:
                try:
                    failed = process.wait(timeout=beat_s)
                    break
                except subprocess.TimeoutExpired:
                    say(f"  … still at it: {what[0].lower()}{what[1:]}")
        except BaseException:
            process.kill()
            process.wait()
            raise
        if failed:
            output.seek(0)
            sys.stderr.write("".join(output.readlines()[-15:]))
            raise SetupError(f"{what} failed; the lines above say why.")
