"""Keeps a job cluster working: starts it, and starts it anew when it lost a process or stands still.

django-q2's processes share pipes guarded by locks. One that is killed while it waits for work (as the kernel does
when memory is short) takes such a lock with it, and from then on the cluster runs nothing while its heartbeat goes
on. New pipes need a new cluster. So a lost process ends the whole group and begins another, and so does a queue
out of which nothing is taken for longer than any job may run.

Jobs the dead cluster had taken would wait for the broker's `retry`; they are given back at once where no other
guard works on this database.
"""

import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psutil
import structlog
from django.db import Error as DatabaseError
from django.db import connection

from backend.core import process, queue

log = structlog.get_logger("saltline.watchdog")

GUARDS = 0x5A17  # the advisory lock every guard of one database holds, shared
SHORT_LIFE_S = 30
LONGEST_PAUSE_S = 30


@dataclass(frozen=True)
class Limits:
    """Seconds. `patience_s` must be longer than a job may run, or a busy cluster passes for a dead one."""

    patience_s: float
    grace_s: float = 25  # for running jobs when we are asked to stop
    drain_s: float = 10  # for the jobs of a cluster that is ended because it does not work
    look_s: float = 0.5
    queue_look_s: float = 5


@dataclass
class Stillness:
    """When the queue last moved. Taking a job sets its lock to the future, so the latest lock moves with each."""

    moved_at: float
    latest_lock: datetime | None = None

    def holds(self, *, ready_s: float, latest_lock: datetime | None, now: float, patience_s: float) -> bool:
        """Whether a job has been ready, and none was taken or done, for longer than `patience_s`."""
        if latest_lock != self.latest_lock or ready_s == 0:
            self.latest_lock, self.moved_at = latest_lock, now
        return ready_s > patience_s and now - self.moved_at > patience_s


class Guard:
    """One cluster under watch. `size`: the cluster's processes below its first, all of which must live."""

    def __init__(
        self, command: Sequence[str], *, cwd: Path, size: int, limits: Limits, stopping: threading.Event
    ) -> None:
        self.command = command
        self.cwd = cwd
        self.size = size
        self.limits = limits
        self.stopping = stopping
        self._known_by: object = None

    def run(self) -> None:
        """Until `stopping` is set; then the running jobs get `grace_s` to end."""
        pause_s = 0.0
        while not self.stopping.wait(pause_s):
            self._give_back()
            started_at = time.monotonic()
            cluster = process.start(self.command, cwd=self.cwd)
            log.info("cluster_started", pid=cluster.pid)
            reason = self._watch(cluster)
            process.end(cluster, grace_s=self.limits.drain_s if reason else self.limits.grace_s)
            log.log(30 if reason else 20, "cluster_ended", pid=cluster.pid, reason=reason or "asked_to_stop")
            lived_s = time.monotonic() - started_at
            pause_s = 0 if lived_s > SHORT_LIFE_S else min(LONGEST_PAUSE_S, pause_s * 2 or 0.5)

    def _watch(self, cluster: subprocess.Popen[bytes]) -> str | None:
        """Why the cluster needs a successor; None once we are asked to stop."""
        members: list[psutil.Process] = []
        stillness = Stillness(moved_at=time.monotonic())
        look_at = time.monotonic() + self.limits.queue_look_s
        while not self.stopping.wait(self.limits.look_s):
            if cluster.poll() is not None:
                return "cluster_gone"
            members = members or self._complete(cluster)
            if not all(process.is_alive(member) for member in members):
                return "process_lost"
            if time.monotonic() >= look_at:
                look_at = time.monotonic() + self.limits.queue_look_s
                if self._stands_still(stillness):
                    return "queue_stands_still"
        return None

    def _complete(self, cluster: subprocess.Popen[bytes]) -> list[psutil.Process]:
        """The cluster's processes once all have started; what jobs start below them is not ours to watch."""
        try:
            sentinels = psutil.Process(cluster.pid).children()
            members = sentinels + [child for sentinel in sentinels for child in sentinel.children()]
        except psutil.Error:
            return []
        return members if len(members) >= self.size else []

    def _stands_still(self, stillness: Stillness) -> bool:
        try:
            self._make_known()
            ready_s, latest_lock = queue.oldest_ready_s(), queue.latest_lock()
        except DatabaseError as problem:
            # Without a database nothing can be taken: not the cluster's fault, and it reconnects by itself.
            log.warning("queue_not_readable", problem=type(problem).__name__)
            connection.close()
            stillness.moved_at = time.monotonic()
            return False
        now = time.monotonic()
        return stillness.holds(
            ready_s=ready_s, latest_lock=latest_lock, now=now, patience_s=self.limits.patience_s
        )

    def _make_known(self) -> None:
        """Holds the shared lock on this connection; a new connection has lost it."""
        connection.ensure_connection()
        if connection.connection is not self._known_by:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_lock_shared(%s)", [GUARDS])
            self._known_by = connection.connection

    def _give_back(self) -> None:
        """Frees the jobs of the cluster before, if ours was the only one: the exclusive lock proves it."""
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_lock(%s)", [GUARDS])
                if cursor.fetchone() == (True,):
                    log.info("jobs_given_back", jobs=queue.give_back())
                    self._make_known()
                    cursor.execute("SELECT pg_advisory_unlock(%s)", [GUARDS])
                self._make_known()
        except DatabaseError as problem:
            log.warning("queue_not_readable", problem=type(problem).__name__)
            connection.close()
