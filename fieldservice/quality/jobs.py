"""Background entry of signals."""

from uuid import UUID

import pghistory

from fieldservice.quality import scan_signals, services


def raise_signals(batch_id: str) -> None:
    """After a case was opened on the batch or gained evidence."""
    with pghistory.context(job="raise_signals"):
        services.raise_signals(UUID(batch_id))


def signal_far_places(scan_id: str) -> None:
    """After a scan whose unit code was seen too far away."""
    with pghistory.context(job="signal_far_places"):
        scan_signals.signal_far_places(UUID(scan_id))


def signal_diversion(scan_id: str) -> None:
    """After a scan was made at a customer: on a visit, or by a dealer."""
    with pghistory.context(job="signal_diversion"):
        scan_signals.signal_diversion(UUID(scan_id))
