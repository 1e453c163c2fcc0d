"""Packing units, putting one into another and taking it out again."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, connection, transaction

from backend.accounts.models import User
from backend.core import clock
from backend.core.errors import DomainError, InvalidInput
from backend.core.errors import mark as _
from backend.core.numbering import next_count
from traceability.batch.models import Batch
from traceability.dispatch import queries
from traceability.dispatch.models import Containment, LogisticUnit, UnitContent
from traceability.dispatch.rules import UnitLevel, fits_in, sscc_of, takes_too_much
from traceability.dispatch.unit_tree import shipped_units
from traceability.label.trade_number import is_sscc
from traceability.product.models import TradeItem

CLOCK_SLACK = timedelta(minutes=5)
TRIES = 100  # numbers in a row that somebody used by hand


class SsccTaken(DomainError):
    code, status, title = "sscc_taken", 409, _("A unit with this number is registered")


class NoCompanyPrefix(DomainError):
    """We may draw numbers from our own GS1 company prefix only, and none is set."""

    code, status, title = "no_company_prefix", 409, _("No GS1 company prefix is set")
    detail = _("Give the SSCC printed on the unit, or set SALTLINE_GS1_PREFIX.")


class SsccUsedUp(DomainError):
    code, status, title = "sscc_used_up", 409, _("The company prefix has no unit numbers left")


class MorePackedThanLeft(DomainError):
    """`errors` points at the contents; a batch gives out 1 kg or 0.1 % more than was made, no more."""

    code, status, title = "more_packed_than_left", 409, _("More than is left of the batch")


class UnitLoaded(DomainError):
    """One open parent per unit; what stands in another is not moved, shipped or cancelled by itself."""

    code, status, title = "unit_loaded", 409, _("The unit stands in another one")


class UnitNotLoaded(DomainError):
    code, status, title = "unit_not_loaded", 409, _("The unit stands in no other one")


class UnitNotEmpty(DomainError):
    code, status, title = "unit_not_empty", 409, _("Other units stand in this one")


class UnitLevelTooLow(DomainError):
    """A unit goes into a case, that on a pallet, that into a container; never the other way."""

    code, status, title = "unit_level_too_low", 409, _("A unit stands only in one of a higher level")


class UnitShipped(DomainError):
    """What left is not packed anew by us; a shipment entered in error is cancelled first."""

    code, status, title = "unit_shipped", 409, _("The unit was shipped")


class UnitCancelled(DomainError):
    code, status, title = "unit_cancelled", 409, _("The unit was cancelled")


@dataclass(frozen=True)
class ContentData:
    batch_id: UUID
    qty_kg: Decimal
    count: int | None = None


@dataclass(frozen=True)
class UnitData:
    """Without `sscc` the house draws one. Without contents: a pallet or container to be loaded."""

    level: UnitLevel
    sscc: str = ""
    trade_item_id: UUID | None = None
    packed_at: datetime | None = None
    contents: tuple[ContentData, ...] = ()


@transaction.atomic
def pack_unit(data: UnitData, *, by: User) -> LogisticUnit:
    """Registers a unit with what lies in it.

    Raises InvalidInput (400); SsccTaken, NoCompanyPrefix, SsccUsedUp, MorePackedThanLeft (409).
    """
    packed_at = _moment(data.packed_at, field="packed_at")
    batches = _check_contents(data.contents, on=clock.factory_date(packed_at))
    _check_trade_item(data, batches=batches)
    unit = LogisticUnit(
        sscc=data.sscc,
        level=data.level,
        trade_item_id=data.trade_item_id,
        packed_at=packed_at,
        packed_by=by,
    )
    _insert(unit)
    UnitContent.objects.bulk_create(
        UnitContent(unit=unit, batch_id=content.batch_id, qty_kg=content.qty_kg, count=content.count)
        for content in data.contents
    )
    return unit


def _moment(given: datetime | None, *, field: str) -> datetime:
    now = clock.now()
    if given is not None and given > now + CLOCK_SLACK:
        raise InvalidInput(errors={field: _("This lies in the future.")})
    return given or now


def _check_contents(contents: Sequence[ContentData], *, on: date) -> Mapping[UUID, Batch]:
    """The batches, locked: two pallets are not packed of the same last kg."""
    rows = Batch.objects.select_for_update(no_key=True).filter(
        pk__in={content.batch_id for content in contents}
    )
    batches = {batch.pk: batch for batch in rows.order_by("id")}
    times = Counter(content.batch_id for content in contents)
    faults = {}
    for index, content in enumerate(contents):
        if content.batch_id not in batches:
            faults[index] = {"batch": _("There is no such batch.")}
        elif times[content.batch_id] > 1:
            faults[index] = {"batch": _("The batch stands here twice.")}
        elif batches[content.batch_id].produced_on > on:
            faults[index] = {"batch": _("The batch was made after the unit was packed.")}
    if faults:
        raise InvalidInput(errors={"contents": faults})
    taken = queries.packed_or_gone_kg(batches)
    over = {
        index: {"qty_kg": MorePackedThanLeft.title}
        for index, content in enumerate(contents)
        if takes_too_much(
            content.qty_kg, made_kg=batches[content.batch_id].qty_kg, taken_kg=taken[content.batch_id]
        )
    }
    if over:
        raise MorePackedThanLeft(errors={"contents": over})
    return batches


def _check_trade_item(data: UnitData, *, batches: Mapping[UUID, Batch]) -> None:
    if data.trade_item_id is None:
        return
    item = TradeItem.objects.filter(pk=data.trade_item_id).first()
    if item is None:
        raise InvalidInput(errors={"trade_item": _("There is no such row.")})
    if any(batch.product_id != item.product_id for batch in batches.values()):
        raise InvalidInput(errors={"trade_item": _("This is a pack of another product than the contents.")})


def _insert(unit: LogisticUnit) -> None:
    if unit.sscc:
        if not is_sscc(unit.sscc):
            raise InvalidInput(errors={"sscc": _("18 digits with a right check digit are expected.")})
        if not _inserted(unit):
            raise SsccTaken
        return
    for _try in range(TRIES):
        unit.sscc = _drawn()
        if _inserted(unit):
            return
    raise SsccTaken


def _drawn() -> str:
    prefix = settings.GS1_COMPANY_PREFIX
    if not prefix:
        raise NoCompanyPrefix
    sscc = sscc_of(next_count(f"SSCC-{prefix}"), prefix=prefix)
    if sscc is None:
        raise SsccUsedUp
    return sscc


def _inserted(unit: LogisticUnit) -> bool:
    try:
        with transaction.atomic():
            unit.save(force_insert=True)
    except IntegrityError:
        return False
    return True


def stop_packing() -> None:
    """Movers and shippers of units wait for each other: what is shipped is the tree that was looked at."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('dispatch.packing'))")


