"""Silos: what came in, and when they were cleaned. What stays below the next batch, the heel, is in it."""

import re
from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, transaction

from backend.accounts.models import User
from backend.core.errors import DomainError, InvalidInput
from backend.core.errors import mark as _
from traceability.batch.models import Batch
from traceability.genealogy import queries
from traceability.genealogy.guard import GoneElsewhere, check_past, nothing_elsewhere
from traceability.genealogy.models import MadeFrom, Silo, SiloCleaning, SiloFill
from traceability.genealogy.rules import GenealogyCircle, LinkKind
from traceability.genealogy.services import link_parent

CODE = re.compile(r"[0-9A-Za-z_\-#\u4e00-\u9fff]+")  # as painted: 3#, A-01, 一号仓; it stands in addresses


class SiloKnown(DomainError):
    code, status, title = "silo_known", 409, _("There is a silo of this code")


class HeelUnknown(DomainError):
    """Only a cleaning record ends the chain: without one, something of the batch before is in this one."""

    code, status, title = "heel_unknown", 409, _("How much of the batch before is still in the silo?")
    detail = _("{batch} was in it and it was not cleaned since: give heel_kg, 0 where it ran empty.")


class SiloBatchAgain(DomainError):
    """A batch is not made from what was made of it; its salt that comes in later is another batch."""

    code, status, title = "silo_batch_again", 409, _("What is in the silo was made from this batch")
    detail = _("{below} has {batch} in it: what comes in now needs a batch number of its own.")


class SiloFilledSince(DomainError):
    """What was entered since counts on it; reverse that heel first, then enter what was forgotten."""

    code, status, title = "silo_filled_since", 409, _("The silo was filled after that moment")
    detail = _("{batch} came in at {filled_at}, onto what was there before.")


@transaction.atomic
def record_silo(*, code: str, plant: str) -> Silo:
    """Raises InvalidInput (400), SiloKnown (409)."""
    if not CODE.fullmatch(code):
        raise InvalidInput(errors={"code": _("Letters, digits, Chinese characters and _ - # are expected.")})
    try:
        with transaction.atomic():
            made = Silo.objects.create(code=code, plant=plant)
    except IntegrityError as error:
        raise SiloKnown from error
    return queries.silos().get(pk=made.pk)


@transaction.atomic
def fill_silo(
    silo: Silo,
    *,
    batch: Batch,
    filled_at: datetime,
    by: User,
    heel_kg: Decimal | None = None,
    gone_elsewhere: GoneElsewhere = nothing_elsewhere,
) -> SiloFill:
    """`batch` comes into the silo; where it was not cleaned since the batch before, that one's heel goes into it.

    Raises InvalidInput (400), HeelUnknown, SiloFilledSince, SiloBatchAgain and what `link_parent` raises (409).
    """
    check_past(filled_at, field="filled_at")
    row = _locked(silo)
    _check_nothing_after(row, at=filled_at)
    below = _batch_below(row, batch=batch, at=filled_at)
    heel: MadeFrom | None = None
    if below is None and heel_kg is not None:
        raise InvalidInput(errors={"heel_kg": _("Nothing else was in the silo.")})
    if below is not None:
        if heel_kg is None:
            raise HeelUnknown(batch=below.code)
        try:
            heel = link_parent(
                batch,
                parent=below,
                qty_kg=heel_kg,
                made_at=filled_at,
                by=by,
                kind=LinkKind.HEEL,
                gone_elsewhere=gone_elsewhere,
            )
        except GenealogyCircle as error:
            raise SiloBatchAgain(batch=batch.code, below=below.code) from error
    made = SiloFill.objects.create(silo=row, batch=batch, filled_at=filled_at, heel=heel, recorded_by=by)
    return queries.fills().get(pk=made.pk)


def _locked(silo: Silo) -> Silo:
    """Two fills of one silo come one after the other."""
    return Silo.objects.select_for_update(no_key=True).get(pk=silo.pk)


def _check_nothing_after(silo: Silo, *, at: datetime) -> None:
    """Raises SiloFilledSince (409), unless the silo was cleaned between the moment and the fill after it."""
    after = queries.fill_from(silo, moment=at)
    if after is not None:
        _check_cleaned(silo, start=at, before=after)


def _check_cleaned(silo: Silo, *, start: datetime, before: SiloFill) -> None:
    """Raises SiloFilledSince (409): the fill came onto what was there at `start`."""
    if not queries.is_cleaned_between(silo, start=start, end=before.filled_at):
        raise SiloFilledSince(batch=before.batch.code, filled_at=before.filled_at)


def _batch_below(silo: Silo, *, batch: Batch, at: datetime) -> Batch | None:
    """The batch whose heel `batch` comes onto; None in a clean silo, or onto itself."""
    before = queries.fill_before(silo, moment=at)
    if before is None or before.batch_id == batch.pk:
        return None
    if queries.is_cleaned_between(silo, start=before.filled_at, end=at):
        return None
    return before.batch


@transaction.atomic
def clean_silo(silo: Silo, *, cleaned_at: datetime, method: str, by: User, note: str = "") -> SiloCleaning:
    """The silo was emptied and cleaned; what comes next has no heel.

    Entered late, it cannot undo a heel: that is reversed first. Raises InvalidInput (400), SiloFilledSince (409).
    """
    check_past(cleaned_at, field="cleaned_at")
    row = _locked(silo)
    after = queries.fill_from(row, moment=cleaned_at)
    if after is not None and after.heel is not None and after.heel.is_live:
        _check_cleaned(row, start=cleaned_at, before=after)
    made = SiloCleaning.objects.create(silo=row, cleaned_at=cleaned_at, method=method, by=by, note=note)
    return queries.cleanings_of(row).get(pk=made.pk)
