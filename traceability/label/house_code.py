"""Codes by the patterns of the house: a batch, a serial number, or a batch inside a longer text."""

import re
from dataclasses import dataclass

from traceability.label.config import LONGEST_HOUSE_CODE, LabelConfig
from traceability.label.label_data import Candidate, Kind
from traceability.label.trade_number import gtin14

_HANDLE = re.compile(r"(?:88|86)\.[0-9]{1,10}(?:\.[0-9A-Za-z]{1,20}){0,6}/\S{1,200}")
# A word of a text: up to what ends a code there. A slash and a hyphen may be part of a code.
_WORD = re.compile(r"[^\s,;:|=&?+~\"'(){}<>\[\]#*，；：、。｜“”‘’【】（）《》〈〉·！？…]+")
# Ways to cut a word further where it is no code itself: Chinese glued to it, two codes, a span of codes.
_CUTS = (re.compile(r"[\x21-\x7e]+"), re.compile(r"[^/]+"), re.compile(r"[^/-]+"))
_REACH = 16
_EDGES = "._-!"
# What a person or a label writes in front of a batch number.
_BATCH_WORD = re.compile(
    r"(?:批\s*(?:号|次号?|码)|生产批|产品批|lot|batch|b/?n|l/?n)[\s.:：=#号no、（()）\"']*$", re.IGNORECASE
)
_SERIAL_WORD = re.compile(
    r"(?:序列|流水|防伪|追溯|溯源|身份|s/?n|serial)[码号\s.:：=#no（()）\"']*$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class TextFinding:
    """Codes found inside a text, each once, in their order."""

    batches: tuple[str, ...]
    serials: tuple[str, ...]
    doubtful: tuple[Candidate, ...]
    gtin: str | None


def is_handle(text: str) -> bool:
    """Whether `text` is an identifier of the industrial internet (a Handle under 88 or 86): `88.123.45/…`."""
    return len(text) <= LONGEST_HOUSE_CODE and _HANDLE.fullmatch(text) is not None


def house_kinds(code: str, *, config: LabelConfig) -> tuple[Kind, ...]:
    """What the patterns take `code` for; both kinds where they overlap."""
    kinds = []
    if config.is_batch(code):
        kinds.append(Kind.BATCH)
    if config.is_serial(code):
        kinds.append(Kind.SERIAL)
    return tuple(kinds)


def house_candidate(kind: Kind, code: str, *, reason: str) -> Candidate:
    return Candidate(
        kind=kind,
        reason=reason,
        batch=code if kind is Kind.BATCH else None,
        serial=code if kind is Kind.SERIAL else None,
    )


def codes_in_text(text: str, *, config: LabelConfig) -> TextFinding:
    """Registered codes and codes of house form among the words of `text`.

    Bare digits are taken for a batch only behind a word that announces one: a telephone number has ten
    digits too. A serial number counts only where it is announced.
    """
    words = [(word.start(), _pieces(word[0])) for word in _WORD.finditer(text)]
    registered = config.registered({piece for _, cuts in words for cut in cuts for _, piece in cut})
    batches: dict[str, None] = {}
    serials: dict[str, None] = {}
    doubtful: dict[Candidate, None] = {}
    gtin = None
    for start, cuts in words:
        for at, code, kind in _first_hits(cuts, registered=registered, config=config):
            before = text[max(0, start + at - _REACH) : start + at]
            if kind is Kind.GTIN:
                gtin = gtin14(code)
            elif kind is Kind.BATCH and (
                code in registered or not code.isdigit() or _BATCH_WORD.search(before)
            ):
                batches[code] = None
            elif kind is Kind.SERIAL and (code in registered or _SERIAL_WORD.search(before)):
                serials[code] = None
            else:
                doubtful[house_candidate(kind, code, reason="from_text")] = None
    return TextFinding(batches=tuple(batches), serials=tuple(serials), doubtful=tuple(doubtful), gtin=gtin)


def _pieces(word: str) -> list[list[tuple[int, str]]]:
    """`word` whole and cut ever finer, each piece with its place and without punctuation around it."""
    cuts = [[(0, word)], *([(piece.start(), piece[0]) for piece in cut.finditer(word)] for cut in _CUTS)]
    return [
        [(at + len(piece) - len(piece.lstrip(_EDGES)), piece.strip(_EDGES)) for at, piece in pieces]
        for pieces in dict.fromkeys(map(tuple, cuts))
    ]


def _first_hits(
    cuts: list[list[tuple[int, str]]], *, registered: dict[str, Kind], config: LabelConfig
) -> list[tuple[int, str, Kind]]:
    """The codes among the coarsest pieces that are codes at all."""
    for pieces in cuts:
        hits = [
            (at, code, kind)
            for at, code in pieces
            if (kind := _kind_of_word(code, registered=registered, config=config)) is not None
        ]
        if hits:
            return hits
    return []


def _kind_of_word(word: str, *, registered: dict[str, Kind], config: LabelConfig) -> Kind | None:
    trade_number = gtin14(word)
    if trade_number is not None and config.has_product(trade_number):
        return Kind.GTIN
    if registered.get(word) in (Kind.BATCH, Kind.SERIAL):
        return registered[word]
    return next(iter(house_kinds(word, config=config)), None)
