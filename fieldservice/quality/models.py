"""Signals with their evidence, and the dated policy they follow."""

from django.db import models
from django.db.models import Q

from backend.core.history import append_only, tracked
from backend.core.ids import uuid7
from fieldservice.case.models import Case
from fieldservice.quality.rules import SignalRule
from fieldservice.reading.models import Reading
from traceability.batch.models import Batch, Proposal
from traceability.customer.models import Customer
from traceability.scan.models import Scan


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
    """Raised once: of repeated readings or complaints per batch, rule and proposal; of scans per code and day.

    The hold of the former is proposed, never automatic; the latter propose nothing. `subject`: the unit code, or the
    batch number with the customer it was seen at.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, null=True, related_name="signals")
    rule = models.CharField(max_length=24, choices=SignalRule.choices())
    policy = models.ForeignKey(SignalPolicy, on_delete=models.PROTECT, null=True, related_name="+")
    proposal = models.ForeignKey(Proposal, on_delete=models.PROTECT, null=True, related_name="signals")
    raised_at = models.DateTimeField()
    subject = models.CharField(max_length=140, blank=True)
    day = models.DateField(null=True)  # the factory's day of the newest scan when it was raised
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, null=True, related_name="+")
    readings = models.ManyToManyField(Reading, related_name="signals")
    cases = models.ManyToManyField(Case, related_name="signals")
    scans = models.ManyToManyField(Scan, related_name="signals")

    class Meta:
        triggers = append_only()
        constraints = [
            models.UniqueConstraint(fields=["proposal", "rule"], name="signal_once_per_proposal"),
            models.UniqueConstraint(
                fields=["rule", "subject", "day"],
                condition=Q(proposal=None),
                name="signal_once_per_code_and_day",
            ),
            models.CheckConstraint(
                condition=Q(proposal__isnull=False, batch__isnull=False, policy__isnull=False)
                | (~Q(subject="") & Q(day__isnull=False, proposal=None)),
                name="signal_of_proposal_or_scans",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.subject or self.batch_id}"
