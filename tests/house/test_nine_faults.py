"""The nine classes of input that give 500 on stock Django + DRF + PostgreSQL, and what it stores silently.

Each on real operations, by its number on the reliability page (§2.1). The hostile inputs of
`test_hostile_inputs.py` are made by a generator; these are the measured ones, by name.
"""

from typing import Any

import orjson
import pytest

from backend.accounts.rules import Role
from fieldservice.reading.models import Reading
from tests.house.access_table import TABLE
from tests.house.attempt import Attempt, attempt
from tests.house.fingerprint import Fingerprint
from tests.house.operations import ROUTES, Route
from tests.house.send import caller_of, example, near_ids, path_of
from tests.house.world import World

pytestmark = pytest.mark.django_db

WRITES = [r for r in ROUTES if r.declared.takes and r.key in TABLE and not TABLE[r.key].photo]
LISTS = [r for r in ROUTES if r.declared.page and r.key in TABLE]
DEEP = b'{"a":' + b"[" * 1000 + b"]" * 1000 + b"}"
FAR_TIMES = ["0001-01-01T00:00:00%2B23:59", "9999-12-31T23:59:59-23:00", "0282-03-01T00:00:00%2B21:10"]


@pytest.fixture
def refused(world: World, untouched: Fingerprint) -> Any:
    """refused(role, method, path, …) → the attempt, after checking that it was a 4xx that changed nothing."""

    def send(role: Role | None, method: str, path: str, **request: Any) -> Attempt:
        client = world.client(role) if role else world.anonymous
        done = attempt(client.request, method, path, untouched=untouched, **request)
        assert 400 <= done.answer.status < 500 and not done.changed, str(done)
        return done

    return send


@pytest.mark.parametrize(
    ("role", "path"),
    [
        (Role.AUDITOR, "history/user/a%00b"),
        (Role.AUDITOR, "history/%00/1"),
        (Role.QC, "batches?code=a%00b"),
        (Role.TECHNICIAN, "products?name=%00"),
        (Role.TECHNICIAN, "attachments/%00"),
    ],
)
def test_1_nul_in_the_address(refused: Any, role: Role, path: str):
    assert refused(role, "GET", path).answer.code == "bad_url"


@pytest.mark.parametrize("moment", FAR_TIMES)
@pytest.mark.parametrize(
    ("role", "path"),
    [
        (Role.QC, "scans?received_from="),
        (Role.QC, "readings?received_to="),
        (Role.QC, "cases?opened_from="),
    ],
)
def test_2_moment_beyond_postgresql_in_a_filter(refused: Any, role: Role, path: str, moment: str):
    assert refused(role, "GET", path + moment).answer.code == "invalid_input"


@pytest.mark.parametrize("route", LISTS, ids=str)
def test_3_limit_beyond_bigint(refused: Any, world: World, route: Route):
    role = caller_of(route)
    ids = near_ids(TABLE[route.key], world, role or Role.TECHNICIAN)
    for limit in ("9223372036854775808", "1" + "0" * 40, "-1", "0"):
        assert (
            refused(role, "GET", path_of(route, ids, query=f"limit={limit}")).answer.code == "invalid_input"
        )


@pytest.mark.parametrize("route", WRITES, ids=str)
def test_4_body_nested_a_thousand_deep(refused: Any, world: World, route: Route):
    role = caller_of(route)
    path = path_of(route, near_ids(TABLE[route.key], world, role or Role.TECHNICIAN))
    assert refused(role, route.method, path, body=DEEP).answer.code == "too_deep"
    refused(None, route.method, path, body=DEEP)  # before anybody is asked who he is


