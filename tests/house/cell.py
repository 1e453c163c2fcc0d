"""One operation of the access table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from backend.accounts.rules import Can, Role
from backend.core.permissions import Open
from tests.house.scoped import SCOPED
from tests.house.world import World

Body = Callable[[World, Role], Any]
NOBODY: frozenset[Role] = frozenset()
EVERYONE = frozenset(Role)


@dataclass(frozen=True)
class Cell:
    """One operation.

    `row`: noun of the row in the path, where it is one; `name`: of the path's parameter. Else `ids`: the path's
    values, (world, role) → dict, and `far_ids` for somebody else's row.
    `body`: a complete one; `photo`: the multipart fields. `query`: what a list or report needs.
    `status`: what an allowed role gets where it is not the declared status, or by role.
    `shows`: for a list, the noun whose near row stands in it for every allowed role, and whose far row stands in it
    for exactly those outside `SCOPED`; `key`: the member that names the row there.
    `grow`: makes the list hold three items where the world has fewer.
    `counts`: tables in which a refusal leaves a trace on purpose (wrong passwords are counted).
    """

    can: Can | Open
    row: str = ""
    name: str = "id"
    body: Body | None = None
    photo: Body | None = None
    query: str = ""
    status: dict[Role, int] | int | None = None
    ids: Callable[[World, Role], dict[str, str]] | None = None
    far_ids: Callable[[World, Role], dict[str, str]] | None = None
    hidden_from: frozenset[Role] | None = None
    shows: str = ""
    key: str = "id"
    grow: Callable[[World], None] | None = None
    counts: frozenset[str] = frozenset()

    @property
    def hidden(self) -> frozenset[Role]:
        """Roles to whom the far row of the path does not exist."""
        return SCOPED.get(self.row, NOBODY) if self.hidden_from is None else self.hidden_from

    def expected(self, role: Role) -> int | None:
        """The status an allowed role gets; None: the declared one."""
        return self.status.get(role) if isinstance(self.status, dict) else self.status
