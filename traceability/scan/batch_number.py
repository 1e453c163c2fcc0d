"""A batch number, in the code or typed beside it: the batch of that number, or the batches near to it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from traceability.label.label_data import LabelData
from traceability.scan.candidate import Reason, in_order, ranked
from traceability.scan.facts import BatchFact, Facts
from traceability.scan.near_code import near_codes
from traceability.scan.question import Question, comparable, gtin_of
from traceability.scan.resolution import Resolution, named
from traceability.scan.rules import Outcome, Why


def numbered(question: Question, facts: Facts) -> Resolution | None:
    """A batch number, from the code or typed beside it."""
    label = question.label
    written, typed = label.lot or label.batch, question.number
    if not written and not typed:
        return None
    if written and typed and comparable(written) != comparable(typed):
        both = [batch for text in (written, typed) for batch in _of_number(text, label=label, facts=facts)]
        return Resolution(
            Outcome.AMBIGUOUS, (Why.NUMBERS_DIFFER,), candidates=ranked(both, Reason.SAME_NUMBER, question)
        )
    number = comparable(written or typed)
    gtin = gtin_of(label)
    if gtin is not None:
        return _of_product(gtin, number, question, facts)
    batches = facts.numbers.get(number or "", [])
    if len(batches) == 1:
        return named(batches[0], question)
    if batches:
        return Resolution(
            Outcome.AMBIGUOUS,
            (Why.SEVERAL_BATCHES,),
            candidates=ranked(batches, Reason.SAME_NUMBER, question),
        )
    return Resolution(Outcome.UNKNOWN, (Why.BATCH_NOT_REGISTERED,), number=number)


def _of_number(text: str, *, label: LabelData, facts: Facts) -> list[BatchFact]:
    number = comparable(text) or ""
    own = facts.batches.get((gtin_of(label) or "", number))
    return [own] if own else facts.numbers.get(number, [])


def _of_product(gtin: str, number: str | None, question: Question, facts: Facts) -> Resolution:
    product = facts.products.get(gtin)
    batch = facts.batches.get((gtin, number or ""))
    if batch is not None:
        return named(batch, question)
    others = ranked(facts.numbers.get(number or "", []), Reason.SAME_NUMBER, question)
    if product is None:
        return Resolution(Outcome.UNKNOWN, (Why.GTIN_NOT_REGISTERED,), candidates=others, number=number)
    if others:
        return Resolution(
            Outcome.SUSPICIOUS, (Why.PRODUCT_DIFFERS,), product=product, candidates=others, number=number
        )
    return Resolution(Outcome.UNKNOWN, (Why.BATCH_NOT_REGISTERED,), product=product, number=number)


def with_near(
    found: Resolution, question: Question, *, near: Mapping[str, Sequence[BatchFact]]
) -> Resolution:
    """Adds the batches one slip away from the number nobody knows; those of the label's product only."""
    if found.number is None:
        return found
    slips = near_codes(found.number)
    candidates = list(found.candidates)
    for number in slips.keys() & near.keys():
        own = [
            batch for batch in near[number] if found.product is None or batch.product.id == found.product.id
        ]
        for candidate in ranked(own, Reason(slips[number]), question):
            candidates.append(candidate)
    return replace(found, candidates=in_order(candidates))
