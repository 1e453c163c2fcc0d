"""Builders that break on one row, or draft it longer than the log takes."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from traceability.batch.models import Batch
from traceability.epcis.batch_events import made
from traceability.epcis.shape import Draft, Goods


def fragile(ids: Sequence[UUID]) -> Iterator[tuple[UUID, Draft]]:
    if Batch.objects.filter(pk__in=ids, code="BROKEN").exists():
        raise ValueError("cannot be told")
    yield from made(ids)


SOURCES = {"batch": "tests.traceability.epcis.broken_builder.fragile"}
LONG = {"batch": "tests.traceability.epcis.broken_builder.longwinded"}
LONGWINDED: dict[str, dict[str, Any]] = {
    "LONG-CLASS": {"goods": (Goods("urn:example:lot:" + "9" * 485),)},
    "LONG-PLACE": {"location": "urn:example:plant:" + "9" * 485},
}


def longwinded(ids: Sequence[UUID]) -> Iterator[tuple[UUID, Draft]]:
    codes = dict(Batch.objects.filter(pk__in=ids).values_list("pk", "code"))
    for id, draft in made(ids):
        yield id, replace(draft, **LONGWINDED.get(codes[id], {}))
