"""The other ways to read a label, and the batches they lead to. Pure."""

from traceability.label.label_data import LabelData, Status
from traceability.scan.candidate import Candidate, Reason, in_order, ranked
from traceability.scan.facts import BatchFact, Facts
from traceability.scan.question import OneReading, Question, comparable, gtin_of
from traceability.scan.resolution import Resolution
from traceability.scan.rules import Outcome, Why


def with_other_readings(found: Resolution, question: Question, facts: Facts) -> Resolution:
    """Two readings that lead to two batches are never settled silently."""
    if not question.label.candidates and question.plain is question.label:
        return found
    others = [
        candidate
        for candidate in other_readings(question, facts)
        if candidate.batch and (found.batch is None or candidate.batch.id != found.batch.id)
    ]
    if not others or found.outcome is Outcome.SUSPICIOUS:
        return found
    if found.batch is not None:
        others += ranked([found.batch], Reason.SAME_NUMBER, question)
    return Resolution(
        Outcome.AMBIGUOUS,
        (Why.TWO_READINGS,),
        product=found.product if found.batch is None else None,
        candidates=in_order([*others, *found.candidates]),
    )


def other_readings(question: Question, facts: Facts) -> tuple[Candidate, ...]:
    """Batches that the label's other readings lead to."""
    batches: list[BatchFact] = []
    others: tuple[OneReading, ...] = (*question.label.candidates, *_unaided(question))
    for other in others:
        batches += facts.units.get(other.sscc or "", [])
        gtin, number = gtin_of(other), comparable(other.lot or other.batch)
        if number is None:
            continue
        own = facts.batches.get((gtin, number)) if gtin else None
        batches += [own] if own else [] if gtin in facts.products else facts.numbers.get(number, [])
    return ranked(batches, Reason.LABEL_READING, question)


def _unaided(question: Question) -> tuple[LabelData, ...]:
    same = question.plain == question.label or question.plain.status is Status.REJECT
    return () if same else (question.plain,)
