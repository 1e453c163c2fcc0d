"""Shipments and receivers over HTTP."""

from datetime import timedelta
from decimal import Decimal

import pytest

from backend.core import clock
from tests.factories import make_batch, make_customer, make_link, make_shipment, make_site
from traceability.dispatch.models import Shipment, ShipmentLine

NOBODY = "018f0000-0000-7000-8000-00000000dead"


def order(customer, *batches, **fields):
    lines = [{"batch": str(batch.pk), "qty_kg": "1000", "units": 2000} for batch in batches]
    return {
        "number": "SO-1",
        "customer": str(customer.pk),
        "shipped_on": clock.today().isoformat(),
        "carrier": "测试物流",
        "lines": lines,
    } | fields


def nothing_booked():
    return not Shipment.objects.exists() and not ShipmentLine.objects.exists()


def test_logistics_books_a_shipment(sign_in):
    logistics, site, batch = sign_in("logistics"), make_site(), make_batch(code="YS-1")
    made = logistics.post("shipments", order(site.customer, batch, site=site.pk))
    assert made.status == 201 and made.json["refused"] == []
    (line,) = made.json["lines"]
    assert (line["batch"]["code"], line["qty_kg"], line["units"]) == ("YS-1", "1000.000", 2000)
    assert made.json["site"] == {"id": str(site.pk), "name": site.name}
    plain = {name: value for name, value in made.json.items() if name != "refused"}
    assert logistics.get(f"shipments/{made.json['id']}").json == plain
    assert logistics.post("shipments", order(site.customer, batch)).code == "shipment_number_taken"
    assert Shipment.objects.count() == 1


def test_house_gives_a_number_where_there_is_none(sign_in):
    body = order(make_customer(), make_batch())
    del body["number"]
    made = sign_in("logistics").post("shipments", body)
    assert made.json["number"] == f"S-{clock.today():%Y%m}-0001"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("held", "batch_on_hold"),
        ("recalled", "batch_recalled"),
        ("destroyed", "batch_destroyed"),
        ("quarantine", "batch_not_released"),
    ],
)
def test_held_batch_refuses_dispatch(sign_in, status, code):
    good, bad = make_batch(), make_batch(status=status)
    refused = sign_in("logistics").post("shipments", order(make_customer(), good, bad))
    assert (refused.status, refused.code) == (409, "shipment_lines_refused")
    (error,) = refused.json["errors"]
    assert (error["pointer"], error["code"]) == ("/lines/1", code) and error["detail"]
    assert nothing_booked()


@pytest.fixture
def held_today(sign_in):
    """A released batch that QC puts on hold today."""
    batch = make_batch()
    assert sign_in("qc").post(f"batches/{batch.pk}/hold", {"reason": "受潮"}).status == 200
    return batch


def test_shipment_of_the_day_before_the_hold_is_booked_late_and_marked(sign_in, held_today):
    logistics, good = sign_in("logistics"), make_batch()
    yesterday = (clock.today() - timedelta(days=1)).isoformat()
    made = logistics.post("shipments", order(make_customer(), held_today, good, shipped_on=yesterday))
    assert made.status == 201
    marks = {line["batch"]["id"]: line["recorded_after_hold"] for line in made.json["lines"]}
    assert marks == {str(held_today.pk): True, str(good.pk): False}
    assert logistics.get(f"shipments/{made.json['id']}").json["lines"] == made.json["lines"]
    assert len(logistics.get(f"batches/{held_today.pk}/receivers").json["items"]) == 1


def test_shipment_of_the_day_of_the_hold_is_refused(sign_in, held_today):
    refused = sign_in("logistics").post("shipments", order(make_customer(), held_today))
    assert refused.json["errors"][0]["code"] == "batch_on_hold" and nothing_booked()


def test_line_booked_before_the_hold_is_not_marked(sign_in):
    logistics, batch = sign_in("logistics"), make_batch()
    made = logistics.post("shipments", order(make_customer(), batch)).json
    assert sign_in("qc").post(f"batches/{batch.pk}/hold", {"reason": "受潮"}).status == 200
    (line,) = logistics.get(f"shipments/{made['id']}").json["lines"]
    assert line["recorded_after_hold"] is False


def test_late_line_takes_no_more_than_is_left(sign_in, held_today):
    yesterday = (clock.today() - timedelta(days=1)).isoformat()
    body = order(make_customer(), held_today, shipped_on=yesterday)
    body["lines"][0]["qty_kg"] = "70000"
    refused = sign_in("logistics").post("shipments", body)
    assert refused.json["errors"][0]["code"] == "more_than_left" and nothing_booked()


