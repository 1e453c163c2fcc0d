"""The number of a pallet or case: the batches that lie in the unit, the gravest first. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from traceability.scan.candidate import MOST_CANDIDATES, Candidate, Reason
from traceability.scan.facts import BatchFact, Facts
from traceability.scan.question import Question, comparable
from traceability.scan.resolution import Resolution, named
from traceability.scan.rules import PRECEDENCE, Outcome, Why


def in_unit(question: Question, facts: Facts) -> Resolution | None:
    """A registered unit: its one batch; of several the gravest one where one must not be sold."""
    label = question.label
    batches = facts.units.get(label.sscc or "")
    if batches is None or label.lot or label.batch:
        return None
    if not batches:
        return Resolution(Outcome.AMBIGUOUS, (Why.UNIT_EMPTY,))
    if question.number:
        number = comparable(question.number)
        typed = [batch for batch in batches if batch.code_norm == number]
        if not typed:
            return Resolution(
                Outcome.AMBIGUOUS, (Why.NUMBERS_DIFFER,), candidates=_by_danger(batches, question)
            )
        batches = typed
    if len(batches) == 1:
        return named(batches[0], question)
    candidates = _by_danger(batches, question)
    gravest = candidates[0].batch
    assert gravest is not None
    found = named(gravest, question)
    if found.outcome is Outcome.OK:
        return Resolution(Outcome.AMBIGUOUS, (Why.SEVERAL_IN_UNIT,), candidates=candidates)
    # Whoever holds the pallet must not miss the danger because other goods on it are good.
    return replace(found, why=(*found.why, Why.SEVERAL_IN_UNIT), candidates=candidates)


def _by_danger(batches: Sequence[BatchFact], question: Question) -> tuple[Candidate, ...]:
    """The batches of a unit, the gravest first, at most five."""

    def gravity(batch: BatchFact) -> tuple[int, str]:
        return PRECEDENCE.index(named(batch, question).outcome), batch.code

    ordered = sorted(batches, key=gravity)
    return tuple(
        Candidate(code=batch.code, batch=batch, reasons=(Reason.IN_SAME_UNIT,)) for batch in ordered
    )[:MOST_CANDIDATES]
