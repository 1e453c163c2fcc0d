"""Tables of limits and products."""

from datetime import date
from decimal import Decimal

import pytest

from traceability.product.services import seed_rows
from traceability.product.sheet import BadSheet, limits_of, products_of

LINE = {
    "product": "edible_refined",
    "grade": "superior",
    "parameter": "moisture",
    "kind": "max",
    "low": "",
    "high": "0.30",
    "unit": "g/100g",
    "basis": "wet",
    "standard": "GB/T 5461",
    "edition": "2016",
    "status": "UNVERIFIED",
    "source": "from memory",
    "note": "",
}


def test_seed_table_is_read_whole():
    rows = limits_of(seed_rows("spec_limits.csv"))
    assert len(rows) == 121
    assert sum(row.kind == "profile" for row in rows) == 4
    assert len(products_of(seed_rows("products_seed.csv"))) == 16


def test_superseded_edition_ends_where_the_next_one_starts():
    rows = limits_of(seed_rows("spec_limits.csv"))
    old = {row.valid_to for row in rows if (row.standard, row.edition) == ("GB/T 5462", "2003")}
    new = {row.valid_from for row in rows if (row.standard, row.edition) == ("GB/T 5462", "2015")}
    assert old == new == {date(2016, 5, 1)}


def test_unknown_start_is_assumed_from_the_edition_and_says_so():
    (row,) = limits_of([LINE | {"standard": "GB 2721", "edition": "2015"}])
    assert row.valid_from == date(2015, 1, 1)
    assert row.note == "valid_from assumed from the edition"


def test_printed_digits_are_kept():
    (row,) = limits_of([LINE])
    assert (row.high, row.decimals, row.valid_from, row.note) == (Decimal("0.30"), 2, date(2017, 1, 1), "")


def test_dates_and_comparison_are_taken_where_the_table_has_them():
    given = {"valid_from": "2026-05-01", "valid_to": "2027-01-01", "compare_mode": "rounded", "decimals": "1"}
    (row,) = limits_of([LINE | given])
    assert (row.valid_from, row.valid_to) == (date(2026, 5, 1), date(2027, 1, 1))
    assert (row.compare_mode, row.decimals) == ("rounded", 1)


def test_every_line_at_fault_is_named():
    bad = [
        LINE,
        LINE | {"high": "a lot"},
        LINE | {"high": "NaN"},
        LINE | {"kind": "min"},
        LINE | {"source": "-"},
        LINE | {"valid_from": "1 May"},
    ]
    with pytest.raises(BadSheet) as refused:
        limits_of(bad)
    assert list(refused.value.errors) == ["line 3", "line 4", "line 5", "line 6", "line 7"]


def test_doubtful_vat_rate_stays_open():
    rates = {row.sku: row.vat_rate for row in products_of(seed_rows("products_seed.csv"))}
    assert rates["feed"] is None and rates["snow"] == Decimal("0.13")
