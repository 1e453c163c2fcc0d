"""Reads: ranges of unit numbers, and what a token stands for."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from backend.accounts.models import User
from traceability.batch.models import Batch
from traceability.serial import token
from traceability.serial.keys import keys
from traceability.serial.models import SerialRange
from traceability.serial.rules import Span, TokenState


@dataclass(frozen=True, slots=True)
class TokenFact:
    """`range` is None where the number was never issued, or the token is misread."""

    token: str
    state: TokenState
    number: int | None = None
    range: SerialRange | None = None


def ranges_for(user: User) -> QuerySet[SerialRange]:
    """All ranges: whoever holds the right reads every one."""
    return SerialRange.objects.select_related("batch__product", "trade_item", "made_by", "withdrawn_by")


def range_by_id(id: UUID) -> SerialRange:
    return SerialRange.objects.select_related("batch__product", "trade_item", "made_by", "withdrawn_by").get(
        pk=id
    )


def newest_range_of(batch: Batch) -> SerialRange | None:
    """The last one made that was not withdrawn."""
    rows = SerialRange.objects.filter(batch=batch, withdrawn_at=None).select_related("trade_item")
    return rows.order_by("-made_at", "-id").first()


def range_meeting(span: Span, *, prefix: str) -> SerialRange | None:
    """A range that holds one of the numbers already, withdrawn ones included."""
    rows = SerialRange.objects.filter(prefix=prefix, numbers__overlap=(span.first, span.last + 1))
    return rows.select_related("batch").order_by("numbers").first()


def next_free(prefix: str) -> int:
    """The number behind the last range of the prefix."""
    last = SerialRange.objects.filter(prefix=prefix).order_by("-numbers__startswith").first()
    return last.last + 1 if last else 0


def key_id_of(prefix: str) -> str | None:
    return SerialRange.objects.filter(prefix=prefix).values_list("key_id", flat=True).first()


def token_fact(text: str) -> TokenFact | None:
    """What a code stands for; None where it is no token of ours."""
    read = token.read(text)
    key_id = key_id_of(read.prefix) if read else None
    if read is None or key_id is None:
        return None
    if isinstance(read, token.Misread):
        return TokenFact(read.text, TokenState.MISREAD)
    key = keys().get(key_id)
    if key is None:
        return None
    number = token.number_of(read, key=key)
    row = (
        SerialRange.objects.filter(prefix=read.prefix, numbers__contains=number)
        .select_related("batch__product")
        .first()
    )
    if row is None:
        return TokenFact(read.text, TokenState.NOT_ISSUED)
    state = TokenState.WITHDRAWN if row.withdrawn_at else TokenState.ISSUED
    return TokenFact(read.text, state, number=number, range=row)
