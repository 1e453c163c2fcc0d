"""Circles and ancestors among numbered batches, against the obvious way of finding them."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from traceability.balance.ancestry import descent, rings, way_round, web_of

SIZE = 9
links_of_few = st.lists(st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1)), max_size=20)


def flat(links: list[tuple[int, int]]) -> list[int]:
    return [n for link in links for n in link]


def below(links: list[tuple[int, int]], start: int) -> set[int]:
    """Everything reached from `start` in one step or more."""
    found: set[int] = set()
    waiting = [start]
    while waiting:
        here = waiting.pop()
        new = {child for parent, child in links if parent == here} - found
        found |= new
        waiting += new
    return found


@given(links_of_few)
@settings(max_examples=300, deadline=None)
def test_rings_are_the_batches_that_are_each_others_ancestors(links: list[tuple[int, int]]):
    others = [link for link in links if link[0] != link[1]]
    reach = {n: below(others, n) for n in range(SIZE)}
    expected = {frozenset(m for m in reach[n] if n in reach[m]) for n in range(SIZE) if n in reach[n]}
    assert {frozenset(ring) for ring in rings(web_of(SIZE, flat(links)))} == expected


@given(links_of_few, st.sets(st.integers(0, SIZE - 1), max_size=3))
@settings(max_examples=300, deadline=None)
def test_descent_reaches_what_lies_below_by_real_links(links: list[tuple[int, int]], starts: set[int]):
    found = descent(web_of(SIZE, flat(links)), sorted(starts))
    expected = starts.union(*(below(links, start) for start in starts))
    assert {n for n in range(SIZE) if found.reaches(n)} == expected
    for n in expected:
        way = found.way_to(n, longest=SIZE)
        assert way[0] == found.start[n] in starts and way[-1] == n and len(way) == found.steps[n] + 1
        assert all(step in links for step in pairwise(way))


def test_way_of_a_long_chain_shows_its_end():
    web = web_of(100, flat([(n, n + 1) for n in range(99)]))
    assert descent(web, [0]).way_to(99, longest=3) == [97, 98, 99]


def test_ladder_of_a_hundred_thousand_steps_needs_no_recursion():
    size = 100_000
    links = flat([(n, n + 1) for n in range(size - 1)] + [(n, n + 2) for n in range(size - 2)])
    assert {frozenset(ring) for ring in rings(web_of(size, [*links, size - 1, size - 3]))} == {
        frozenset({size - 1, size - 2, size - 3})
    }


def test_way_round_is_the_shortest():
    web = web_of(4, [0, 1, 1, 2, 2, 0, 1, 3, 3, 2, 1, 0])
    assert way_round(web, 0, among={0, 1, 2, 3}) == [0, 1, 0]
