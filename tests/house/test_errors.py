"""Refusals: permanent unique codes, texts in both languages, and a page that lists them all."""

import ast
import re
from pathlib import Path

import pytest
from django.conf import settings

from backend.core.errors import DomainError
from backend.core.refusals import markdown, raised_in, refusals
from tests.house.source import sources
from tests.house.test_translations import catalogue

PAGE = Path(settings.BASE_DIR) / "api_docs" / "problems.md"
KINDS = refusals()
# Codes apps are built on. One that is gone breaks them: take it out only with a new version of the API.
PERMANENT = Path(__file__).with_name("permanent_codes.txt")


def test_every_code_names_one_kind():
    codes = [kind.code for kind in KINDS]
    assert not {code for code in codes if codes.count(code) > 1}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
def test_refusal_is_complete(kind: type[DomainError]):
    assert re.fullmatch(r"[a-z][a-z0-9_]{2,40}", kind.code), "snake_case, permanent"
    assert "code" in vars(kind) and "title" in vars(kind), f"{kind.__name__} inherits its code or title"
    assert kind.status in (400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 426, 429, 500, 503)
    known = catalogue()
    for text in filter(None, (kind.title, kind.detail)):
        assert known.get(text), f"{text!r} is not translated (is it marked with _?)"
    assert not kind.title.endswith("."), "a title is no sentence"
    if kind.status in (429, 503):
        assert kind.retry_after_s or kind.code in ("too_many_requests", "login_locked"), (
            "says when to try again"
        )


def test_every_declared_refusal_is_known():
    """Also those no address loads: they would miss in the catalogue."""
    declared = {
        node.name
        for source in sources()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef)
        for base in node.bases
        if isinstance(base, ast.Name) and base.id in {"DomainError", *(kind.__name__ for kind in KINDS)}
    }
    assert declared <= {kind.__name__ for kind in KINDS}


def test_every_refusal_is_raised_somewhere():
    raised = raised_in()
    silent = {kind.__name__ for kind in KINDS if not raised.get(kind.__name__)}
    silent -= {
        node.id for source in sources() for node in ast.walk(source.tree) if isinstance(node, ast.Name)
    }
    assert not silent, f"Declared and never used: {silent}"


def test_no_permanent_code_is_gone():
    permanent = set(PERMANENT.read_text(encoding="utf-8").split())
    current = {kind.code for kind in KINDS}
    assert permanent <= current, f"Apps are built on {sorted(permanent - current)}"
    assert current <= permanent, (
        f"Add {sorted(current - permanent)} to {PERMANENT.name}: they are permanent now"
    )


def test_page_is_the_codes():
    assert PAGE.exists() and PAGE.read_text(encoding="utf-8") == markdown(), (
        "Write it: python3 manage.py problems_page"
    )
