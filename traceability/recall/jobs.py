"""Background entry of recalls."""

from uuid import UUID

import pghistory

from traceability.recall import services


def take_in_late_shipment(shipment_id: str) -> None:
    """After goods that are recalled by now were booked as shipped before."""
    with pghistory.context(job="take_in_late_shipment"):
        services.take_in_late_shipment(UUID(shipment_id))
