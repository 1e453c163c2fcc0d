"""The watchdog over a real job cluster on a real PostgreSQL: hurt it, and every job still runs, once."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
import pytest
from django.conf import settings
from django.db import connections

from backend.core import process
from backend.core.watchdog import Stillness

DJANGO = [sys.executable, "-m", "django"]
WORKERS = settings.Q_CLUSTER["workers"]
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ONE_PM = datetime(2026, 3, 1, 13, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """`DATABASE_URL` of a database of its own, for the cluster's processes do not see a test's transaction."""
    given = connections["default"].settings_dict
    name = f"watchdog_{os.getpid()}"
    reach = {
        "host": given["HOST"],
        "port": given["PORT"],
        "user": given["USER"],
        "password": given["PASSWORD"],
    }
    reach = {key: str(value) for key, value in reach.items() if value}
    with psycopg.connect(dbname="postgres", autocommit=True, **reach) as admin:
        admin.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]  a name we made
        try:
            url = _url(given, name=name)
            subprocess.run(
                [*DJANGO, "migrate", "django_q", "-v0"],
                cwd=settings.BASE_DIR,
                env=_environment(url),
                check=True,
            )
            yield url
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]  a name we made


def _environment(url: str) -> dict[str, str]:
    return {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "backend.settings"}


def _url(given: dict[str, object], *, name: str) -> str:
    who = quote(str(given["USER"]), safe="") + (
        f":{quote(str(given['PASSWORD']), safe='')}" if given["PASSWORD"] else ""
    )
    port = f":{given['PORT']}" if given["PORT"] else ""
    return f"postgres://{who}@{quote(str(given['HOST']), safe='')}{port}/{name}"


class Guarded:
    """A running `qguard` and the file its jobs write to."""

    def __init__(self, *, url: str, file: Path) -> None:
        self.file = file
        self.env = _environment(url)
        options = ["--patience", "3", "--look", "0.5", "--drain", "1", "--grace", "10"]
        self.child = process.start([*DJANGO, "qguard", *options], cwd=settings.BASE_DIR, env=self.env)

    def enqueue(self, numbers: range) -> None:
        job = f"'tests.core.noted_jobs.note', file={str(self.file)!r}, number=each"
        code = f"from backend.core import queue\nfor each in {numbers!r}: queue.enqueue({job})"
        subprocess.run([*DJANGO, "shell", "-v0", "-c", code], cwd=settings.BASE_DIR, env=self.env, check=True)

    def runs(self) -> Counter[str]:
        return Counter(self.file.read_text().split()) if self.file.exists() else Counter()

    def workers(self) -> list[psutil.Process]:
        """The cluster's workers, its first children; empty while it is not complete."""
        clusters = psutil.Process(self.child.pid).children()
        sentinels = [sentinel for cluster in clusters for sentinel in cluster.children()]
        members = [member for sentinel in sentinels for member in sentinel.children()]
        return sorted(members, key=lambda member: member.pid)[:WORKERS] if len(members) == WORKERS + 2 else []


def wait_for(what: Callable[[], object], *, within_s: float = 240) -> None:
    until = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.1)


@pytest.fixture
def guarded(database: str, tmp_path: Path) -> Iterator[Guarded]:
    guard = Guarded(url=database, file=tmp_path / "runs")
    try:
        wait_for(guard.workers)
        yield guard
    finally:
        process.end(guard.child, grace_s=10)


def test_every_job_runs_once_though_idle_workers_are_killed_and_stopped(guarded):
    """Then the guard, asked to stop, leaves no process behind. One test: each start of a cluster takes seconds."""
    for round_, hurt in enumerate((signal.SIGKILL, signal.SIGSTOP)):
        wait_for(guarded.workers)
        time.sleep(0.5)  # idle: both wait on the queue, one of them holding its lock
        victims = guarded.workers()
        for worker in victims:
            worker.send_signal(hurt)

        guarded.enqueue(range(round_ * 10, round_ * 10 + 10))

        wait_for(lambda so_far=round_: len(guarded.runs()) == so_far * 10 + 10)
        wait_for(guarded.workers)
        assert not set(guarded.workers()) & set(victims)
    assert set(guarded.runs().values()) == {1}

    family = psutil.Process(guarded.child.pid).children(recursive=True)
    guarded.child.terminate()
    assert guarded.child.wait(timeout=20) == 0
    assert not [each for each in family if process.is_alive(each)]


def test_killed_guard_takes_its_cluster_along(guarded):
    family = psutil.Process(guarded.child.pid).children(recursive=True)
    guarded.child.kill()
    wait_for(lambda: not any(process.is_alive(each) for each in family))


class TestStillness:
    """The queue's stillness, without a clock: seconds come in."""

    def test_long_job_with_nothing_waiting_is_not_stillness(self):
        stillness = Stillness(moved_at=0, latest_lock=NOON)
        assert not stillness.holds(ready_s=0, latest_lock=NOON, now=1000, patience_s=360)

    def test_waiting_job_is_stillness_after_patience(self):
        stillness = Stillness(moved_at=0, latest_lock=NOON)
        assert not stillness.holds(ready_s=300, latest_lock=NOON, now=300, patience_s=360)
        assert stillness.holds(ready_s=361, latest_lock=NOON, now=361, patience_s=360)

    def test_taken_job_is_movement(self):
        stillness = Stillness(moved_at=0, latest_lock=NOON)
        assert not stillness.holds(ready_s=400, latest_lock=ONE_PM, now=400, patience_s=360)
        assert not stillness.holds(ready_s=401, latest_lock=ONE_PM, now=401, patience_s=360)

    def test_old_queue_of_a_cluster_just_started_is_given_its_time(self):
        stillness = Stillness(moved_at=500)
        assert not stillness.holds(ready_s=9000, latest_lock=None, now=501, patience_s=360)