@pytest.mark.parametrize("text", [b'"a\\u0000b"', b'"\\ud800"', b'"\\udc00\\ud800"'])
def test_5_nul_or_lone_surrogate_in_a_json_column(refused: Any, text: bytes):
    as_value = b'{"own_url_rules":[{"path":' + text + b'}],"valid_from":"2026-01-01"}'
    as_key = b'{"own_url_rules":[{' + text + b':"x"}],"valid_from":"2026-01-01"}'
    for body in (as_value, as_key):
        assert refused(Role.QC, "POST", "label-profiles", body=body).answer.code == "bad_text"


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59", "0001-01-01T00:00:00", "2026-03-01T08:30:00"])
def test_6_naive_moment_in_a_body_is_refused_before_it_is_saved(refused: Any, world: World, moment: str):
    reading = example(TABLE["POST", "/api/v1/readings"], world, Role.TECHNICIAN)
    before = Reading.objects.count()
    answer = refused(
        Role.TECHNICIAN, "POST", "readings", body=orjson.dumps({**reading, "made_at": moment})
    ).answer
    assert [error["pointer"] for error in answer.json["errors"]] == ["/made_at"]
    assert Reading.objects.count() == before


@pytest.mark.parametrize(
    "text", [b'"\\ud800"', b'"a\\u0000"', b"15", b'"15"', b'"1_5"', '"１５"'.encode(), b"15.7"]
)
def test_7_what_is_no_uuid_in_a_foreign_key(refused: Any, text: bytes):
    refused(Role.QC, "POST", "proposals", body=b'{"batch":' + text + b',"action":"hold","reason":"x"}')
    refused(
        Role.CLERK,
        "POST",
        "cases",
        body=b'{"complaint_code":"CAK","description":"x","customer":' + text + b"}",
    )


@pytest.mark.parametrize("name", ["photo", "meta"])
def test_8_null_in_a_form(refused: Any, name: str):
    body = f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\nnull\r\n--edge--\r\n'.encode()
    kind = "multipart/form-data; boundary=edge"
    refused(Role.TECHNICIAN, "POST", "attachments", body=body, content_type=kind)
    refused(Role.TECHNICIAN, "POST", "scans/photo", body=body, content_type=kind)


@pytest.mark.parametrize("route", WRITES, ids=str)
def test_9_body_that_is_no_object(refused: Any, world: World, route: Route):
    role = caller_of(route)
    path = path_of(route, near_ids(TABLE[route.key], world, role or Role.TECHNICIAN))
    for body in (b"[]", b"1", b'"x"', b"null", b"true", b"[{}]"):
        assert refused(role, route.method, path, body=body).answer.code == "bad_json"


SILENT = [
    ("net_kg", '"１２"'.encode(), "not_decimal"),
    ("net_kg", b"true", "not_decimal"),
    ("net_kg", b'"1e3"', "not_decimal"),
    ("gtin", b"6901234567892", "not_text"),
    ("contains_count", b"1.0", "not_whole"),
    ("contains_count", b'"20"', "not_whole"),
    ("contains", b'"018f000000007000800000000000dead"', "not_uuid"),
]


@pytest.mark.parametrize(("name", "value", "code"), SILENT)
def test_what_stock_drf_stores_silently_is_refused(
    refused: Any, world: World, name: str, value: bytes, code: str
):
    pack = example(TABLE["POST", "/api/v1/products/{id}/trade-items"], world, Role.QC)
    body = orjson.dumps({**pack, name: "@@"}).replace(b'"@@"', value)
    answer = refused(Role.QC, "POST", f"products/{world.id_of('product')}/trade-items", body=body).answer
    assert [(error["pointer"], error["code"]) for error in answer.json["errors"]] == [(f"/{name}", code)]


def test_a_key_that_stands_twice_is_refused(refused: Any):
    body = b'{"batch":"018f0000-0000-7000-8000-00000000dead","reason":"a","reason":"b","action":"hold"}'
    assert refused(Role.QC, "POST", "proposals", body=body).answer.code == "bad_json"


def test_a_code_that_turns_the_writing_direction_is_refused(refused: Any, world: World):
    scan = example(TABLE["POST", "/api/v1/scans"], world, Role.TECHNICIAN)
    body = orjson.dumps({**scan, "raw": "YS\u202e10A13010260"})
    assert refused(Role.TECHNICIAN, "POST", "scans", body=body).answer.code == "bad_text"
