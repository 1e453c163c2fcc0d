"""Depths, shares and circles of a walk, against naive models of the same."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from traceability.trace.rules import circle_in, depths, order_of, shares_down, shares_up, steps_of

LETTERS = st.integers(0, 11)
WEBS = st.lists(st.tuples(LETTERS, LETTERS), max_size=40, unique=True)


def web(pairs):
    return steps_of((here, there, 1.0) for here, there in pairs)


def reached(starts, pairs):
    """Everything reachable, with its distance, by trying every link again and again."""
    found = dict.fromkeys(starts, 0)
    for _ in range(13):
        for here, there in pairs:
            if here in found:
                found[there] = min(found.get(there, 99), found[here] + 1)
    return found


def within(start, pairs):
    """The links a walk from `start` brings."""
    known = reached([start], pairs)
    return [(here, there) for here, there in pairs if here in known]


@given(pairs=WEBS, starts=st.lists(LETTERS, min_size=1, max_size=3, unique=True))
def test_depth_is_the_least_number_of_steps(pairs, starts):
    assert depths(starts, steps=web(pairs)) == reached(starts, pairs)


@given(pairs=WEBS, start=LETTERS)
def test_circle_is_named_exactly_where_there_is_one(pairs, start):
    links = within(start, pairs)
    placed, rest = order_of([start], steps=web(links))
    circle = circle_in(rest, steps=web(links))
    in_circle = {here for here, there in links if here in reached([there], links)}
    assert (circle is not None) == bool(in_circle)
    if circle:
        assert circle[0] == circle[-1] and len(circle) > 1 and len(set(circle)) == len(circle) - 1
        assert all(pair in links for pair in pairwise(circle))
    assert set(placed) | rest == set(reached([start], pairs)) and not set(placed) & in_circle
    at = {key: n for n, key in enumerate(placed)}
    assert all(at[here] < at[there] for here, there in links if here in at and there in at)


@given(pairs=WEBS)
def test_parts_of_a_lot_add_up_to_the_whole(pairs):
    links = within(11, [(here, there) for here, there in pairs if here > there])  # no circles; child → parent
    steps = steps_of((here, there, 1.0 + there) for here, there in links)
    placed, rest = order_of([11], steps=steps)
    shares = shares_up([11], placed=placed, steps=steps)
    sources = [key for key in placed if key not in steps]
    assert not rest and abs(sum(shares[key] for key in sources) - 1) < 1e-9
    assert set(shares) == set(placed)


def test_diamond_counts_both_ways():
    steps = steps_of([("A", "B", 60.0), ("A", "C", 40.0), ("B", "D", 60.0), ("C", "D", 30.0)])
    placed, _rest = order_of(["A"], steps=steps)
    made = {"B": 60.0, "C": 80.0, "D": 120.0}  # half of C is other goods, and a quarter of D
    shares = shares_down(["A"], placed=placed, steps=steps, made_kg=made)
    assert shares == {"A": 1.0, "B": 1.0, "C": 0.5, "D": (60 + 0.5 * 30) / 120}


def test_lost_weight_makes_no_more_than_the_whole():
    """300 kg of brine become 80 kg of salt."""
    steps = steps_of([("BRINE", "SALT", 300.0)])
    made = {"SALT": 80.0}
    assert shares_down(["BRINE"], placed=["BRINE", "SALT"], steps=steps, made_kg=made)["SALT"] == 1.0


def test_lost_weight_leaves_the_parts_as_they_were_mixed():
    """Brine, and salt of which a tenth is ours, 150 kg each, become 80 kg."""
    steps = steps_of([("A", "MIX", 10.0), ("A", "SALT", 150.0), ("MIX", "SALT", 150.0)])
    made = {"MIX": 100.0, "SALT": 80.0}
    shares = shares_down(["A"], placed=["A", "MIX", "SALT"], steps=steps, made_kg=made)
    assert shares == {"A": 1.0, "MIX": 0.1, "SALT": 165 / 300}


def test_lots_in_and_beyond_a_circle_have_no_share():
    pairs = [("A", "B"), ("B", "C"), ("C", "B"), ("C", "D")]
    placed, rest = order_of(["A"], steps=web(pairs))
    assert (placed, rest) == (["A"], {"B", "C", "D"})
    assert shares_up(["A"], placed=placed, steps=web(pairs)) == {"A": 1.0}


def test_where_nothing_was_weighed_nothing_is_known_of_the_parts():
    steps = steps_of([("A", "B", 0.0), ("A", "C", 0.0)])
    assert shares_up(["A"], placed=["A", "B", "C"], steps=steps) == {"A": 1.0}


def test_deep_ladder_takes_no_recursion():
    pairs = [(n, n + 1) for n in range(5_000)] + [(n, n + 2) for n in range(4_999)]
    placed, rest = order_of([0], steps=web(pairs))
    assert not rest and placed == list(range(5_001)) and depths([0], steps=web(pairs))[5_000] == 2_500
