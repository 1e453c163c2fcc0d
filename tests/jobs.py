"""Runs the queued jobs: the rows the ORM broker holds, decoded as the cluster's worker decodes them."""

from django.utils.module_loading import import_string
from django_q.models import OrmQ


def run_jobs(limit: int = 1000) -> list[str]:
    """Runs jobs until the queue is empty (jobs may enqueue more); their paths in order."""
    done: list[str] = []
    while (row := OrmQ.objects.order_by("id").first()) and len(done) < limit:
        task = row.task
        row.delete()
        import_string(task["func"])(*task.get("args", ()), **task.get("kwargs", {}))
        done.append(task["func"])
    return done


def run_jobs_twice() -> None:
    """Runs each queued job two times: a second delivery must change nothing."""
    while row := OrmQ.objects.order_by("id").first():
        task = row.task
        row.delete()
        for _ in range(2):
            import_string(task["func"])(*task.get("args", ()), **task.get("kwargs", {}))
