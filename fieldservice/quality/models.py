"""Signals with their evidence, and the dated policy they follow."""

from django.db import models

from backend.core.history import append_only, tracked
from backend.core.ids import uuid7
from fieldservice.case.models import Case
from fieldservice.quality.rules import SignalRule
from fieldservice.reading.models import Reading
from traceability.batch.models import Batch, Proposal


@tracked
class SignalPolicy(models.Model):
    """From `count` events within `window_days` days a signal is raised; dated rows with their source."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    rule = models.CharField(max_length=24, choices=SignalRule.choices())
    count = models.PositiveSmallIntegerField()
    window_days = models.PositiveSmallIntegerField()
    valid_from = models.DateField()
    source = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rule", "valid_from"], name="signal_policy_dated")]

    def __str__(self) -> str:
        return f"{self.rule} {self.valid_from}"


class Signal(models.Model):
    """Raised once per batch, rule and proposal; the hold is proposed, never automatic."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="signals")
    rule = models.CharField(max_length=24, choices=SignalRule.choices())
    policy = models.ForeignKey(SignalPolicy, on_delete=models.PROTECT, related_name="+")
    proposal = models.ForeignKey(Proposal, on_delete=models.PROTECT, related_name="signals")
    raised_at = models.DateTimeField()
    readings = models.ManyToManyField(Reading, related_name="signals")
    cases = models.ManyToManyField(Case, related_name="signals")

    class Meta:
        triggers = append_only()
        constraints = [models.UniqueConstraint(fields=["proposal", "rule"], name="signal_once_per_proposal")]

    def __str__(self) -> str:
        return f"{self.rule} {self.batch_id}"
