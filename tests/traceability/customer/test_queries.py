"""Who sees which customers."""

import pytest

from tests.factories import make_customer, make_dealer, make_site, make_user
from traceability.customer.queries import customers_for, sites_for

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("role", ["clerk", "technician"])
def test_clerk_and_technician_see_their_regions(role):
    east, _north = make_customer(), make_customer(region_code="north")
    assert list(customers_for(make_user(role, regions=["east"]))) == [east]
    assert list(customers_for(make_user(role, regions=[]))) == []


def test_dealer_sees_the_own_customer_only():
    own, _other = make_customer(), make_customer()
    assert list(customers_for(make_dealer(own))) == [own]
    assert list(customers_for(make_user("dealer"))) == []


@pytest.mark.parametrize("role", ["director", "qc", "finance", "logistics", "auditor"])
def test_offices_see_all(role):
    make_customer(), make_customer(region_code="north")
    assert customers_for(make_user(role)).count() == 2


@pytest.mark.parametrize("role", ["production", "admin"])
def test_production_and_admin_see_none(role):
    make_site()
    assert not customers_for(make_user(role)).exists() and not sites_for(make_user(role)).exists()


def test_sites_follow_their_customer():
    east, north = make_site(), make_site(make_customer(region_code="north"))
    assert set(sites_for(make_user("clerk"))) == {east}
    assert set(sites_for(make_dealer(north.customer))) == {north}
