"""Background entry of recall tasks."""

from uuid import UUID

import pghistory

from fieldservice.visit import recall_task


def open_recall_tasks(recall_id: str) -> None:
    """After a recall was announced, or its consignees became more."""
    with pghistory.context(job="open_recall_tasks"):
        recall_task.open_recall_tasks(UUID(recall_id))


def finish_recall_task(notice_id: str) -> None:
    """After goods were reported at a consignee."""
    with pghistory.context(job="finish_recall_task"):
        recall_task.finish_recall_task(UUID(notice_id))


def close_recall_tasks(recall_id: str) -> None:
    """After a recall was closed."""
    with pghistory.context(job="close_recall_tasks"):
        recall_task.close_recall_tasks(UUID(recall_id))
