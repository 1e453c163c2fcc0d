"""Cursors: pages stay put while rows come in, and nothing but our own cursors is taken."""

from base64 import urlsafe_b64encode
from datetime import date, timedelta

import orjson
import pytest

from backend.core.cursor import Cursor, decode, encode
from tests import factories

ORDER = ("-shipped_on", "-id")


@pytest.mark.parametrize("values", [("2026-01-01", "x"), (None, 5), (-3, None)])
@pytest.mark.parametrize("is_back", [True, False])
def test_cursor_is_read_as_written(values, is_back):
    cursor = Cursor(values, is_back=is_back)
    assert decode(encode(cursor), order=ORDER) == cursor


@pytest.mark.parametrize(
    "parts",
    [[], {}, 1, [0], [0, 1], [0, 1, 2, 3], [2, 1, 2], [0, [], 1], [0, 1.5, 1], [0, True, 1], [0, "a\0", 1]],
)
def test_anything_else_is_no_cursor(parts):
    text = urlsafe_b64encode(orjson.dumps(parts)).decode()
    with pytest.raises(ValueError):
        decode(text, order=ORDER)


def shipped(client, cursor):
    answer = client.get(f"shipments?limit=2&cursor={cursor}" if cursor else "shipments?limit=2")
    return [row["number"] for row in answer.json["items"]], answer.json


def test_row_entered_meanwhile_shifts_no_page(sign_in):
    qc, batch = sign_in("qc"), factories.make_batch()
    day = date(2026, 3, 1)
    for number in range(5):
        factories.make_shipment(batch, number=f"S-{number}", shipped_on=day)
    first, page = shipped(qc, None)
    factories.make_shipment(batch, number="S-new", shipped_on=day)
    factories.make_shipment(batch, number="S-newer", shipped_on=day + timedelta(days=1))
    second, page = shipped(qc, page["next"])
    third, page = shipped(qc, page["next"])
    assert first + second + third == ["S-4", "S-3", "S-2", "S-1", "S-0"] and page["next"] is None
    back, page = shipped(qc, page["previous"])
    assert back == second
    back, page = shipped(qc, page["previous"])
    assert back == first and page["previous"]
    assert shipped(qc, page["previous"])[0] == ["S-newer", "S-new"]


def test_cursor_of_another_list_is_refused(sign_in):
    qc = sign_in("qc")
    for _ in range(2):
        factories.make_shipment(factories.make_batch())
    foreign = qc.get("shipments?limit=1").json["next"]
    for path in ("batches", "products", "proposals", "readings"):
        answer = qc.get(f"{path}?cursor={foreign}")
        assert answer.status in (200, 400)
    assert qc.get(f"products?cursor={foreign}").code == "invalid_input"
