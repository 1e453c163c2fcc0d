"""Hostile inputs on every operation: never a 5xx, a refusal is a problem document and changes nothing."""

import os
import sys
import time
from collections.abc import Callable
from itertools import islice

import pytest

from backend.accounts.rules import Role
from tests.client import ApiClient
from tests.house.access_table import TABLE
from tests.house.attempt import attempt
from tests.house.fingerprint import Fingerprint
from tests.house.hostile_cases import Case, Target, cases_of, mutations_of
from tests.house.operations import ROUTES, Route
from tests.house.send import caller_of, example, near_ids
from tests.house.world import World

pytestmark = pytest.mark.django_db

# One of so many cases is run here; `bench/hostile.py` runs all of them and mutations of good bodies beyond.
SHARE = int(os.environ.get("HOSTILE_SHARE", "8"))
MUTATIONS = int(os.environ.get("HOSTILE_MUTATIONS", "0"))  # per operation
KNOWN = [route for route in ROUTES if route.key in TABLE]


def target_of(route: Route, world: World) -> Target:
    cell, role = TABLE[route.key], caller_of(route) or Role.TECHNICIAN
    body = None if cell.photo else example(cell, world, role)
    return Target(world.document, route.method, route.template, near_ids(cell, world, role), cell.query, body)


def chosen(route: Route, world: World) -> list[Case]:
    """Every SHARE-th case, the start moved on from operation to operation; then the mutations asked for."""
    target = target_of(route, world)
    cases = list(cases_of(target))[ROUTES.index(route) % SHARE :: SHARE]
    return cases + list(islice(mutations_of(target, seed=str(route)), MUTATIONS))


def test_share_is_as_large_as_stated(world: World, capsys: pytest.CaptureFixture[str]):
    every = sum(1 for route in KNOWN for _case in cases_of(target_of(route, world)))
    here = sum(len(chosen(route, world)) for route in KNOWN)
    with capsys.disabled():
        sys.stdout.write(f"\nhostile inputs: {here} of {every} cases on {len(KNOWN)} operations\n")
    assert here >= 3_000 and every >= 18_000


@pytest.mark.parametrize("route", KNOWN, ids=str)
def test_no_input_gives_a_server_error(
    route: Route, world: World, untouched: Fingerprint, record_property: Callable[[str, object], None]
):
    role = caller_of(route)
    client = world.client(role) if role else world.anonymous
    wrong, slowest_s = [], 0.0
    cases = chosen(route, world)
    for case in cases:
        started = time.perf_counter()
        if fault := fault_of(case, route, client, untouched):
            wrong.append(f"{case.name}: {fault}")
        slowest_s = max(slowest_s, time.perf_counter() - started)
    record_property("cases", len(cases))
    record_property("slowest_s", slowest_s)  # told by the bench, never asserted
    assert not wrong, f"{len(wrong)} of {len(cases)} cases:\n" + "\n".join(wrong[:20])


def fault_of(case: Case, route: Route, client: ApiClient, untouched: Fingerprint) -> str:
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
