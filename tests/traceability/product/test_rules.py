"""Which limit judges on a day, what a pack may hold, what a GTIN is: pure."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from backend.core.errors import InvalidInput
from traceability.product.rules import (
    BadBounds,
    BadGtin,
    LimitData,
    Pack,
    PackLevel,
    PackMismatch,
    breaks,
    check_limit,
    check_pack,
    gtin14,
    limit_in_force,
    overlapping,
)

MAY = date(2026, 5, 1)


@dataclass(frozen=True)
class Row:
    valid_from: date
    valid_to: date | None = None
    grade: str = "superior"
    needs_confirmation: bool = False
    product_key: str = "edible_refined"
    parameter: str = "moisture"


OLD = Row(date(2017, 1, 1), MAY)
NEW = Row(MAY)


def test_old_limit_judges_until_the_day_before_the_new_one():
    assert limit_in_force([OLD, NEW], on=date(2026, 4, 30)) is OLD
    assert limit_in_force([NEW, OLD], on=MAY) is NEW


def test_unconfirmed_limit_never_judges():
    assert limit_in_force([replace(NEW, needs_confirmation=True)], on=MAY) is None


def test_no_limit_judges_before_the_first_one():
    assert limit_in_force([OLD, NEW], on=date(2016, 12, 31)) is None


def test_limit_of_the_grade_beats_the_one_for_every_grade():
    general = Row(date(2026, 6, 1), grade="")
    assert limit_in_force([general, NEW], on=date(2026, 7, 1)) is NEW
    assert limit_in_force([general, OLD], on=date(2026, 7, 1)) is general


@pytest.mark.parametrize(
    ("other", "meets"),
    [
        (Row(MAY), False),
        (Row(date(2026, 4, 30)), True),
        (Row(date(2010, 1, 1), date(2017, 1, 1)), False),
        (Row(date(2010, 1, 1), date(2017, 1, 2)), True),
        (Row(date(2018, 1, 1), date(2019, 1, 1)), True),
        (Row(date(2018, 1, 1), needs_confirmation=True), False),
        (Row(date(2018, 1, 1), grade="grade1"), False),
        (Row(date(2018, 1, 1), parameter="nacl"), False),
    ],
)
def test_two_limits_overlap_when_they_share_a_day(other, meets):
    assert (overlapping(OLD, others=[other]) is other) is meets
    if not other.needs_confirmation:
        assert (overlapping(other, others=[OLD]) is OLD) is meets


def limit(**fields):
    defaults = {
        "product_key": "edible_refined",
        "parameter": "moisture",
        "kind": "max",
        "high": Decimal("0.30"),
        "unit": "g/100g",
        "standard": "GB/T 5461",
        "source": "paper copy",
        "valid_from": date(2017, 1, 1),
    }
    return LimitData(**(defaults | fields))


@pytest.mark.parametrize(
    "fields",
    [
        {"high": None},
        {"low": Decimal(1)},
        {"kind": "min"},
        {"kind": "range"},
        {"kind": "range", "low": Decimal("0.31")},
        {"kind": "profile"},
    ],
)
def test_limit_whose_numbers_do_not_fit_its_kind_is_refused(fields):
    with pytest.raises(BadBounds):
        check_limit(limit(**fields))


@pytest.mark.parametrize(
    "fields", [{"valid_to": date(2017, 1, 1)}, {"unit": ""}, {"compare_mode": "rounded"}]
)
def test_limit_without_span_unit_or_digits_is_refused(fields):
    with pytest.raises(InvalidInput):
        check_limit(limit(**fields))


@pytest.mark.parametrize(
    ("fields", "value", "out"),
    [
        ({}, "0.30", False),
        ({}, "0.304", True),
        ({"compare_mode": "rounded", "decimals": 2}, "0.304", False),
        ({"compare_mode": "rounded", "decimals": 2}, "0.305", False),  # half to even: 0.30
        ({"compare_mode": "rounded", "decimals": 2}, "0.315", True),  # half to even: 0.32
        ({"kind": "max_exclusive", "high": Decimal(5)}, "5", True),
        ({"kind": "max_exclusive", "high": Decimal(5)}, "4.999", False),
        ({"kind": "min", "low": Decimal("99.1"), "high": None}, "99.09", True),
        ({"kind": "min", "low": Decimal("99.1"), "high": None}, "99.1", False),
        ({"kind": "range", "low": Decimal(18), "high": Decimal(33)}, "33", False),
        ({"kind": "range", "low": Decimal(18), "high": Decimal(33)}, "17.9", True),
        ({"kind": "profile", "high": None}, "1000", False),
    ],
)
def test_value_breaks_a_limit_by_its_kind_and_compare_mode(fields, value, out):
    assert breaks(limit(**fields), value=Decimal(value)) is out


def test_gtin_of_any_length_becomes_fourteen_digits():
    assert gtin14("96385074") == "00000096385074"
    assert gtin14("036000291452") == "00036000291452"
    assert gtin14("6901234567892") == "06901234567892"
    assert gtin14("16901234567899") == "16901234567899"


@pytest.mark.parametrize(
    "text",
    ["6901234567893", "690123456789", "", "00000000000000", "６901234567892", "69012345678x2", "²" * 13],
)
def test_wrong_gtin_is_refused(text):
    with pytest.raises(BadGtin):
        gtin14(text)


SALT, OTHER = UUID(int=1), UUID(int=2)
BAG = Pack(SALT, PackLevel.BAG, Decimal("0.5"))
CASE = Pack(SALT, PackLevel.CASE, Decimal("10"))


def test_case_of_twenty_bags_is_taken():
    check_pack(CASE, inner=BAG, count=20)
    check_pack(BAG, inner=None, count=None)


@pytest.mark.parametrize(
    ("pack", "inner", "count"),
    [
        (CASE, BAG, 19),
        (CASE, BAG, None),
        (CASE, None, 20),
        (CASE, replace(BAG, product_id=OTHER), 20),
        (BAG, replace(CASE, net_kg=Decimal("0.5")), 1),
    ],
)
def test_pack_that_does_not_add_up_is_refused(pack, inner, count):
    with pytest.raises(PackMismatch):
        check_pack(pack, inner=inner, count=count)
