"""Who works on one set of rows."""

from dataclasses import dataclass
from typing import Any

from backend.accounts.models import User
from backend.accounts.rules import Role
from tests import factories

COLLEAGUES = (Role.QC, Role.DIRECTOR, Role.CLERK, Role.LOGISTICS, Role.TECHNICIAN)


@dataclass(frozen=True)
class Place:
    """`people` are the callers, one per role; `colleagues` did the steps that need another person."""

    region: str
    people: dict[Role, User]
    colleagues: dict[str, User]
    customer: Any  # the one the dealer speaks for


def make_place(region: str) -> Place:
    customer = factories.make_customer(region_code=region)
    people = {role: factories.make_user(role, regions=[region]) for role in Role if role is not Role.DEALER}
    people[Role.DEALER] = factories.make_dealer(customer, regions=[region])
    colleagues = {str(role): factories.make_user(role, regions=[region]) for role in COLLEAGUES}
    colleagues["qc_reviewer"] = factories.make_user(Role.QC, regions=[region])
    return Place(region, people, colleagues, customer)
