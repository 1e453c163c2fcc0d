"""`/healthz`: the process answers. `/readyz`: database, migrations, disk and job queue are fit for work."""

import shutil
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse

from backend.core import queue

MAX_JOB_AGE_S = 600
MIN_FREE_DISK = 0.10


class Migrations:
    """How many migrations the database lacks.

    Asking reads every migration file and the whole table of those applied, and anybody may ask as often as they
    like. None lacking stays true while this process lives: its files do not change. Some lacking is asked again.
    """

    def __init__(self) -> None:
        self.complete = False

    def pending(self) -> int:
        if self.complete:
            return 0
        executor = MigrationExecutor(connection)
        count = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
        self.complete = count == 0
        return count


_migrations = Migrations()


def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """200 with figures, or 503 naming what is not fit."""
    checks: dict[str, Any] = {}
    faults = []
    try:
        pending = _migrations.pending()
        checks["oldest_job_s"] = round(queue.oldest_ready_s())
        checks["database"] = "ok"
        checks["migrations_pending"] = pending
        if pending:
            faults.append("migrations")
        if checks["oldest_job_s"] > MAX_JOB_AGE_S:
            faults.append("jobs")
    except DatabaseError:
        checks["database"] = "unreachable"
        faults.append("database")
    usage = shutil.disk_usage(settings.BASE_DIR)
    checks["disk_free"] = round(usage.free / usage.total, 3)
    if checks["disk_free"] < MIN_FREE_DISK:
        faults.append("disk")
    status = 503 if faults else 200
    return JsonResponse(
        {"status": "not_ready" if faults else "ok", "faults": faults, **checks}, status=status
    )
