"""The serial code of a single bag: the batch it was issued for, and what speaks of a copy. Pure."""

from dataclasses import replace

from traceability.label.label_data import LabelData
from traceability.scan.candidate import Reason, ranked
from traceability.scan.facts import BatchFact, Facts, SerialFact
from traceability.scan.question import Question, comparable, gtin_of, serial_in
from traceability.scan.resolution import Resolution, named
from traceability.scan.rules import Outcome, Why
from traceability.serial.rules import TokenState


def serial_of(question: Question, facts: Facts) -> SerialFact | None:
    """The serial code, unless its text is the number of a batch or of a pallet as well."""
    label = question.label
    if not (label.serial or label.token) and (
        label.sscc or label.lot or facts.numbers.get(comparable(label.batch) or "")
    ):
        return None
    return facts.serials.get(serial_in(label, spelling=question.spelling) or "")


def names_more(label: LabelData) -> bool:
    """Whether the label says what it is beside its serial number."""
    return bool(label.lot or label.batch or label.gtin or label.content_gtin or label.sscc)


def issued(serial: SerialFact, batch: BatchFact, question: Question, facts: Facts) -> Resolution:
    """The batch the serial code was given to; the print around it may say otherwise."""
    typed = comparable(question.number)
    if typed is not None and typed != batch.code_norm:
        both = [batch, *facts.numbers.get(typed, [])]
        return Resolution(
            Outcome.AMBIGUOUS,
            (Why.NUMBERS_DIFFER,),
            candidates=ranked(both, Reason.SAME_NUMBER, question),
            token=serial.token,
        )
    beside = (
        *((Why.SERIAL_DIFFERS,) if _label_differs(question.label, batch, facts) else ()),
        *((Why.SERIAL_WITHDRAWN,) if serial.state is TokenState.WITHDRAWN else ()),
    )
    return replace(named(batch, question, beside=beside), token=serial.token)


def _label_differs(label: LabelData, batch: BatchFact, facts: Facts) -> bool:
    gtin = gtin_of(label)
    product = facts.products.get(gtin) if gtin else batch.product
    if product is None or product.id != batch.product.id:
        return True
    written = label.lot or (label.batch if label.serial or label.token else None)
    return written is not None and comparable(written) != batch.code_norm


def not_issued(found: Resolution, serial: SerialFact | None, question: Question) -> Resolution:
    """A right code nobody issued, or any other serial number where the packs carry our codes, stands on a copy."""
    label = question.label
    is_foreign = bool(found.batch and found.batch.is_numbered and (label.serial or label.token))
    if not is_foreign and (serial is None or serial.state is not TokenState.NOT_ISSUED):
        return found
    code = serial.token if serial else None
    if found.batch is not None:
        return replace(named(found.batch, question, beside=(Why.SERIAL_NOT_ISSUED,)), token=code)
    return Resolution(
        Outcome.SUSPICIOUS,
        (Why.SERIAL_NOT_ISSUED,),
        product=found.product,
        candidates=found.candidates,
        token=code,
    )
