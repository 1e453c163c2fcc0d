"""Reads: who sees which users, devices and history."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from backend.accounts.models import Device, Region, User
from backend.accounts.rules import REGIONAL, Can, Role, shown_change
from backend.core import history
from backend.core.errors import NotFound


def users_for(user: User) -> QuerySet[User]:
    """All users for those who may read them, else only oneself."""
    return User.objects.all() if user.may(Can.READ_USERS) else User.objects.filter(pk=user.pk)


def staff_for(user: User) -> QuerySet[User]:
    """Active colleagues one may name in a plan or a certificate; a regional role gets those of its regions."""
    rows = User.objects.filter(is_active=True).exclude(role=Role.DEALER)
    scope = region_scope(user)
    return rows if scope is None else rows.filter(regions__overlap=scope)


def devices_for(user: User) -> QuerySet[Device]:
    """All devices for those who may revoke or audit, else the own ones."""
    rows = Device.objects.select_related("user")
    if user.may(Can.REVOKE_DEVICE) or user.may(Can.READ_USERS):
        return rows
    return rows.filter(user=user)


def regions() -> QuerySet[Region]:
    return Region.objects.all()


def region_scope(user: User) -> list[str] | None:
    """Region codes the user is limited to; None for roles that see every region."""
    return user.regions if user.role in REGIONAL else None


def changes_for(user: User, *, name: str, row_id: str) -> list[dict[str, Any]]:
    """The history of one row, newest first, as far as `user` may see it.

    An auditor sees all with personal data masked, a director the rows of the own regions (and those of none), a
    technician the own entries. Raises NotFound for an unknown kind, a row without history, a row outside the scope.
    """
    model = history.tracked_models().get(name)
    key = _key_of(model, row_id) if model else None
    if key is None:
        raise NotFound
    lines = list(history.changes(name, row_id=key))
    if user.role == Role.DIRECTOR and not _in_regions(lines, user.regions):
        raise NotFound
    if user.role == Role.TECHNICIAN:
        lines = [line for line in lines if line["user"] == str(user.pk)]
    if not lines:
        raise NotFound
    return [_shown(line, role=user.role) for line in lines]


def _shown(line: dict[str, Any], *, role: str) -> dict[str, Any]:
    changed = line["changed"].items()
    return line | {"changed": {name: shown_change(name, pair, role=role) for name, pair in changed}}


def _key_of(model: Any, text: str) -> Any:
    """The primary key `text` spells, None where it spells none."""
    try:
        return model.pgh_tracked_model._meta.pk.to_python(text)
    except ValidationError:
        return None


def _in_regions(lines: list[dict[str, Any]], regions: list[str]) -> bool:
    stood = {value for line in lines for value in line["changed"].get("region_id", ()) if value}
    return not stood or not regions or bool(stood & set(regions))
