"""Background entry of the mass balance."""

from traceability.balance import services


def refresh_findings() -> None:
    """Every night: looks over all batches."""
    services.refresh_findings()
