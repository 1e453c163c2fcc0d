"""`manage.py trace CODE`: the JSON other programs read."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tests.factories import make_batch, make_customer, make_link, make_product, make_shipment

pytestmark = pytest.mark.django_db


def trace(*args):
    out = StringIO()
    call_command("trace", *args, stdout=out)
    return out.getvalue()


def depths(found):
    return {lot["code"]: lot["depth"] for lot in found["lots"]}


def test_json_names_every_lot_with_its_depth_and_every_customer_with_kg():
    raw, refined, packed = make_batch(code="R-1"), make_batch(code="F-1"), make_batch(code="P-1")
    make_link(raw, refined), make_link(refined, packed), make_link(raw, packed)
    one, two = make_customer(code="K-1"), make_customer(code="K-2")
    make_shipment(packed, one, qty_kg="300.125"), make_shipment(packed, two, qty_kg="20")
    make_shipment(refined, one, qty_kg="0.1")
    make_batch(code="D-9", kind="delivery", is_history=True, consignee="无关")
    printed = trace("r-1", "--direction", "forward", "--json")
    found = json.loads(printed)
    assert (found["code"], found["truncated"]) == ("R-1", False)
    assert depths(found) == {"R-1": 0, "F-1": 1, "P-1": 1}
    assert found["consignees"] == [{"customer": "K-1", "kg": 300.225}, {"customer": "K-2", "kg": 20.0}]
    assert '"kg":300.225}' in printed  # exactly: no float in between
    back = json.loads(trace("P-1", "--direction", "backward", "--json"))
    assert depths(back) == {"P-1": 0, "F-1": 1, "R-1": 1}
    assert back["consignees"] == []


def test_delivery_of_history_counts_with_its_customer():
    packed = make_batch(code="P-1", is_history=True)
    for number, kg in ((1, "100.5"), (2, "50")):
        delivery = make_batch(
            code=f"D-{number}", kind="delivery", is_history=True, consignee="南京盐业", qty_kg=kg
        )
        make_link(packed, delivery)
    found = json.loads(trace("P-1", "--direction", "forward", "--json"))
    assert found["consignees"] == [{"customer": "南京盐业", "kg": 150.5}]


def test_unknown_and_ambiguous_codes_are_refused():
    with pytest.raises(CommandError, match="no such batch"):
        trace("NOBODY", "--json")
    for sku in ("SKU-A", "SKU-B"):
        make_batch(make_product(sku=sku), code="SAME")
    with pytest.raises(CommandError, match="SKU-A, SKU-B"):
        trace("SAME", "--json")
    assert json.loads(trace("SAME", "--product", "SKU-B", "--json"))["code"] == "SAME"


def test_text_is_for_people():
    assert "1 batches" in trace(str(make_batch(code="R-1").pk))
