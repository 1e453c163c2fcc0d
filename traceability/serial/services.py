"""Giving numbers to the packs of a batch, and taking codes back that must not be used."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction
from django.db.backends.postgresql.psycopg_any import NumericRange

from backend.accounts.models import User
from backend.core import clock
from backend.core.errors import DomainError, InvalidInput
from backend.core.errors import mark as _
from traceability.batch.models import Batch
from traceability.product.models import TradeItem
from traceability.serial import queries
from traceability.serial.keys import current_key_id, key
from traceability.serial.models import SerialRange
from traceability.serial.rules import NUMBERED, Span, span
from traceability.serial.token import token_of


class SerialNumbersTaken(DomainError):
    code, status, title = "serial_numbers_taken", 409, _("These numbers are given already")
    detail = _("Numbers {first} to {last} of prefix {prefix} belong to batch {batch}.")


class SerialBatchClosed(DomainError):
    code, status, title = "serial_batch_closed", 409, _("This batch gets no unit codes any more")
    detail = _("It is recalled or destroyed.")


class SerialRangeWithdrawn(DomainError):
    code, status, title = "serial_range_withdrawn", 409, _("This range is withdrawn")


@dataclass(frozen=True)
class RangeData:
    """`first` None: behind the last number of the prefix. `trade_item_id` None: the batch's own pack."""

    prefix: str
    count: int
    first: int | None = None
    trade_item_id: UUID | None = None


@transaction.atomic
def make_range(batch: Batch, data: RangeData, *, by: User) -> SerialRange:
    """Numbers of a prefix for the packs of a batch; a prefix keeps the key of its first range.

    Raises SerialNumbersTaken (409) naming the range that has one of them, SerialBatchClosed (409),
    SerialRangeTooLong (409), SerialKeyMissing (409), InvalidInput (400) for a pack of another product.
    """
    batch = Batch.objects.select_for_update().get(pk=batch.pk)
    if batch.status not in NUMBERED or batch.is_history:
        raise SerialBatchClosed
    item_id = _pack(batch, data.trade_item_id)
    with connection.cursor() as cursor:  # two lines may ask for the next numbers of one prefix
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext('serial.numbers'), hashtext(%s))", [data.prefix]
        )
    first = queries.next_free(data.prefix) if data.first is None else data.first
    numbers = span(first=first, count=data.count)
    taken = queries.range_meeting(numbers, prefix=data.prefix)
    if taken is not None:
        raise SerialNumbersTaken(
            first=taken.first,
            last=taken.last,
            prefix=taken.prefix,
            batch=taken.batch.code,
            range=str(taken.pk),
        )
    key_id = queries.key_id_of(data.prefix) or current_key_id()
    key(key_id)  # codes that nobody can print are not given
    row = SerialRange.objects.create(
        batch=batch,
        trade_item_id=item_id,
        prefix=data.prefix,
        numbers=NumericRange(numbers.first, numbers.last + 1),
        key_id=key_id,
        made_at=clock.now(),
        made_by=by,
    )
    return queries.range_by_id(row.pk)


def _pack(batch: Batch, given: UUID | None) -> UUID | None:
    if given is None:
        return batch.trade_item_id
    if not TradeItem.objects.filter(pk=given, product=batch.product_id).exists():
        raise InvalidInput(errors={"trade_item": _("The product has no such pack.")})
    return given


@transaction.atomic
def withdraw_range(row: SerialRange, *, by: User, reason: str) -> SerialRange:
    """From now on its codes are suspicious; the numbers are never given again. Raises SerialRangeWithdrawn (409)."""
    changed = SerialRange.objects.filter(pk=row.pk, withdrawn_at=None).update(
        withdrawn_at=clock.now(), withdrawn_by=by, withdrawn_reason=reason
    )
    if not changed:
        raise SerialRangeWithdrawn
    return queries.range_by_id(row.pk)


def codes_of(row: SerialRange, numbers: Span) -> Iterator[tuple[int, str]]:
    """(number, token) to be printed. Raises SerialRangeWithdrawn (409), SerialKeyMissing (409) before the first."""
    if row.withdrawn_at is not None:
        raise SerialRangeWithdrawn
    secret = key(row.key_id)
    return (
        (number, token_of(number, prefix=row.prefix, key=secret).text)
        for number in range(numbers.first, numbers.last + 1)
    )
