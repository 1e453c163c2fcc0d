"""The two identities of a recall: the case of the books, and any numbers."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceability.recall.reconciliation import (
    Counted,
    House,
    MoreThanShipped,
    Outside,
    check_count,
    outside_of,
)

FILE = Path(__file__).parents[2] / "data" / "domain" / "recall_reconciliation_cases.json"
[CASE] = json.loads(FILE.read_text(encoding="utf-8"))["cases"]
kg = st.decimals(min_value=0, max_value=10**8, places=3, allow_nan=False, allow_infinity=False)
counts = st.builds(Counted, returned_kg=kg, destroyed_kg=kg, consumed_kg=kg, blocked_kg=kg)
outsides = st.builds(
    Outside, shipped_kg=kg, returned_kg=kg, destroyed_kg=kg, consumed_kg=kg, quarantined_kg=kg
)
houses = st.builds(
    House, produced_kg=kg, stock_kg=kg, retained_kg=kg, scrapped_kg=kg, used_kg=kg, shipped_kg=kg
)


def number(name: str) -> Decimal:
    return Decimal(str(CASE[name]))


def test_the_case_of_the_books():
    house = House(
        produced_kg=number("produced_kg"),
        stock_kg=number("stock_kg"),
        retained_kg=number("retained_kg"),
        scrapped_kg=number("scrapped_kg"),
        shipped_kg=number("shipped_kg"),
    )
    outside = Outside(
        shipped_kg=number("shipped_kg"),
        returned_kg=number("returned_kg"),
        destroyed_kg=number("destroyed_on_site_kg"),
        consumed_kg=number("consumed_confirmed_kg"),
        quarantined_kg=number("quarantined_kg"),
    )
    assert house.residual_kg == 0 and house.is_balanced
    assert outside.unaccounted_kg == number("unaccounted_kg")
    assert str(outside.accounted_pct) == CASE["accounted_pct"] == "95.82"
    assert str(outside.recovered_pct) == CASE["recovered_pct"] == "77.04"


@given(outsides)
def test_shipped_is_what_was_found_and_what_was_not(row: Outside):
    parts = row.returned_kg + row.destroyed_kg + row.consumed_kg + row.quarantined_kg + row.unaccounted_kg
    assert parts == row.shipped_kg
    assert row.accounted_kg - row.recovered_kg == row.consumed_kg
    assert not (row.is_over and row.is_open)


@given(houses)
def test_made_is_where_it_is_and_the_rest(row: House):
    parts = row.stock_kg + row.retained_kg + row.scrapped_kg + row.used_kg + row.shipped_kg
    assert parts + row.residual_kg == row.produced_kg


@given(st.lists(outsides, max_size=6))
def test_identities_survive_adding_up(rows: list[Outside]):
    total = sum(rows, Outside())
    assert total.unaccounted_kg == sum((row.unaccounted_kg for row in rows), Decimal())
    assert total.accounted_kg + total.unaccounted_kg == total.shipped_kg


@given(kg, st.lists(counts, max_size=6))
def test_movements_add_up_and_the_last_block_holds(shipped: Decimal, rows: list[Counted]):
    found = outside_of(shipped, rows)
    assert found.returned_kg == sum((row.returned_kg for row in rows), Decimal())
    assert found.quarantined_kg == (rows[-1].blocked_kg if rows else 0)


@pytest.mark.parametrize(("returned", "is_refused"), [("1001", False), ("1001.001", True)])
def test_weighing_slack_is_a_kilo(returned: str, is_refused: bool):
    row = Outside(shipped_kg=Decimal(1000), returned_kg=Decimal(returned))
    if is_refused:
        with pytest.raises(MoreThanShipped):
            check_count(row)
    else:
        check_count(row)


def test_nothing_shipped_has_no_percentage():
    assert Outside().accounted_pct is None and Outside().recovered_pct is None
