"""Lists: page by page they hold the same rows in the same order as in one go."""

import pytest
from django.core.cache import cache

from tests.client import ApiClient
from tests.house.access_table import TABLE
from tests.house.operations import ROUTES, Route
from tests.house.send import near_ids, path_of, reader_of
from tests.house.world import World

pytestmark = pytest.mark.django_db

LISTS = [route for route in ROUTES if route.key in TABLE and route.declared.page]


def walked(
    client: ApiClient, path: str, *, limit: int, way: str = "next", cursor: str = ""
) -> list[list[str]]:
    """The pages' rows as text, following `next` or `previous` to the end."""
    pages = []
    while True:
        cache.clear()
        answer = client.get(f"{path}limit={limit}" + (f"&cursor={cursor}" if cursor else ""))
        assert answer.status == 200, answer
        pages.append([str(sorted(item.items(), key=str)) for item in answer.json["items"]])
        cursor = answer.json[way]
        if not cursor:
            return pages


@pytest.mark.parametrize("route", LISTS, ids=str)
def test_pages_add_up_to_the_list(route: Route, full_world: World):
    cell, role = TABLE[route.key], reader_of(route)
    path = path_of(route, near_ids(cell, full_world, role)) + f"?{cell.query}"
    client = full_world.client(role)
    [whole] = walked(client, path, limit=200)
    for limit in (1, 2):
        pages = walked(client, path, limit=limit)
        assert [row for page in pages for row in page] == whole
        assert all(len(page) == limit for page in pages[:-1])


@pytest.mark.parametrize("route", LISTS, ids=str)
def test_list_is_bounded_and_says_where_it_goes_on(route: Route, full_world: World):
    cell, role = TABLE[route.key], reader_of(route)
    path = path_of(route, near_ids(cell, full_world, role), query="limit=1")
    first = full_world.client(role).get(path).json
    assert len(first["items"]) == 1 and first["previous"] is None and first["next"]
    second = full_world.client(role).get(f"{path}&cursor={first['next']}").json
    back = full_world.client(role).get(f"{path}&cursor={second['previous']}").json
    assert back["items"] == first["items"]
