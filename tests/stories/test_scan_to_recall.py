"""The main job, played over HTTP with photos of the product's own printed labels.

Technician scans → ok → two bad moisture readings → case → hold proposed → QC holds → next scan says held →
receivers are listed → the cost of the case is the sum of its lines to the fen → QC recalls → scan says recalled.
"""

import hashlib
import io
from decimal import Decimal
from typing import Any

import pytest
from PIL import Image

from backend.core import clock
from backend.core.ids import uuid7
from bench.degrade import Shot, photo_jpeg
from fieldservice.reading.models import Reading
from fieldservice.visit.models import CheckPoint
from tests import factories
from tests.client import ApiClient
from tests.jobs import run_jobs
from traceability.scan.models import Scan

# A phone held over a sack in a dim warehouse: turned, leaned, a little out of focus.
HANDHELD = Shot(turn_deg=17, tilt_deg=20, blur=0.35, noise=6, light=0.6, jpeg_quality=70)


@pytest.fixture
def goods(db: None) -> dict[str, Any]:
    """A released batch with its GTIN, shipped to two customers of which one is visited today."""
    factories.make_limit()
    product = factories.make_product()
    item = factories.make_trade_item(product)
    batch = factories.make_batch(product, trade_item=item)
    visited, other = factories.make_customer(), factories.make_customer()
    factories.make_shipment(batch, visited, qty_kg="12000")
    factories.make_shipment(batch, visited, qty_kg="500")
    factories.make_shipment(batch, other, qty_kg="30000")
    return {"batch": batch, "visited": visited, "other": other}


def now() -> str:
    return clock.now().isoformat()


def photo_of_label(who: ApiClient, batch_id: object) -> bytes:
    """The batch's printed label as the technician's phone sees it."""
    label = who.get(f"batches/{batch_id}/label?format=png")
    assert label.status == 200
    symbol = Image.open(io.BytesIO(label.content)).convert("L")
    return photo_jpeg(symbol, HANDHELD, seed=7)


def scan(who: ApiClient, photo: bytes) -> dict[str, Any]:
    answer = who.upload(
        "scans/photo",
        photo=photo,
        id=str(uuid7()),
        made_at=now(),
        latitude="32.0601",
        longitude="118.7901",
        datum="WGS-84",
    )
    assert answer.status == 200, answer.json
    (only,) = answer.json["scans"]
    return dict(only)


