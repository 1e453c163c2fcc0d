"""What a walk over links brought: how far each batch is, how much of the start is in it, whether it runs in a circle.

Pure, and linear in the links. Works on any key (UUIDs, texts): an answer with 12,000 links must not pay for objects.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple, TypeVar
from uuid import UUID

from backend.core.choices import Code
from backend.core.errors import DomainError
from backend.core.errors import mark as _

Key = TypeVar("Key", bound=Hashable)
Share = float  # ranks batches; kg are Decimal


class Direction(Code):
    """`backward`: what it was made from; `forward`: what was made from it and who has it."""

    BACKWARD = "backward"
    FORWARD = "forward"


class TraceTooLarge(DomainError):
    """The walk did not end within the time a request may take."""

    code, status, title = "trace_too_large", 409, _("The trace is too large for one request")
    detail = _("It was stopped after {seconds} seconds. Start from a batch nearer to the one you ask about.")


class AmbiguousBatchCode(DomainError):
    """Several products have a batch of this code; `candidates` names them."""

    code, status, title = "ambiguous_batch_code", 409, _("Several products have a batch of this code")
    detail = _("Say which product is meant: product={skus}")


class CodeUnresolved(DomainError):
    """Read as a scan would read it."""

    code, status, title = "code_unresolved", 404, _("This code names no batch of ours")


class CodeAmbiguous(DomainError):
    """`candidates`: the batches it may mean."""

    code, status, title = "code_ambiguous", 409, _("This code may mean several batches")
    detail = _("Scan another code of the goods, or trace one of the candidates.")


class Edge(NamedTuple):
    """`qty_kg` of `parent` went into `child`."""

    parent: UUID
    child: UUID
    qty_kg: Decimal
    kind: str
    made_at: datetime


@dataclass(frozen=True)
class Walk:
    """The reachable set. `lots`: id → least number of steps from a start, the starts themselves at 0.

    `truncated`: the cap was reached; what is there is right, and there is more.
    """

    lots: dict[UUID, int]
    edges: list[Edge]
    truncated: bool


@dataclass(frozen=True)
class Sent:
    """One batch in one shipment; of history the delivery itself, and `shipment_id` None."""

    number: str
    shipment_id: UUID | None
    batch_id: UUID
    batch_code: str
    on: date
    kg: Decimal


@dataclass(frozen=True)
class Consignee:
    """Who has goods of the batches asked about. Of history only the name in the file is known."""

    customer_id: UUID | None
    customer_code: str
    name: str
    kind: str
    region: str
    kg: Decimal
    shipments: tuple[Sent, ...]


Steps = Mapping[Key, list[tuple[Key, float]]]


def steps_of(pairs: Iterable[tuple[Key, Key, float]]) -> dict[Key, list[tuple[Key, float]]]:
    """from → (to, kg) of links given as (from, to, kg)."""
    steps: dict[Key, list[tuple[Key, float]]] = {}
    for here, there, kg in pairs:
        found = steps.get(here)
        if found is None:
            steps[here] = [(there, kg)]
        else:
            found.append((there, kg))
    return steps


def depths(starts: Iterable[Key], *, steps: Steps[Key]) -> dict[Key, int]:
    """Least number of steps from a start, nearest first; the starts at 0."""
    found = dict.fromkeys(starts, 0)
    layer, depth = list(found), 0
    while layer:
        depth += 1
        below = []
        for here in layer:
            for there, _kg in steps.get(here, ()):
                if there not in found:
                    found[there] = depth
                    below.append(there)
        layer = below
    return found


def order_of(starts: Iterable[Key], *, steps: Steps[Key]) -> tuple[list[Key], set[Key]]:
    """(in order, rest): each batch after all it is reached from; the rest lies in a circle or beyond one."""
    waits: dict[Key, int] = dict.fromkeys(starts, 0)
    for ways in steps.values():
        for there, _kg in ways:
            waits[there] = waits.get(there, 0) + 1
    ready = [key for key, count in waits.items() if not count]
    for here in ready:  # grows while it is walked
        for there, _kg in steps.get(here, ()):
            waits[there] -= 1
            if not waits[there]:
                ready.append(there)
    return ready, {key for key, count in waits.items() if count}


def circle_in(rest: set[Key], *, steps: Steps[Key]) -> list[Key] | None:
    """One circle among what has no place in an order, its first batch again at the end."""
    if not rest:
        return None
    back: dict[Key, Key] = {}
    for here, ways in steps.items():
        if here in rest:
            for there, _kg in ways:
                back.setdefault(there, here)
    # Everything in the rest is reached from something in the rest: going back must come round.
    way, seen = [min(rest, key=str)], {}
    while way[-1] not in seen:
        seen[way[-1]] = len(way) - 1
        way.append(back[way[-1]])
    return way[seen[way[-1]] :][::-1]


def shares_up(starts: Iterable[Key], *, placed: Sequence[Key], steps: Steps[Key]) -> dict[Key, Share]:
    """Backward: which part of the starts' kg came from each batch, over all ways, by the kg that went in.

    `steps` lead from child to parent. Where only 0 kg went in nothing is known of the parts.
    """
    shares: dict[Key, Share] = dict.fromkeys(starts, 1.0)
    for here in placed:
        ways = steps.get(here)
        if not ways or here not in shares:
            continue
        total = sum([kg for _there, kg in ways])
        if total <= 0:
            continue
        part = shares[here] / total
        for there, kg in ways:
            shares[there] = shares.get(there, 0.0) + part * kg
    return {key: min(shares[key], 1.0) for key in placed if key in shares}


def shares_down(
    starts: Iterable[Key], *, placed: Sequence[Key], steps: Steps[Key], made_kg: Mapping[Key, float]
) -> dict[Key, Share]:
    """Forward: which part of each batch is goods of the starts, over all ways, at most. `made_kg`: its own kg.

    `steps` lead from parent to child. What else went into a batch the walk does not bring; it was no less than what
    came out, so the larger of both weights is what a part is taken of.
    """
    ours: dict[Key, float] = {}
    came_in: dict[Key, float] = {}
    shares: dict[Key, Share] = dict.fromkeys(starts, 1.0)
    for here in placed:
        if here in ours and here not in shares:
            whole = max(made_kg.get(here, 0.0), came_in[here])
            shares[here] = ours[here] / whole if whole > 0 else 1.0
        share = shares.get(here)
        if share is None:
            continue
        for there, kg in steps.get(here, ()):
            ours[there] = ours.get(there, 0.0) + share * kg
            came_in[there] = came_in.get(there, 0.0) + kg
    return shares
