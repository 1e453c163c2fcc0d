"""Hostile inputs on every operation: never a 5xx, a refusal is a problem document and changes nothing."""

import os
from typing import Any

import pytest

from backend.accounts.rules import Role
from backend.core.permissions import Open
from tests.house.access_table import TABLE
from tests.house.attempt import attempt
from tests.house.fingerprint import Fingerprint
from tests.house.hostile_cases import Case, Target, cases_of
from tests.house.operations import ROUTES, Route
from tests.house.send import allowed_roles, example, near_ids
from tests.house.world import World

pytestmark = pytest.mark.django_db

# One of so many cases is run here; `bench/hostile.py` runs them all.
SHARE = int(os.environ.get("HOSTILE_SHARE", "4"))
PREFERRED = (Role.TECHNICIAN, Role.QC, Role.CLERK, Role.LOGISTICS)


def caller_of(route: Route) -> Role | None:
    """Who sends: a role that may, nobody where nobody needs to sign in."""
    cell = TABLE[route.key]
    if cell.can is Open.ANYONE:
        return None
    allowed = allowed_roles(cell.can)
    return next((role for role in PREFERRED if role in allowed), sorted(allowed)[0])


def target_of(route: Route, world: World) -> Target:
    cell, role = TABLE[route.key], caller_of(route) or Role.TECHNICIAN
    body = None if cell.photo else example(cell, world, role)
    return Target(world.document, route.method, route.template, near_ids(cell, world, role), cell.query, body)


def share_of(cases: list[Case], *, offset: int) -> list[Case]:
    """Every SHARE-th case, the start moved on from operation to operation."""
    return cases[offset % SHARE :: SHARE]


@pytest.mark.parametrize("route", [r for r in ROUTES if r.key in TABLE], ids=str)
def test_no_input_gives_a_server_error(
    route: Route, world: World, untouched: Fingerprint, record_property: Any
):
    role = caller_of(route)
    client = world.client(role) if role else world.anonymous
    chosen = share_of(list(cases_of(target_of(route, world))), offset=ROUTES.index(route))
    record_property("cases", len(chosen))
    wrong = [
        f"{case.name}: {fault}" for case in chosen if (fault := fault_of(case, route, client, untouched))
    ]
    assert not wrong, f"{len(wrong)} of {len(chosen)} cases:\n" + "\n".join(wrong[:20])


def fault_of(case: Case, route: Route, client: Any, untouched: Fingerprint) -> str:
    """What is wrong with the answer to one case; empty where nothing is."""
    done = attempt(
        client.request,
        route.method,
        case.path,
        body=case.body,
        content_type=case.content_type,
        untouched=untouched,
        **case.headers,
    )
    status = done.answer.status
    if status >= 500 or not status:
        return str(done)
    if status >= 400 and set(done.changed) - TABLE[route.key].counts:
        return f"refused, but changed {done.changed}"
    if status < 400 and case.refused:
        return f"accepted: {done}"
    return ""
