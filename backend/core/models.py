"""Tables that belong to no trade concept."""

from django.conf import settings
from django.db import models

from backend.core.history import tracked
from backend.core.ids import uuid7


class IdempotencyKey(models.Model):
    """One client key and the answer it got. Never expired: a phone may resend after weeks."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=128)
    digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    body = models.JSONField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="idempotency_user_key")]

    def __str__(self) -> str:
        return self.key


class Attachment(models.Model):
    """A photo or signature, named by the SHA-256 of the bytes the phone sent.

    Always stored re-encoded, upright and at most 2560 px (no EXIF, no GPS, no second format inside): receipts too, so
    the original bytes are not kept, only their SHA-256 says which file was sent.
    """

    sha256 = models.CharField(primary_key=True, max_length=64)
    media_type = models.CharField(max_length=64)
    size_bytes = models.PositiveIntegerField()
    width_px = models.PositiveIntegerField()
    height_px = models.PositiveIntegerField()
    average_hash = models.CharField(max_length=16, db_index=True)  # 64 bit: finds the same picture re-saved
    file = models.CharField(max_length=200)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    received_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.sha256


class Upload(models.Model):
    """Who else sent the bytes of an attachment: only senders may name it in a record of theirs."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    attachment = models.ForeignKey(Attachment, on_delete=models.PROTECT, related_name="uploads")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    received_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["attachment", "user"], name="upload_once_per_user")]

    def __str__(self) -> str:
        return self.attachment_id


class Counter(models.Model):
    """The last number given out, per kind and period."""

    name = models.CharField(primary_key=True, max_length=32)
    value = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.name


@tracked
class WorkYear(models.Model):
    """A calendar year whose public holidays and swap days are all known; without its row a deadline is provisional."""

    year = models.PositiveSmallIntegerField(primary_key=True)
    source = models.CharField(max_length=200)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(year__range=(2000, 2099)), name="work_year_sane")
        ]

    def __str__(self) -> str:
        return str(self.year)


@tracked
class WorkDay(models.Model):
    """A day that differs from Monday to Friday: a public holiday, or a weekend day that is worked (调休)."""

    day = models.DateField(primary_key=True)
    is_working = models.BooleanField()
    note = models.CharField(max_length=64, blank=True)
    source = models.CharField(max_length=200)
    reason = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"{self.day} {'works' if self.is_working else 'free'}"
