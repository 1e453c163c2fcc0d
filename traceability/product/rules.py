"""Product families, pack levels, kinds of limits, and which limit row is in force on a day. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Protocol, TypeVar
from uuid import UUID

from biip.checksums import gs1_standard_check_digit

from backend.core.choices import Code
from backend.core.errors import DomainError, InvalidInput
from backend.core.errors import mark as _


class Family(Code):
    EDIBLE = "edible"
    FOOD_PROCESSING = "food_processing"
    FEED = "feed"
    INDUSTRIAL = "industrial"
    RAW_MATERIAL = "raw_material"
    ADDITIVE = "additive"
    PACKAGING = "packaging"


class PackLevel(Code):
    BAG = "bag"
    CASE = "case"
    PALLET = "pallet"


class LimitKind(Code):
    """`max_exclusive` is strictly less than; `range` includes both ends; `profile` (sieve curve) never judges."""

    MIN = "min"
    MAX = "max"
    MAX_EXCLUSIVE = "max_exclusive"
    RANGE = "range"
    PROFILE = "profile"


class CompareMode(Code):
    """GB/T 8170: 全数值比较法 compares unrounded, 修约值比较法 rounds half-even to the limit's digits first."""

    FULL_VALUE = "full_value"
    ROUNDED = "rounded"


L = TypeVar("L", bound="DatedLimit")
Key = tuple[str, str, str]


class DatedLimit(Protocol):
    """What a limit row says of its time; `valid_to` is the first day on which it no longer holds."""

    @property
    def product_key(self) -> str: ...
    @property
    def grade(self) -> str: ...
    @property
    def parameter(self) -> str: ...
    @property
    def valid_from(self) -> date: ...
    @property
    def valid_to(self) -> date | None: ...
    @property
    def needs_confirmation(self) -> bool: ...


class Bounds(Protocol):
    """What a limit row demands of a value in its own unit and basis."""

    @property
    def kind(self) -> str: ...
    @property
    def low(self) -> Decimal | None: ...
    @property
    def high(self) -> Decimal | None: ...
    @property
    def compare_mode(self) -> str: ...
    @property
    def decimals(self) -> int | None: ...


class BadGtin(DomainError):
    code, status, title = "bad_gtin", 400, _("This is not a GTIN")
    detail = _("8, 12, 13 or 14 digits with a valid check digit are expected.")


class BadBounds(DomainError):
    """The numbers of a limit do not fit its kind."""

    code, status, title = "bad_bounds", 400, _("The limit's numbers do not fit its kind")
    detail = _("min takes low, max takes high, range takes both with low ≤ high, profile takes none.")


class PackMismatch(DomainError):
    code, status, title = "pack_mismatch", 400, _("The pack does not hold what it says")
    detail = _("A pack holds a whole number of a smaller pack of the same product, and their kg add up.")


def gtin14(text: str) -> str:
    """The GTIN with 14 digits. Raises BadGtin (400): wrong length, wrong check digit, only zeros."""
    if not (text.isascii() and text.isdigit() and len(text) in (8, 12, 13, 14) and text.strip("0")):
        raise BadGtin(errors={"gtin": BadGtin.detail})
    if gs1_standard_check_digit(text[:-1]) != int(text[-1]):
        raise BadGtin(errors={"gtin": BadGtin.detail})
    return text.zfill(14)


@dataclass(frozen=True)
class Pack:
    """A pack level and what lies in it; kg as Decimal."""

    product_id: UUID
    level: PackLevel
    net_kg: Decimal


LEVELS = list(PackLevel)


def check_pack(pack: Pack, *, inner: Pack | None, count: int | None) -> None:
    """Raises PackMismatch (400) where `pack` cannot be `count` times `inner`."""
    if inner is None and count is None:
        return
    if (
        inner is None
        or count is None
        or inner.product_id != pack.product_id
        or LEVELS.index(inner.level) >= LEVELS.index(pack.level)
        or inner.net_kg * count != pack.net_kg
    ):
        raise PackMismatch(errors={"contains": PackMismatch.detail})


@dataclass(frozen=True)
class ProductData:
    """A product; `limit_key` and `limit_grade` name the limit rows it is judged by, shelf life in days or none."""

    sku: str
    name_zh: str
    name_en: str
    family: Family
    limit_key: str = ""
    limit_grade: str = ""
    shelf_life_days: int | None = None
    vat_rate: Decimal | None = None


