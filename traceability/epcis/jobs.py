"""Background entry of the log."""

from traceability.epcis.services import append_all


def append_events() -> None:
    """Every minute: appends what is due. Safe to run twice and in parallel."""
    append_all()
