"""Goods that come back are a new batch in quarantine, made from the old one."""

from datetime import timedelta

import pytest

from backend.core import clock
from tests.factories import (
    make_batch,
    make_certificate,
    make_customer,
    make_link,
    make_return,
    make_shipment,
    make_user,
)
from traceability.batch.models import Batch
from traceability.genealogy import queries
from traceability.genealogy.models import GoodsReturn, MadeFrom

NOBODY = "018f0000-0000-7000-8000-00000000dead"


def supplied(batch, qty_kg="60000"):
    """A customer that was sent kg of the batch."""
    customer = make_customer()
    make_shipment(batch, customer, qty_kg=qty_kg)
    return customer


def body(customer, **fields):
    at = (clock.now() - timedelta(days=1)).isoformat()
    return {"qty_kg": "500", "customer": str(customer.pk), "returned_at": at, "reason": "结块"} | fields


def test_what_comes_back_is_a_new_batch_in_quarantine_as_old_as_it_was(sign_in):
    qc = sign_in("qc")
    batch = make_batch(code="YS-1", line="A1", expires_on=clock.today() + timedelta(days=300))
    customer = supplied(batch)
    made = qc.post(f"batches/{batch.pk}/returns", body(customer))
    assert made.status == 201
    assert (made.json["lot"]["code"], made.json["lot"]["kind"], made.json["lot"]["status"]) == (
        "YS-1-R1",
        "return",
        "quarantine",
    )
    assert (made.json["qty_kg"], made.json["customer"]["code"]) == ("500.000", customer.code)
    lot = Batch.objects.get(code="YS-1-R1")
    assert (lot.produced_on, lot.expires_on, lot.line) == (batch.produced_on, batch.expires_on, "A1")
    (parent,) = qc.get(f"batches/{lot.pk}/parents").json["items"]
    assert (parent["kind"], parent["batch"]["code"], parent["qty_kg"]) == ("returned", "YS-1", "500.000")
    assert qc.get(f"batches/{batch.pk}/returns").json["items"] == [made.json]


def test_returns_are_numbered_past_codes_that_are_taken(sign_in):
    qc, batch = sign_in("qc"), make_batch(code="YS-1")
    customer = supplied(batch)
    make_batch(batch.product, code="YS-1-R2")
    address = f"batches/{batch.pk}/returns"
    codes = [qc.post(address, body(customer)).json["lot"]["code"] for _ in range(3)]
    assert codes == ["YS-1-R1", "YS-1-R3", "YS-1-R4"]


def test_what_came_back_takes_nothing_from_what_is_left(sign_in):
    """It left the batch when it was shipped."""
    qc, batch = sign_in("qc"), make_batch()
    customer = supplied(batch)
    assert qc.post(f"batches/{batch.pk}/returns", body(customer, qty_kg="60000")).status == 201
    assert queries.used_kg([batch.pk]) == {}


def test_more_does_not_come_back_than_was_made(sign_in):
    qc, batch = sign_in("qc"), make_batch()
    customer = supplied(batch)
    assert qc.post(f"batches/{batch.pk}/returns", body(customer, qty_kg="60000")).status == 201
    refused = qc.post(f"batches/{batch.pk}/returns", body(customer, qty_kg="60.001"))
    assert (refused.status, refused.code, refused.json["returned_kg"]) == (409, "more_than_made", "60000.000")
    assert GoodsReturn.objects.count() == MadeFrom.objects.count() == 1
    assert Batch.objects.count() == 2


def test_customer_brings_back_no_more_than_it_was_sent(sign_in):
    qc, batch, other = sign_in("qc"), make_batch(), make_batch()
    near, far, never = supplied(batch, "1000"), supplied(batch, "2000"), supplied(other)
    address = f"batches/{batch.pk}/returns"
    assert qc.post(address, body(far, qty_kg="2000")).status == 201
    assert qc.post(address, body(near, qty_kg="600")).status == 201
    refused = qc.post(address, body(near, qty_kg="401.001"))
    assert (refused.status, refused.code) == (409, "more_than_sent")
    assert (refused.json["shipped_kg"], refused.json["returned_kg"]) == ("1000.000", "600.000")
    assert qc.post(address, body(never, qty_kg="0.5")).code == "more_than_sent"
    assert GoodsReturn.objects.count() == MadeFrom.objects.count() == 2
    assert qc.post(address, body(near, qty_kg="401")).status == 201  # weighing differs by a kilogram


def test_cancelled_shipment_brings_nothing_back(sign_in):
    qc, batch, customer = sign_in("qc"), make_batch(), make_customer()
    cancelled = {"cancelled_at": clock.now(), "cancelled_by": make_user("logistics"), "cancel_reason": "录错"}
    make_shipment(batch, customer, **cancelled)
    assert qc.post(f"batches/{batch.pk}/returns", body(customer)).code == "more_than_sent"
    assert not GoodsReturn.objects.exists()