@dataclass(frozen=True)
class LimitData:
    """One limit row as read from a standard; `valid_to` is exclusive, `decimals` those of the printed limit."""

    product_key: str
    parameter: str
    kind: LimitKind
    standard: str
    source: str
    valid_from: date
    grade: str = ""
    low: Decimal | None = None
    high: Decimal | None = None
    unit: str = ""
    basis: str = ""
    edition: str = ""
    compare_mode: CompareMode = CompareMode.FULL_VALUE
    decimals: int | None = None
    valid_to: date | None = None
    source_status: str = ""
    note: str = ""


WANTED: Mapping[LimitKind, tuple[bool, bool]] = {  # low, high
    LimitKind.MIN: (True, False),
    LimitKind.MAX: (False, True),
    LimitKind.MAX_EXCLUSIVE: (False, True),
    LimitKind.RANGE: (True, True),
    LimitKind.PROFILE: (False, False),
}


def check_limit(limit: LimitData) -> None:
    """Raises BadBounds or InvalidInput (400): bounds, dates, and the digits that rounding needs."""
    if (limit.low is not None, limit.high is not None) != WANTED[limit.kind]:
        raise BadBounds(errors={"kind": BadBounds.detail})
    if limit.low is not None and limit.high is not None and limit.low > limit.high:
        raise BadBounds(errors={"low": BadBounds.detail})
    check_dates(limit.valid_from, limit.valid_to)
    if limit.kind != LimitKind.PROFILE and not limit.unit:
        raise InvalidInput(errors={"unit": _("A number without its unit is no limit.")})
    if limit.compare_mode == CompareMode.ROUNDED and limit.decimals is None:
        raise InvalidInput(
            errors={"decimals": _("Rounded comparison needs the digits of the printed limit.")}
        )


def check_dates(valid_from: date, valid_to: date | None) -> None:
    """Raises InvalidInput (400) where a limit would end before it starts."""
    if valid_to is not None and valid_to <= valid_from:
        raise InvalidInput(errors={"valid_to": _("A limit ends after the day it starts.")})


def is_in_force(limit: DatedLimit, *, on: date) -> bool:
    """Whether the row is confirmed and holds on the day."""
    return not limit.needs_confirmation and _holds(limit, on=on)


def _holds(limit: DatedLimit, *, on: date) -> bool:
    return limit.valid_from <= on and (limit.valid_to is None or on < limit.valid_to)


def limit_in_force(rows: Iterable[L], *, on: date) -> L | None:
    """The confirmed row in force on the day; a row of the grade beats one for every grade. None: no verdict.

    `rows` are those of one product and parameter.
    """
    held = [row for row in rows if is_in_force(row, on=on)]
    return max(held, key=lambda row: (bool(row.grade), row.valid_from), default=None)


def key_of(limit: DatedLimit) -> Key:
    """What may have one confirmed limit on a day: product key, grade, parameter."""
    return limit.product_key, limit.grade, limit.parameter


def overlapping(limit: DatedLimit, *, others: Iterable[L]) -> L | None:
    """A confirmed row of the same key that holds on a day on which `limit` holds; None where there is none."""
    for other in others:
        if other is limit or other.needs_confirmation or key_of(other) != key_of(limit):
            continue
        # Half-open spans share a day exactly when the later start lies in both.
        start = max(limit.valid_from, other.valid_from)
        if _holds(limit, on=start) and _holds(other, on=start):
            return other
    return None


def breaks(limit: Bounds, *, value: Decimal) -> bool:
    """Whether `value`, in the limit's unit and basis, lies outside. No uncertainty: that is the reading's matter.

    Rounded comparison rounds half-even to the limit's digits first (GB/T 8170); a profile never judges.
    """
    if limit.compare_mode == CompareMode.ROUNDED and limit.decimals is not None:
        value = value.quantize(Decimal(1).scaleb(-limit.decimals), rounding=ROUND_HALF_EVEN)
    if limit.kind == LimitKind.PROFILE:
        return False
    if limit.low is not None and value < limit.low:
        return True
    if limit.high is None:
        return False
    return value >= limit.high if limit.kind == LimitKind.MAX_EXCLUSIVE else value > limit.high
