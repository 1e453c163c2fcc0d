"""Background entry of the mass balance."""

from uuid import UUID

from traceability.balance import services


def refresh_findings() -> None:
    """Every night: looks over all batches."""
    services.refresh_findings()


def refresh_balance(batch_id: str) -> None:
    """Judges the batch by its new stock count."""
    services.refresh_balance([UUID(batch_id)])
