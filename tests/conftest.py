"""Shared fixtures: a client per role whose every answer is checked against the OpenAPI document."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection

from backend.accounts.models import User
from tests import factories
from tests.client import ApiClient
from tests.openapi import Document, build_document


@pytest.fixture(scope="session")
def openapi() -> Document:
    """The OpenAPI document of the running code, indexed by method and address."""
    return build_document()


@pytest.fixture(autouse=True)
def _fresh_cache() -> Iterator[None]:
    """Throttles count in the cache: each test starts at zero."""
    cache.clear()
    yield


@pytest.fixture(autouse=True)
def _own_media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def sign_in(db: None, openapi: Document) -> Callable[..., ApiClient]:
    """sign_in("technician", regions=["east"]) or sign_in(user) → a client that holds that user's token."""

    def make(who: str | User, **fields: Any) -> ApiClient:
        user = who if isinstance(who, User) else factories.make_user(who, **fields)
        return ApiClient(openapi, user=user, token=factories.make_token(user))

    return make


@pytest.fixture
def anonymous(db: None, openapi: Document) -> ApiClient:
    return ApiClient(openapi)


@pytest.fixture
def all_constraints(db: None) -> Callable[[], None]:
    """Checks deferred constraints and triggers now, as a commit would."""

    def check() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    return check


def _has_zbar() -> bool:
    try:
        from pyzbar import pyzbar  # noqa: F401, PLC0415  the import is the test
    except ImportError:
        return False
    return True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that need libzbar or Chromium skip visibly where it is missing, or fail where it is required."""
    missing = {
        "zbar": None if _has_zbar() else "libzbar0 is not installed",
        "browser": None if shutil.which("chromium") else "Chromium is not installed",
    }
    for item in items:
        for name, reason in missing.items():
            if reason and item.get_closest_marker(name) and os.environ.get(f"REQUIRE_{name.upper()}") != "1":
                item.add_marker(pytest.mark.skip(reason=reason))
