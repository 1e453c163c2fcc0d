"""Recalls in the field, and the dossier of a batch."""

from backend.accounts.rules import Can
from tests.house.cell import Cell

CELLS = {
    ("GET", "recall-tasks"): Cell(Can.READ_RECALL_TASKS, shows="recall_task"),
    ("POST", "recall-tasks/{id}/take"): Cell(
        Can.WORK_VISIT, row="recall_task", body=lambda world, role: {"visit": None}
    ),
    ("GET", "batches/{id}/dossier"): Cell(Can.READ_BATCHES, row="batch"),
}
