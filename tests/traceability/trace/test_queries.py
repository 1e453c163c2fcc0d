"""The walk in the database against a naive one in memory, over random genealogies with circles and reversed links."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.core import clock
from tests.factories import make_batch, make_product
from traceability.genealogy.models import MadeFrom
from traceability.trace.queries import walk
from traceability.trace.rules import Direction

LOTS = 10
PAIRS = st.lists(st.tuples(st.integers(0, LOTS - 1), st.integers(0, LOTS - 1)), max_size=30, unique=True)


@pytest.fixture
def lots(db):
    product = make_product()
    return [make_batch(product, is_history=True, code=f"LOT-{n}") for n in range(LOTS)]


def naive(start, pairs):
    found, changed = {start: 0}, True
    while changed:
        changed = False
        for here, there in pairs:
            if here in found and found.get(there, 99) > found[here] + 1:
                found[there], changed = found[here] + 1, True
    return found


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pairs=PAIRS, reversed_=st.sets(st.integers(0, 29), max_size=5), start=st.integers(0, LOTS - 1))
def test_walk_finds_what_a_naive_one_finds(lots, pairs, reversed_, start):
    # Every example starts anew: links cannot be deleted, but reversed ones are no way.
    MadeFrom.objects.filter(is_live=True).update(is_live=False)
    at = clock.now() - timedelta(days=1)
    MadeFrom.objects.bulk_create(
        MadeFrom(
            parent=lots[parent],
            child=lots[child],
            qty_kg=n,
            made_at=at,
            is_history=True,
            is_live=n not in reversed_,
        )
        for n, (parent, child) in enumerate(pairs)
    )
    live = [pair for n, pair in enumerate(pairs) if n not in reversed_]
    number = {lot.pk: n for n, lot in enumerate(lots)}
    for direction, ways in (
        (Direction.FORWARD, live),
        (Direction.BACKWARD, [(child, parent) for parent, child in live]),
    ):
        found, expected = walk([lots[start].pk], direction=direction), naive(start, ways)
        assert {number[id]: depth for id, depth in found.lots.items()} == expected
        here = 0 if direction is Direction.FORWARD else 1
        assert {(number[edge.parent], number[edge.child]) for edge in found.edges} == {
            pair for pair in live if pair[here] in expected
        }
        assert not found.truncated
