"""Background entry of imports."""

from uuid import UUID

from traceability.imports import services


def run_import(import_id: str) -> None:
    """Works through the file, or goes on where a stopped worker was."""
    services.run_import(UUID(import_id))


def look_over(import_id: str) -> None:
    """What came in may have faults that no single row shows."""
    services.look_over(UUID(import_id))
