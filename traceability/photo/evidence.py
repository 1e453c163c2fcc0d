"""Which reads to believe. Each rule here took away wrong reads that were seen; a wrong lot is worse than none. Pure.

A matrix code carries strong error correction: one read is enough. A linear code carries one check digit or one
check character: outside the untouched photo it takes two witnesses that agree and none that says otherwise.
"""

import math
from collections.abc import Iterable
from functools import lru_cache

from biip import ParseError
from biip.gs1_messages import GS1Message

from traceability.label.check_digit import has_valid_check_digit
from traceability.photo.code import Code, Format, Point, Quad, Reader
from traceability.photo.read import Read

MATRIX = frozenset({Format.QR, Format.DATA_MATRIX})
_GTIN_ONLY = frozenset({Format.DATABAR, Format.DATABAR_LIMITED})
_RETAIL = frozenset({Format.EAN13, Format.UPCA})
_GS1_128 = "]C1"
_CHECKED_AIS = frozenset({"00", "01", "02"})
# Two codes are one place when their centres are nearer than this share of their size.
_SAME_PLACE = 0.6
# With a rival at the same place: so many times its witnesses.
_MAJORITY = 3
_MOST_CANDIDATES = 3
# The look at the untouched photo.
WHOLE = "whole"


def is_plausible(read: Read) -> bool:
    """False for what cannot be on any label: it is dropped, not even shown as a candidate."""
    text = read.text
    if read.format is Format.ITF:
        # Truncated ITF is the commonest wrong read of all: 14 digits or nothing.
        return len(text) == 14 and has_valid_check_digit(text)
    if read.format in _RETAIL:
        return len(text) == 13 and has_valid_check_digit(text)
    if read.format in _GTIN_ONLY:
        return len(text) == 16 and text.startswith("01") and has_valid_check_digit(text[2:])
    if read.format is Format.DATABAR_EXPANDED or read.aim == _GS1_128:
        # A printed label may be wrong, an enhanced picture of it is more often.
        return read.look.name == WHOLE or _is_element_string(text)
    return bool(text)


@lru_cache(maxsize=256)
def _is_element_string(text: str) -> bool:
    """Whether the text is made of application identifiers with well-formed values."""
    try:
        elements = GS1Message.parse(text).element_strings
    except ParseError:
        return False
    return all(has_valid_check_digit(e.value) for e in elements if e.ai.ai in _CHECKED_AIS)


class Ballot:
    """The reads of one photo, weighed together."""

    def __init__(self) -> None:
        self._groups: list[list[Read]] = []

    def add(self, reads: Iterable[Read]) -> None:
        for read in filter(is_plausible, reads):
            for group in self._groups:
                if group[0].text == read.text and _is_same_place(group[0].box, read.box):
                    group.append(read)
                    break
            else:
                self._groups.append([read])

    @property
    def has_confirmed(self) -> bool:
        return any(map(self._is_confirmed, self._groups))

    def confirmed_reads(self) -> list[Read]:
        """One read of each confirmed code."""
        return [group[0] for group in self._groups if self._is_confirmed(group)]

    def covers(self, point: Point) -> bool:
        """Whether a confirmed code was read there."""
        return any(self._is_confirmed(group) for group in self._groups if _is_at(group[0].box, point))

    def has_candidate(self, point: Point) -> bool:
        """Whether something was read there, and nothing is confirmed."""
        return any(_is_at(group[0].box, point) for group in self._groups) and not self.covers(point)

    def codes(self) -> tuple[Code, ...]:
        """Confirmed codes, then candidates for places without a confirmed one, the best supported first."""
        confirmed = [group for group in self._groups if self._is_confirmed(group)]
        open_ones = [
            group
            for group in self._groups
            if group not in confirmed and not self.covers(_centre(group[0].box))
        ]
        open_ones.sort(key=lambda group: -_witnesses(group))
        return (
            *(_code(group, confirmed=True) for group in confirmed),
            *(_code(group, confirmed=False) for group in open_ones[:_MOST_CANDIDATES]),
        )

    def _is_confirmed(self, group: list[Read]) -> bool:
        first = group[0]
        if first.format in MATRIX:
            return True
        rivals = sum(
            _witnesses(other)
            for other in self._groups
            if other is not group
            and other[0].format not in MATRIX
            and _is_same_place(other[0].box, first.box)
        )
        return _is_believed(group) and (not rivals or _witnesses(group) >= _MAJORITY * rivals)


def _is_believed(group: list[Read]) -> bool:
    """Whether the witnesses of a linear code are enough, were there no others."""
    is_retail = group[0].format in _RETAIL
    if not is_retail and any(read.look.name == WHOLE and read.reader is Reader.ZXING for read in group):
        return _is_well_formed(group[0])
    has_zxing = any(read.reader is Reader.ZXING for read in group)
    if group[0].format is Format.CODE128 and not has_zxing:
        # zbar drops the shift to Latin-1 letters without a word.
        return False
    return _witnesses(group) >= 2 and _is_well_formed(group[0])


def _is_well_formed(read: Read) -> bool:
    if read.format is Format.DATABAR_EXPANDED or read.aim == _GS1_128:
        return _is_element_string(read.text)
    return True


def _witnesses(group: list[Read]) -> int:
    return len({(read.reader, read.look.name) for read in group})


def _is_at(box: Quad, point: Point) -> bool:
    return math.dist(_centre(box), point) < _SAME_PLACE * _size(box)


def _is_same_place(box: Quad, other: Quad) -> bool:
    return math.dist(_centre(box), _centre(other)) < _SAME_PLACE * max(_size(box), _size(other))


def _centre(box: Quad) -> Point:
    return sum(x for x, _ in box) / 4, sum(y for _, y in box) / 4


def _size(box: Quad) -> float:
    return max(math.dist(box[0], box[2]), math.dist(box[1], box[3]))


def _code(group: list[Read], *, confirmed: bool) -> Code:
    best = min(group, key=lambda read: (read.reader is not Reader.ZXING, read.look.is_sharpened))
    return Code(
        text=best.text,
        raw_bytes=best.raw,
        aim=best.aim,
        format=best.format,
        reader=best.reader,
        stage=best.look.name,
        confirmed=confirmed,
        box=best.box,
    )
