"""The OpenAPI document: committed, without warnings, complete, and every input bounded."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.utils import translation
from drf_spectacular.validation import validate_schema

from backend.core.permissions import Open
from tests.house.operations import ROUTES, Route

COMMITTED = Path(settings.BASE_DIR) / "api_docs" / "openapi.yaml"
REGENERATE = "python3 manage.py spectacular --file api_docs/openapi.yaml --validate --fail-on-warn"


def test_committed_document_is_the_codes(tmp_path):
    fresh = tmp_path / "openapi.yaml"
    with translation.override(
        settings.LANGUAGE_CODE
    ):  # as the command has it; another test may have left its own
        call_command("spectacular", file=str(fresh), validate=True, fail_on_warn=True)
    assert COMMITTED.exists(), f"{COMMITTED} is not there. Write it: {REGENERATE}"
    same = COMMITTED.read_text(encoding="utf-8") == fresh.read_text(encoding="utf-8")
    assert same, f"The API changed. Read the difference after: {REGENERATE}"


def test_document_is_valid_openapi_3_1(openapi):
    assert openapi.body["openapi"].startswith("3.1.")
    validate_schema(openapi.body)


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_operation_says_what_it_does_who_may_and_how_it_refuses(openapi, route: Route):
    described = openapi.body["paths"][route.template][route.method.lower()]
    assert described.get("summary"), f"{route}: the first line of the method's docstring is missing"
    assert f"Right: `{route.declared.can}`" in described["description"]
    for status in ("4XX", "503"):
        assert "application/problem+json" in described["responses"][status]["content"]
    assert str(route.declared.status) in described["responses"]
    if route.declared.can is not Open.ANYONE:
        assert {"deviceToken": []} in described["security"]


def test_operation_ids_are_unique(openapi):
    ids = [
        described["operationId"]
        for methods in openapi.body["paths"].values()
        for described in methods.values()
    ]
    assert sorted(ids) == sorted(set(ids))


def test_every_input_is_bounded(openapi):
    """A text without a length, a list without a number of items or a number without a range is a door left open."""
    loose = [
        f"{name}.{member}: {why}"
        for name, schema in openapi.body["components"]["schemas"].items()
        if name.endswith("In")
        for member, inner in schema.get("properties", {}).items()
        for why in unbounded(inner)
    ]
    assert not loose, "\n".join(loose)


def unbounded(schema: dict[str, Any]) -> Iterator[str]:
    given = schema.get("type", [])
    types = given if isinstance(given, list) else [given]
    if "string" in types and not {"maxLength", "format", "enum", "pattern", "contentMediaType"} & set(schema):
        yield "no max_length"
    if "array" in types and "maxItems" not in schema:
        yield "no max_length of the list"
    if "array" in types:
        yield from unbounded(schema["items"])
    if ("integer" in types or "number" in types) and not {"minimum", "maximum"} <= set(schema):
        yield "no min_value and max_value"
