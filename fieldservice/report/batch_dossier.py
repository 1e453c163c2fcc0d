"""The dossier of a batch: what it was made of, tested, sent to, scanned, measured, complained about, spent, recalled.

Counts and sums with the addresses of the paged lists: as many queries for a batch with ten scans as with ten thousand.
A part the caller has no right to is None, and absent in the answer.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Case, Count, F, Max, Min, Model, Q, QuerySet, Sum, Value, When, Window
from django.db.models.functions import Coalesce

from backend.accounts.models import User
from backend.accounts.rules import Can
from fieldservice.case.queries import cases_for, lines_of_batch
from fieldservice.case.rules import CaseStatus
from fieldservice.cost.queries import costs_for, total
from fieldservice.cost.rules import Total
from fieldservice.quality.queries import signals
from fieldservice.reading.models import Reading
from fieldservice.reading.queries import readings_for
from traceability.balance.queries import account_of
from traceability.balance.rules import Balance, balance_of
from traceability.batch.models import Batch, BatchDecision, ReleaseCertificate
from traceability.batch.queries import certificates_of, decisions_of
from traceability.batch.rules import ProposalState
from traceability.dispatch.queries import receivers_for
from traceability.genealogy.models import MadeFrom, TransformationOutput
from traceability.recall.models import Recall, RecallNotice
from traceability.recall.reconciliation import Outside
from traceability.recall.rules import OPEN
from traceability.scan.queries import scans_for

NO_KG = Decimal(0)
M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Make:
    batch: Batch
    parent_count: int
    child_count: int
    supplier_lot_count: int
    run_number: str | None


@dataclass(frozen=True)
class Lab:
    certificate_count: int
    newest: ReleaseCertificate | None


@dataclass(frozen=True)
class Decisions:
    count: int
    latest: BatchDecision | None


@dataclass(frozen=True)
class Ship:
    """To whom the batch went directly, of those the caller sees."""

    receiver_count: int
    qty_kg: Decimal
    first_on: date | None
    last_on: date | None


@dataclass(frozen=True)
class Share:
    """How many of one kind: an outcome, a verdict."""

    code: str
    count: int


@dataclass(frozen=True)
class Scans:
    count: int
    by_outcome: list[Share]
    last_at: datetime | None


@dataclass(frozen=True)
class Readings:
    """Those that stand: a corrected one is counted by its correction, a waived one by the waiver."""

    count: int
    by_verdict: list[Share]
    latest: Reading | None


@dataclass(frozen=True)
class Counted:
    count: int
    open_count: int


@dataclass(frozen=True)
class RecallStanding:
    """The recall that matters now: a running one before an ended one, a real one before a drill."""

    count: int
    recall: Recall | None
    outside: Outside | None


@dataclass(frozen=True)
class BatchDossier:
    make: Make
    decisions: Decisions
    lab: Lab | None
    ship: Ship | None
    balance: Balance | None
    scans: Scans | None
    readings: Readings | None
    cases: Counted | None
    signals: Counted | None
    cost: Total | None
    recall: RecallStanding | None

    @property
    def id(self) -> UUID:
        return self.make.batch.pk


def batch_dossier(batch: Batch, *, user: User) -> BatchDossier:
    """Everything known about a batch, as far as the caller's role and regions go."""
    return BatchDossier(
        make=_make(batch),
        decisions=_decisions(batch),
        lab=_lab(batch) if user.may(Can.READ_BATCH_TESTS) else None,
        ship=_ship(batch, user) if user.may(Can.READ_RECEIVERS) else None,
        balance=balance_of(account_of(batch).account) if user.may(Can.READ_BALANCE) else None,
        scans=_scans(batch, user) if user.may(Can.READ_SCANS) else None,
        readings=_readings(batch, user) if user.may(Can.READ_READINGS) else None,
        cases=_cases(batch, user) if user.may(Can.READ_CASES) else None,
        signals=_signals(batch) if user.may(Can.READ_SIGNALS) else None,
        cost=_cost(batch, user) if user.may(Can.READ_COSTS) else None,
        recall=_recall(batch) if user.may(Can.READ_RECALLS) else None,
    )