def test_every_line_names_its_own_reason(sign_in):
    made_today = make_batch(produced_on=clock.today())
    expired = make_batch(expires_on=clock.today() - timedelta(days=2))
    small, good = make_batch(qty_kg=Decimal(500)), make_batch()
    yesterday = (clock.today() - timedelta(days=1)).isoformat()
    body = order(make_customer(), made_today, expired, small, good, good, shipped_on=yesterday)
    body["lines"].append({"batch": NOBODY, "qty_kg": "1"})
    refused = sign_in("logistics").post("shipments", body)
    assert {error["pointer"]: error["code"] for error in refused.json["errors"]} == {
        "/lines/0": "batch_not_made_yet",
        "/lines/1": "batch_expired",
        "/lines/2": "more_than_left",
        "/lines/4": "batch_twice",
        "/lines/5": "batch_unknown",
    }
    assert nothing_booked()


def test_good_lines_are_booked_where_asked_and_the_others_reported(sign_in):
    logistics, good, held = sign_in("logistics"), make_batch(), make_batch(status="held")
    made = logistics.post("shipments", order(make_customer(), held, good, skip_refused=True))
    assert made.status == 201
    (refused,) = made.json["refused"]
    assert (refused["index"], refused["batch"], refused["code"]) == (0, str(held.pk), "batch_on_hold")
    assert refused["detail"] == "The batch is on hold."
    assert [line["batch"]["id"] for line in made.json["lines"]] == [str(good.pk)]
    assert ShipmentLine.objects.get().batch == good


def test_shipment_without_a_good_line_is_refused_even_then(sign_in):
    body = order(make_customer(), make_batch(status="held"), skip_refused=True)
    assert sign_in("logistics").post("shipments", body).code == "shipment_lines_refused"
    assert nothing_booked()


def test_kg_used_in_other_batches_are_gone(sign_in):
    batch = make_batch(qty_kg=Decimal(1500))
    make_link(batch, make_batch(), qty_kg="1000")
    refused = sign_in("logistics").post("shipments", order(make_customer(), batch))
    assert refused.json["errors"][0]["code"] == "more_than_left" and nothing_booked()


@pytest.mark.parametrize(
    "bad",
    [
        {"lines": []},
        {"lines": [{"batch": NOBODY, "qty_kg": "0"}]},
        {"lines": [{"batch": NOBODY, "qty_kg": "1", "units": 0}]},
        {"lines": [{"batch": NOBODY}]},
        {"lines": [{"batch": NOBODY, "qty_kg": "1"}] * 501},
        {"lines": [7]},
        {"customer": NOBODY},
        {"site": NOBODY},
        {"shipped_on": "2099-01-01"},
        {"number": ""},
        {"skip_refused": "yes"},
    ],
)
def test_bad_shipment_is_refused(sign_in, bad):
    body = order(make_customer(), make_batch()) | bad
    assert sign_in("logistics").post("shipments", body).status == 400
    assert nothing_booked()


def test_site_of_another_customer_is_refused(sign_in):
    body = order(make_customer(), make_batch(), site=make_site().pk)
    assert sign_in("logistics").post("shipments", body).status == 400
    assert nothing_booked()


@pytest.mark.parametrize(
    "role", ["technician", "clerk", "director", "qc", "production", "auditor", "finance"]
)
def test_only_logistics_books_and_cancels(sign_in, role):
    client, shipment = sign_in(role), make_shipment(make_batch())
    assert client.post("shipments", order(make_customer(), make_batch())).status == 403
    assert client.post(f"shipments/{shipment.pk}/cancel", {"reason": "x"}).status == 403
    assert Shipment.objects.get().cancelled_at is None


def test_wrong_entry_is_cancelled_with_a_reason_and_entered_anew(sign_in):
    logistics, customer, batch = sign_in("logistics"), make_customer(), make_batch()
    wrong = logistics.post("shipments", order(customer, batch)).json
    address = f"shipments/{wrong['id']}/cancel"
    assert logistics.post(address, {}).status == 400
    assert logistics.post(address, {"reason": " "}).status == 400
    assert logistics.get(f"shipments/{wrong['id']}").json["cancelled_at"] is None
    gone = logistics.post(address, {"reason": "wrong customer"})
    assert gone.status == 200 and gone.json["cancel_reason"] == "wrong customer"
    assert logistics.post(address, {"reason": "again"}).code == "shipment_cancelled"
    assert logistics.get(f"batches/{batch.pk}/receivers").json["items"] == []
    assert logistics.post("shipments", order(customer, batch)).status == 201
    shown = {row["id"] for row in logistics.get("shipments?is_cancelled=true").json["items"]}
    assert shown == {wrong["id"]}
    history = sign_in("auditor").get(f"history/shipment/{wrong['id']}").json["items"]
    assert history[0]["changed"]["cancel_reason"] == ["", "wrong customer"]


