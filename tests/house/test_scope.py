"""Rows outside the caller's scope do not exist: not in a path, not in a body, not in a list."""

from typing import Any
from uuid import UUID

import pytest

from backend.accounts.rules import Role
from tests.client import Answer, ApiClient
from tests.house.access_table import TABLE
from tests.house.attempt import attempt
from tests.house.cell import Cell
from tests.house.fingerprint import Fingerprint
from tests.house.operations import ROUTES, Route
from tests.house.scoped import SCOPED
from tests.house.send import allowed_roles, example, far_ids, near_ids, path_of, send
from tests.house.world import World

pytestmark = pytest.mark.django_db

NOBODYS_ID = "018f0000-0000-7000-8000-00000000dead"
KNOWN = [route for route in ROUTES if route.key in TABLE]


UNHEARD_OF = {"shipping": "unheard_of", "ObjectEvent": "UnheardOfEvent", "batches": "unheard_of"}


def absent(value: str) -> str:
    """An id of the same kind as `value` that no row has."""
    try:
        UUID(value)
    except ValueError:
        if value in UNHEARD_OF or value.startswith("https%3A"):
            return UNHEARD_OF.get(value, f"{value}0")
        return "0" * len(value) if len(value) in (12, 18, 43, 64) else value
    return NOBODYS_ID


def told(answer: Answer) -> tuple[int, Any]:
    """Status and body without what differs by request."""
    return answer.status, {name: value for name, value in answer.json.items() if name != "request_id"}


@pytest.mark.parametrize("route", [r for r in KNOWN if "{" in r.template], ids=str)
def test_a_row_outside_the_scope_looks_like_no_row(route: Route, world: World, untouched: Fingerprint):
    cell = TABLE[route.key]
    wrong = []
    for role in sorted(allowed_roles(cell.can)):
        request = {"cell": cell, "body": example(cell, world, role), "untouched": untouched}
        nowhere = {name: absent(value) for name, value in near_ids(cell, world, role).items()}
        none = attempt(send, world.client(role), route, ids=nowhere, **request)
        if (none.answer.status, none.answer.code, none.changed) != (404, "not_found", []):
            wrong.append(f"{role}, an id of no row: {none}")
        elif elsewhere := far_ids(cell, world, role):
            far = attempt(send, world.client(role), route, ids=elsewhere, **request)
            if role not in cell.hidden:
                if far.answer.status in (401, 403, 404):
                    wrong.append(f"{role} sees the far row by SCOPED, but: {far}")
            elif far.answer.status != 404 or far.changed or told(far.answer) != told(none.answer):
                wrong.append(f"{role} must not see the far row, but: {far}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("route", [r for r in KNOWN if r.template.count("{") > 1], ids=str)
def test_each_id_of_a_path_is_looked_at(route: Route, world: World, untouched: Fingerprint):
    """Parent and child: neither somebody else's child under the own parent, nor the other way round."""
    cell = TABLE[route.key]
    wrong = []
    for role in sorted(allowed_roles(cell.can)):
        ids, elsewhere = near_ids(cell, world, role), far_ids(cell, world, role)
        for name in [name for name, value in ids.items() if absent(value) != value]:
            for value in (elsewhere.get(name, absent(ids[name])), absent(ids[name])):
                mixed = {**ids, name: value}
                body = example(cell, world, role)
                done = attempt(
                    send, world.client(role), route, cell=cell, ids=mixed, body=body, untouched=untouched
                )
                if role in cell.hidden and (done.answer.status != 404 or done.changed):
                    wrong.append(f"{role} with another {name}: {done}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("route", [r for r in KNOWN if TABLE[r.key].body or TABLE[r.key].photo], ids=str)
def test_an_id_in_the_body_outside_the_scope_looks_like_no_row(
    route: Route, world: World, untouched: Fingerprint
):
    cell = TABLE[route.key]
    wrong = []
    for role in sorted(allowed_roles(cell.can)):
        body, ids = example(cell, world, role), near_ids(cell, world, role)
        for name, noun in hidden_references(body, world, role):
            answers = []
            for value in (world.far_id_of(noun), absent(world.far_id_of(noun))):
                other = {**body, name: value}
                done = attempt(
                    send, world.client(role), route, cell=cell, ids=ids, body=other, untouched=untouched
                )
                answers.append(told(done.answer))
                if done.answer.status not in (400, 404, 409) or done.changed:
                    wrong.append(f"{role} names a {noun} outside the scope as {name!r}: {done}")
            if answers[0] != answers[1]:
                wrong.append(f"{role}: {name!r} tells a {noun} outside the scope from no row: {answers}")
    assert not wrong, "\n".join(wrong)


def hidden_references(body: Any, world: World, role: Role) -> list[tuple[str, str]]:
    """(member, noun) of the body's ids whose far counterpart does not exist for `role`."""
    nouns = {
        str(row.pk): noun.split("@")[0]
        for noun, row in world.near.items()
        if role in SCOPED.get(noun.split("@")[0], ())
    }
    members = body.items() if isinstance(body, dict) else ()
    return [(name, nouns[str(value)]) for name, value in members if str(value) in nouns]


@pytest.mark.parametrize("route", [r for r in KNOWN if TABLE[r.key].shows], ids=str)
def test_a_list_holds_exactly_the_rows_of_the_scope(route: Route, world: World):
    cell = TABLE[route.key]
    wrong = []
    for role in sorted(allowed_roles(cell.can)):
        shown = listed(world.client(role), route, cell=cell, ids=near_ids(cell, world, role))
        if world.id_of(cell.shows, role) not in shown:
            wrong.append(f"{role}: the own {cell.shows} is missing")
        is_hidden = role in SCOPED.get(cell.shows, ())
        if (world.far_id_of(cell.shows) in shown) == is_hidden:
            wrong.append(f"{role}: the far {cell.shows} is {'shown' if is_hidden else 'missing'}")
    assert not wrong, "\n".join(wrong)


def listed(client: ApiClient, route: Route, *, cell: Cell, ids: dict[str, str]) -> set[str]:
    """The keys of all rows of a list, page by page."""
    shown: set[str] = set()
    path = path_of(route, ids, query=f"limit=200&{cell.query}")
    cursor = ""
    while True:
        done = attempt(client.get, path + cursor)
        assert done.answer.status == 200, str(done)
        shown |= {str(item[cell.key]) for item in done.answer.json["items"]}
        if not done.answer.json["next"]:
            return shown
        cursor = f"&cursor={done.answer.json['next']}"
