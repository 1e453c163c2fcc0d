"""Reads: who sees which users and devices."""

from django.db.models import QuerySet

from backend.accounts.models import Device, Region, User
from backend.accounts.rules import REGIONAL, Can


def users_for(user: User) -> QuerySet[User]:
    """All users for those who may read them, else only oneself."""
    return User.objects.all() if user.may(Can.READ_USERS) else User.objects.filter(pk=user.pk)


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
