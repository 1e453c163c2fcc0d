"""Who works here, on which phone."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from knox.models import AbstractAuthToken, AuthTokenManager

from backend.accounts.rules import Can, Role, may
from backend.core.history import tracked, tracked_without
from backend.core.ids import uuid7


@tracked
class Region(models.Model):
    """A sales region; scope of rows and users."""

    code = models.CharField(primary_key=True, max_length=32)
    name_zh = models.CharField(max_length=64)
    name_en = models.CharField(max_length=64)

    def __str__(self) -> str:
        return self.code


class UserManager(BaseUserManager["User"]):
    def create_user(self, username: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(username=username, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


@tracked_without("password", "last_login")
class User(AbstractBaseUser):  # type: ignore[django-manager-missing]  # knox names the reverse manager
    id = models.UUIDField(primary_key=True, default=uuid7)
    username = models.CharField(max_length=64, unique=True)
    display_name = models.CharField(max_length=64)
    role = models.CharField(max_length=16, choices=[(role.value, role.value) for role in Role])
    regions = ArrayField(models.CharField(max_length=32), default=list, blank=True)
    phone = models.CharField(max_length=32, blank=True)
    qualified_until = models.DateField(null=True, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["display_name", "role"]
    objects = UserManager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(role__in=[role.value for role in Role]), name="user_role_known"
            )
        ]

    def __str__(self) -> str:
        return self.username

    def may(self, can: Can) -> bool:
        """Whether the user's role holds the right."""
        return may(self.role, can)


@tracked
class Device(models.Model):
    """One installation of the app for one user; revoking it ends its token at the next request."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="devices")
    install_id = models.UUIDField()
    name = models.CharField(max_length=100)
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    revoked_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "install_id"], name="device_user_install")]

    def __str__(self) -> str:
        return self.name


class DeviceToken(AbstractAuthToken):
    """An opaque token of one device; only its SHA-512 digest is stored."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="auth_token_set")
    device = models.OneToOneField(Device, on_delete=models.CASCADE, related_name="token")

    objects = AuthTokenManager()


class FieldRecord(models.Model):
    """Base of what is recorded in the field: client-made id, who, device and the three times."""

    id = models.UUIDField(primary_key=True)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    device = models.ForeignKey(Device, on_delete=models.PROTECT, null=True, related_name="+")
    device_at = models.DateTimeField()
    corrected_at = models.DateTimeField()
    received_at = models.DateTimeField()
    clock_suspect = models.BooleanField(default=False)

    class Meta:
        abstract = True
