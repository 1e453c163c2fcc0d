"""A builder that breaks on one row."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from traceability.batch.models import Batch
from traceability.epcis.batch_events import made
from traceability.epcis.shape import Draft


def fragile(ids: Sequence[UUID]) -> Iterator[tuple[UUID, Draft]]:
    if Batch.objects.filter(pk__in=ids, code="BROKEN").exists():
        raise ValueError("cannot be told")
    yield from made(ids)


SOURCES = {"batch": "tests.traceability.epcis.broken_builder.fragile"}
