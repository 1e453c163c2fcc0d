"""Imports: the file as it was sent, how far it got, and why rows were not taken."""

from django.db import models

from backend.accounts.models import User
from backend.core.history import append_only, tracked_without
from backend.core.ids import uuid7
from traceability.imports.rules import ImportKind, ImportMode, ImportState

COUNTS = ("rows_done", "records_done", "created", "updated", "unchanged", "bad")


@tracked_without(*COUNTS)
class FileImport(models.Model):
    """One file somebody sent to be imported. The counts are of rows; `records_done`: where a restarted job goes on."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    kind = models.CharField(max_length=12, choices=ImportKind.choices())
    mode = models.CharField(max_length=16, choices=ImportMode.choices())
    is_dry_run = models.BooleanField(default=False)
    file_name = models.CharField(max_length=200)
    file = models.CharField(max_length=200)  # in the media folder
    sha256 = models.CharField(max_length=64)
    size_bytes = models.PositiveIntegerField()
    state = models.CharField(max_length=12, choices=ImportState.choices(), default=ImportState.QUEUED)
    refusal = models.CharField(max_length=300, blank=True)  # msgid: why the file as a whole was refused
    rows_total = models.PositiveIntegerField(null=True, blank=True)
    rows_done = models.PositiveIntegerField(default=0)
    records_done = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    bad = models.PositiveIntegerField(default=0)
    sent_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    sent_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.kind} {self.file_name}"


class ImportFault(models.Model):
    """Why a row was not taken; `text` is a msgid, `params` fill it."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    file_import = models.ForeignKey(
        FileImport, on_delete=models.PROTECT, related_name="faults", db_index=False
    )
    line = models.PositiveIntegerField()
    column = models.CharField(max_length=40, blank=True)
    code = models.CharField(max_length=60)
    text = models.CharField(max_length=300)
    params = models.JSONField(default=dict)

    class Meta:
        triggers = append_only()
        indexes = [models.Index(fields=["file_import", "line", "id"], name="import_fault_by_line")]

    def __str__(self) -> str:
        return f"{self.line}: {self.code}"
