"""The log of trace events (追溯事件) in EPCIS 2.0 shape, what is due to enter it, and jobs of foreign documents."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from backend.accounts.models import User
from backend.core.history import append_only
from backend.core.ids import uuid7
from traceability.epcis.rules import CAPTURED, Action, ErrorBehaviour

LONGEST_URI = 500


class CaptureJob(models.Model):
    """One document somebody handed in: when, by whom, what became of it. Written once, when it is finished."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    error_behaviour = models.CharField(max_length=10, choices=ErrorBehaviour.choices())
    is_success = models.BooleanField()
    stored_count = models.PositiveIntegerField()
    repeated_count = models.PositiveIntegerField()  # events the log held already
    errors = models.JSONField(default=list)  # [{"path", "code", "detail"}], read whole, never filtered
    document = models.CharField(max_length=64)  # sha256 of the body as it came

    class Meta:
        triggers = append_only()

    def __str__(self) -> str:
        return str(self.id)

    @property
    def is_running(self) -> bool:
        """Never: a document is worked on before it is answered; EPCIS asks all the same."""
        return False


class TraceEvent(models.Model):
    """One event for ever: `body` as emitted, and the columns it is found by.

    Ours come from a row of a business table (`source`, `source_id`); when that row was corrected, the next `revision`
    follows an error declaration of the one before. Captured ones are facts of others: they change no other table.
    An error declaration repeats its event's content and event id (EPCIS 2.0 §7.4.1).
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    event_id = models.CharField(max_length=LONGEST_URI, db_index=True)
    type = models.CharField(max_length=300)  # one of ours, or the URI of an extension
    action = models.CharField(max_length=8, choices=Action.choices(), blank=True)
    event_time = models.DateTimeField()
    zone_offset = models.CharField(max_length=6)
    record_time = models.DateTimeField()
    biz_step = models.CharField(max_length=LONGEST_URI, blank=True)
    disposition = models.CharField(max_length=LONGEST_URI, blank=True)
    read_point = models.CharField(max_length=LONGEST_URI, blank=True)
    biz_location = models.CharField(max_length=LONGEST_URI, blank=True)
    transformation_id = models.CharField(max_length=LONGEST_URI, blank=True)
    epcs = ArrayField(models.CharField(max_length=LONGEST_URI), default=list)  # every single thing it names
    epc_classes = ArrayField(models.CharField(max_length=LONGEST_URI), default=list)  # and every lot
    input_classes = ArrayField(models.CharField(max_length=LONGEST_URI), default=list)
    output_classes = ArrayField(models.CharField(max_length=LONGEST_URI), default=list)
    batches = ArrayField(models.UUIDField(), default=list)  # of ours: the batches it is about
    source = models.CharField(max_length=24)
    source_id = models.UUIDField()
    revision = models.PositiveSmallIntegerField(default=0)
    is_declaration = models.BooleanField(default=False)
    # Of a declaration: the event it calls wrong, where the log holds it.
    declares = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="declaration"
    )
    body = models.JSONField()
    hash = models.CharField(max_length=64)  # sha256 of the canonical JSON, see `rules.event_hash`
    job = models.ForeignKey(
        CaptureJob, on_delete=models.PROTECT, null=True, blank=True, related_name="events"
    )

    class Meta:
        triggers = append_only()
        indexes = [
            models.Index(fields=["-event_time", "-id"], name="trace_event_time"),
            models.Index(fields=["biz_step", "-event_time"], name="trace_event_step"),
            GinIndex(fields=["epcs"], name="trace_event_epcs"),
            GinIndex(fields=["epc_classes"], name="trace_event_classes"),
            GinIndex(fields=["batches"], name="trace_event_batches"),
            models.Index(
                fields=["transformation_id"], condition=~Q(transformation_id=""), name="trace_event_run"
            ),
        ]
        constraints = [
            # Ours follow from their row: nobody can take the id of an event of ours before it is there.
            models.UniqueConstraint(
                fields=["event_id", "is_declaration"],
                condition=Q(source=CAPTURED),
                name="trace_event_id_once",
            ),
            models.UniqueConstraint(
                fields=["source", "source_id", "revision", "is_declaration"], name="trace_event_source_once"
            ),
            models.CheckConstraint(
                condition=Q(source=CAPTURED, job__isnull=False) | (~Q(source=CAPTURED) & Q(job=None)),
                name="trace_event_captured_by_a_job",
            ),
        ]

    def __str__(self) -> str:
        return self.event_id


class EventDue(models.Model):
    """A business row whose event is not in the log yet, or that changed since. Written by triggers of the database.

    `fault`: why no event could be made of it; it waits there until somebody repairs the cause.
    """

    id = models.BigAutoField(primary_key=True)
    source = models.CharField(max_length=24)
    row_id = models.UUIDField()
    fault = models.CharField(max_length=500, db_default="", default="", blank=True)

    def __str__(self) -> str:
        return f"{self.source} {self.row_id}"
