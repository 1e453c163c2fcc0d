"""One believable set of rows per place: `near`, which the callers of each role work in, and `far`, somebody else's.

Every role's caller belongs to `near`: the technician makes its visits, the dealer's account speaks for its customer,
the clerk's region is its region. `far` has another region, technician, dealer and customer. What needs a second
person (tester, reviewer, who put on hold, who proposed) was done by colleagues, so that each caller is free to do
the next step.
"""

from dataclasses import dataclass, field
from typing import Any

from backend.accounts.rules import Role
from tests import factories
from tests.client import ApiClient
from tests.house.place import Place, make_place
from tests.house.rows import make_rows
from tests.openapi import Document


@dataclass
class World:
    document: Document
    place: Place
    near: dict[str, Any]
    far: dict[str, Any]
    clients: dict[Role, ApiClient] = field(default_factory=dict)

    def client(self, role: Role) -> ApiClient:
        """The client of the role's caller; signed in once."""
        if role not in self.clients:
            user = self.place.people[role]
            token = factories.make_token(user, self.near[f"device@{role}"])
            self.clients[role] = ApiClient(self.document, user=user, token=token)
        return self.clients[role]

    @property
    def anonymous(self) -> ApiClient:
        return ApiClient(self.document)

    def id_of(self, noun: str, role: Role | None = None) -> str:
        """The public id of the near row, as text; the role's own one where it has one."""
        return str(self.near.get(f"{noun}@{role}", self.near.get(noun)).pk)

    def far_id_of(self, noun: str) -> str:
        """The public id of somebody else's row."""
        return str(self.far[noun].pk)


def make_world(document: Document) -> World:
    place, elsewhere = make_place("east"), make_place("north")
    world = World(document, place, near=make_rows(place), far=make_rows(elsewhere))
    for role in Role:
        world.client(role)
    return world
