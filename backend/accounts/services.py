"""Signing in and out, devices, users."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from axes.handlers.proxy import AxesProxyHandler
from django.contrib.auth import authenticate, password_validation
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from backend.accounts.models import Device, DeviceToken, Region, User
from backend.accounts.rules import Role
from backend.accounts.token import HeldToken
from backend.core import clock
from backend.core.errors import DomainError, InvalidInput
from backend.core.errors import mark as _

LOCKED_S = 900  # as AXES_COOLOFF_TIME


class WrongCredentials(DomainError):
    """Unknown name, wrong password or inactive account: one answer for all."""

    code, status, title = "wrong_credentials", 401, _("Name or password is wrong")


class LoginLocked(DomainError):
    code, status, title = "login_locked", 429, _("Too many wrong passwords")
    detail = _("Signing in with this name is locked for 15 minutes.")
    retry_after_s = LOCKED_S


class DeviceIsRevoked(DomainError):
    code, status, title = "device_is_revoked", 403, _("This device was revoked")
    detail = _("Ask the office to enrol the phone again.")


class NameTaken(DomainError):
    code, status, title = "name_taken", 409, _("This user name is taken")


@dataclass(frozen=True)
class SignedIn:
    token: str
    expires_at: datetime | None
    user: User
    device: Device


def check_password(request: HttpRequest, *, username: str, password: str) -> User:
    """The user. Raises WrongCredentials (401) or, from the sixth try in 15 minutes, LoginLocked (429)."""
    credentials = {"username": username}
    if not AxesProxyHandler.is_allowed(request, credentials):
        raise LoginLocked
    user = authenticate(request=request, username=username, password=password)
    if not isinstance(user, User):
        raise WrongCredentials
    return user


@transaction.atomic
def sign_in(user: User, *, install_id: UUID, device_name: str) -> SignedIn:
    """A new token for this installation; the one before ends. Raises DeviceIsRevoked (403)."""
    device, _created = Device.objects.get_or_create(
        user=user, install_id=install_id, defaults={"name": device_name}
    )
    if device.revoked_at:
        raise DeviceIsRevoked
    DeviceToken.objects.filter(device=device).delete()
    row, token = DeviceToken.objects.create(user=user, device=device)
    return SignedIn(token=token, expires_at=row.expiry, user=user, device=device)


def sign_out(token: HeldToken) -> None:
    DeviceToken.objects.filter(digest=token.digest).delete()


@transaction.atomic
def revoke_device(device: Device, *, by: User, reason: str) -> Device:
    """Ends the device's token at its next request; revoking twice changes nothing."""
    Device.objects.filter(pk=device.pk, revoked_at=None).update(
        revoked_at=clock.now(), revoked_by=by, revoked_reason=reason
    )
    device.refresh_from_db()
    return device


@dataclass(frozen=True)
class UserData:
    username: str
    display_name: str
    role: Role
    regions: tuple[str, ...]
    phone: str = ""


@transaction.atomic
def create_user(data: UserData, *, password: str) -> User:
    """A new account. Raises NameTaken (409), InvalidInput (weak password, unknown region)."""
    _check_regions(data.regions)
    _check_strength(password)
    try:
        with transaction.atomic():
            return User.objects.create_user(
                username=data.username,
                password=password,
                display_name=data.display_name,
                role=data.role,
                regions=list(data.regions),
                phone=data.phone,
            )
    except IntegrityError as error:
        raise NameTaken from error


@transaction.atomic
def change_user(user: User, **changes: object) -> User:
    """Changes role, regions, name, phone or activity; a deactivated user's tokens end."""
    row = User.objects.select_for_update().get(pk=user.pk)
    _check_regions(changes.get("regions", ()))  # type: ignore[arg-type]  # validated as a list of texts
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(update_fields=list(changes))
    if not row.is_active:
        DeviceToken.objects.filter(user=row).delete()
    return row


def _check_regions(codes: tuple[str, ...]) -> None:
    missing = set(codes) - set(Region.objects.filter(code__in=codes).values_list("code", flat=True))
    if missing:
        raise InvalidInput(errors={"regions": _("Unknown region.")})


def _check_strength(password: str) -> None:
    try:
        password_validation.validate_password(password)
    except ValidationError as error:
        raise InvalidInput(errors={"password": list(error.messages)}) from error
