"""A write that arrives twice happens once; the same key with other content is refused."""

from typing import Any

import orjson
import pytest
from django.core.cache import cache
from django.db import transaction

from tests.client import Answer, ApiClient
from tests.house.access_table import TABLE
from tests.house.fingerprint import fingerprint
from tests.house.operations import ROUTES, Route
from tests.house.send import caller_of, example, near_ids, path_of
from tests.house.world import World

pytestmark = pytest.mark.django_db

ENDS_THE_CALLER = ("POST", "/api/v1/devices/{id}/revoke")  # the own device: nobody is left to ask again
REPLAYED = [
    route
    for route in ROUTES
    if route.key in TABLE and route.declared.takes and route.declared.replays and route.key != ENDS_THE_CALLER
]
FIELD_RECORDS = [r for r in REPLAYED if "id" in getattr(r.declared.takes, "_declared_fields", {})]


def send(client: ApiClient, route: Route, path: str, body: Any, **headers: str) -> Answer:
    cache.clear()
    return client.request(route.method, path, body=orjson.dumps(body, default=str), **headers)


def request_of(route: Route, world: World) -> tuple[ApiClient, str, Any]:
    cell, role = TABLE[route.key], caller_of(route)
    assert role is not None
    body = example(cell, world, role)
    return world.client(role), path_of(route, near_ids(cell, world, role), query=cell.query), body


@pytest.mark.parametrize("route", REPLAYED, ids=str)
def test_same_key_and_content_happen_once(route: Route, world: World):
    client, path, body = request_of(route, world)
    with transaction.atomic():
        first = send(client, route, path, body, Idempotency_Key="k-1")
        once = fingerprint()
        again = send(client, route, path, body, Idempotency_Key="k-1")
        assert 200 <= first.status < 300, first
        assert (again.status, again.json) == (first.status, first.json)
        assert again.headers["Idempotent-Replayed"] == "true"
        assert fingerprint() == once
        transaction.set_rollback(True)


@pytest.mark.parametrize("route", REPLAYED, ids=str)
def test_same_key_with_other_content_is_refused(route: Route, world: World):
    client, path, body = request_of(route, world)
    with transaction.atomic():
        send(client, route, path, body, Idempotency_Key="k-1")
        once = fingerprint()
        other = send(client, route, path, {**body, "strange": 1}, Idempotency_Key="k-1")
        assert (other.status, other.code) == (409, "id_reuse")
        assert fingerprint() == once
        transaction.set_rollback(True)


@pytest.mark.parametrize("route", FIELD_RECORDS, ids=str)
def test_field_record_needs_no_key_but_its_id(route: Route, world: World):
    client, path, body = request_of(route, world)
    with transaction.atomic():
        first = send(client, route, path, body)
        once = fingerprint()
        again = send(client, route, path, body)
        assert (again.status, again.json) == (first.status, first.json)
        assert fingerprint() == once
        assert send(client, route, path, {**body, "made_at": "2026-01-01T00:00:00Z"}).code == "id_reuse"
        assert fingerprint() == once
        transaction.set_rollback(True)


@pytest.mark.parametrize("route", REPLAYED, ids=str)
def test_refusal_leaves_the_key_free(route: Route, world: World):
    client, path, body = request_of(route, world)
    with transaction.atomic():
        assert send(client, route, path, {**body, "strange": 1}, Idempotency_Key="k-1").status == 400
        assert 200 <= send(client, route, path, body, Idempotency_Key="k-1").status < 300
        transaction.set_rollback(True)
