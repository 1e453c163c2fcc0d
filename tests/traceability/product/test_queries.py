"""Which limit rows may judge a product."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from backend.core import clock
from tests.factories import make_limit, make_product
from traceability.product.queries import limits_by_parameter, limits_for_judging
from traceability.product.rules import limit_in_force

pytestmark = pytest.mark.django_db
MAY = date(2026, 5, 1)


def test_limit_of_the_day_is_found():
    product = make_product()
    old = make_limit(valid_to=MAY)
    new = make_limit(valid_from=MAY, high=Decimal("0.25"))
    assert limits_for_judging(product, "moisture", date(2026, 4, 30)) == [old]
    assert limits_for_judging(product, "moisture", MAY) == [new]


def test_unconfirmed_limits_never_judge():
    make_limit(needs_confirmation=True)
    assert limits_for_judging(make_product(), "moisture", clock.today()) == []


def test_limits_of_other_products_grades_and_parameters_do_not_judge():
    make_limit(product_key="industrial_solar")
    make_limit(grade="grade1")
    make_limit(parameter="nacl")
    assert limits_for_judging(make_product(), "moisture", clock.today()) == []


def test_limit_for_every_grade_judges_where_the_grade_has_none():
    general = make_limit(grade="", parameter="barium")
    product = make_product()
    rows = limits_for_judging(product, "barium", clock.today())
    assert limit_in_force(rows, on=clock.today()) == general


def test_product_without_limit_key_has_no_limits():
    make_limit(product_key="", grade="")
    product = make_product(limit_key="", limit_grade="")
    assert limits_for_judging(product, "moisture", clock.today()) == []
    assert limits_by_parameter(product, clock.today()) == {}


def test_limits_of_all_parameters_come_at_once(django_assert_num_queries):
    moisture, nacl = make_limit(), make_limit(parameter="nacl", kind="min", low=Decimal("99.1"), high=None)
    make_limit(parameter="insoluble", valid_to=clock.today() - timedelta(days=1))
    product = make_product()
    with django_assert_num_queries(1):
        found = limits_by_parameter(product, clock.today())
    assert found == {"moisture": [moisture], "nacl": [nacl]}
