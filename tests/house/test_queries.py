"""Query counts: a list costs the same with one row and with three, and no reading operation costs more than it did."""

import json
import os
from pathlib import Path

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backend.core.permissions import Open
from tests.client import ApiClient
from tests.house.access_table import TABLE
from tests.house.operations import ROUTES, Route
from tests.house.send import near_ids, path_of, reader_of
from tests.house.world import World

pytestmark = pytest.mark.django_db

RATCHET = Path(__file__).with_name("query_counts.json")
RECORD = os.environ.get("RECORD_QUERY_COUNTS") == "1"
READS = [route for route in ROUTES if route.method == "GET" and route.key in TABLE]
LISTS = [route for route in READS if route.declared.page]


def queries_of(client: ApiClient, path: str) -> tuple[list[str], int]:
    """(statements, items) of one GET."""
    cache.clear()
    with CaptureQueriesContext(
        connection,
    ) as captured:
        answer = client.get(path)
    assert answer.status in (200, 204), answer
    is_json = answer.headers.get("Content-Type", "").startswith("application/json")
    items = answer.json.get("items", []) if is_json and isinstance(answer.json, dict) else []
    return [query["sql"] for query in captured.captured_queries], len(items)


def client_of(route: Route, world: World) -> ApiClient:
    cell = TABLE[route.key]
    return world.anonymous if cell.can is Open.ANYONE else world.client(reader_of(route))


@pytest.mark.parametrize("route", LISTS, ids=str)
def test_list_costs_the_same_with_one_row_and_with_three(route: Route, full_world: World):
    cell = TABLE[route.key]
    client, ids = client_of(route, full_world), near_ids(cell, full_world, reader_of(route))
    counts = {}
    for rows in (1, 3):
        query = "&".join(filter(None, [cell.query, f"limit={rows}"]))
        counts[rows], items = queries_of(client, path_of(route, ids, query=query))
        assert items == rows, f"{route} holds {items} of {rows} rows: give its cell a `grow`"
    more = counts[3][len(counts[1]) :]
    assert len(counts[3]) == len(counts[1]), f"{len(more)} more statements for two more rows:\n" + "\n".join(
        more
    )


def test_no_reading_operation_costs_more_than_recorded(full_world: World):
    counts = {}
    for route in READS:
        cell, role = TABLE[route.key], reader_of(route)
        path = path_of(route, near_ids(cell, full_world, role), query=cell.query)
        counts[str(route)] = len(queries_of(client_of(route, full_world), path)[0])
    if RECORD:
        RATCHET.write_text(json.dumps(counts, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    recorded = json.loads(RATCHET.read_text(encoding="utf-8"))
    costlier = {name: (recorded.get(name), n) for name, n in counts.items() if n > recorded.get(name, -1)}
    assert not costlier, (
        f"(recorded, now): {costlier}. Fewer queries, or a reason in the commit and "
        "RECORD_QUERY_COUNTS=1 python3 manage.py test tests/house/test_queries.py -n0"
    )
    assert set(recorded) <= set(counts), f"gone: {set(recorded) - set(counts)}"
