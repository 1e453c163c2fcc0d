"""Every role × operation cell: allowed, refused, anonymous."""

import pytest

from backend.accounts.rules import Can, Role
from backend.core.permissions import Open
from tests.house.access_table import TABLE
from tests.house.attempt import attempt
from tests.house.fingerprint import Fingerprint
from tests.house.operations import ROUTES, Route
from tests.house.send import allowed_roles, example, near_ids, path_of, send
from tests.house.world import World

pytestmark = pytest.mark.django_db

HOW = "Add it to tests/house/access_table.py (its first lines say how)."
# Rights that shape an answer or widen an operation that others may call too.
FIELD_RIGHTS = {Can.READ_BATCH_TESTS, Can.REVOKE_DEVICE}

every_operation = pytest.mark.parametrize("route", [r for r in ROUTES if r.key in TABLE], ids=str)


def test_every_operation_stands_in_the_access_table():
    missing = [str(route) for route in ROUTES if route.key not in TABLE]
    assert not missing, f"No cell for {missing}. {HOW}"


def test_access_table_names_no_operation_that_is_gone():
    gone = set(TABLE) - {route.key for route in ROUTES}
    assert not gone, f"The URL resolver knows none of {sorted(gone)}: take the lines out of the access table."


def test_resolver_and_openapi_document_list_the_same_operations(openapi):
    documented = {
        (method.upper(), template)
        for template, methods in openapi.body["paths"].items()
        for method in methods
    }
    assert documented == {route.key for route in ROUTES}


def test_every_right_is_used():
    assert {can for can in Can if can not in {cell.can for cell in TABLE.values()}} <= FIELD_RIGHTS


@every_operation
def test_declared_right_is_the_tables(route: Route):
    assert route.declared.can is TABLE[route.key].can


@every_operation
def test_each_role_gets_exactly_its_cell(route: Route, world: World, untouched: Fingerprint):
    cell = TABLE[route.key]
    wrong = []
    for role in Role:
        body, ids, client = example(cell, world, role), near_ids(cell, world, role), world.client(role)
        done = attempt(send, client, route, cell=cell, ids=ids, body=body, untouched=untouched)
        if role in allowed_roles(cell.can):
            status = cell.expected(role) or route.declared.status
            if done.answer.status != status:
                wrong.append(f"{role} may, expected {status}: {done}")
        elif (done.answer.status, done.answer.code) != (403, "forbidden") or done.changed:
            wrong.append(f"{role} may not, expected 403 forbidden and nothing changed: {done}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "route", [r for r in ROUTES if r.key in TABLE and TABLE[r.key].can is not Open.ANYONE], ids=str
)
def test_who_is_not_signed_in_gets_401_and_changes_nothing(
    route: Route, world: World, untouched: Fingerprint
):
    cell = TABLE[route.key]
    role = sorted(allowed_roles(cell.can))[0]
    body, ids = example(cell, world, role), near_ids(cell, world, role)
    done = attempt(send, world.anonymous, route, cell=cell, ids=ids, body=body, untouched=untouched)
    assert (done.answer.status, done.answer.code, done.changed) == (401, "not_authenticated", []), str(done)


@pytest.mark.parametrize("template", sorted({route.template for route in ROUTES}))
def test_undeclared_method_is_405_for_everybody(template: str, world: World, untouched: Fingerprint):
    routes = [route for route in ROUTES if route.template == template]
    declared = {route.method for route in routes}
    cell = TABLE[routes[0].key]
    for role in (None, Role.ADMIN, Role.QC):
        client = world.client(role) if role else world.anonymous
        path = path_of(routes[0], near_ids(cell, world, role or Role.QC))
        for method in sorted({"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"} - declared):
            done = attempt(client.request, method, path, body=b"{}", untouched=untouched)
            told = (done.answer.status, done.answer.code, done.changed)
            assert told == (405, "method_not_allowed", []), f"{role} {method}: {done}"
