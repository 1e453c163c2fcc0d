"""Backups: the database, the media files and a manifest in one folder, and the way back.

A restore changes nothing unless all of it fits: hashes are compared first, the database is filled in one
transaction that ends with counting the rows, and the media files come into place last.
"""

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings
from django.db import connections, transaction
from django.db.backends.utils import CursorWrapper
from django.db.migrations.loader import MigrationLoader
from psycopg.conninfo import make_conninfo

from backend.core import clock
from backend.core.postgres_programs import Programs, find_clients

DUMP, MEDIA, MANIFEST = "database.dump", "media.tar", "manifest.json"
FORMAT = 1
# Of the connection's settings, those that say where and how; the limits of requests are not among them.
CONNECTION = {
    *("host", "hostaddr", "port", "dbname", "user", "service", "passfile", "connect_timeout"),
    *("sslmode", "sslrootcert", "sslcert", "sslkey", "channel_binding", "gssencmode", "krbsrvname"),
}
# A restore is no request: the limits of requests do not hold. Notices would hide the reason of a failure.
NO_LIMITS = "SET client_min_messages = warning; SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0;"
NEWER_SETTING = b"SET transaction_timeout = 0;"
EMPTY_SCHEMA = """
SET lock_timeout = '10s';  -- a server that still works on it is in the way
DROP SCHEMA IF EXISTS public CASCADE;
CREATE SCHEMA public AUTHORIZATION pg_database_owner;
GRANT USAGE ON SCHEMA public TO PUBLIC;
"""


class BackupRefused(Exception):
    """Nothing was written or changed; the message is one line for the person at the keyboard."""


@dataclass(frozen=True)
class Manifest:
    """What a backup holds. `tables`: rows by table; `files`: SHA-256 by name; `migrations`: those applied."""

    made_at: str
    server: int
    pg_dump: int
    migrations: tuple[str, ...]
    tables: Mapping[str, int]
    files: Mapping[str, str]

    def text(self) -> str:
        """JSON that carries its own SHA-256: a changed figure is noticed like a changed file."""
        body = {
            "format": FORMAT,
            "made_at": self.made_at,
            "postgresql": self.server,
            "pg_dump": self.pg_dump,
            "migrations": list(self.migrations),
            "tables": dict(self.tables),
            "files": dict(self.files),
        }
        return json.dumps(body | {"sha256": _digest_of(body)}, indent=1) + "\n"


def back_up(folder: Path, *, using: str = "default", choice: str = "") -> Manifest:
    """Writes a backup into the new folder `folder` (mode 0700: it holds everything) while the work goes on.

    `choice`: $SALTLINE_POSTGRES. Raises BackupRefused, SetupError.
    """
    if folder.exists():
        raise BackupRefused(f"{folder} exists already; name a new folder.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    programs = find_clients(server=_server(using), choice=choice)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        with _snapshot(using) as (cursor, snapshot):
            tables = _rows(cursor, names=_tables(using))
            applied = _applied(cursor)
            dump = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}"]
            _run(programs, "pg_dump", *dump, f"--file={unfinished / DUMP}", using=using)
        # After the snapshot: a file is there before its row and never changes, so no row of it lacks its file.
        _pack(Path(settings.MEDIA_ROOT), into=unfinished / MEDIA)
        files = {name: _digest(unfinished / name) for name in (DUMP, MEDIA)}
        manifest = Manifest(
            clock.now().isoformat(), _server(using), programs.major, tuple(applied), tables, files
        )
        (unfinished / MANIFEST).write_text(manifest.text(), encoding="utf-8")
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return manifest


def restore(folder: Path, *, replace: bool = False, using: str = "default", choice: str = "") -> Manifest:
    """Fills the database and the media folder from a backup; `replace` empties a database that is not empty.

    Raises BackupRefused, SetupError; the database and the media files are then as they were.
    """
    manifest = read_manifest(folder)
    server = _server(using)
    if server < manifest.server:
        raise BackupRefused(f"The backup is of PostgreSQL {manifest.server}, the server here is {server}.")
    if _tables(using) and not replace:
        raise BackupRefused("The database is not empty; --replace deletes all that is in it first.")
    media = Path(settings.MEDIA_ROOT)
    media.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=media) as staged:
        names = _unpack(folder / MEDIA, into=Path(staged), beside=media)
        programs = find_clients(server=max(server, manifest.pg_dump), choice=choice)
        _fill(folder / DUMP, manifest=manifest, programs=programs, using=using)
        for name in names:
            (media / name).parent.mkdir(parents=True, exist_ok=True)
            os.replace(Path(staged) / name, media / name)
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a backup that is whole. Raises BackupRefused where anything is missing or was changed."""
    try:
        body = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        given = body.pop("sha256")
        if body["format"] != FORMAT:
            raise BackupRefused(f"{folder} has format {body['format']}; this version reads {FORMAT}.")
        manifest = Manifest(
            body["made_at"],
            int(body["postgresql"]),
            int(body["pg_dump"]),
            tuple(body["migrations"]),
            dict(body["tables"]),
            dict(body["files"]),
        )
        damaged = [] if given == _digest_of(body) else [MANIFEST]
        damaged += [name for name in (DUMP, MEDIA) if _digest(folder / name) != manifest.files[name]]
    except FileNotFoundError as problem:
        raise BackupRefused(f"{problem.filename} is missing: this is no whole backup.") from problem
    except (ValueError, LookupError, TypeError, AttributeError) as problem:
        raise BackupRefused(f"{folder / MANIFEST} is not the manifest of a backup.") from problem
    if damaged:
        raise BackupRefused(f"Damaged or changed since it was made: {', '.join(damaged)} in {folder}.")
    unknown = set(manifest.migrations) - {f"{app}.{name}" for app, name in _known_migrations()}
    if unknown:
        raise BackupRefused(f"A newer version made this backup; this one does not know {min(unknown)}.")
    return manifest


def pending(manifest: Manifest) -> bool:
    """Whether the schema of the backup is older than this version's: `manage.py migrate` is next."""
    return bool({f"{app}.{name}" for app, name in _known_migrations()} - set(manifest.migrations))


