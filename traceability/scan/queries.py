"""Reads: what codes mean, and who sees which scans, unknown codes, aliases and profiles."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Q, QuerySet

from backend.accounts.models import User
from backend.accounts.queries import region_scope
from backend.accounts.rules import Role
from backend.core import clock
from backend.core.attachment import uploaded_by
from backend.core.errors import InvalidInput
from backend.core.errors import mark as _
from traceability.batch.models import Batch
from traceability.label.label_data import LabelData
from traceability.product.models import TradeItem
from traceability.scan.batch_number import with_near
from traceability.scan.facts import Facts
from traceability.scan.look_up import look_up, shipped_to
from traceability.scan.models import CodeAlias, LabelProfile, Scan, SightingPolicy, UnknownCode
from traceability.scan.near_code import near_codes
from traceability.scan.profile import fresh_profile, profile
from traceability.scan.question import Question
from traceability.scan.reading import (
    Keys,
    Raw,
    first_look,
    keys_elsewhere,
    keys_of,
    keys_of_label,
    second_look,
)
from traceability.scan.resolution import Resolution
from traceability.scan.resolve import resolve

MOST_NEAR_CODES = 2_000  # looked for in one request: the slips of about eight numbers


@dataclass(frozen=True, slots=True)
class Scanned:
    """A code to resolve. `number`: a batch number typed beside it."""

    raw: Raw
    number: str | None = None
    is_confirmed: bool = True


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code turned out to be. `spelling`: the code as it would be registered."""

    label: LabelData
    resolution: Resolution
    spelling: str


def meanings(
    scanned: Sequence[Scanned], *, regions: Sequence[str], in_one_photo: bool = False
) -> list[Meaning]:
    """What the codes mean, in their order; one query where all is clear, at most four however many codes.

    `regions`: of the caller, for ranking. Three more queries where the label profile changed since.
    """
    search = _Search(regions)
    questions = search.read(scanned)
    if in_one_photo:
        questions = search.beside_each_other(questions)
    return [
        Meaning(label=question.label, resolution=found, spelling=question.spelling)
        for question, found in search.settle(questions)
    ]


class _Search:
    """The look-ups of one request: what is known, and what was asked already."""

    def __init__(self, regions: Sequence[str]) -> None:
        self.regions = regions
        self.today = clock.today()
        self.facts = Facts()
        self.asked = Keys()

    def ask(self, keys: Keys) -> bool:
        """Looks up what was not asked yet; False where that is nothing."""
        new = keys.without(self.asked)
        if not new:
            return False
        self.asked.add(new)
        look_up(new, regions=self.regions, on=self.today, into=self.facts)
        return True

    def read(self, scanned: Sequence[Scanned]) -> list[Question]:
        """The labels, read in the light of what is registered."""
        config = profile().config
        known_id = profile().id
        while True:
            readings = [first_look(item.raw, config=config) for item in scanned]
            keys = Keys()
            for item, reading in zip(scanned, readings, strict=True):
                keys.add(keys_of(reading, number=item.number))
            look_up(keys, regions=self.regions, on=self.today, into=self.facts)
            if self.facts.profile_id == known_id:
                break
            # The profile in force changed: what was read by the old one is read again.
            fresh = fresh_profile()
            config, known_id, self.facts = fresh.config, fresh.id, Facts()
        self.asked = keys
        questions, more = [], Keys()
        for item, reading in zip(scanned, readings, strict=True):
            label = second_look(reading, self.facts, config=config)
            if label is not reading.label:
                more.add(keys_of_label(label, number=item.number))
            questions.append(
                Question(
                    label=label,
                    plain=reading.label,
                    on=item.raw.on,
                    spelling=reading.spelling,
                    asked=reading.codes,
                    number=item.number,
                    is_confirmed=item.is_confirmed,
                )
            )
        self.ask(more)
        return questions

    def beside_each_other(self, questions: list[Question]) -> list[Question]:
        """Each question knows the batches that the other codes of the photo name."""
        found = {batch.id: batch for q in questions if (batch := resolve(q, self.facts).batch)}
        return [replace(question, beside=tuple(found.values())) for question in questions]

    def settle(self, questions: Sequence[Question]) -> list[tuple[Question, Resolution]]:
        """Resolutions, with candidates searched where a code does not settle its batch."""
        settled = [(question, resolve(question, self.facts)) for question in questions]
        if all(found.batch is not None for _question, found in settled):
            return settled
        if self.ask(self._nearer(settled)):
            settled = [(question, self._with_near(question)) for question in questions]
        if self._mark_shipped(settled):
            settled = [(question, self._with_near(question)) for question in questions]
        return settled

    def _with_near(self, question: Question) -> Resolution:
        return with_near(resolve(question, self.facts), question, near=self.facts.numbers)

    def _nearer(self, settled: Sequence[tuple[Question, Resolution]]) -> Keys:
        """Numbers elsewhere, and numbers one slip away."""
        keys = Keys()
        for question, found in settled:
            if found.batch is None:
                keys.add(keys_elsewhere(question, self.facts))
            if found.number is not None and len(keys.numbers) < MOST_NEAR_CODES:
                keys.numbers.update(near_codes(found.number))
        return keys

    def _mark_shipped(self, settled: Sequence[tuple[Question, Resolution]]) -> bool:
        """Notes which of the candidates went to the caller's regions; False where it ranks nothing."""
        batches = {
            candidate.batch.id
            for _question, found in settled
            if len(found.candidates) > 1
            for candidate in found.candidates
            if candidate.batch and not candidate.batch.shipped_here
        }
        recent = {batch.id for batches_of in self.facts.recent.values() for batch in batches_of}
        wanted = batches - recent
        shipped = shipped_to(wanted, regions=self.regions) if wanted and self.regions else set()
        for number, rows in self.facts.numbers.items():
            self.facts.numbers[number] = [
                replace(batch, shipped_here=True) if batch.id in shipped else batch for batch in rows
            ]
        return bool(shipped)


