"""Batches a code could mean: why each stands in the list, and which is the likeliest. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from backend.core.choices import Code
from backend.core.errors import mark as _
from traceability.scan.facts import BatchFact
from traceability.scan.question import Question

MOST_CANDIDATES = 5


class Reason(Code):
    """Why a batch stands in the list of candidates."""

    LABEL_READING = "label_reading"
    SAME_NUMBER = "same_number"
    BATCH_OF_PRODUCT = "batch_of_product"
    EXPIRY_MATCHES = "expiry_matches"
    SHIPPED_TO_YOUR_REGION = "shipped_to_your_region"
    IN_SAME_UNIT = "in_same_unit"
    IN_SAME_PHOTO = "in_same_photo"
    DOUBTFUL_READ = "doubtful_read"
    NEWEST = "newest"
    LOOKS_ALIKE = "looks_alike"
    SWAPPED = "swapped"
    ONE_MORE = "one_more"
    ONE_DIGIT_OFF = "one_digit_off"


REASON_TEXTS: Mapping[Reason, str] = {
    Reason.LABEL_READING: _("Another way to read the code"),
    Reason.SAME_NUMBER: _("Carries this batch number"),
    Reason.BATCH_OF_PRODUCT: _("A batch of this product"),
    Reason.EXPIRY_MATCHES: _("Its date is the one on the label"),
    Reason.SHIPPED_TO_YOUR_REGION: _("Was shipped to your region"),
    Reason.IN_SAME_UNIT: _("Lies in this unit"),
    Reason.IN_SAME_PHOTO: _("Its code is in the same photo"),
    Reason.DOUBTFUL_READ: _("Read with doubt"),
    Reason.NEWEST: _("The newest of them"),
    Reason.LOOKS_ALIKE: _("The number looks alike"),
    Reason.SWAPPED: _("Two characters are swapped"),
    Reason.ONE_MORE: _("One character less"),
    Reason.ONE_DIGIT_OFF: _("One digit differs"),
}
# Own judgement: what the code itself says outweighs where goods went, that outweighs age.
_WEIGHTS: Mapping[Reason, int] = {
    Reason.IN_SAME_PHOTO: 64,
    Reason.IN_SAME_UNIT: 56,
    Reason.LABEL_READING: 48,
    Reason.SAME_NUMBER: 40,
    Reason.EXPIRY_MATCHES: 32,
    Reason.LOOKS_ALIKE: 24,
    Reason.SWAPPED: 20,
    Reason.ONE_MORE: 16,
    Reason.SHIPPED_TO_YOUR_REGION: 12,
    Reason.ONE_DIGIT_OFF: 8,
    Reason.NEWEST: 4,
    Reason.BATCH_OF_PRODUCT: 2,
    Reason.DOUBTFUL_READ: 1,
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the code could mean. `batch` is None for a mere text (a doubtful read)."""

    code: str
    batch: BatchFact | None
    reasons: tuple[Reason, ...]

    @property
    def weight(self) -> int:
        return sum(_WEIGHTS[reason] for reason in self.reasons)


def ranked(batches: Iterable[BatchFact], reason: Reason, question: Question) -> tuple[Candidate, ...]:
    """The batches with `reason` and all else that speaks for each, in order."""
    unique = list({batch.id: batch for batch in batches}.values())
    newest = max((batch.produced_on for batch in unique), default=None)
    candidates = []
    for batch in unique:
        reasons = [reason]
        if question.label.exp and batch.expires_on == question.label.exp:
            reasons.append(Reason.EXPIRY_MATCHES)
        if batch.shipped_here:
            reasons.append(Reason.SHIPPED_TO_YOUR_REGION)
        if any(batch.id == other.id for other in question.beside):
            reasons.append(Reason.IN_SAME_PHOTO)
        if len(unique) > 1 and batch.produced_on == newest:
            reasons.append(Reason.NEWEST)
        candidates.append(Candidate(code=batch.code, batch=batch, reasons=tuple(reasons)))
    return in_order(candidates)


def in_order(candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """The likeliest first, then the newest, then by code; each batch once, at most five."""
    ordered = sorted(
        candidates,
        key=lambda item: (
            -item.weight,
            -item.batch.produced_on.toordinal() if item.batch else 0,
            item.code,
        ),
    )
    unique = {(item.batch.id if item.batch else item.code): item for item in reversed(ordered)}
    return tuple(item for item in ordered if unique[item.batch.id if item.batch else item.code] is item)[
        :MOST_CANDIDATES
    ]
