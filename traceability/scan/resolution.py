"""What a scan resolves to: the outcome, and the batch where one is named. Pure."""

from dataclasses import dataclass

from traceability.scan.candidate import Candidate
from traceability.scan.facts import BatchFact, ProductFact
from traceability.scan.question import Question
from traceability.scan.rules import Outcome, Why, verdict


@dataclass(frozen=True, slots=True)
class Resolution:
    """The answer's substance. `number` is what a nearer search should look for (None: nothing to search).

    `token`: the serial code of a single bag, as it is compared.
    """

    outcome: Outcome
    why: tuple[Why, ...]
    batch: BatchFact | None = None
    product: ProductFact | None = None
    candidates: tuple[Candidate, ...] = ()
    number: str | None = None
    serial: str | None = None
    token: str | None = None


def named(
    batch: BatchFact, question: Question, *, serial: str | None = None, beside: tuple[Why, ...] = ()
) -> Resolution:
    """The batch is settled: its verdict on the day of the scan. `beside`: reasons others than the batch gave."""
    found = verdict(
        batch.status,
        expires_on=batch.expires_on,
        label_expiry=question.label.exp,
        on=question.on,
        is_history=batch.is_history,
        beside=beside,
    )
    return Resolution(found.outcome, found.why, batch=batch, product=batch.product, serial=serial)