def _fill(dump: Path, *, manifest: Manifest, programs: Programs, using: str) -> None:
    """One transaction: emptied, filled, counted; any failure takes all of it back."""
    with tempfile.TemporaryDirectory(prefix="saltline-restore-") as name:
        before, script, after = (Path(name) / part for part in ("before.sql", "dump.sql", "after.sql"))
        before.write_text(f"{NO_LIMITS}{EMPTY_SCHEMA}")
        _run(programs, "pg_restore", "--no-owner", "--no-privileges", f"--file={script}", str(dump))
        _drop_unknown_setting(script)
        after.write_text("\n".join(_count_check(table, rows) for table, rows in manifest.tables.items()))
        connections[using].close()
        options = ["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1"]
        files = [f"--file={part}" for part in (before, script, after)]
        _run(programs, "psql", *options, *files, using=using)


def _drop_unknown_setting(script: Path) -> None:
    """Blanks a line in the head of the script that pg_restore 17 and newer write and older servers refuse."""
    with script.open("r+b") as file:
        head = file.read(4096)
        at = head.find(NEWER_SETTING)
        if at >= 0:
            file.seek(at)
            file.write(b" " * len(NEWER_SETTING))


def _count_check(table: str, rows: int) -> str:
    name, text = table.replace('"', '""'), table.replace("'", "''")
    count = f'(SELECT count(*) FROM public."{name}")'  # noqa: S608 quoted, and the manifest's hash was compared
    refusal = f"RAISE EXCEPTION 'other number of rows in %', '{text}'"
    return f"DO $check$ BEGIN IF {count} <> {int(rows)} THEN {refusal}; END IF; END $check$;"


@contextmanager
def _snapshot(using: str) -> Iterator[tuple[CursorWrapper, str]]:
    """A transaction and the name under which pg_dump sees the very same rows."""
    with transaction.atomic(using=using, durable=True), connections[using].cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor.execute("SELECT pg_export_snapshot()")
        yield cursor, cursor.fetchone()[0]


def _server(using: str) -> int:
    connections[using].ensure_connection()
    return int(connections[using].connection.info.server_version) // 10_000


def _tables(using: str) -> list[str]:
    with connections[using].cursor() as cursor:
        return sorted(connections[using].introspection.table_names(cursor))


def _rows(cursor: CursorWrapper, *, names: Sequence[str]) -> dict[str, int]:
    rows = {}
    for name in names:
        cursor.execute(f'SELECT count(*) FROM "{name}"')  # noqa: S608 a name the database itself gave
        rows[name] = int(cursor.fetchone()[0])
    return rows


def _applied(cursor: CursorWrapper) -> list[str]:
    cursor.execute("SELECT app, name FROM django_migrations ORDER BY app, name")
    return [f"{app}.{name}" for app, name in cursor.fetchall()]


def _known_migrations() -> set[tuple[str, str]]:
    return set(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)


def _run(programs: Programs, program: str, *arguments: str, using: str | None = None) -> None:
    """Runs a client program, on the database of `using` where given. Raises BackupRefused with what it said."""
    environment = {name: value for name, value in os.environ.items() if name != "PGOPTIONS"}
    command = [str(programs.folder / program), *arguments]
    if using is not None:
        given = connections[using].get_connection_params()
        known = {name: value for name, value in given.items() if name in CONNECTION}
        command += ["--no-password", f"--dbname={make_conninfo(**known)}"]
        if given.get("password"):  # a command line is read by everybody on the machine
            environment["PGPASSWORD"] = str(given["password"])
        if program == "psql":
            connections[using].close()  # else our own session would hold what is to be emptied
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no reason given"])[0]
        raise BackupRefused(f"{programs.origin}: {program} failed: {said}")


def _pack(media: Path, *, into: Path) -> None:
    with tarfile.open(into, "w") as tar:
        for path in sorted(media.rglob("*")):
            if (
                path.is_file()
                and not path.is_symlink()
                and not path.relative_to(media).parts[0].startswith(".")
            ):
                tar.add(path, arcname=path.relative_to(media).as_posix(), recursive=False)


def _unpack(archive: Path, *, into: Path, beside: Path) -> list[str]:
    """Files of `archive` that `beside` does not hold yet, written below `into`; their names.

    Raises BackupRefused for a name that leads elsewhere, and for a file that is there with other content.
    """
    names = []
    with tarfile.open(archive) as tar:
        for member in tar:
            name = PurePosixPath(member.name)
            source = tar.extractfile(member)
            if source is None or name.is_absolute() or ".." in name.parts:
                raise BackupRefused(f"{archive} holds {member.name!r}, which is no media file.")
            there = beside / name
            if there.exists():
                if _digest(there) != hashlib.file_digest(source, "sha256").hexdigest():  # type: ignore[arg-type]  # a BufferedReader
                    raise BackupRefused(f"{there} is there already, with other content.")
                continue
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            with (into / name).open("wb") as file:
                shutil.copyfileobj(source, file)
            names.append(name.as_posix())
    return names


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest_of(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
