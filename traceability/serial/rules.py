"""What may be a range of unit numbers, and what a token read in the field can be. Pure."""

from dataclasses import dataclass

from backend.core.choices import Code
from backend.core.errors import DomainError
from backend.core.errors import mark as _
from traceability.batch.rules import BatchStatus
from traceability.serial.token import NUMBERS

MOST_NUMBERS = 10_000_000  # of one range: a year of a fast packing line
MOST_CODES = 10_000  # of one print file
# Packs of goods that are recalled or destroyed get no codes any more.
NUMBERED = frozenset({BatchStatus.QUARANTINE, BatchStatus.RELEASED, BatchStatus.HELD})


class TokenState(Code):
    """`not_issued`: right in itself, its prefix is ours, and no range holds its number."""

    ISSUED = "issued"
    WITHDRAWN = "withdrawn"
    NOT_ISSUED = "not_issued"
    MISREAD = "misread"


class SerialRangeTooLong(DomainError):
    code, status, title = "serial_range_too_long", 409, _("The numbers of this prefix do not reach so far")
    detail = _("Take another prefix.")


@dataclass(frozen=True, slots=True)
class Span:
    """Numbers `first` to `last`, both included."""

    first: int
    last: int

    @property
    def count(self) -> int:
        return self.last - self.first + 1

    def part(self, *, start: int | None, count: int) -> "Span | None":
        """`count` numbers from `start` on, as far as they lie in here; None where none does."""
        first = self.first if start is None else max(start, self.first)
        last = min((self.first if start is None else start) + count - 1, self.last)
        return Span(first, last) if first <= last else None


def span(*, first: int, count: int) -> Span:
    """Raises SerialRangeTooLong (409) where a token could not hold the last number."""
    if first + count > NUMBERS:
        raise SerialRangeTooLong
    return Span(first, first + count - 1)
