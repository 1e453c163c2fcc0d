"""Label + what the database knows → which batch this is, how sure, and what else it could be. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from uuid import UUID

from backend.core.choices import Code
from backend.core.errors import mark as _
from traceability.batch.rules import BatchStatus
from traceability.label.batch_code import BadBatchCode, normalise
from traceability.label.label_data import Candidate as LabelCandidate
from traceability.label.label_data import Kind, LabelData, Status
from traceability.scan.near_code import near_codes
from traceability.scan.rules import PRECEDENCE, Outcome, Why, verdict
from traceability.serial import token
from traceability.serial.rules import TokenState

MOST_CANDIDATES = 5
LONGEST_REGISTERED = 300  # CodeAlias.code


@dataclass(frozen=True, slots=True)
class ProductFact:
    id: UUID
    sku: str
    name_zh: str
    name_en: str


@dataclass(frozen=True, slots=True)
class BatchFact:
    """A batch as the look-up brought it. `shipped_here`: to a customer in one of the caller's regions.

    `is_numbered`: its packs of the trade number asked for carry serial codes; told only where the label has one.
    """

    id: UUID
    code: str
    code_norm: str
    status: BatchStatus
    produced_on: date
    expires_on: date | None
    plant: str
    open_cases: int
    open_proposals: int
    product: ProductFact
    shipped_here: bool = False
    is_numbered: bool = False


@dataclass(frozen=True, slots=True)
class SerialFact:
    """A token whose prefix is ours; `batch` where its number was given to one."""

    token: str
    state: TokenState
    batch: BatchFact | None


@dataclass(frozen=True, slots=True)
class AliasFact:
    """What a registered code stands for: a batch, or a pack of a product (and its serial number)."""

    product: ProductFact
    batch: BatchFact | None
    serial: str


@dataclass
class Facts:
    """What is known of the keys that were asked. A key that is missing here is not registered.

    `aliases`: code → target. `products`: GTIN-14 → product. `batches`: (GTIN-14, number) → batch.
    `numbers`: number → batches of any product. `recent`: GTIN-14 → its newest batches. `units`: SSCC → batches
    in the whole of the unit. `serials`: token → serial code of a single bag. Numbers are normalised.
    """

    profile_id: UUID | None = None
    aliases: dict[str, AliasFact] = field(default_factory=dict)
    products: dict[str, ProductFact] = field(default_factory=dict)
    batches: dict[tuple[str, str], BatchFact] = field(default_factory=dict)
    numbers: dict[str, list[BatchFact]] = field(default_factory=dict)
    recent: dict[str, list[BatchFact]] = field(default_factory=dict)
    units: dict[str, list[BatchFact]] = field(default_factory=dict)
    serials: dict[str, SerialFact] = field(default_factory=dict)


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


@dataclass(frozen=True, slots=True)
class Question:
    """One scan to be resolved. `number`: a batch number typed beside the code. `on`: the day of the scan.

    `plain` is the label as it reads without knowing what is registered, where that is another reading.
    `beside`: batches whose codes are in the same photo. `spelling`: the code without the
    reader's identifier; `asked`: every spelling by which it may be registered.
    """

    label: LabelData
    plain: LabelData
    on: date
    spelling: str = ""
    asked: tuple[str, ...] = ()
    number: str | None = None
    is_confirmed: bool = True
    beside: tuple[BatchFact, ...] = ()


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


# What a doubtful read may not claim: it is likelier misread than unknown to us.
_BEYOND_DOUBT = (Outcome.UNKNOWN, Outcome.SUSPICIOUS)


@lru_cache(maxsize=1024)
def comparable(number: str | None) -> str | None:
    """A lot or batch number as batches are compared; None where no batch can be named so."""
    if not number:
        return None
    try:
        return normalise(number)
    except BadBatchCode:
        return None


def resolve(question: Question, facts: Facts) -> Resolution:
    """The order: broken → registered → serial code → unit → product and number → number → product → other readings →
    unknown. A serial code that was issued settles the batch; one that was not makes what else is found suspicious.
    """
    if question.label.status is Status.REJECT:
        return _broken(question, facts)
    registered = _registered(question, facts)
    serial = None if registered else _serial(question, facts)
    if serial is not None and serial.batch is not None:
        return _issued(serial, serial.batch, question, facts)
    if serial is not None and serial.state is TokenState.MISREAD and not _names_more(question.label):
        return Resolution(Outcome.INVALID, (Why.SERIAL_MISREAD,))
    found = (
        registered
        or _in_unit(question, facts)
        or _numbered(question, facts)
        or _product_only(question, facts)
        or _nothing(question)
    )
    found = _with_other_readings(found, question, facts)
    if not registered:
        found = _not_issued(found, serial, question)
    if not question.is_confirmed and found.batch is None and found.outcome in _BEYOND_DOUBT:
        return _doubtful(found, question)
    return found


def _broken(question: Question, facts: Facts) -> Resolution:
    return Resolution(Outcome.INVALID, (Why.CODE_BROKEN,), candidates=_readings(question, facts))


def _named(
    batch: BatchFact, question: Question, *, serial: str | None = None, beside: tuple[Why, ...] = ()
) -> Resolution:
    found = verdict(
        batch.status,
        expires_on=batch.expires_on,
        label_expiry=question.label.exp,
        on=question.on,
        beside=beside,
    )
    return Resolution(found.outcome, found.why, batch=batch, product=batch.product, serial=serial)


def _registered(question: Question, facts: Facts) -> Resolution | None:
    alias = next((facts.aliases[code] for code in question.asked if code in facts.aliases), None)
    if alias is None:
        return None
    if alias.batch is not None:
        return _named(alias.batch, question, serial=alias.serial or None)
    number = comparable(question.number)
    own = [batch for batch in facts.numbers.get(number or "", []) if batch.product.id == alias.product.id]
    if own:
        return _named(own[0], question, serial=alias.serial or None)
    return Resolution(
        Outcome.AMBIGUOUS,
        (Why.BATCH_NUMBER_MISSING if number is None else Why.BATCH_NOT_REGISTERED,),
        product=alias.product,
        serial=alias.serial or None,
    )


def serial_in(label: LabelData, *, spelling: str) -> str | None:
    """The label's serial number, else all of the text where that is a serial code of ours; as it is compared."""
    found = token.read(label.serial or label.token or spelling)
    return found.text if found else label.serial or label.token