def test_shipment_of_a_recalled_batch_is_not_cancelled(sign_in):
    shipment = make_shipment(make_batch(status="recalled"))
    refused = sign_in("logistics").post(f"shipments/{shipment.pk}/cancel", {"reason": "x"})
    assert (refused.status, refused.code) == (409, "shipment_under_recall")
    shipment.refresh_from_db()
    assert shipment.cancelled_at is None


def test_shipments_are_filtered_at_one_query_count(sign_in, django_assert_num_queries):
    director = sign_in("director")
    one = make_shipment(make_batch(), shipped_on="2026-01-01", number="S-1")
    with django_assert_num_queries(3):
        director.get("shipments")
    two = make_shipment(make_batch(), shipped_on="2026-02-01", site=make_site())
    three = make_shipment(make_batch(), shipped_on="2026-01-15")
    with django_assert_num_queries(3):
        ids = [row["id"] for row in director.get("shipments").json["items"]]
    assert ids == [str(two.pk), str(three.pk), str(one.pk)]
    found = {
        "number=S-1": {one},
        f"customer={two.customer_id}": {two},
        f"site={two.site_id}": {two},
        f"batch={three.lines.get().batch_id}": {three},
        "shipped_from=2026-01-15": {two, three},
        "shipped_to=2026-01-15": {one, three},
        "is_cancelled=false": {one, two, three},
        "is_cancelled=true": set(),
    }
    for query, rows in found.items():
        shown = {row["id"] for row in director.get(f"shipments?{query}").json["items"]}
        assert shown == {str(row.pk) for row in rows}, query


def test_clerk_sees_shipments_of_the_own_regions(sign_in):
    clerk, batch = sign_in("clerk", regions=["east"]), make_batch()
    near = make_shipment(batch)
    far = make_shipment(batch, make_customer(region_code="north"))
    assert [row["id"] for row in clerk.get("shipments").json["items"]] == [str(near.pk)]
    assert clerk.get(f"shipments/{far.pk}").status == 404
    (receiver,) = clerk.get(f"batches/{batch.pk}/receivers").json["items"]
    assert receiver["customer"] == str(near.customer_id)


def test_receivers_of_a_batch_are_paged_with_their_kg(sign_in, django_assert_num_queries):
    qc, batch = sign_in("qc"), make_batch()
    site = make_site(make_customer(code="A1"))
    make_shipment(batch, site.customer, site=site, qty_kg="100", number="S1")
    with django_assert_num_queries(3):
        qc.get(f"batches/{batch.pk}/receivers")
    make_shipment(batch, site.customer, site=site, qty_kg="50.5", number="S2")
    make_shipment(batch, site.customer, qty_kg="1")
    person = make_customer(code="B1", kind="other", name="李奶奶")
    make_shipment(batch, person, qty_kg="2")
    address = f"batches/{batch.pk}/receivers"
    with django_assert_num_queries(3):
        rows = qc.get(address).json["items"]
    assert [(row["customer_code"], row["site_name"], row["qty_kg"]) for row in rows] == [
        ("A1", "一号仓库", "150.500"),
        ("A1", None, "1.000"),
        ("B1", None, "2.000"),
    ]
    assert rows[0]["shipments"] == ["S1", "S2"] and rows[2]["customer_name"] == "李**"
    assert sign_in("director").get(address).json["items"][2]["customer_name"] == "李奶奶"
    paged, cursor = [], ""
    while cursor is not None:
        page = qc.get(f"{address}?limit=1" + (f"&cursor={cursor}" if cursor else "")).json
        paged += page["items"]
        cursor = page["next"]
    assert paged == rows
    assert qc.get(f"batches/{NOBODY}/receivers").status == 404


@pytest.mark.parametrize("role", ["technician", "finance", "production", "admin", "dealer"])
def test_who_may_not_see_receivers(sign_in, role):
    client, shipment = sign_in(role), make_shipment(make_batch())
    assert client.get(f"batches/{shipment.lines.get().batch_id}/receivers").status == 403
    assert client.get("shipments").status == 403
    assert client.get(f"shipments/{shipment.pk}").status == 403
