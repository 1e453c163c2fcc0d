"""Background entry of cases."""

from uuid import UUID

import pghistory

from backend.core import clock
from fieldservice.case import services


def open_quality_case(reading_id: str) -> None:
    """After an out-of-spec reading."""
    with pghistory.context(job="open_quality_case"):
        services.open_quality_case(UUID(reading_id), at=clock.now())
