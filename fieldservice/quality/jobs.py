"""Background entry of signals."""

from uuid import UUID

import pghistory

from fieldservice.quality import services


def raise_signals(batch_id: str) -> None:
    """After a case was opened on the batch or gained evidence."""
    with pghistory.context(job="raise_signals"):
        services.raise_signals(UUID(batch_id))