def scans_for(user: User) -> QuerySet[Scan]:
    """Technicians see their own scans, a clerk those of colleagues in the own regions, the others all."""
    rows = Scan.objects.select_related("recorded_by", "batch", "product")
    if user.role == Role.TECHNICIAN:
        return rows.filter(recorded_by=user)
    regions = region_scope(user)
    if regions is None:
        return rows
    return rows.filter(Q(recorded_by__regions__overlap=regions) | Q(recorded_by=user))


def known_photos(ids: Iterable[str | None], *, by: User) -> set[str]:
    """Those of the photos that the user uploaded; no query where none is named."""
    named = {id for id in ids if id}
    if not named:
        return set()
    return set(uploaded_by(by.pk).filter(pk__in=named).values_list("pk", flat=True))


def no_such_photo() -> InvalidInput:
    return InvalidInput(errors={"photo": _("You uploaded no photo with this SHA-256.")})


@dataclass(frozen=True)
class Target:
    """What a code stands for: a batch, or a pack of a product."""

    batch: Batch | None = None
    trade_item: TradeItem | None = None


def target_of(data: Mapping[str, Any]) -> Target:
    """The batch or pack a body names. Raises InvalidInput (400) where there is none."""
    batch_id, item_id = data.get("batch"), data.get("trade_item")
    batch = Batch.objects.filter(pk=batch_id).first() if batch_id else None
    item = TradeItem.objects.filter(pk=item_id).first() if item_id else None
    if batch is None and item is None:
        raise InvalidInput(errors={"batch" if batch_id else "trade_item": _("There is no such row.")})
    return Target(batch=batch, trade_item=item)


def unknown_codes() -> QuerySet[UnknownCode]:
    return UnknownCode.objects.select_related("settled_by", "alias__batch", "alias__trade_item")


def aliases() -> QuerySet[CodeAlias]:
    return CodeAlias.objects.select_related("batch", "trade_item", "created_by")


def label_profiles() -> QuerySet[LabelProfile]:
    return LabelProfile.objects.all()


def sighting_policies() -> QuerySet[SightingPolicy]:
    return SightingPolicy.objects.all()
