"""The world of the house tests: built once per module, inside a transaction that never commits."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import override_settings

from tests.house.access_table import TABLE
from tests.house.fingerprint import Fingerprint, fingerprint
from tests.house.place import make_place
from tests.house.rows import make_rows
from tests.house.world import World, make_world
from tests.openapi import Document


@pytest.fixture(autouse=True, scope="package")
def _no_line_per_request() -> Iterator[None]:
    """Thousands of requests: their log lines would hide the message of a failing test."""
    log = logging.getLogger("saltline.request")
    level = log.level
    log.setLevel(logging.WARNING)
    yield
    log.setLevel(level)


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the world's photos lie."""
    return tmp_path_factory.mktemp("media")


@pytest.fixture(autouse=True)
def _own_media(settings: Any, media: Path) -> None:
    """One folder for the module instead of one per test: the world's photos stay readable."""
    settings.MEDIA_ROOT = media


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any, openapi: Document, media: Path) -> Iterator[World]:
    with django_db_blocker.unblock(), transaction.atomic(), override_settings(MEDIA_ROOT=media):
        yield make_world(openapi)
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def untouched(world: World) -> Fingerprint:
    """What every table holds before any request of the module."""
    return fingerprint()


@pytest.fixture(scope="module")
def full_world(world: World) -> World:
    """Three rows and more in every list."""
    for _ in range(2):
        make_rows(world.place)
    make_rows(make_place("west"))
    for cell in TABLE.values():
        if cell.grow:
            cell.grow(world)
    return world