def _make(batch: Batch) -> Make:
    above, below = Q(child=batch), Q(parent=batch)
    bought = above & ~Q(parent__supplier_lot="")
    counts = MadeFrom.objects.filter(above | below, is_live=True).aggregate(
        parents=Count("parent", filter=above, distinct=True),
        children=Count("child", filter=below, distinct=True),
        lots=Count("parent", filter=bought, distinct=True),
    )
    runs = TransformationOutput.objects.filter(batch=batch).order_by("-pk")
    number = runs.values_list("transformation__number", flat=True).first()
    return Make(batch, counts["parents"], counts["children"], counts["lots"], number)


def _newest(rows: QuerySet[M], *order: str) -> tuple[M | None, int]:
    """The first row of the order and how many there are, in one query."""
    found: Any = rows.annotate(of_all=Window(Count("pk"))).order_by(*order).first()
    return found, found.of_all if found else 0


def _decisions(batch: Batch) -> Decisions:
    latest, count = _newest(decisions_of(batch), "-at", "-id")
    return Decisions(count, latest)


def _lab(batch: Batch) -> Lab:
    newest, count = _newest(certificates_of(batch), "-issued_on", "-id")
    return Lab(count, newest)


def _ship(batch: Batch, user: User) -> Ship:
    sums = receivers_for(user, batch).aggregate(
        count=Count("customer"),
        kg=Sum("qty_sum_kg"),
        first=Min("first_shipped_on"),
        last=Max("last_shipped_on"),
    )
    return Ship(sums["count"], sums["kg"] or NO_KG, sums["first"], sums["last"])


def _scans(batch: Batch, user: User) -> Scans:
    rows = scans_for(user).filter(batch=batch).order_by().values("outcome")
    groups = list(rows.annotate(count=Count("pk"), last=Max("received_at")).order_by("outcome"))
    return Scans(
        count=sum(row["count"] for row in groups),
        by_outcome=[Share(row["outcome"], row["count"]) for row in groups],
        last_at=max((row["last"] for row in groups), default=None),
    )


def _readings(batch: Batch, user: User) -> Readings:
    standing = readings_for(user).filter(batch=batch, superseded_by=None)
    # By id: the annotations of the answer would split the groups.
    rows = Reading.objects.filter(pk__in=standing.values("pk"))
    groups = rows.annotate(judged=Coalesce("waiver__verdict", "verdict")).values("judged")
    counted = list(groups.annotate(count=Count("pk")).order_by("judged"))
    latest = rows.select_related("waiver").order_by("-received_at", "-id").first()
    shares = [Share(row["judged"], row["count"]) for row in counted]
    return Readings(sum(share.count for share in shares), shares, latest)


def _cases(batch: Batch, user: User) -> Counted:
    open_ones = Count("pk", filter=Q(status=CaseStatus.OPEN), distinct=True)
    found = cases_for(user).filter(batch=batch).aggregate(all=Count("pk", distinct=True), open=open_ones)
    return Counted(found["all"], found["open"])


def _signals(batch: Batch) -> Counted:
    """Open: the hold it proposes is not decided; one that proposes nothing asks nothing."""
    waiting = Count("pk", filter=Q(proposal__state=ProposalState.OPEN))
    found = signals().filter(batch=batch).aggregate(all=Count("pk"), open=waiting)
    return Counted(found["all"], found["open"])


def _cost(batch: Batch, user: User) -> Total:
    return total(lines_of_batch(batch, among=costs_for(user)))


def _recall(batch: Batch) -> RecallStanding:
    runs = Case(When(state__in=OPEN, then=Value(0)), default=Value(1))
    rows = Recall.objects.filter(batches__batch=batch).annotate(rank=runs)
    recall, count = _newest(rows, "rank", "is_drill", "-proposed_at", "-id")
    return RecallStanding(count, recall, _outside(recall) if recall else None)


def _outside(recall: Recall) -> Outside:
    """What was shipped of the whole recall, and what became of it."""
    names = ("shipped_kg", "returned_kg", "destroyed_kg", "consumed_kg", "quarantined_kg")
    sums = RecallNotice.objects.filter(recall=recall).aggregate(**{name: Sum(F(name)) for name in names})
    return Outside(**{name: kg or NO_KG for name, kg in sums.items()})