@pytest.mark.parametrize("status", ["recalled", "destroyed"])
def test_what_comes_back_of_a_stopped_batch_is_born_recalled(sign_in, status):
    qc, batch = sign_in("qc"), make_batch(status=status, status_reason="超标")
    made = qc.post(f"batches/{batch.pk}/returns", body(supplied(batch)))
    assert made.status == 201
    lot = Batch.objects.get(pk=made.json["lot"]["id"])
    assert (lot.status, lot.status_reason) == ("recalled", "超标")
    make_certificate(lot)
    assert sign_in("qc").post(f"batches/{lot.pk}/release", {"reason": "合格"}).code == "illegal_step"


def test_code_that_is_taken_is_refused(sign_in):
    batch = make_batch(code="YS-1")
    refused = sign_in("qc").post(f"batches/{batch.pk}/returns", body(supplied(batch), code="ys-1"))
    assert (refused.status, refused.code) == (409, "batch_code_taken")
    assert not GoodsReturn.objects.exists() and not MadeFrom.objects.exists()


def test_return_entered_in_error_is_reversed_by_its_link(sign_in):
    qc, batch = sign_in("qc"), make_batch()
    customer = supplied(batch)
    made = qc.post(f"batches/{batch.pk}/returns", body(customer, qty_kg="60000")).json
    (link,) = qc.get(f"batches/{batch.pk}/children").json["items"]
    qc.post(f"links/{link['id']}/reverse", {"reason": "录错"})
    (row,) = qc.get(f"batches/{batch.pk}/returns").json["items"]
    assert (row["id"], row["is_reversed"]) == (made["id"], True)
    assert (
        Batch.objects.get(pk=made["lot"]["id"]).status == "held"
    )  # nothing of goods that never came goes out
    assert qc.post(f"batches/{batch.pk}/returns", body(customer, qty_kg="60000")).status == 201


@pytest.mark.parametrize("went", [make_shipment, lambda lot: make_link(lot, make_batch())])
def test_return_is_not_reversed_once_its_goods_went_on(sign_in, went):
    qc, batch = sign_in("qc"), make_batch()
    lot = make_return(batch, make_customer()).lot
    went(lot)
    link = MadeFrom.objects.get(child=lot)
    refused = qc.post(f"links/{link.pk}/reverse", {"reason": "录错"})
    assert (refused.status, refused.code) == (409, "return_used")
    lot.refresh_from_db()
    assert lot.status == "quarantine" and MadeFrom.objects.get(pk=link.pk).is_live


@pytest.mark.parametrize(
    ("bad", "status"),
    [
        ({"qty_kg": "0"}, 400),
        ({"customer": NOBODY}, 400),
        ({"returned_at": "2099-01-01T00:00:00Z"}, 400),
        ({"returned_at": "2001-01-01T00:00:00Z"}, 409),
        ({"reason": ""}, 400),
        ({"code": "a b"}, 400),
    ],
)
def test_bad_return_is_refused(sign_in, bad, status):
    batch = make_batch()
    assert sign_in("qc").post(f"batches/{batch.pk}/returns", body(supplied(batch)) | bad).status == status
    assert Batch.objects.count() == 1 and not GoodsReturn.objects.exists() and not MadeFrom.objects.exists()


def test_clerk_sees_what_came_from_the_own_regions(sign_in):
    batch = make_batch()
    near = make_return(batch, make_customer(region_code="east"))
    make_return(batch, make_customer(region_code="north"))
    clerk = sign_in("clerk", regions=["east"])
    assert [row["id"] for row in clerk.get(f"batches/{batch.pk}/returns").json["items"]] == [str(near.pk)]
    assert len(sign_in("director").get(f"batches/{batch.pk}/returns").json["items"]) == 2
    assert sign_in("technician").get(f"batches/{batch.pk}/returns").status == 403


def test_masked_role_does_not_read_a_persons_name(sign_in):
    batch = make_batch()
    make_return(batch, make_customer(name="王小明", kind="other"))
    (row,) = sign_in("qc").get(f"batches/{batch.pk}/returns").json["items"]
    assert "小明" not in row["customer"]["name"]


def test_returns_are_listed_at_one_query_count(sign_in, django_assert_num_queries):
    client, batch = sign_in("director"), make_batch()
    make_return(batch, make_customer())
    with django_assert_num_queries(3):
        assert len(client.get(f"batches/{batch.pk}/returns").json["items"]) == 1
    for _ in range(2):
        make_return(batch, make_customer())
    with django_assert_num_queries(3):
        assert len(client.get(f"batches/{batch.pk}/returns").json["items"]) == 3
