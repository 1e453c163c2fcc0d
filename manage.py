#!/usr/bin/env python3
"""The project's commands: `demo` and `test` (see README), and all of Django's.

Above the line `import`ing Django only the standard library is used: the first thing done is making `.venv`.
"""

import argparse
import contextlib
import errno
import os
import signal
import socket
import subprocess
import sys
import time

if sys.version_info < (3, 11):  # noqa: UP036 older Pythons get one line, not a traceback
    sys.exit(f"Saltline needs Python 3.11 or newer; this is {sys.version.split()[0]} ({sys.executable}).")

from backend.core.bootstrap import DEV, ROOT, RUN, Packages, Progress, SetupError, ensure

# These work without any database; all others get the demo's where DATABASE_URL names none.
WITHOUT_DATABASE = {
    *(
        "help",
        "version",
        "--help",
        "-h",
        "--version",
        "check",
        "collectstatic",
        "compilemessages",
        "makemessages",
    ),
    *("decode_photos", "diffsettings", "findstatic", "makemigrations", "parse_labels", "spectacular"),
}
STARTED_AT = "SALTLINE_COMMAND_STARTED_AT"  # only from us to ourselves, across exec
DEFAULT_PORT = 8000
STOP_WITHIN_S = 60


def main() -> int:
    say = Progress(started_at=float(os.environ.pop(STARTED_AT, time.time())))
    command, arguments = (sys.argv[1] if len(sys.argv) > 1 else "help"), sys.argv[2:]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.settings")
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    try:
        if command == "demo":
            return demo(arguments, say=say)
        go_on_in_venv(DEV if command == "test" else RUN, say=say)
        if command == "test":
            return test(arguments, say=say)
        return django_command(command, arguments, say=say)
    except SetupError as problem:
        sys.stderr.write(f"{problem}\n")
    except OSError as problem:
        if problem.errno not in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC):
            raise
        sys.stderr.write(f"{problem.filename}: {problem.strerror}\n")
    except KeyboardInterrupt:
        return 130
    return 1


def go_on_in_venv(packages: Packages, *, say: Progress) -> None:
    """Returns in the right Python, with the packages installed."""
    python = ensure(packages, say=say)
    if python:
        os.environ[STARTED_AT] = str(say.started_at)
        os.execv(python, [str(python), str(ROOT / "manage.py"), *sys.argv[1:]])  # noqa: S606 no shell meant


def demo(arguments: list[str], *, say: Progress) -> int:
    parser = argparse.ArgumentParser(
        prog="manage.py demo", description="The whole product with data, on this machine."
    )
    parser.add_argument("--fresh", action="store_true", help="start over with new data")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT)
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: this machine only)"
    )
    options = parser.parse_args(arguments)
    refuse_busy_port(options.host, options.port)
    go_on_in_venv(RUN, say=say)
    from backend.core.demo import Demo, run_demo

    interrupt_on_signals()
    try:
        return run_demo(Demo(ROOT, options.host, options.port, options.fresh), say=say)
    except KeyboardInterrupt:
        say("Stopped.")
        return 0


def refuse_busy_port(host: str, port: int) -> None:
    """Before any slow work; the web server binds it much later."""
    try:
        address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(address[0], socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address[4])
    except OverflowError:
        raise SetupError(f"There is no port {port}.") from None
    except OSError as problem:
        if problem.errno == errno.EADDRINUSE:
            raise SetupError(
                f"Port {port} is in use; choose another: python3 manage.py demo --port {port + 1}"
            ) from None
        raise SetupError(f"Cannot listen on {host}:{port}: {problem.strerror}.") from None


def interrupt_on_signals() -> None:
    """The first signal ends the work like Ctrl-C does, those that follow do not disturb the clearing up."""

    def interrupt(*_: object) -> None:
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup
            signal.signal(number, interrupt)


def test(arguments: list[str], *, say: Progress) -> int:
    """The suite on a private PostgreSQL, or on `DATABASE_URL`; pytest's exit code."""
    from backend.core.postgres import private_database
    from backend.core.process import stop_asked

    interrupt_on_signals()
    with contextlib.ExitStack() as stack:
        if "DATABASE_URL" not in os.environ:
            choice = os.environ.get("SALTLINE_POSTGRES", "")
            os.environ["DATABASE_URL"] = stack.enter_context(private_database(say=say, choice=choice))
        asked = stop_asked()
        pytest = subprocess.Popen([sys.executable, "-m", "pytest", *workers(arguments), *arguments], cwd=ROOT)
        while pytest.poll() is None:
            if asked.wait(0.1):
                end_pytest(pytest)
        code = pytest.returncode
        return code if code >= 0 else 128 - code  # ended by a signal: as a shell says it


def end_pytest(pytest: subprocess.Popen[bytes]) -> None:
    """Lets it say what it has so far, but not for ever."""
    if not sys.stdin.isatty():  # a terminal tells the whole group
        pytest.send_signal(signal.SIGINT)
    try:
        pytest.wait(timeout=STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        pytest.kill()
        pytest.wait()


def workers(arguments: list[str]) -> list[str]:
    """`-n` for pytest-xdist, unless the person chose, or looks into one test with a debugger."""
    alone = {"--pdb", "--trace", "--collect-only", "--co", "-h", "--help", "--version", "no:xdist"}
    if any(argument in alone or argument.startswith(("-n", "--numprocesses")) for argument in arguments):
        return []
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return ["-n", str(min(cores, 8)), "--dist", "loadgroup"] if cores > 1 else []


def django_command(command: str, arguments: list[str], *, say: Progress) -> int:
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        _ = settings.SECRET_KEY  # reads the settings
    except ImproperlyConfigured as problem:
        raise SetupError(str(problem)) from None  # one line; Django would print a traceback
    with contextlib.ExitStack() as stack:
        asks_help = {"-h", "--help"} & set(arguments)
        if "DATABASE_URL" not in os.environ and command not in WITHOUT_DATABASE and not asks_help:
            from backend.core.postgres import DemoDatabase

            choice = os.environ.get("SALTLINE_POSTGRES", "")
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
            database = DemoDatabase(ROOT, say=say, choice=choice)
            os.environ["DATABASE_URL"] = stack.enter_context(database.running(create=False))
        execute_from_command_line([sys.argv[0], command, *arguments])
    return 0


if __name__ == "__main__":
    sys.exit(main())
