"""Backup and restore on real databases: all comes back, and nothing changes where a backup is not whole."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections

from backend.accounts.models import User
from backend.core import clock
from backend.core.backup import DUMP, MANIFEST, MEDIA, Manifest
from backend.core.bootstrap import SetupError
from backend.core.models import Attachment
from backend.core.postgres_programs import find_clients, find_programs

PHOTO = "attachments/ab/0198"


def administer(*statements: str) -> None:
    given = connection.get_connection_params() | {"dbname": "postgres"}
    wanted = {name: given[name] for name in ("host", "port", "user", "password", "dbname") if given.get(name)}
    with psycopg.connect(**wanted, autocommit=True) as server:
        for statement in statements:
            server.execute(statement)


@contextmanager
def database(alias: str, *, like: str = "template1") -> Iterator[str]:
    """A database of its own under `alias`, dropped afterwards."""
    name = f"{connection.settings_dict['NAME']}_{alias}"
    administer(
        f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', f'CREATE DATABASE "{name}" TEMPLATE "{like}"'
    )
    connections.settings[alias] = {**connections.settings["default"], "NAME": name}
    try:
        yield alias
    finally:
        connections[alias].close()
        del connections[alias], connections.settings[alias]
        administer(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(scope="module")
def source(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """A migrated database with committed rows: pg_dump sees no others."""
    with django_db_blocker.unblock(), database("backup_source") as alias:
        call_command("migrate", database=alias, verbosity=0)
        user = User(username="li.na", role="technician", display_name="李娜")
        user.set_unusable_password()
        user.save(using=alias)
        Attachment.objects.using(alias).create(
            sha256="ab" * 32,
            media_type="image/jpeg",
            size_bytes=3,
            width_px=1,
            height_px=1,
            average_hash="0" * 16,
            file=PHOTO,
            uploaded_by_id=user.pk,
            received_at=clock.now(),
        )
        yield alias


@pytest.fixture
def empty(source: str, django_db_blocker: Any) -> Iterator[str]:
    with django_db_blocker.unblock(), database("backup_target") as alias:
        yield alias


@pytest.fixture
def backup(source: str, django_db_blocker: Any, settings: Any, tmp_path: Path) -> Path:
    """A backup; afterwards the media folder is another, empty one."""
    settings.MEDIA_ROOT = tmp_path / "media_before"
    photo = settings.MEDIA_ROOT / PHOTO
    photo.parent.mkdir(parents=True)
    photo.write_bytes(b"jpg")
    with django_db_blocker.unblock():
        call_command("backup", str(tmp_path / "backup"), database=source)
    settings.MEDIA_ROOT = tmp_path / "media_after"
    return tmp_path / "backup"


def counts(alias: str) -> dict[str, int]:
    with connections[alias].cursor() as cursor:
        found = {}
        for name in connections[alias].introspection.table_names(cursor):
            cursor.execute(f'SELECT count(*) FROM public."{name}"')
            found[name] = cursor.fetchone()[0]
    return found


def media(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_restored_rows_and_photos_are_those_of_the_backup(source, empty, backup, settings, capsys):
    call_command("restore", str(backup), database=empty)
    assert counts(empty) == counts(source)
    assert counts(empty)["core_attachment"] == 1
    assert User.objects.using(empty).get().display_name == "李娜"
    assert media(settings.MEDIA_ROOT) == {PHOTO: b"jpg"}
    assert "1 core_attachment\n" in capsys.readouterr().out


def test_backup_says_what_it_holds_and_only_its_owner_enters(source, backup):
    manifest = json.loads((backup / MANIFEST).read_text())
    assert manifest["tables"] == counts(source)
    assert "accounts.0001_initial" in manifest["migrations"]
    assert manifest["postgresql"] >= 15
    assert backup.stat().st_mode & 0o777 == 0o700
    assert sorted(path.name for path in backup.iterdir()) == sorted([DUMP, MANIFEST, MEDIA])
    assert sorted(path.name for path in backup.parent.iterdir()) == ["backup", "media_before"]


def test_backup_never_writes_into_a_folder_that_exists(source, backup):
    before = media(backup)
    with pytest.raises(CommandError, match="exists already"):
        call_command("backup", str(backup), database=source)
    assert media(backup) == before


def test_restore_leaves_a_database_alone_that_is_not_empty(empty, backup, settings):
    with connections[empty].cursor() as cursor:
        cursor.execute("CREATE TABLE kept (id integer)")
    with pytest.raises(CommandError, match="not empty"):
        call_command("restore", str(backup), database=empty)
    assert counts(empty) == {"kept": 0}
    assert media(settings.MEDIA_ROOT) == {}


def test_replace_empties_the_database_first(source, empty, backup):
    with connections[empty].cursor() as cursor:
        cursor.execute("CREATE TABLE gone (id integer)")
    call_command("restore", str(backup), database=empty, replace=True)
    assert counts(empty) == counts(source)


def test_programs_newer_than_the_server_do_as_well(source, empty, backup, monkeypatch):
    newest = max(find_programs(), key=lambda programs: programs.major)
    monkeypatch.setenv("SALTLINE_POSTGRES", str(newest.folder))
    call_command("backup", str(backup.with_name("newer")), database=source)
    call_command("restore", str(backup.with_name("newer")), database=empty)
    assert counts(empty) == counts(source)


def cut_dump(folder: Path) -> None:
    dump = folder / DUMP
    dump.write_bytes(dump.read_bytes()[:-100])


def change_media(folder: Path) -> None:
    archive = folder / MEDIA
    archive.write_bytes(archive.read_bytes().replace(b"jpg", b"JPG"))


def change_count(folder: Path) -> None:
    text = (folder / MANIFEST).read_text()
    (folder / MANIFEST).write_text(text.replace('"core_attachment": 1', '"core_attachment": 2'))


def cut_manifest(folder: Path) -> None:
    (folder / MANIFEST).write_text((folder / MANIFEST).read_text()[:200])


def empty_manifest(folder: Path) -> None:
    (folder / MANIFEST).write_text("[]")


def lose_media(folder: Path) -> None:
    (folder / MEDIA).unlink()


def lose_all(folder: Path) -> None:
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    "damage", [cut_dump, change_media, change_count, cut_manifest, empty_manifest, lose_media, lose_all]
)
def test_backup_that_is_not_whole_is_refused_and_nothing_changes(
    empty: str, backup: Path, settings: Any, damage: Callable[[Path], None]
):
    with connections[empty].cursor() as cursor:
        cursor.execute("CREATE TABLE kept (id integer)")
    damage(backup)
    with pytest.raises(CommandError):
        call_command("restore", str(backup), database=empty, replace=True)
    assert counts(empty) == {"kept": 0}
    assert media(settings.MEDIA_ROOT) == {}


def forge(folder: Path, **changes: Any) -> None:
    """A manifest with other figures, its own hash right again."""
    body = json.loads((folder / MANIFEST).read_text())
    given = {
        "made_at": body["made_at"],
        "server": body["postgresql"],
        "pg_dump": body["pg_dump"],
        "migrations": tuple(body["migrations"]),
        "tables": body["tables"],
        "files": body["files"],
    }
    (folder / MANIFEST).write_text(Manifest(**(given | changes)).text())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"tables": {"core_attachment": 2}}, "other number of rows in core_attachment"),
        ({"migrations": ("core.9999_later",)}, "newer version"),
        ({"server": 99}, "PostgreSQL 99"),
    ],
)
def test_backup_that_does_not_fit_is_refused_and_nothing_changes(empty, backup, settings, changes, reason):
    with connections[empty].cursor() as cursor:
        cursor.execute("CREATE TABLE kept (id integer)")
    forge(backup, **changes)
    with pytest.raises(CommandError, match=reason):
        call_command("restore", str(backup), database=empty, replace=True)
    assert counts(empty) == {"kept": 0}
    assert media(settings.MEDIA_ROOT) == {}


def test_photo_with_other_content_is_never_overwritten(empty, backup, settings):
    there = settings.MEDIA_ROOT / PHOTO
    there.parent.mkdir(parents=True)
    there.write_bytes(b"other")
    with pytest.raises(CommandError, match="other content"):
        call_command("restore", str(backup), database=empty)
    assert counts(empty) == {}
    assert media(settings.MEDIA_ROOT) == {PHOTO: b"other"}


def make_clients(folder: Path, *majors: int) -> None:
    for major in majors:
        (folder / str(major) / "bin").mkdir(parents=True)
        for name in ("pg_dump", "pg_restore", "psql"):
            (folder / str(major) / "bin" / name).touch()


def test_dump_is_made_by_the_servers_own_version_or_the_next_newer(tmp_path):
    make_clients(tmp_path, 15, 17, 18)
    found = [find_clients(server=major, choice="system", debian=tmp_path).major for major in (15, 16, 17)]
    assert found == [15, 17, 17]


def test_older_dump_program_is_refused_in_one_line(tmp_path):
    make_clients(tmp_path, 15)
    with pytest.raises(SetupError, match=r"PostgreSQL 16.*here: 15\. .*postgresql-client-16$"):
        find_clients(server=16, choice="system", debian=tmp_path)
