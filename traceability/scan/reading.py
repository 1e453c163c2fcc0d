"""Raw code → label, together with what of it has to be looked up. Pure.

The parser asks whether a code is registered and whether a trade number is ours. A first look answers from hope
and notes the questions; one database look-up settles them all; only where hope was wrong the parser looks again.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from traceability.label.config import LabelConfig
from traceability.label.label_data import Kind, LabelData, Status
from traceability.label.parse import parse
from traceability.scan.facts import Facts
from traceability.scan.question import (
    LONGEST_REGISTERED,
    Question,
    comparable,
    gtin_of,
    readings_of,
    serial_in,
)

MOST_ASKED = 500  # words of a long text


@dataclass
class Asked:
    """What the parser wanted to know. `spelling`: the code without the reader's identifier, asked first of all."""

    spelling: str = ""
    codes: dict[str, None] = field(default_factory=dict)
    gtins: dict[str, None] = field(default_factory=dict)

    def registered(self, codes: Collection[str]) -> Mapping[str, str]:
        if codes and not self.codes and not self.spelling:
            *_others, self.spelling = codes
        for code in sorted(codes):
            if len(code) <= LONGEST_REGISTERED and len(self.codes) < MOST_ASKED:
                self.codes[code] = None
        return {}

    def is_ours(self, gtin: str) -> bool:
        self.gtins[gtin] = None
        return True


@dataclass(frozen=True, slots=True)
class Raw:
    """A code as it came: text or bytes, the reader's symbology identifier, the day it was scanned."""

    code: str | bytes
    aim: str | None
    on: date


@dataclass(frozen=True, slots=True)
class Reading:
    """`spelling`: the code as it would be registered, without the reader's identifier."""

    raw: Raw
    label: LabelData
    spelling: str
    codes: tuple[str, ...]
    gtins: tuple[str, ...]


@dataclass
class Keys:
    """What to look up. `numbers` and the second of `pairs` as batches are compared; `recent`: GTINs.

    `serials`: serial numbers; one that is no token of ours asks whether the packs of the batch carry tokens.
    """

    codes: set[str] = field(default_factory=set)
    numbers: set[str] = field(default_factory=set)
    pairs: set[tuple[str, str]] = field(default_factory=set)
    recent: set[str] = field(default_factory=set)
    ssccs: set[str] = field(default_factory=set)
    serials: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.codes or self.numbers or self.pairs or self.recent or self.ssccs or self.serials)

    def add(self, other: "Keys") -> None:
        self.codes |= other.codes
        self.numbers |= other.numbers
        self.pairs |= other.pairs
        self.recent |= other.recent
        self.ssccs |= other.ssccs
        self.serials |= other.serials

    def without(self, other: "Keys") -> "Keys":
        return Keys(
            self.codes - other.codes,
            self.numbers - other.numbers,
            self.pairs - other.pairs,
            self.recent - other.recent,
            self.ssccs - other.ssccs,
            self.serials - other.serials,
        )


def first_look(raw: Raw, *, config: LabelConfig) -> Reading:
    """The label, supposing that no code is registered and every trade number is ours."""
    asked = Asked()
    hopeful = replace(config, known_codes=asked.registered, products=asked.is_ours)
    label = parse(raw.code, aim=raw.aim, config=hopeful, today=raw.on)
    return Reading(
        raw=raw,
        label=label,
        spelling=asked.spelling,
        codes=tuple(asked.codes),
        gtins=tuple(asked.gtins),
    )


def second_look(reading: Reading, facts: Facts, *, config: LabelConfig) -> LabelData:
    """The label in the light of what is registered; the first one where nothing changes."""
    known = dict(_registered(reading.codes, facts))
    named = (reading.label.batch, reading.label.lot, reading.label.serial)
    same = all(code in named for code in known)
    label = reading.label
    if not (same and all(gtin in facts.products for gtin in reading.gtins)):
        settled = replace(config, known_codes=known, products=facts.products)
        label = parse(reading.raw.code, aim=reading.raw.aim, config=settled, today=reading.raw.on)
    return _as_serial(label, reading, facts) if facts.serials else label


def _as_serial(label: LabelData, reading: Reading, facts: Facts) -> LabelData:
    """A text that nobody could read is a serial number where it is one of our serial codes."""
    code = serial_in(label, spelling=reading.spelling)
    if label.status is not Status.UNKNOWN or code not in facts.serials:
        return label
    return replace(label, status=Status.OK, kind=Kind.SERIAL, serial=code, warnings=(), candidates=())


def _registered(codes: tuple[str, ...], facts: Facts) -> Iterator[tuple[str, str]]:
    """Code → kind of the registered ones: an alias, or the number of a batch."""
    for code in codes:
        alias = facts.aliases.get(code)
        if alias is not None:
            yield code, "batch" if alias.batch else "serial" if alias.serial else "token"
        elif facts.numbers.get(comparable(code) or ""):
            yield code, "batch"


def keys_of(reading: Reading, *, number: str | None) -> Keys:
    """What the first look-up is for; `number` was typed beside the code."""
    keys = keys_of_label(reading.label, number=number)
    keys.codes.update(reading.codes)
    keys.numbers.update(filter(None, map(comparable, reading.codes)))
    code = serial_in(reading.label, spelling=reading.spelling)
    if code is not None:
        keys.serials.add(code)
    named = {gtin for gtin, _number in keys.pairs}
    keys.pairs.update((gtin, "") for gtin in reading.gtins if gtin not in named)
    return keys


def keys_of_label(label: LabelData, *, number: str | None) -> Keys:
    keys = Keys()
    for item in readings_of(label):
        if item.sscc:
            keys.ssccs.add(item.sscc)
        gtin = gtin_of(item)
        texts = {item.lot or item.batch, number if item is label else None}
        for text in texts - {None} or {None}:
            found = comparable(text)
            if gtin is not None:
                keys.pairs.add((gtin, found or ""))
            elif found is not None:
                keys.numbers.add(found)
    gtin = gtin_of(label)
    if gtin is not None and not (label.lot or label.batch or number):
        keys.recent.add(gtin)
    return keys


def keys_elsewhere(question: Question, facts: Facts) -> Keys:
    """Numbers that the named product has no batch of: another product may have."""
    keys = Keys()
    for item in readings_of(question.label):
        gtin = gtin_of(item)
        for text in (item.lot, item.batch, question.number):
            number = comparable(text)
            if number is not None and (gtin or "", number) not in facts.batches:
                keys.numbers.add(number)
    return keys