def drawn(number: int) -> bytes:
    """A paper with blocks where the bits of a well-mixed number are 1: no two look alike."""
    paper = Image.new("L", (320, 320), 255)
    pattern = hashlib.sha256(str(number).encode()).digest()
    for place in range(64):
        if pattern[place // 8] >> place % 8 & 1:
            left, top = place % 8 * 40, place // 8 * 40
            paper.paste(0, (left, top, left + 40, top + 40))
    picture = io.BytesIO()
    paper.save(picture, "PNG")
    return picture.getvalue()


def upload_photo(who: ApiClient, number: int) -> str:
    answer = who.upload("attachments", photo=drawn(number))
    assert answer.status in (200, 201), answer.json
    return str(answer.json["sha256"])


def record_moisture(who: ApiClient, visit: str, batch: object, instrument: object, values: list[str]) -> Any:
    answer = who.post(
        "readings",
        {
            "id": uuid7(),
            "made_at": now(),
            "visit": visit,
            "batch": batch,
            "instrument": instrument,
            "parameter": "moisture",
            "method": "halogen",
            "basis": "wet",
            "unit": "%",
            "drying_temp_c": "140",
            "replicates": values,
        },
    )
    assert answer.status == 201, answer.json
    return answer.json


def spend(who: ApiClient, visit: str | None, category: str, net: str, tax: str, *, receipt: int) -> Any:
    """The cost line as answered, with the picture of that number as its receipt."""
    gross = Decimal(net) + Decimal(tax)
    answer = who.post(
        "costs",
        {
            "id": uuid7(),
            "made_at": now(),
            "visit": visit,
            "category": category,
            "spent_on": clock.today().isoformat(),
            "net_cny": net,
            "tax_cny": tax,
            "gross_cny": str(gross),
            "receipt": upload_photo(who, receipt),
        },
    )
    assert answer.status == 201, answer.json
    assert answer.json["duplicate_of"] is None
    return answer.json


def gross_total(who: ApiClient, of: str) -> Decimal:
    return Decimal(who.get(f"{of}/costs/total").json["total"]["gross_cny"])


def test_scan_to_recall(sign_in: Any, goods: dict[str, Any]) -> None:
    batch = goods["batch"]
    technician, clerk = sign_in("technician"), sign_in("clerk")
    qc, second_qc = sign_in("qc"), sign_in("qc")
    site = factories.make_site(goods["visited"])
    meter = factories.make_instrument(holder=technician.user)

    # The clerk plans, the technician finds it in the day's list and checks in at the site.
    planned = clerk.post(
        "visits",
        {
            "kind": "complaint",
            "customer": goods["visited"].pk,
            "site": site.pk,
            "technician": technician.user.pk,
            "planned_on": clock.today().isoformat(),
            "purpose": "客户反映返潮结块",
        },
    )
    assert planned.status == 201, planned.json
    visit = planned.json["id"]
    assert [row["id"] for row in technician.get("my-day").json["items"]] == [visit]
    place = {"latitude": "32.060100", "longitude": "118.790100", "datum": "WGS-84", "accuracy_m": "12.0"}
    check = {"id": uuid7(), "made_at": now(), "place": place}
    assert technician.post(f"visits/{visit}/check-in", check).status == 201

    # One photo of the label: batch, verdict and what may be done next.
    photo = photo_of_label(qc, batch.pk)
    first = scan(technician, photo)
    assert first["outcome"] == "ok" and first["batch"]["id"] == str(batch.pk)
    assert "record_reading" in {action["code"] for action in first["next_actions"]}
    assert technician.post(f"visits/{visit}/scans", {"scan": first["id"]}).status == 201

    # Two wet readings: one case with two evidences, a hold proposed, nothing automatic.
    for values in (["0.55", "0.57"], ["0.61", "0.60"]):
        reading = record_moisture(technician, visit, batch.pk, meter.pk, values)
        assert reading["verdict"] == "fail"
        run_jobs()
    (case,) = qc.get(f"cases?batch={batch.pk}").json["items"]
    assert len(qc.get(f"cases/{case['id']}").json["evidence"]) == 2
    (proposal,) = qc.get(f"proposals?batch={batch.pk}").json["items"]
    assert proposal["action"] == "hold" and proposal["state"] == "open"
    assert scan(technician, photo)["outcome"] == "ok"

    # QC holds; the next scan of the same label says so to everybody.
    assert technician.post(f"proposals/{proposal['id']}/accept", {"reason": "x"}).status == 403
    accepted = qc.post(f"proposals/{proposal['id']}/accept", {"reason": "两次现场水分超标"})
    assert accepted.status == 200, accepted.json
    held = scan(technician, photo)
    assert held["outcome"] == "held" and held["batch"]["status"] == "held"
    assert held["open_cases"] == 1

    # What was recorded in the field names the phone it came from.
    for model in (Reading, CheckPoint, Scan):
        assert model.objects.exists() and not model.objects.filter(device=None).exists()

    # Who received it, as far as shipments are known.
    receivers = qc.get(f"batches/{batch.pk}/receivers").json["items"]
    received = {row["customer"]: Decimal(row["qty_kg"]) for row in receivers}
    assert received == {str(goods["visited"].pk): Decimal(12500), str(goods["other"].pk): Decimal(30000)}

    # The visit's costs and a laboratory fee make the cost of the case, to the fen.
    assert clerk.post(f"cases/{case['id']}/visits", {"visit": visit}).status in (200, 201)
    spent = [
        spend(technician, visit, "transport", "101.83", "3.05", receipt=1),
        spend(technician, visit, "lodging", "377.36", "22.64", receipt=2),
        spend(technician, visit, "testing", "0.01", "0.00", receipt=3),
    ]
    on_visit = sum(Decimal(line["gross_cny"]) for line in spent)
    assert gross_total(clerk, f"visits/{visit}") == on_visit == Decimal("504.89")
    assert gross_total(clerk, f"cases/{case['id']}") == on_visit
    fee = spend(technician, None, "testing", "566.04", "33.96", receipt=4)
    assert gross_total(clerk, f"cases/{case['id']}") == on_visit
    assert clerk.post(f"cases/{case['id']}/costs", {"cost_line": fee["id"]}).status == 200
    assert gross_total(clerk, f"cases/{case['id']}") == on_visit + Decimal("600.00") == Decimal("1104.89")
    assert gross_total(clerk, f"batches/{batch.pk}") == Decimal("1104.89")
    assert gross_total(clerk, f"visits/{visit}") == on_visit

    # Check-out and close with findings and signature.
    check = {"id": uuid7(), "made_at": now(), "place": place}
    assert technician.post(f"visits/{visit}/check-out", check).status == 201
    closing = {"findings": "仓库潮湿，内袋破损", "signed_by_name": "王小明"}
    assert technician.post(f"visits/{visit}/close", closing).status == 400
    closing["signature"] = upload_photo(technician, 5)
    assert technician.post(f"visits/{visit}/close", closing).json["status"] == "closed"
    report = technician.get(f"visits/{visit}/report.pdf")
    assert report.status == 200 and report.content.startswith(b"%PDF")

    # Two QC people recall it; the label answers for good.
    proposed = qc.post("proposals", {"batch": batch.pk, "action": "recall", "reason": "水分超标，已入市"})
    assert proposed.status == 201, proposed.json
    own = qc.post(f"proposals/{proposed.json['id']}/accept", {"reason": "同意"})
    assert own.status == 403 and own.code == "same_person"
    assert second_qc.post(f"proposals/{proposed.json['id']}/accept", {"reason": "同意"}).status == 200
    assert scan(technician, photo)["outcome"] == "recalled"
    decisions = qc.get(f"batches/{batch.pk}/decisions").json["items"]
    assert [row["action"] for row in decisions] == ["recall", "hold"]