def _names_more(label: LabelData) -> bool:
    """Whether the label says what it is beside its serial number."""
    return bool(label.lot or label.batch or label.gtin or label.content_gtin or label.sscc)


def _serial(question: Question, facts: Facts) -> SerialFact | None:
    """The serial code, unless its text is the number of a batch or of a pallet as well."""
    label = question.label
    if not (label.serial or label.token) and (
        label.sscc or label.lot or facts.numbers.get(comparable(label.batch) or "")
    ):
        return None
    return facts.serials.get(serial_in(label, spelling=question.spelling) or "")


def _issued(serial: SerialFact, batch: BatchFact, question: Question, facts: Facts) -> Resolution:
    """The batch the serial code was given to; the print around it may say otherwise."""
    typed = comparable(question.number)
    if typed is not None and typed != batch.code_norm:
        both = [batch, *facts.numbers.get(typed, [])]
        return Resolution(
            Outcome.AMBIGUOUS,
            (Why.NUMBERS_DIFFER,),
            candidates=_ranked(both, Reason.SAME_NUMBER, question),
            token=serial.token,
        )
    beside = (
        *((Why.SERIAL_DIFFERS,) if _label_differs(question.label, batch, facts) else ()),
        *((Why.SERIAL_WITHDRAWN,) if serial.state is TokenState.WITHDRAWN else ()),
    )
    return replace(_named(batch, question, beside=beside), token=serial.token)


def _label_differs(label: LabelData, batch: BatchFact, facts: Facts) -> bool:
    gtin = gtin_of(label)
    product = facts.products.get(gtin) if gtin else batch.product
    if product is None or product.id != batch.product.id:
        return True
    written = label.lot or (label.batch if label.serial or label.token else None)
    return written is not None and comparable(written) != batch.code_norm


def _not_issued(found: Resolution, serial: SerialFact | None, question: Question) -> Resolution:
    """A right code nobody issued, or any other serial number where the packs carry our codes, stands on a copy."""
    label = question.label
    is_foreign = bool(found.batch and found.batch.is_numbered and (label.serial or label.token))
    if not is_foreign and (serial is None or serial.state is not TokenState.NOT_ISSUED):
        return found
    code = serial.token if serial else None
    if found.batch is not None:
        return replace(_named(found.batch, question, beside=(Why.SERIAL_NOT_ISSUED,)), token=code)
    return Resolution(
        Outcome.SUSPICIOUS,
        (Why.SERIAL_NOT_ISSUED,),
        product=found.product,
        candidates=found.candidates,
        token=code,
    )


def _in_unit(question: Question, facts: Facts) -> Resolution | None:
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
        return _named(batches[0], question)
    candidates = _by_danger(batches, question)
    gravest = candidates[0].batch
    assert gravest is not None
    found = _named(gravest, question)
    if found.outcome is Outcome.OK:
        return Resolution(Outcome.AMBIGUOUS, (Why.SEVERAL_IN_UNIT,), candidates=candidates)
    # Whoever holds the pallet must not miss the danger because other goods on it are good.
    return replace(found, why=(*found.why, Why.SEVERAL_IN_UNIT), candidates=candidates)


def _by_danger(batches: Sequence[BatchFact], question: Question) -> tuple[Candidate, ...]:
    """The batches of a unit, the gravest first, at most five."""

    def gravity(batch: BatchFact) -> tuple[int, str]:
        return PRECEDENCE.index(_named(batch, question).outcome), batch.code

    ordered = sorted(batches, key=gravity)
    return tuple(
        Candidate(code=batch.code, batch=batch, reasons=(Reason.IN_SAME_UNIT,)) for batch in ordered
    )[:MOST_CANDIDATES]


