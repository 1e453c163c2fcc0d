"""State machines as plain tables: (state, action) → state. Pure; one function reads them all."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from backend.core.errors import IllegalStep

S = TypeVar("S", bound=StrEnum)
A = TypeVar("A", bound=StrEnum)


def step(table: Mapping[tuple[S, A], S], *, state: S, action: A) -> S:
    """The state that `action` leads to. Raises IllegalStep (409) naming the steps that are possible."""
    target = table.get((state, action))
    if target is None:
        allowed = ", ".join(allowed_actions(table, state=state)) or "—"
        raise IllegalStep(state=str(state), action=str(action), allowed=allowed)
    return target


def allowed_actions(table: Mapping[tuple[S, A], S], *, state: S) -> list[A]:
    """Actions possible from `state`, in table order."""
    return [action for (start, action) in table if start == state]
