"""Rows of the trace: a code to scan, the same in every place."""

from typing import Any

from tests.house.place import Place
from traceability.scan.models import CodeAlias

SCANNED = "TRACED-TAG-1"


def trace(place: Place, found: dict[str, Any]) -> dict[str, Any]:
    CodeAlias.objects.get_or_create(code=SCANNED, defaults={"batch": found["batch"], "note": "旧标签"})
    return {}
