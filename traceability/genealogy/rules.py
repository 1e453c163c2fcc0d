"""What may be made from what: no circle, no industrial salt in edible salt, no more than there is.

Pure; walks links already read.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from backend.core.choices import Code
from backend.core.errors import DomainError
from backend.core.errors import mark as _
from traceability.product.rules import Family

# 食盐专营办法 art. 19: industrial salt may not be sold as edible salt. The other direction, a downgrade, is allowed.
EDIBLE = frozenset({Family.EDIBLE, Family.FOOD_PROCESSING})
# Weighing differs: a batch may give out 1 kg or 0.1 % more than was entered (traceability notes, mass balance).
SLACK_KG, SLACK_SHARE = Decimal(1), Decimal("0.001")


class LinkKind(Code):
    """How a batch went into another."""

    USED = "used"
    HEEL = "heel"  # what was left in the silo, below what came next
    REWORK = "rework"  # back into an earlier stage
    REPACK = "repack"
    RETURNED = "returned"  # came back from a customer: shipped already, so it takes nothing from what is left


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


class GenealogyTooLarge(DomainError):
    """The walk was stopped: what cannot be checked is not entered."""

    code, status, title = "genealogy_too_large", 409, _("Too many batches hang on this link to check it")
    detail = _("More than {cap} batches are above or below it.")


class ParentKnown(DomainError):
    code, status, title = "parent_known", 409, _("This parent is entered already")


class MadeBeforeParent(DomainError):
    """The order of the goods comes from their times, not from their stages: rework goes back a stage."""

    code, status, title = "made_before_parent", 409, _("The parent was not made by then")
    detail = _("{batch} was made on {produced_on}.")


class MoreThanLeft(DomainError):
    """More kg than the batch has, less what went into others and what was shipped."""

    code, status, title = "more_than_left", 409, _("More than is left of the batch")
    detail = _("{left_kg} kg are left of {batch}; {wanted_kg} kg would go in.")


class LinkReversed(DomainError):
    code, status, title = "link_reversed", 409, _("This link is reversed already")


def slack_kg(qty_kg: Decimal) -> Decimal:
    """How many kg may differ from `qty_kg` by weighing alone."""
    return max(SLACK_KG, qty_kg * SLACK_SHARE)


@dataclass(frozen=True)
class Left:
    """A batch as it stands: kg made, and kg that left it already, used up in others or shipped."""

    code: str
    produced_on: date
    qty_kg: Decimal
    gone_kg: Decimal


def check_taken(left: Left, *, wanted_kg: Decimal, on: date) -> None:
    """Raises MadeBeforeParent, MoreThanLeft (409): `wanted_kg` of the batch cannot have been taken on that day.

    0 kg is a trace and always there.
    """
    if on < left.produced_on:
        raise MadeBeforeParent(batch=left.code, produced_on=left.produced_on)
    left_kg = max(left.qty_kg - left.gone_kg, Decimal(0))
    if wanted_kg and left.gone_kg + wanted_kg > left.qty_kg + slack_kg(left.qty_kg):
        raise MoreThanLeft(batch=left.code, left_kg=left_kg, wanted_kg=wanted_kg)


@dataclass(frozen=True)
class Knot:
    """One batch of the walk."""

    code: str
    family: str


def circle(
    links: Iterable[Link], *, parents: Collection[UUID], children: Collection[UUID]
) -> list[UUID] | None:
    """The way from one of `children` down to one of `parents` and back to it, where there is one."""
    way = nearest(children, steps=_down(links), wanted=lambda id: id in parents)
    return [*way, way[0]] if way else None


def mixing(
    links: Iterable[Link],
    *,
    knots: Mapping[UUID, Knot],
    parents: Collection[UUID],
    children: Collection[UUID],
) -> list[UUID] | None:
    """The way from the nearest industrial ancestor over a parent and a child to the nearest edible batch below.

    Each of `parents` goes into each of `children`.
    """
    known = list(links)
    above = nearest(parents, steps=_up(known), wanted=lambda id: knots[id].family == Family.INDUSTRIAL)
    below = nearest(children, steps=_down(known), wanted=lambda id: knots[id].family in EDIBLE)
    return [*reversed(above), *below] if above and below else None


def nearest(
    starts: Iterable[UUID], *, steps: Mapping[UUID, list[UUID]], wanted: Callable[[UUID], bool]
) -> list[UUID] | None:
    """The shortest way from a start (itself included) to a wanted one, breadth first; each batch is seen once."""
    came_from: dict[UUID, UUID | None] = dict.fromkeys(starts)
    waiting = deque(came_from)
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
