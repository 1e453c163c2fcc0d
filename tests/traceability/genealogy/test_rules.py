"""Walks over links: circles, and industrial salt on its way into edible salt."""

from uuid import UUID

from traceability.genealogy.rules import Knot, circle, mixing, nearest

A, B, C, D, E = (UUID(int=number) for number in range(1, 6))


def knots(**families):
    letters = {"A": A, "B": B, "C": C, "D": D, "E": E}
    return {id: Knot(name, families.get(name, "raw_material")) for name, id in letters.items()}


def test_shortest_way_is_found():
    steps = {A: [B, C], B: [D], C: [E], D: [E]}
    assert nearest([A], steps=steps, wanted=lambda id: id == E) == [A, C, E]
    assert nearest([A], steps=steps, wanted=lambda id: id == A) == [A]
    assert nearest([E], steps=steps, wanted=lambda id: id == A) is None


def test_link_that_closes_a_circle_is_named_by_its_way():
    assert circle([(A, B), (B, C)], parents=[C], children=[A]) == [A, B, C, A]
    assert circle([(A, B), (B, C)], parents=[A], children=[C]) is None


def test_walk_over_an_old_circle_ends():
    assert circle([(A, B), (B, A)], parents=[C], children=[A]) is None


def test_ladder_of_diamonds_is_walked_once():
    """200 silo heels in a row have 2**200 paths and 400 links."""
    ids = [UUID(int=number) for number in range(1, 602)]
    links = []
    for at in range(0, 600, 3):
        top, left, right, end = ids[at], ids[at + 1], ids[at + 2], ids[at + 3]
        links += [(top, left), (top, right), (left, end), (right, end)]
    way = circle(links, parents=[ids[600]], children=[ids[0]])
    assert way is not None and len(way) == 402


def test_industrial_ancestor_of_an_edible_batch_is_named_by_its_way():
    links = [(A, B), (C, D), (D, E)]
    found = mixing(links, knots=knots(A="industrial", E="edible"), parents=[B], children=[C])
    assert found == [A, B, C, D, E]


def test_parent_and_child_themselves_count():
    assert mixing([], knots=knots(A="industrial", B="food_processing"), parents=[A], children=[B]) == [A, B]


def test_downgrade_of_edible_salt_is_allowed():
    assert mixing([], knots=knots(A="edible", B="industrial"), parents=[A], children=[B]) is None


def test_edible_salt_from_other_salt_is_allowed():
    assert mixing([(A, B)], knots=knots(A="raw_material", C="edible"), parents=[B], children=[C]) is None
    assert mixing([], knots=knots(A="industrial", B="industrial"), parents=[A], children=[B]) is None
