"""The log of trace events: what all the other rows became, and a document of somebody else."""

import hashlib
from typing import Any

from backend.core.ids import uuid7
from tests.house.place import Place
from tests.traceability.epcis.samples import document, event
from traceability.epcis.capture import capture_document
from traceability.epcis.models import TraceEvent
from traceability.epcis.rules import ErrorBehaviour
from traceability.epcis.services import append_all


def events(place: Place, found: dict[str, Any]) -> dict[str, Any]:
    append_all()
    body = document(event(eventID=f"urn:uuid:{uuid7()}"))
    job = capture_document(
        body,
        behaviour=ErrorBehaviour.ROLLBACK,
        digest=hashlib.sha256(place.region.encode()).hexdigest(),
        by=place.colleagues["qc"],
    )
    made = TraceEvent.objects.get(source="batch", source_id=found["batch"].pk)
    return {"trace_event": made, "capture_job": job}
