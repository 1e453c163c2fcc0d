"""Edible salt goes to designated wholesalers with a valid licence only (食盐专营办法 art. 12-16)."""

from datetime import timedelta

import pytest

from backend.core import clock
from tests.factories import make_batch, make_customer, make_product, make_sales_rules, make_unit
from traceability.dispatch.models import SalesRule, Shipment, ShipmentLine


@pytest.fixture(autouse=True)
def _sales_rules(db):
    make_sales_rules()


def order(customer, *batches, on=None, **fields):
    lines = [{"batch": str(batch.pk), "qty_kg": "10"} for batch in batches]
    on = on or clock.today()
    return {"customer": str(customer.pk), "shipped_on": on.isoformat(), "lines": lines} | fields


def codes_of(refused):
    return [(error["pointer"], error["code"]) for error in refused.json["errors"]]


def test_retailer_is_not_supplied_with_edible_salt_by_the_works(sign_in):
    logistics, retailer = sign_in("logistics"), make_customer(kind="retailer")
    edible, industrial = make_batch(), make_batch(make_product(family="industrial"))
    refused = logistics.post("shipments", order(retailer, edible, industrial))
    assert codes_of(refused) == [("/lines/0", "buyer_not_designated")]
    assert not Shipment.objects.exists()
    made = logistics.post("shipments", order(retailer, edible, industrial, skip_refused=True))
    assert made.status == 201 and ShipmentLine.objects.get().batch == industrial


@pytest.mark.parametrize(("days", "code"), [(-1, "buyer_licence_expired"), (0, None), (1, None)])
def test_licence_is_good_on_its_last_day(sign_in, days, code):
    until = clock.today() + timedelta(days=days)
    answer = sign_in("logistics").post(
        "shipments", order(make_customer(licence_valid_to=until), make_batch())
    )
    assert codes_of(answer) == [("/lines/0", code)] if code else answer.status == 201
    assert Shipment.objects.exists() == (code is None)


def test_licence_is_judged_on_the_day_of_shipping(sign_in):
    batch, yesterday = make_batch(), clock.today() - timedelta(days=1)
    buyer = make_customer(licence_valid_to=yesterday)
    assert sign_in("logistics").post("shipments", order(buyer, batch, on=yesterday)).status == 201


def test_wholesaler_without_a_known_licence_is_refused(sign_in):
    buyer = make_customer(licence_valid_to=None)
    refused = sign_in("logistics").post("shipments", order(buyer, make_batch()))
    assert codes_of(refused) == [("/lines/0", "buyer_licence_expired")] and not Shipment.objects.exists()


def test_unit_with_edible_salt_is_judged_as_well(sign_in):
    body = order(make_customer(kind="retailer")) | {"lines": [{"sscc": make_unit((make_batch(), "5")).sscc}]}
    refused = sign_in("logistics").post("shipments", body)
    assert codes_of(refused) == [("/lines/0", "buyer_not_designated")] and not Shipment.objects.exists()


@pytest.mark.parametrize("kind", ["food_maker", "industrial", "other"])
def test_rule_that_awaits_confirmation_refuses_nothing(sign_in, kind):
    rule = SalesRule.objects.get(customer_kind=kind, family="edible")
    assert rule.needs_confirmation and rule.source
    assert sign_in("logistics").post("shipments", order(make_customer(kind=kind), make_batch())).status == 201


def test_newest_rule_in_force_on_the_day_counts(sign_in):
    qc, logistics, maker = sign_in("qc"), sign_in("logistics"), make_customer(kind="food_maker")
    batch, today = make_batch(), clock.today()
    rule = {
        "family": "edible",
        "customer_kind": "food_maker",
        "is_allowed": False,
        "valid_from": today.isoformat(),
        "source": "食盐专营办法 (2017) 第16条，纸本第3页",
    }
    made = qc.post("sales-rules", rule)
    assert made.status == 201 and made.json["needs_confirmation"] is False
    assert (qc.post("sales-rules", rule).status, SalesRule.objects.count()) == (409, 6)
    refused = logistics.post("shipments", order(maker, batch))
    assert codes_of(refused) == [("/lines/0", "buyer_not_designated")]
    yesterday = today - timedelta(days=1)
    assert logistics.post("shipments", order(maker, batch, on=yesterday)).status == 201


def test_rules_are_listed_with_their_sources(sign_in):
    rows = sign_in("logistics").get("sales-rules?family=edible&needs_confirmation=false").json["items"]
    assert {(row["customer_kind"], row["is_allowed"]) for row in rows} == {
        ("designated_wholesaler", True),
        ("retailer", False),
    }
    assert all("art. 12-16" in row["source"] for row in rows)
