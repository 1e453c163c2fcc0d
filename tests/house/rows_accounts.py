"""Rows of the accounts floor."""

from typing import Any

import pghistory

from backend.accounts.models import Region, User
from backend.accounts.rules import Role
from tests import factories
from tests.house.place import Place
from traceability.customer.models import Customer


def accounts(place: Place, found: dict[str, Any]) -> dict[str, Any]:
    devices = {f"device@{role}": factories.make_device(user) for role, user in place.people.items()}
    return {
        "user": place.colleagues["technician"],
        "region": Region.objects.get(code=place.region),
        "device": factories.make_device(place.colleagues["clerk"]),
        "written_by_technician": written_by(place.people[Role.TECHNICIAN], place.region),
        **devices,
    }


def written_by(user: User, region: str) -> Customer:
    """A row whose history names `user`."""
    with pghistory.context(user=str(user.pk)):
        return factories.make_customer(region_code=region)
