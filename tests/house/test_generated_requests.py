"""Requests that schemathesis makes of the OpenAPI document: no 5xx, no answer the document does not promise.

A short, repeatable run here; `bench/schemathesis.sh` makes it long. The path's ids are those of real rows: a random
id ends at 404 before anything is read.
"""

import os
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from tests.house.access_table import TABLE
from tests.house.attempt import attempt
from tests.house.fingerprint import Fingerprint
from tests.house.operations import ROUTES, Route
from tests.house.send import caller_of, near_ids
from tests.house.world import World

pytestmark = pytest.mark.django_db

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "3"))
SENDS = [r for r in ROUTES if r.key in TABLE and (r.declared.takes or r.declared.page or r.declared.params)]


@pytest.fixture(scope="module")
def generated(world: World) -> Any:
    return schemathesis.openapi.from_dict(world.document.body)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["valid", "invalid"])
@pytest.mark.parametrize("route", SENDS, ids=str)
def test_generated_request_is_answered_as_documented(
    route: Route, mode: GenerationMode, world: World, untouched: Fingerprint, generated: Any
):
    role = caller_of(route)
    client = world.client(role) if role else world.anonymous
    operation = generated[route.template][route.method]
    ids = near_ids(TABLE[route.key], world, role or next(iter(world.clients)))

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def run(case: Any) -> None:
        case.path_parameters = ids
        sent = requests.Request(**case.as_transport_kwargs(base_url="http://testserver")).prepare()
        done = attempt(
            client.request,
            route.method,
            str(sent.path_url),
            body=sent.body if isinstance(sent.body, bytes) else (sent.body or "").encode(),
            content_type=sent.headers.get("Content-Type", "application/json"),
            untouched=untouched,
        )
        refused = done.answer.status >= 400
        assert 200 <= done.answer.status < 500, f"{sent.path_url} {sent.body!r}: {done}"
        assert not refused or set(done.changed) <= TABLE[route.key].counts, f"{sent.body!r}: {done}"

    try:
        run()
    except Unsatisfiable:
        pytest.skip("nothing in this operation can be made invalid")
