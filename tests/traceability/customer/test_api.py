"""Customers and sites over HTTP."""

from urllib.parse import quote

import pytest

from tests.factories import make_customer, make_dealer, make_region, make_site
from traceability.customer.models import Customer, Site

CUSTOMER = {
    "code": "K-0001",
    "name": "金陵食品有限公司",
    "kind": "food_maker",
    "tier": "key",
    "region": "east",
    "province": "江苏",
    "contact_name": "王小明",
    "contact_phone": "13812345678",
    "licence_no": "SC10132011500001",
    "licence_valid_to": "2027-12-31",
    "needs_visit": True,
    "note": "门卫电话 025-1234567",
}
SITE = {
    "name": "二号仓库",
    "address": "江苏省南京市江宁区测试路2号",
    "latitude": "31.953",
    "longitude": "118.84",
    "datum": "GCJ-02",
}


def test_clerk_keeps_the_customer_file(sign_in):
    clerk = sign_in("clerk")
    made = clerk.post("customers", CUSTOMER)
    assert made.status == 201 and made.json == CUSTOMER | {"id": made.json["id"], "is_elderly": False}
    address = f"customers/{made.json['id']}"
    changed = clerk.patch(address, {"tier": "major", "contact_phone": "13987654321"})
    assert changed.json == made.json | {"tier": "major", "contact_phone": "13987654321"}
    assert clerk.get(address).json == changed.json
    assert clerk.post("customers", CUSTOMER).code == "customer_code_taken"
    assert clerk.patch(address, {"code": "K-2"}).status == 400
    assert clerk.get(address).json == changed.json


def test_site_coordinate_carries_its_datum(sign_in):
    clerk, customer = sign_in("clerk"), make_customer()
    address = f"customers/{customer.pk}/sites"
    made = clerk.post(address, SITE)
    assert made.status == 201
    assert (made.json["latitude"], made.json["datum"]) == ("31.953000", "GCJ-02")
    for bad in ({"datum": ""}, {"latitude": None}, {"latitude": "91"}, {"datum": "BD-09"}):
        assert clerk.post(address, SITE | bad).status == 400
    bare = clerk.post(address, {"name": "三号", "address": "无坐标"})
    assert (bare.status, bare.json["latitude"], bare.json["datum"]) == (201, None, "")
    closed = clerk.patch(f"sites/{bare.json['id']}", {"is_active": False})
    assert closed.json["is_active"] is False
    assert [row["id"] for row in clerk.get(f"{address}?is_active=true").json["items"]] == [made.json["id"]]
    assert Site.objects.count() == 2


def test_rows_of_other_regions_are_404(sign_in):
    clerk = sign_in("clerk", regions=["east"])
    site = make_site(make_customer(region_code="north"))
    for address in (
        f"customers/{site.customer_id}",
        f"customers/{site.customer_id}/sites",
        f"sites/{site.pk}",
    ):
        assert clerk.get(address).status == 404
    assert clerk.patch(f"customers/{site.customer_id}", {"name": "x"}).status == 404
    assert clerk.patch(f"sites/{site.pk}", {"name": "x"}).status == 404
    assert clerk.post(f"customers/{site.customer_id}/sites", SITE).status == 404
    assert clerk.get("customers").json["items"] == []
    make_region("north")
    assert clerk.post("customers", CUSTOMER | {"region": "north"}).code == "outside_region"
    assert sign_in("director").post("customers", CUSTOMER | {"region": "moon"}).code == "invalid_input"
    site.refresh_from_db()
    assert site.name == "一号仓库" and Customer.objects.count() == 1 and Site.objects.count() == 1


@pytest.mark.parametrize("role", ["technician", "qc", "finance", "auditor", "logistics"])
def test_contact_is_masked_for_those_who_do_not_need_it(sign_in, role):
    site = make_site(make_customer(note="家中电话"))
    client = sign_in(role)
    shown = client.get(f"customers/{site.customer_id}").json
    assert (shown["contact_name"], shown["contact_phone"]) == ("王**", "138****5678")
    assert "note" not in shown and client.get("customers").json["items"] == [shown]
    place = client.get(f"sites/{site.pk}").json
    assert client.get(f"customers/{site.customer_id}/sites").json["items"] == [place]
    if role == "logistics":
        assert (place["address"], place["latitude"]) == ("江苏省南京市测试路1号", "32.060000")
    else:
        assert place["address"] == "江苏省****" and not {"latitude", "longitude", "datum"} & set(place)


@pytest.mark.parametrize(
    "role", ["technician", "qc", "finance", "auditor", "logistics", "production", "admin"]
)
def test_only_the_office_edits_customers(sign_in, role):
    site, client = make_site(), sign_in(role)
    assert client.post("customers", CUSTOMER).status == 403
    assert client.patch(f"customers/{site.customer_id}", {"name": "x"}).status == 403
    assert client.post(f"customers/{site.customer_id}/sites", SITE).status == 403
    assert client.patch(f"sites/{site.pk}", {"name": "x"}).status == 403
    assert Customer.objects.count() == 1 and Site.objects.get().name == "一号仓库"


def test_dealer_reads_the_own_file_only(sign_in):
    own, other = make_customer(), make_customer()
    dealer = sign_in(make_dealer(own))
    assert dealer.get(f"customers/{own.pk}").json["contact_phone"] == "13812345678"
    assert dealer.get(f"customers/{other.pk}").status == 404
    assert [row["id"] for row in dealer.get("customers").json["items"]] == [str(own.pk)]
    assert dealer.patch(f"customers/{own.pk}", {"name": "x"}).status == 403


def test_customers_are_filtered_at_one_query_count(sign_in, django_assert_num_queries):
    director = sign_in("director")
    make_customer(code="A1", name="金陵食品", tier="key")
    with django_assert_num_queries(2):
        director.get("customers")
    make_customer(code="B1", region_code="north", province="河北", needs_visit=True)
    make_customer(code="C1", kind="industrial")
    with django_assert_num_queries(2):
        assert [row["code"] for row in director.get("customers").json["items"]] == ["A1", "B1", "C1"]
    found = {
        "code=A1": ["A1"],
        f"name={quote('食品')}": ["A1"],
        "tier=key": ["A1"],
        "kind=industrial": ["C1"],
        "region=north": ["B1"],
        f"province={quote('河北')}": ["B1"],
        "needs_visit=true": ["B1"],
    }
    for query, codes in found.items():
        assert [row["code"] for row in director.get(f"customers?{query}").json["items"]] == codes
    assert director.get("customers?contact_phone=13812345678").status == 400


def test_sites_are_listed_at_one_query_count(sign_in, django_assert_num_queries):
    director, site = sign_in("director"), make_site()
    address = f"customers/{site.customer_id}/sites"
    with django_assert_num_queries(3):
        director.get(address)
    make_site(site.customer), make_site(site.customer), make_site()
    with django_assert_num_queries(3):
        assert len(director.get(address).json["items"]) == 3
