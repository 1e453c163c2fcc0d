"""The two clocks of a recall as its row has them. Reads."""

from datetime import datetime, time, timedelta

from backend.core.clock import FACTORY_ZONE
from traceability.recall.models import Recall
from traceability.recall.rules import Clock, ClockFace


def clocks_of(recall: Recall) -> dict[Clock, ClockFace]:
    """Start: answered by the announcement. Finish: there once it is announced; the whole last day counts."""
    found = {Clock.START: ClockFace(due_at=recall.start_due_at, answered_at=recall.announced_at)}
    if recall.finish_due_on is not None:
        midnight = datetime.combine(recall.finish_due_on + timedelta(days=1), time(), tzinfo=FACTORY_ZONE)
        found[Clock.FINISH] = ClockFace(
            due_at=midnight, answered_at=recall.finished_at, is_provisional=recall.is_finish_provisional
        )
    return found
