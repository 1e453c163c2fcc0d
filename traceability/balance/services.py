"""Counting stock, the bands of the stages, and keeping the findings true."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from backend.accounts.models import User
from backend.core import clock
from backend.core.errors import DomainError, InvalidInput
from backend.core.errors import mark as _
from backend.core.queue import emit
from traceability.balance import look, queries
from traceability.balance.models import Finding, FindingRefresh, StockCount, YieldBand
from traceability.balance.register import keep
from traceability.balance.rules import Count, FindingState, Rule, check_band, check_count
from traceability.batch.models import Batch

CLOCK_SLACK = timedelta(minutes=5)
OF_MASS = (Rule.OVER_ISSUED, Rule.UNACCOUNTED)


class BandConfirmed(DomainError):
    code, status, title = "yield_band_already_confirmed", 409, _("This yield band is confirmed already")


class BandDateTaken(DomainError):
    code, status, title = "yield_band_date_taken", 409, _("The stage has a confirmed band from this day on")


class FindingNotOpen(DomainError):
    code, status, title = "finding_not_open", 409, _("This finding is settled or cleared already")


@dataclass(frozen=True)
class CountData:
    """A stock count; kg as Decimal, scrap and retained samples all in all up to then."""

    counted_at: datetime
    on_hand_kg: Decimal
    scrap_kg: Decimal = Decimal(0)
    retained_kg: Decimal = Decimal(0)
    note: str = ""


@dataclass(frozen=True)
class BandData:
    """Accounted share of the kg put in, in percent, from a day on."""

    stage: str
    low_pct: Decimal
    high_pct: Decimal
    valid_from: date
    source: str


@transaction.atomic
def record_stock_count(batch: Batch, data: CountData, *, by: User) -> StockCount:
    """What was found of the batch; its findings of mass follow. Raises InvalidInput (400)."""
    if data.counted_at > clock.now() + CLOCK_SLACK:
        raise InvalidInput(errors={"counted_at": _("This lies in the future.")})
    if clock.factory_date(data.counted_at) < batch.produced_on:
        raise InvalidInput(errors={"counted_at": _("The batch was not made yet.")})
    count = Count(data.on_hand_kg, data.scrap_kg, data.retained_kg)
    check_count(count, qty_kg=batch.qty_kg)
    made = StockCount.objects.create(
        batch=batch,
        counted_at=data.counted_at,
        on_hand_kg=data.on_hand_kg,
        scrap_kg=data.scrap_kg,
        retained_kg=data.retained_kg,
        note=data.note,
        by=by,
        recorded_at=clock.now(),
    )
    emit("stock.counted", batch_id=batch.pk)
    return made


def add_band(data: BandData) -> YieldBand:
    """A band that judges nothing until it is confirmed. Raises InvalidInput (400)."""
    check_band(data.low_pct, data.high_pct)
    return YieldBand.objects.create(
        stage=data.stage,
        low_pct=data.low_pct,
        high_pct=data.high_pct,
        valid_from=data.valid_from,
        source=data.source,
    )


@transaction.atomic
def confirm_band(band: YieldBand, *, by: User, document: str) -> YieldBand:
    """Lets the band judge: somebody has read the document. Raises BandConfirmed, BandDateTaken (409)."""
    try:
        with transaction.atomic():
            won = YieldBand.objects.filter(pk=band.pk, needs_confirmation=True).update(
                needs_confirmation=False,
                confirmed_by=by,
                confirmed_at=clock.now(),
                confirmed_document=document,
            )
    except IntegrityError as error:
        raise BandDateTaken from error
    if not won:
        raise BandConfirmed
    return queries.bands().get(pk=band.pk)


@transaction.atomic
def settle_finding(finding: Finding, *, by: User, reason: str) -> Finding:
    """QC has explained it: it stays settled while its numbers stay. Raises FindingNotOpen (409)."""
    won = Finding.objects.filter(pk=finding.pk, state=FindingState.OPEN).update(
        state=FindingState.SETTLED, settled_by=by, settled_at=clock.now(), settle_reason=reason
    )
    if not won:
        raise FindingNotOpen
    return queries.findings_for(by).get(pk=finding.pk)


@transaction.atomic
def refresh_findings() -> FindingRefresh:
    """Looks over all batches and makes the table of findings say what is so now. Safe to run twice."""
    _one_at_a_time()
    started_at = clock.now()
    looked = look.look()
    change = keep(looked.faults, rules=list(Rule), ids=None, at=started_at)
    return FindingRefresh.objects.create(
        started_at=started_at,
        finished_at=clock.now(),
        batches=looked.batches,
        links=looked.links,
        found=len(looked.faults),
        opened=change.opened,
        cleared=change.cleared,
    )


def refresh_findings_since(moment: datetime) -> None:
    """The same, unless a look that began after `moment` has seen it already. Safe to run twice."""
    if not FindingRefresh.objects.filter(started_at__gte=moment).exists():
        refresh_findings()


@transaction.atomic
def refresh_balance(ids: Iterable[UUID]) -> None:
    """The same for the mass of some batches. Safe to run twice."""
    wanted = list(ids)
    _one_at_a_time()
    keep(look.balance_faults(wanted), rules=OF_MASS, ids=wanted, at=clock.now())


def _one_at_a_time() -> None:
    """Of two looks the later one waits: it would open the same findings. Off the request path the house's limits
    on waiting and working do not fit; JIT and a small work_mem cost a look over a million batches a minute.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SET LOCAL statement_timeout = '240s'; SET LOCAL lock_timeout = '240s'; "
            "SET LOCAL idle_in_transaction_session_timeout = '240s'; SET LOCAL jit = off; SET LOCAL work_mem = '128MB'"
        )
        cursor.execute("LOCK TABLE traceability_findingrefresh IN SHARE ROW EXCLUSIVE MODE")
