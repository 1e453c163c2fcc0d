"""What may be made from what: no circle, no industrial salt in edible salt. Pure; walks links already read."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from backend.core.choices import Code
from backend.core.errors import DomainError
from backend.core.errors import mark as _
from traceability.product.rules import Family

# 食盐专营办法 art. 19: industrial salt may not be sold as edible salt. The other direction, a downgrade, is allowed.
# Weighing differs: a batch may give out 1 kg or 0.1 % more than was entered (traceability notes, mass balance).
SLACK_KG, SLACK_SHARE = Decimal(1), Decimal("0.001")
EDIBLE = frozenset({Family.EDIBLE, Family.FOOD_PROCESSING})


class LinkKind(Code):
    """How a batch went into another."""

    USED = "used"
    HEEL = "heel"  # what was left in the silo, below what came next
    REWORK = "rework"  # back into an earlier stage
    REPACK = "repack"
    RETURNED = "returned"  # came back from a customer: shipped already, so it takes nothing from what is left


def slack_kg(qty_kg: Decimal) -> Decimal:
    """How much kg may differ, by weighing alone, from `qty_kg`."""
    return max(SLACK_KG, qty_kg * SLACK_SHARE)


Link = tuple[UUID, UUID]  # parent, child


class MadeFromItself(DomainError):
    code, status, title = "made_from_itself", 409, _("A batch is not made from itself")


class GenealogyCircle(DomainError):
    """The parent was made from the child; `path` names the batches from the child round to itself."""

    code, status, title = "genealogy_circle", 409, _("The batches would be made from each other")
    detail = _("{way}")


class IndustrialIntoEdible(DomainError):
    """`path` names the batches from the industrial one down to the edible one."""

    code, status, title = "industrial_into_edible", 409, _("Industrial salt may not go into edible salt")
    detail = _("{way}")


class ParentKnown(DomainError):
    code, status, title = "parent_known", 409, _("This parent is entered already")


@dataclass(frozen=True)
class Knot:
    """One batch of the walk."""

    code: str
    family: str


def circle(links: Iterable[Link], *, parent: UUID, child: UUID) -> list[UUID] | None:
    """The way from `child` down to `parent` and back to `child`, where there is one."""
    way = nearest(child, steps=_down(links), wanted=lambda id: id == parent)
    return [*way, child] if way else None


def mixing(
    links: Iterable[Link], *, knots: Mapping[UUID, Knot], parent: UUID, child: UUID
) -> list[UUID] | None:
    """The way from the nearest industrial ancestor over `parent` and `child` to the nearest edible batch below."""
    known = list(links)
    above = nearest(parent, steps=_up(known), wanted=lambda id: knots[id].family == Family.INDUSTRIAL)
    below = nearest(child, steps=_down(known), wanted=lambda id: knots[id].family in EDIBLE)
    return [*reversed(above), *below] if above and below else None


def nearest(
    start: UUID, *, steps: Mapping[UUID, list[UUID]], wanted: Callable[[UUID], bool]
) -> list[UUID] | None:
    """The shortest way from `start` (itself included) to a wanted one, breadth first; each batch is seen once."""
    came_from: dict[UUID, UUID | None] = {start: None}
    waiting = deque([start])
    while waiting:
        here = waiting.popleft()
        if wanted(here):
            return _way_to(here, came_from)
        for there in steps.get(here, ()):
            if there not in came_from:
                came_from[there] = here
                waiting.append(there)
    return None


def _way_to(end: UUID, came_from: Mapping[UUID, UUID | None]) -> list[UUID]:
    way: list[UUID] = []
    here: UUID | None = end
    while here is not None:
        way.append(here)
        here = came_from[here]
    return way[::-1]


def _down(links: Iterable[Link]) -> dict[UUID, list[UUID]]:
    steps: dict[UUID, list[UUID]] = {}
    for parent, child in links:
        steps.setdefault(parent, []).append(child)
    return steps


def _up(links: Iterable[Link]) -> dict[UUID, list[UUID]]:
    return _down((child, parent) for parent, child in links)
