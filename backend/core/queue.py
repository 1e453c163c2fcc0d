"""Background work: the only module that knows django-q2.

`emit` writes jobs into the ORM broker's table inside the caller's transaction: a rollback takes them back, a commit
cannot lose them. Jobs get ids only and must be safe to run twice.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core import checks
from django.db.models import F, Max, Min
from django.utils.module_loading import import_string
from django_q.conf import Conf
from django_q.models import OrmQ, Schedule, Task
from django_q.tasks import async_task

from backend.core import clock

REQUIRED = {
    "orm": "default",
    "bulk": 1,
    "timeout": 300,
    "retry": 900,
    "max_attempts": 3,
    "ack_failures": False,
    "catch_up": False,
}


def emit(event: str, **ids: Any) -> None:
    """Enqueues the jobs that follow `event` (table: backend/reactions.py). KeyError for an event not in it."""
    reactions: Mapping[str, tuple[str, ...]] = import_string(settings.REACTIONS)
    for path in reactions[event]:
        enqueue(path, **ids)


def enqueue(path: str, **ids: Any) -> None:
    """One job: a dotted path from our own tables and ids as texts."""
    async_task(path, **{name: str(value) for name, value in ids.items()})


def oldest_ready_s(now: datetime | None = None) -> float:
    """Age in seconds of the oldest job that could run and does not; 0 with an empty queue.

    The broker's `lock` is the time from which a job may (again) be taken.
    """
    moment = now or clock.now()
    oldest = OrmQ.objects.filter(lock__lte=moment).aggregate(oldest=Min(F("lock")))["oldest"]
    return max(0.0, (moment - oldest).total_seconds()) if oldest else 0.0


def latest_lock(now: datetime | None = None) -> datetime | None:
    """The latest time until which a taken job is reserved; moves with every job taken or done."""
    return OrmQ.objects.filter(lock__gt=now or clock.now()).aggregate(latest=Max("lock"))["latest"]


def give_back(now: datetime | None = None) -> int:
    """Makes jobs ready that a dead cluster had taken; those that failed keep waiting for their retry. Their number.

    Only for who knows that no cluster works on this queue.
    """
    moment = now or clock.now()
    taken = {row.task_id(): row.pk for row in OrmQ.objects.filter(lock__gt=moment)}
    failed = Task.objects.filter(id__in=list(taken)).values_list("id", flat=True)
    orphans = [taken[task_id] for task_id in taken.keys() - set(failed)]
    return OrmQ.objects.filter(pk__in=orphans, lock__gt=moment).update(lock=moment)


def sync_schedule() -> None:
    """Makes django-q2's schedule rows equal to backend/schedule.py: added, changed, removed."""
    wanted: Mapping[str, tuple[str, str]] = import_string(settings.SCHEDULE)
    Schedule.objects.exclude(name__in=wanted).delete()
    for name, (cron, path) in wanted.items():
        Schedule.objects.update_or_create(
            name=name,
            defaults={
                "func": path,
                "cron": cron,
                "schedule_type": Schedule.CRON,
                "repeats": -1,
                "args": None,
            },
        )


@checks.register("saltline")
def check_cluster(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """The cluster's settings are the measured safe ones, and every path resolves."""
    wrong = [name for name, value in REQUIRED.items() if settings.Q_CLUSTER.get(name) != value]
    if settings.Q_CLUSTER.get("queue_limit") != settings.Q_CLUSTER.get("workers"):
        wrong.append("queue_limit")
    if (
        int(str(settings.Q_CLUSTER["retry"])) <= int(str(settings.Q_CLUSTER["timeout"]))
        or Conf.ORM != "default"
    ):
        wrong.append("retry")
    return [checks.Error(f"Q_CLUSTER['{name}'] is not the safe value", id="saltline.E001") for name in wrong]


def allowed_paths() -> set[str]:
    """Every dotted path a job or schedule may name."""
    reactions: Mapping[str, tuple[str, ...]] = import_string(settings.REACTIONS)
    schedule: Mapping[str, tuple[str, str]] = import_string(settings.SCHEDULE)
    return {path for paths in reactions.values() for path in paths} | {path for _, path in schedule.values()}


@checks.register("saltline", checks.Tags.database)
def check_schedule_rows(app_configs: Any, databases: Any = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """No schedule row outside our own table: such a row runs whatever dotted path it names."""
    if not databases:
        return []
    strangers = Schedule.objects.exclude(func__in=allowed_paths()).values_list("func", flat=True)
    return [checks.Error(f"Schedule row runs {func!r}", id="saltline.E002") for func in strangers]
