"""Circles and industrial ancestors among all batches at once, in time linear in the links. Pure.

Batches are numbers from 0, links one flat array parent, child, parent, child …: a million batches fit into some tens of
megabytes so. Nothing recurses: a silo that was never cleaned makes chains thousands of batches deep.
"""

from array import array
from collections.abc import Iterable, Iterator, MutableSequence, Sequence
from dataclasses import dataclass
from itertools import accumulate

UNSEEN = -1


@dataclass(frozen=True)
class Web:
    """`children[start[n]:start[n + 1]]` were made from batch n. Links of a batch to itself are left out."""

    start: Sequence[int]
    children: Sequence[int]

    @property
    def size(self) -> int:
        return len(self.start) - 1

    def made_from(self, n: int) -> Sequence[int]:
        return self.children[self.start[n] : self.start[n + 1]]


def web_of(size: int, links: Sequence[int]) -> Web:
    """The web of `size` batches; `links` as above, repeated ones do no harm."""
    counts = array("i", bytes(4 * (size + 1)))
    for parent, child in _pairs(links):
        if parent != child:
            counts[parent + 1] += 1
    start = array("i", accumulate(counts))
    free, children = array("i", start), array("i", bytes(4 * start[size]))
    for parent, child in _pairs(links):
        if parent != child:
            children[free[parent]] = child
            free[parent] += 1
    return Web(start=start, children=children)


def _pairs(links: Sequence[int]) -> Iterator[tuple[int, int]]:
    numbers = iter(links)
    return zip(numbers, numbers, strict=True)


@dataclass(frozen=True)
class Descent:
    """For each batch below a start: the parent it is reached from by the shortest way, that start, and the steps.

    A start names itself; UNSEEN for batches below none.
    """

    came_from: MutableSequence[int]
    start: MutableSequence[int]
    steps: MutableSequence[int]

    def reaches(self, n: int) -> bool:
        return self.start[n] != UNSEEN

    def way_to(self, n: int, *, longest: int) -> list[int]:
        """The way down to `n`; of a longer one its last `longest` batches."""
        way = [n]
        while len(way) < longest and self.came_from[way[-1]] != way[-1]:
            way.append(self.came_from[way[-1]])
        return way[::-1]


def descent(web: Web, starts: Iterable[int]) -> Descent:
    """Everything below the starts, breadth first."""
    unseen = array("i", [UNSEEN]) * web.size
    found = Descent(came_from=unseen, start=unseen[:], steps=unseen[:])
    waiting = array("i", starts)
    for start in waiting:
        found.came_from[start], found.start[start], found.steps[start] = start, start, 0
    for here in waiting:  # grows while it is walked
        for there in web.made_from(here):
            if not found.reaches(there):
                found.came_from[there] = here
                found.start[there] = found.start[here]
                found.steps[there] = found.steps[here] + 1
                waiting.append(there)
    return found


def way_round(web: Web, n: int, *, among: set[int]) -> list[int]:
    """The shortest way from `n` down to itself within its ring, `n` at both ends; empty where there is none."""
    came_from, waiting = {n: n}, [n]
    for here in waiting:
        for there in web.made_from(here):
            if there == n:
                return [*_way_up(came_from, here), n]
            if there in among and there not in came_from:
                came_from[there] = here
                waiting.append(there)
    return []


def _way_up(came_from: dict[int, int], end: int) -> list[int]:
    way = [end]
    while came_from[way[-1]] != way[-1]:
        way.append(came_from[way[-1]])
    return way[::-1]


def rings(web: Web) -> list[list[int]]:
    """The sets of batches that are each other's ancestors, each set once. Almost always none."""
    left = _not_peeled(web)
    return _components(web, left) if left else []


def _not_peeled(web: Web) -> set[int]:
    """Batches that do not fall off when those without parents are taken away again and again (Kahn)."""
    parents = array("i", bytes(4 * web.size))
    for child in web.children:
        parents[child] += 1
    bare = array("i", (n for n in range(web.size) if not parents[n]))
    for here in bare:
        for there in web.made_from(here):
            parents[there] -= 1
            if not parents[there]:
                bare.append(there)
    return {n for n in range(web.size) if parents[n]} if len(bare) < web.size else set()


def _components(web: Web, among: set[int]) -> list[list[int]]:
    """Strongly connected sets of more than one batch (Tarjan), with a stack of our own."""
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    path: list[int] = []
    on_path: set[int] = set()
    found: list[list[int]] = []
    for root in sorted(among):
        steps = [] if root in index else [_step(root, web, index, low, path, on_path)]
        while steps:
            here, children = steps[-1]
            there = next((n for n in children if n in among and (n not in index or n in on_path)), None)
            if there is None:
                steps.pop()
                if steps:
                    low[steps[-1][0]] = min(low[steps[-1][0]], low[here])
                if low[here] == index[here]:
                    found.append(_taken_from(path, on_path, down_to=here))
            elif there in on_path:
                low[here] = min(low[here], index[there])
            else:
                steps.append(_step(there, web, index, low, path, on_path))
    return [ring for ring in found if len(ring) > 1]


def _step(
    n: int, web: Web, index: dict[int, int], low: dict[int, int], path: list[int], on_path: set[int]
) -> tuple[int, Iterator[int]]:
    index[n] = low[n] = len(index)
    path.append(n)
    on_path.add(n)
    return n, iter(web.made_from(n))


def _taken_from(path: list[int], on_path: set[int], *, down_to: int) -> list[int]:
    ring = [path.pop()]
    while ring[-1] != down_to:
        ring.append(path.pop())
    on_path.difference_update(ring)
    return ring
