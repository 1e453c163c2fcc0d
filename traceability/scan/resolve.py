"""Label + what the database knows → which batch this is, how sure, and what else it could be. Pure."""

from dataclasses import replace

from traceability.label.label_data import Kind, Status
from traceability.scan.batch_number import numbered
from traceability.scan.candidate import MOST_CANDIDATES, Candidate, Reason, ranked
from traceability.scan.facts import Facts
from traceability.scan.other_readings import other_readings, with_other_readings
from traceability.scan.question import Question, comparable, gtin_of
from traceability.scan.resolution import Resolution, named
from traceability.scan.rules import Outcome, Why
from traceability.scan.serial_scan import issued, names_more, not_issued, serial_of
from traceability.scan.unit_scan import in_unit
from traceability.serial.rules import TokenState

# What a doubtful read may not claim: it is likelier misread than unknown to us.
_BEYOND_DOUBT = (Outcome.UNKNOWN, Outcome.SUSPICIOUS)


def resolve(question: Question, facts: Facts) -> Resolution:
    """The order: broken → registered → serial code → unit → product and number → number → product → other readings →
    unknown. A serial code that was issued settles the batch; one that was not makes what else is found suspicious.
    """
    if question.label.status is Status.REJECT:
        return _broken(question, facts)
    registered = _registered(question, facts)
    serial = None if registered else serial_of(question, facts)
    if serial is not None and serial.batch is not None:
        return issued(serial, serial.batch, question, facts)
    if serial is not None and serial.state is TokenState.MISREAD and not names_more(question.label):
        return Resolution(Outcome.INVALID, (Why.SERIAL_MISREAD,))
    found = (
        registered
        or in_unit(question, facts)
        or numbered(question, facts)
        or _product_only(question, facts)
        or _nothing(question)
    )
    found = with_other_readings(found, question, facts)
    if not registered:
        found = not_issued(found, serial, question)
    if not question.is_confirmed and found.batch is None and found.outcome in _BEYOND_DOUBT:
        return _doubtful(found, question)
    return found


def _broken(question: Question, facts: Facts) -> Resolution:
    return Resolution(Outcome.INVALID, (Why.CODE_BROKEN,), candidates=other_readings(question, facts))


def _registered(question: Question, facts: Facts) -> Resolution | None:
    alias = next((facts.aliases[code] for code in question.asked if code in facts.aliases), None)
    if alias is None:
        return None
    if alias.batch is not None:
        return named(alias.batch, question, serial=alias.serial or None)
    number = comparable(question.number)
    own = [batch for batch in facts.numbers.get(number or "", []) if batch.product.id == alias.product.id]
    if own:
        return named(own[0], question, serial=alias.serial or None)
    return Resolution(
        Outcome.AMBIGUOUS,
        (Why.BATCH_NUMBER_MISSING if number is None else Why.BATCH_NOT_REGISTERED,),
        product=alias.product,
        serial=alias.serial or None,
    )


def _product_only(question: Question, facts: Facts) -> Resolution | None:
    gtin = gtin_of(question.label)
    if gtin is None:
        return None
    product = facts.products.get(gtin)
    if product is None:
        return Resolution(Outcome.UNKNOWN, (Why.GTIN_NOT_REGISTERED,))
    beside = [batch for batch in question.beside if batch.product.id == product.id]
    batches = ranked([*beside, *facts.recent.get(gtin, [])], Reason.BATCH_OF_PRODUCT, question)
    return Resolution(Outcome.AMBIGUOUS, (Why.BATCH_NUMBER_MISSING,), product=product, candidates=batches)


def _nothing(question: Question) -> Resolution:
    label = question.label
    pallet = label.kind is Kind.SSCC
    # A text nobody could read may still be a batch number with a slip in it.
    number = None if pallet else comparable(question.spelling)
    why = Why.PALLET_NOT_REGISTERED if pallet else Why.CODE_NOT_REGISTERED
    return Resolution(Outcome.UNKNOWN, (why,), number=number)


def _doubtful(found: Resolution, question: Question) -> Resolution:
    doubtful = Candidate(code=question.spelling, batch=None, reasons=(Reason.DOUBTFUL_READ,))
    return replace(
        found,
        outcome=Outcome.AMBIGUOUS,
        why=(Why.READ_NOT_CONFIRMED,),
        candidates=(*found.candidates, doubtful)[:MOST_CANDIDATES],
        number=None,
    )