@transaction.atomic
def load_unit(unit: LogisticUnit, *, parent: LogisticUnit, at: datetime | None, by: User) -> Containment:
    """Puts the unit into another from `at` on (now, where None).

    Raises UnitLevelTooLow, UnitLoaded, UnitShipped, UnitCancelled (409), InvalidInput (400).
    """
    since = _moment(at, field="at")
    stop_packing()
    if not fits_in(UnitLevel(unit.level), parent=UnitLevel(parent.level)):
        raise UnitLevelTooLow
    _check_movable(unit, parent)
    last = Containment.objects.filter(child=unit).order_by("-valid_from", "-id").first()
    if last is not None and last.valid_to is None:
        raise UnitLoaded
    if since < max(unit.packed_at, parent.packed_at) or (last and last.valid_to and since < last.valid_to):
        raise InvalidInput(errors={"at": _("This is before it was packed or last unloaded.")})
    return Containment.objects.create(child=unit, parent=parent, valid_from=since, loaded_by=by)


@transaction.atomic
def unload_unit(unit: LogisticUnit, *, at: datetime | None, by: User) -> Containment:
    """Takes the unit out of the one it stands in. Raises UnitNotLoaded, UnitShipped (409), InvalidInput (400)."""
    until = _moment(at, field="at")
    stop_packing()
    stay = Containment.objects.filter(child=unit, valid_to=None).first()
    if stay is None:
        raise UnitNotLoaded
    _check_movable(unit)
    if until < stay.valid_from:
        raise InvalidInput(errors={"at": _("This is before it was loaded.")})
    stay.valid_to, stay.unloaded_by = until, by
    stay.save(update_fields=["valid_to", "unloaded_by"])
    return stay


@transaction.atomic
def cancel_unit(unit: LogisticUnit, *, by: User, reason: str) -> LogisticUnit:
    """Takes back a unit entered in error; its number is not used again.

    Raises UnitCancelled, UnitLoaded, UnitNotEmpty, UnitShipped (409).
    """
    stop_packing()
    _check_movable(unit)
    stays = Containment.objects.filter(valid_to=None)
    if stays.filter(child=unit).exists():
        raise UnitLoaded
    if stays.filter(parent=unit).exists():
        raise UnitNotEmpty
    unit.cancelled_at, unit.cancelled_by, unit.cancel_reason = clock.now(), by, reason
    unit.save(update_fields=["cancelled_at", "cancelled_by", "cancel_reason"])
    return unit


def _check_movable(*units: LogisticUnit) -> None:
    ids = [unit.pk for unit in units]
    if LogisticUnit.objects.filter(pk__in=ids).exclude(cancelled_at=None).exists():
        raise UnitCancelled
    if shipped_units(ids):
        raise UnitShipped
