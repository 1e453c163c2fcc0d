"""Links above and below a batch."""

from decimal import Decimal

import pytest

from tests.factories import make_batch, make_link
from traceability.genealogy import queries

pytestmark = pytest.mark.django_db


def test_links_above_and_below_are_each_found_once():
    raw, left, right, packed, other = (make_batch() for _ in range(5))
    pairs = [(raw, left), (raw, right), (left, packed), (right, packed)]
    for parent, child in pairs:
        make_link(parent, child)
    make_link(other, right)
    diamond = {(parent.pk, child.pk) for parent, child in pairs}
    below, above = queries.links_below([raw.pk]), queries.links_above([packed.pk])
    assert len(below) == 4 and set(below) == diamond
    assert len(above) == 5 and set(above) == diamond | {(other.pk, right.pk)}
    assert queries.links_above([raw.pk]) == queries.links_below([packed.pk]) == []


def test_circle_in_the_data_ends_the_walk():
    one, two = make_batch(), make_batch()
    make_link(one, two), make_link(two, one)
    assert len(queries.links_below([one.pk])) == 2


def test_used_kg_are_summed():
    raw, unused = make_batch(), make_batch()
    make_link(raw, make_batch(), qty_kg="10.5"), make_link(raw, make_batch(), qty_kg="20")
    assert queries.used_kg([raw.pk, unused.pk]) == {raw.pk: Decimal("30.5")}
