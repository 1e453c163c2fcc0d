"""Whose field record it is: the client-made id, the person, the phone and the three times."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from backend.accounts.models import User
from backend.core.clock import Stamp


@dataclass(frozen=True)
class Made:
    id: UUID
    by: User
    device_id: UUID | None
    stamp: Stamp

    def columns(self) -> dict[str, Any]:
        """The columns of FieldRecord."""
        return {
            "id": self.id,
            "recorded_by": self.by,
            "device_id": self.device_id,
            "device_at": self.stamp.device_at,
            "corrected_at": self.stamp.corrected_at,
            "received_at": self.stamp.received_at,
            "clock_suspect": self.stamp.suspect,
        }
