"""Customers change whole or not at all."""

from decimal import Decimal

import pytest

from backend.core.history import changes
from tests.factories import make_customer, make_region, make_site, make_user
from traceability.customer import services
from traceability.customer.models import Customer, Site
from traceability.customer.rules import CoordinateIncomplete, CustomerData, CustomerKind, SiteData

pytestmark = pytest.mark.django_db


def data(**fields):
    return CustomerData(
        **{
            "code": "K1",
            "name": "甲",
            "kind": CustomerKind.RETAILER,
            "region_code": "east",
            "province": "江苏",
        }
        | fields
    )


def test_clerk_cannot_create_or_move_outside_the_own_regions():
    clerk, customer = make_user("clerk"), make_customer()
    make_region("north")
    with pytest.raises(services.OutsideRegion):
        services.create_customer(data(region_code="north"), by=clerk)
    with pytest.raises(services.OutsideRegion):
        services.change_customer(customer, by=clerk, region_code="north", name="乙")
    customer.refresh_from_db()
    assert (customer.region_id, customer.name != "乙", Customer.objects.count()) == ("east", True, 1)


def test_director_moves_a_customer_and_the_history_keeps_it():
    customer = make_customer()
    make_region("north")
    services.change_customer(customer, by=make_user("director"), region_code="north")
    newest = next(iter(changes("customer", row_id=customer.pk)))
    assert newest["changed"] == {"region_id": ["east", "north"]}


def test_code_is_taken_once():
    clerk = make_user("clerk")
    services.create_customer(data(), by=clerk)
    with pytest.raises(services.CustomerCodeTaken):
        services.create_customer(data(name="乙"), by=clerk)
    assert Customer.objects.get().name == "甲"


def test_site_cannot_lose_only_its_datum():
    site = make_site()
    with pytest.raises(CoordinateIncomplete):
        services.change_site(site, datum="", name="新")
    site.refresh_from_db()
    assert (site.datum, site.name) == ("WGS-84", "一号仓库")
    services.change_site(site, latitude=None, longitude=None, datum="")
    assert Site.objects.get(pk=site.pk).latitude is None


def test_site_with_half_a_coordinate_is_refused():
    with pytest.raises(CoordinateIncomplete):
        services.add_site(make_customer(), SiteData(name="仓", address="路", latitude=Decimal("32")))
    assert not Site.objects.exists()
