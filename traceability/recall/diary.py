"""The recall's diary: each step with its person, time and reason."""

from uuid import UUID

from backend.accounts.models import User
from backend.core import clock
from traceability.recall.models import Recall, RecallStep
from traceability.recall.rules import StepKind

LONGEST_REASON = 1000


def note(
    recall: Recall, *, kind: StepKind, by: User | None, reason: str = "", subject_id: UUID | None = None
) -> RecallStep:
    """Writes a line; call it inside the step's transaction."""
    return RecallStep.objects.create(
        recall=recall,
        kind=kind,
        at=clock.now(),
        by=by,
        reason=reason[:LONGEST_REASON],
        subject_id=subject_id,
    )
