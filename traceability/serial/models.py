"""Ranges of unit numbers (一物一码): no row per bag, one per printed roll."""

import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import BigIntegerRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q

from backend.accounts.models import User
from backend.core.ids import uuid7
from traceability.batch.models import Batch
from traceability.product.models import TradeItem


class SerialRange(models.Model):
    """Numbers of a prefix that were given to the packs of a batch, for ever: a withdrawn range is not given again.

    `numbers` is [first, last + 1). `key_id` names the key of the printed tokens; a prefix has one key only, so
    that no token stands for two numbers.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="serial_ranges")
    trade_item = models.ForeignKey(
        TradeItem, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    prefix = models.CharField(max_length=2)
    numbers = BigIntegerRangeField()
    key_id = models.CharField(max_length=16)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    withdrawn_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        triggers = [
            pgtrigger.Protect(name="no_delete", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="only_withdrawn",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(exclude=["withdrawn_at", "withdrawn_by", "withdrawn_reason"]),
            ),
            pgtrigger.Protect(
                name="withdrawn_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__withdrawn_at__isnull=False),
            ),
        ]
        # A scan asks for the last range that begins at or below its number: no other can hold it.
        indexes = [models.Index(F("prefix"), F("numbers__startswith"), name="serial_range_start")]
        constraints = [
            ExclusionConstraint(
                name="serial_numbers_once",
                expressions=[("prefix", RangeOperators.EQUAL), ("numbers", RangeOperators.OVERLAPS)],
            ),
            ExclusionConstraint(
                name="serial_prefix_one_key",
                expressions=[("prefix", RangeOperators.EQUAL), ("key_id", RangeOperators.NOT_EQUAL)],
            ),
            models.CheckConstraint(
                condition=Q(numbers__startswith__gte=0, numbers__isempty=False, numbers__upper_inf=False),
                name="serial_numbers_bounded",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None)
                | (~Q(withdrawn_reason="") & Q(withdrawn_by__isnull=False, withdrawn_at__isnull=False)),
                name="serial_withdrawn_with_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prefix} {self.numbers}"

    @property
    def first(self) -> int:
        return int(self.numbers.lower)

    @property
    def last(self) -> int:
        return int(self.numbers.upper) - 1

    @property
    def count(self) -> int:
        return self.last - self.first + 1
