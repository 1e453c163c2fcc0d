"""The world of the house tests: built once per module, inside a transaction that never commits."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from tests.house.fingerprint import Fingerprint, fingerprint
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
def world(django_db_setup: None, django_db_blocker: Any, openapi: Document) -> Iterator[World]:
    with django_db_blocker.unblock(), transaction.atomic():
        yield make_world(openapi)
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def untouched(world: World) -> Fingerprint:
    """What every table holds before any request of the module."""
    return fingerprint()
