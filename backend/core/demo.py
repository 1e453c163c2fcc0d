"""`manage.py demo`: everything on this machine, from an empty folder to a URL, and all of it stopped at the end."""

import contextlib
import fcntl
import http.client
import io
import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import django
from django.core.management import call_command, get_commands
from django.db import connection, connections

from backend.core import process
from backend.core.bootstrap import Progress, SetupError
from backend.core.postgres import NAME as DATABASE
from backend.core.postgres import DemoDatabase

READY_WITHIN_S = 90
STOP_WITHIN_S = 30
LOOPBACK = ("127.0.0.1", "localhost", "::1")
# Two kinds of line `seed_demo` may print that are shown at the end: a JSON list of {username, password, role},
# and a thing to try, in which {url} becomes the address.
ACCOUNTS = "ACCOUNTS "
TRY = "TRY "


@dataclass(frozen=True)
class Demo:
    """What the person asked for, and where."""

    root: Path
    host: str
    port: int
    fresh: bool

    @property
    def url(self) -> str:
        name = self.host if self.host not in ("0.0.0.0", "::") else "127.0.0.1"  # noqa: S104 compared, not bound
        return f"http://[{name}]:{self.port}" if ":" in name else f"http://{name}:{self.port}"


@dataclass
class Seeded:
    """What the demo data offer to the person who looks around."""

    accounts: list[dict[str, str]] = field(default_factory=list)
    tries: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Child:
    """A running part of the demo and where its output goes."""

    name: str
    running: subprocess.Popen[bytes]
    log: Path


def run_demo(demo: Demo, *, say: Progress) -> int:
    """Runs until Ctrl-C (0) or until a part of it dies (1). Raises SetupError where it cannot start."""
    given = os.environ.get("DATABASE_URL")
    with _only_demo(demo), _database(demo, given=given, say=say) as url:
        os.environ["DATABASE_URL"] = url
        if demo.host not in LOOPBACK:
            os.environ.setdefault("SALTLINE_HOSTS", "*")  # people will come by this machine's own names
        if not given:  # the invented works has an invented prefix and telephone
            os.environ.setdefault("SALTLINE_GS1_PREFIX", "6976012")
            os.environ.setdefault("SALTLINE_COMPLAINT_CONTACT", "400-000-0000（演示，8:00-17:00）")
        django.setup()
        logging.disable(logging.INFO)  # this terminal is for people; the parts log to files
        with _quick_writes(own=not given):
            seeded = _prepare(say=say)
        asked = process.stop_asked()
        with _parts(demo) as parts:
            if _served(demo, parts=parts, asked=asked):
                say(f"Serving at {demo.url}")
                sys.stdout.write(welcome(demo, seeded=seeded, logs=parts[0].log.parent))
                sys.stdout.flush()
            code = _watch(parts, asked=asked, say=say)
            say("Stopping the web server and the jobs")
        return code


@contextlib.contextmanager
def _only_demo(demo: Demo) -> Iterator[None]:
    path = demo.root / ".local" / "demo.lock"
    path.parent.mkdir(exist_ok=True)
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            lock.seek(0)
            raise SetupError(f"The demo of this folder runs already: {lock.read()}") from problem
        lock.truncate(0)
        lock.write(f"{demo.url} (process {os.getpid()}).")
        lock.flush()
        yield


@contextlib.contextmanager
def _database(demo: Demo, *, given: str | None, say: Progress) -> Iterator[str]:
    if given and demo.fresh:
        raise SetupError("--fresh empties the demo's own database only; DATABASE_URL names another.")
    if given:
        say("Using the database of DATABASE_URL")
        yield given
        return
    server = DemoDatabase(demo.root, say=say, choice=os.environ.get("SALTLINE_POSTGRES", ""))
    if demo.fresh:
        say("Starting over: the demo's data are removed")
    with server.running(create=True, fresh=demo.fresh) as url:
        say(f"PostgreSQL is running; the demo's data are in {server.home}")
        yield url
    say("PostgreSQL is stopped; the data stay")


@contextlib.contextmanager
def _quick_writes(*, own: bool) -> Iterator[None]:
    """Filling a new database does not wait for the disk; all that comes after does."""
    if not own:
        yield
        return
    _alter_database("SET synchronous_commit = off")
    try:
        yield
    finally:
        _alter_database("RESET synchronous_commit")