OneReading = LabelData | LabelCandidate


def gtin_of(reading: OneReading) -> str | None:
    """The trade number that tells the product: of the item, or of what a pallet holds."""
    return reading.gtin or (reading.content_gtin if isinstance(reading, LabelData) else None)


def readings_of(label: LabelData) -> tuple[OneReading, ...]:
    """The label's own reading and the other ways to read it."""
    return (label, *label.candidates)


def _numbered(question: Question, facts: Facts) -> Resolution | None:
    """A batch number, from the code or typed beside it."""
    label = question.label
    written, typed = label.lot or label.batch, question.number
    if not written and not typed:
        return None
    if written and typed and comparable(written) != comparable(typed):
        both = [batch for text in (written, typed) for batch in _of_number(text, label=label, facts=facts)]
        return Resolution(
            Outcome.AMBIGUOUS, (Why.NUMBERS_DIFFER,), candidates=_ranked(both, Reason.SAME_NUMBER, question)
        )
    number = comparable(written or typed)
    gtin = gtin_of(label)
    if gtin is not None:
        return _of_product(gtin, number, question, facts)
    batches = facts.numbers.get(number or "", [])
    if len(batches) == 1:
        return _named(batches[0], question)
    if batches:
        return Resolution(
            Outcome.AMBIGUOUS,
            (Why.SEVERAL_BATCHES,),
            candidates=_ranked(batches, Reason.SAME_NUMBER, question),
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
        return _named(batch, question)
    others = _ranked(facts.numbers.get(number or "", []), Reason.SAME_NUMBER, question)
    if product is None:
        return Resolution(Outcome.UNKNOWN, (Why.GTIN_NOT_REGISTERED,), candidates=others, number=number)
    if others:
        return Resolution(
            Outcome.SUSPICIOUS, (Why.PRODUCT_DIFFERS,), product=product, candidates=others, number=number
        )
    return Resolution(Outcome.UNKNOWN, (Why.BATCH_NOT_REGISTERED,), product=product, number=number)


def _product_only(question: Question, facts: Facts) -> Resolution | None:
    gtin = gtin_of(question.label)
    if gtin is None:
        return None
    product = facts.products.get(gtin)
    if product is None:
        return Resolution(Outcome.UNKNOWN, (Why.GTIN_NOT_REGISTERED,))
    beside = [batch for batch in question.beside if batch.product.id == product.id]
    batches = _ranked([*beside, *facts.recent.get(gtin, [])], Reason.BATCH_OF_PRODUCT, question)
    return Resolution(Outcome.AMBIGUOUS, (Why.BATCH_NUMBER_MISSING,), product=product, candidates=batches)


def _nothing(question: Question) -> Resolution:
    label = question.label
    pallet = label.kind is Kind.SSCC
    # A text nobody could read may still be a batch number with a slip in it.
    number = None if pallet else comparable(question.spelling)
    why = Why.PALLET_NOT_REGISTERED if pallet else Why.CODE_NOT_REGISTERED
    return Resolution(Outcome.UNKNOWN, (why,), number=number)


def _readings(question: Question, facts: Facts) -> tuple[Candidate, ...]:
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
    return _ranked(batches, Reason.LABEL_READING, question)


def _unaided(question: Question) -> tuple[LabelData, ...]:
    same = question.plain == question.label or question.plain.status is Status.REJECT
    return () if same else (question.plain,)


def _with_other_readings(found: Resolution, question: Question, facts: Facts) -> Resolution:
    """Two readings that lead to two batches are never settled silently."""
    if not question.label.candidates and question.plain is question.label:
        return found
    others = [
        candidate
        for candidate in _readings(question, facts)
        if candidate.batch and (found.batch is None or candidate.batch.id != found.batch.id)
    ]
    if not others or found.outcome is Outcome.SUSPICIOUS:
        return found
    if found.batch is not None:
        others += _ranked([found.batch], Reason.SAME_NUMBER, question)
    return Resolution(
        Outcome.AMBIGUOUS,
        (Why.TWO_READINGS,),
        product=found.product if found.batch is None else None,
        candidates=in_order([*others, *found.candidates]),
    )


def _doubtful(found: Resolution, question: Question) -> Resolution:
    doubtful = Candidate(code=question.spelling, batch=None, reasons=(Reason.DOUBTFUL_READ,))
    return replace(
        found,
        outcome=Outcome.AMBIGUOUS,
        why=(Why.READ_NOT_CONFIRMED,),
        candidates=(*found.candidates, doubtful)[:MOST_CANDIDATES],
        number=None,
    )


def _ranked(batches: Iterable[BatchFact], reason: Reason, question: Question) -> tuple[Candidate, ...]:
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
        for candidate in _ranked(own, Reason(slips[number]), question):
            candidates.append(candidate)
    return replace(found, candidates=in_order(candidates))