def _alter_database(change: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER DATABASE {DATABASE} {change}")
    connection.close()  # only connections made from now on know it


def _prepare(*, say: Progress) -> Seeded:
    """Schema and demo data."""
    say("Bringing the schema up to date")
    call_command("migrate", verbosity=0, interactive=False)
    seeded = _seed(say=say)
    connections.close_all()
    return seeded


def _seed(*, say: Progress) -> Seeded:
    if "seed_demo" not in get_commands():
        say("No demo data in this version")
        return Seeded()
    say("Filling in the demo data")
    output = io.StringIO()
    call_command("seed_demo", stdout=output)
    return seeded_from(output.getvalue(), say=say)


def seeded_from(output: str, *, say: Progress) -> Seeded:
    """What `seed_demo` printed, sorted; its other lines are passed on."""
    seeded = Seeded()
    for line in output.splitlines():
        if line.startswith(ACCOUNTS):
            seeded.accounts = json.loads(line.removeprefix(ACCOUNTS))
        elif line.startswith(TRY):
            seeded.tries.append(line.removeprefix(TRY))
        elif line.strip():
            say(line)
    return seeded


def web_command(*, host: str, port: int) -> list[str]:
    """The web server as it is run everywhere: threads bounded, for each holds a database connection."""
    options = [
        *("--interface", "wsgi", "--workers", "2", "--blocking-threads", "4", "--backlog", "1024"),
        *("--no-ws", "--respawn-failed-workers", "--workers-kill-timeout", "10"),
    ]
    address = ["--host", host, "--port", str(port)]
    return [sys.executable, "-m", "granian", *options, *address, "backend.wsgi:application"]


@contextlib.contextmanager
def _parts(demo: Demo) -> Iterator[list[Child]]:
    commands = {
        "web": web_command(host=demo.host, port=demo.port),
        "jobs": [sys.executable, "-m", "django", "qguard"],
    }
    logs = demo.root / ".local" / "log"
    logs.mkdir(exist_ok=True)
    children: list[Child] = []
    try:
        for name, command in commands.items():
            with (logs / f"{name}.log").open("w") as output:
                running = process.start(command, cwd=demo.root, output=output)
            children.append(Child(name, running, logs / f"{name}.log"))
        yield children
    finally:
        for child in children:  # all at once, then each is waited for
            child.running.terminate()
        for child in children:
            process.end(child.running, grace_s=STOP_WITHIN_S)


def _served(demo: Demo, *, parts: list[Child], asked: threading.Event) -> bool:
    """Waits for the first answer; False when something happens before it."""
    until = time.monotonic() + READY_WITHIN_S
    while not _answers(demo):
        if asked.wait(0.1) or any(part.running.poll() is not None for part in parts):
            return False
        if time.monotonic() > until:
            raise SetupError(f"No answer from {demo.url}/healthz in {READY_WITHIN_S} s; see {parts[0].log}")
    return True


def _answers(demo: Demo) -> bool:
    host = demo.url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _watch(parts: list[Child], *, asked: threading.Event, say: Progress) -> int:
    """Until we are asked to stop (0) or a part ends by itself (1)."""
    while not asked.wait(0.5):
        for part in parts:
            if part.running.poll() is not None:
                say(_obituary(part))
                return 1
    return 0


def _obituary(part: Child) -> str:
    lines = part.log.read_text(errors="replace").splitlines()[-12:]
    last = "\n".join(["", *lines])
    return (
        f"The {part.name} process ended by itself (code {part.running.returncode}); everything stops.{last}"
    )


def welcome(demo: Demo, *, seeded: Seeded, logs: Path) -> str:
    """What the person sees at the end: where it is, who can log in, what to try."""
    lines = ["", f"  Saltline is running at {demo.url}   (Ctrl-C stops it, the data stay)", ""]
    if demo.host not in LOOPBACK:
        lines += ["  Everybody who reaches this machine can log in with the accounts below.", ""]
    rows = [{"username": "account", "password": "password", "role": "role"}, *seeded.accounts]
    if seeded.accounts:
        lines += [f"    {row['username']:<20} {row['password']:<24} {row['role']}" for row in rows] + [""]
    lines += ["  Three things to try:"]
    lines += [f"    {each.replace('{url}', demo.url)}" for each in seeded.tries or _plain_tries(seeded)]
    return "\n".join([*lines, "", f"  Logs: {logs}", ""]) + "\n"


def _plain_tries(seeded: Seeded) -> list[str]:
    tries = ["curl {url}/readyz", "open {url}/docs/swagger in a browser"]
    for account in seeded.accounts[:1]:
        device = {"install_id": str(uuid4()), "name": "curl"}
        body = {"username": account["username"], "password": account["password"], "device": device}
        tries.append(
            f"curl -H 'Content-Type: application/json' -d '{json.dumps(body)}' {{url}}/api/v1/auth/login"
        )
    return tries
