"""Finishing and closing a recall: nobody untold, no kg unexplained, no goods lying about, no delay unanswered."""

from collections.abc import Iterator
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from backend.accounts.models import User
from backend.core import clock
from backend.core.errors import DomainError, SamePerson
from backend.core.errors import mark as _
from backend.core.queue import emit
from backend.core.states import step
from traceability.genealogy.rules import slack_kg
from traceability.recall import queries
from traceability.recall.back_door import out_by_the_back_door
from traceability.recall.clocks import clocks_of
from traceability.recall.diary import note
from traceability.recall.dossier import canonical, content_of, paper_of, sha256_of
from traceability.recall.effect import effect_of
from traceability.recall.models import (
    Disposition,
    LatenessAnswer,
    Recall,
    RecallDossier,
    RecallNotice,
    RecallWaiver,
)
from traceability.recall.reckoning import Reconciliation, in_hand_kg, reconcile
from traceability.recall.reconciliation import FindingCode
from traceability.recall.rules import (
    WAIVER_STEPS,
    Blocker,
    BlockerCode,
    Clock,
    DispositionState,
    NoticeState,
    RecallAction,
    RecallNotReady,
    StepKind,
    WaiverAction,
    WaiverState,
)
from traceability.recall.services import locked, running, take

MOST_SUBJECTS = 10
KNOWS = (NoticeState.CONTACTED, NoticeState.ACKNOWLEDGED)


class ClockNotMissed(DomainError):
    code, status, title = "clock_not_missed", 409, _("This clock was not missed")


class LatenessAnswered(DomainError):
    code, status, title = "lateness_answered", 409, _("This delay is explained already")


class MoreThanOpen(DomainError):
    """A waiver explains what is missing, nothing more."""

    code, status, title = "more_than_open", 409, _("Less than that is unaccounted for")
    detail = _("{open_kg} kg are unaccounted for there.")


def blockers_of(recall: Recall, *, reader: User | None = None) -> list[Blocker]:
    """What is open before the recall may be finished and closed; the order of work.

    `reader`: consignees are named to whom they are shown; everybody may read how many they are.
    """
    own = None if reader is None else set(queries.notices_for(reader).filter(recall=recall))
    found = reconcile(recall)
    return [
        *([] if recall.is_drill else _unlisted(found)),
        *_untold(recall, own),
        *_unaccounted(recall, found, own),
        *_unchecked(recall, own),
        *([] if recall.is_drill else _undeclared(found)),
        *_undisposed(recall),
        *_made_since(recall),
        *_unanswered(recall),
    ]


def _named(code: BlockerCode, subjects: list[str], *, qty_kg: Decimal | None = None) -> Iterator[Blocker]:
    if subjects:
        yield Blocker(code, len(subjects), qty_kg=qty_kg, subjects=tuple(sorted(subjects)[:MOST_SUBJECTS]))


def _consignees(
    code: BlockerCode,
    rows: list[RecallNotice],
    own: set[RecallNotice] | None,
    *,
    qty_kg: Decimal | None = None,
) -> Iterator[Blocker]:
    """All are counted; those of `own` are named (None: all)."""
    names = sorted(name_of(row) for row in rows if own is None or row in own)
    if rows:
        yield Blocker(code, len(rows), qty_kg=qty_kg, subjects=tuple(names[:MOST_SUBJECTS]))


def _unlisted(found: Reconciliation) -> Iterator[Blocker]:
    """Batches whose late papers name consignees nobody took in yet: refresh-consignees gives them their line."""
    rows = [each for each in found.findings if each.code == FindingCode.CONSIGNEE_UNLISTED]
    kg = sum((row.qty_kg or Decimal() for row in rows), Decimal())
    yield from _named(BlockerCode.CONSIGNEES_UNLISTED, list({row.subject for row in rows}), qty_kg=kg)


def name_of(notice: RecallNotice) -> str:
    """The consignee by its code; a history delivery by the name its file gave."""
    return notice.customer.code if notice.customer else notice.consignee_name


def _untold(recall: Recall, own: set[RecallNotice] | None) -> Iterator[Blocker]:
    rows = queries.notices_of(recall).exclude(state__in=KNOWS)
    yield from _consignees(BlockerCode.CONSIGNEES_UNCONTACTED, list(rows), own)


def _unaccounted(recall: Recall, found: Reconciliation, own: set[RecallNotice] | None) -> Iterator[Blocker]:
    """Kg nobody found, beyond weighing and beyond what two people waived in writing."""
    waived = _waived(recall)
    missing = {}
    for line in found.consignees:
        open_kg = line.outside.unaccounted_kg - waived.get(line.notice.pk, Decimal())
        if open_kg > slack_kg(line.outside.shipped_kg):
            missing[line.notice] = open_kg
    kg = sum(missing.values(), Decimal())
    yield from _consignees(BlockerCode.GOODS_UNACCOUNTED, list(missing), own, qty_kg=kg)
    rows = RecallWaiver.objects.filter(notice__recall=recall, state=WaiverState.PROPOSED)
    waiting = [row.notice for row in rows.select_related("notice__customer")]
    yield from _consignees(BlockerCode.WAIVERS_OPEN, waiting, own)


def _waived(recall: Recall) -> dict[UUID, Decimal]:
    rows = RecallWaiver.objects.filter(notice__recall=recall, state=WaiverState.APPROVED)
    return dict(rows.values_list("notice").annotate(kg=Sum("qty_kg")))


def _unchecked(recall: Recall, own: set[RecallNotice] | None) -> Iterator[Blocker]:
    yield from _consignees(BlockerCode.CHECKS_MISSING, list(effect_of(recall).missing), own)


def _undeclared(found: Reconciliation) -> Iterator[Blocker]:
    rows = [each for each in found.findings if each.code == FindingCode.STOCK_UNDECLARED]
    kg = sum((row.qty_kg or Decimal() for row in rows), Decimal())
    yield from _named(BlockerCode.STOCK_UNDECLARED, [row.subject for row in rows], qty_kg=kg)


def _undisposed(recall: Recall) -> Iterator[Blocker]:
    """Goods in our hands wait for their end; a drill only has to end what it began."""
    rows = queries.dispositions().filter(recall=recall)
    is_open = (DispositionState.PROPOSED, DispositionState.APPROVED)
    yield from _named(
        BlockerCode.DISPOSITIONS_OPEN, [row.batch.code for row in rows.filter(state__in=is_open)]
    )
    if recall.is_drill:
        return
    done = dict(
        Disposition.objects.filter(recall=recall, state=DispositionState.DONE)
        .values_list("batch")
        .annotate(kg=Sum("qty_kg"))
    )
    left = {id: kg - done.get(id, Decimal()) for id, kg in in_hand_kg(recall).items()}
    lying = {id: kg for id, kg in left.items() if kg > slack_kg(kg + done.get(id, Decimal()))}
    codes = list(
        queries.batches_of(recall).filter(batch__in=list(lying)).values_list("batch__code", flat=True)
    )
    yield from _named(BlockerCode.GOODS_UNDISPOSED, codes, qty_kg=sum(lying.values(), Decimal()))


def _made_since(recall: Recall) -> Iterator[Blocker]:
    """Edible goods made of recalled ones since and out by a back door, beyond what was relabelled."""
    if not recall.is_drill:
        codes = out_by_the_back_door(recall).values_list("code", flat=True)
        yield from _named(BlockerCode.MADE_OF_RECALLED, list(codes))


def _unanswered(recall: Recall) -> Iterator[Blocker]:
    answered = set(recall.lateness_answers.values_list("clock", flat=True))
    now = clock.now()
    late = [name for name, face in clocks_of(recall).items() if face.is_late(now) and name not in answered]
    yield from _named(BlockerCode.CLOCK_UNANSWERED, [str(name) for name in late])


def _check_ready(recall: Recall) -> None:
    blockers = blockers_of(recall)
    if blockers:
        codes = [str(blocker.code) for blocker in blockers]
        raise RecallNotReady(blockers=codes, open=", ".join(codes))


@transaction.atomic
def finish_recall(recall: Recall, *, by: User, reason: str) -> Recall:
    """Says that the goods are dealt with: the second clock stops. Raises RecallNotReady, IllegalStep (409)."""
    row = locked(recall)
    take(row, action=RecallAction.FINISH)
    _check_ready(row)
    row.finished_by, row.finished_at = by, clock.now()
    row.save(update_fields=["state", "finished_by", "finished_at"])
    note(row, kind=StepKind.FINISHED, by=by, reason=reason)
    return queries.recall_by_id(row.pk)


@transaction.atomic
def reopen_recall(recall: Recall, *, by: User, reason: str) -> Recall:
    """Takes a finish back: something turned up. Raises IllegalStep (409)."""
    row = locked(recall)
    take(row, action=RecallAction.REOPEN)
    row.finished_by = row.finished_at = None
    row.save(update_fields=["state", "finished_by", "finished_at"])
    note(row, kind=StepKind.REOPENED, by=by, reason=reason)
    return queries.recall_by_id(row.pk)


@transaction.atomic
def close_recall(recall: Recall, *, by: User, reason: str) -> Recall:
    """Another person than finished it closes the recall and seals its dossier.

    Raises SamePerson (403), RecallNotReady, IllegalStep (409).
    """
    row = locked(recall)
    take(row, action=RecallAction.CLOSE)
    if row.finished_by_id == by.pk:
        raise SamePerson
    _check_ready(row)
    row.closed_by, row.closed_at = by, clock.now()
    row.save(update_fields=["state", "closed_by", "closed_at"])
    note(row, kind=StepKind.CLOSED, by=by, reason=reason)
    _seal(row)
    emit("recall.closed", recall_id=row.pk)
    return queries.recall_by_id(row.pk)


def _seal(row: Recall) -> None:
    """The dossier of the row as it closes. Printing takes a third of a second and happens once per recall."""
    assert row.closed_at is not None
    content = content_of(queries.recall_by_id(row.pk))
    data = canonical(content)
    paper = paper_of(content, sha256=sha256_of(data), made_at=row.closed_at)
    RecallDossier.objects.create(
        recall=row,
        content=data,
        sha256=sha256_of(data),
        paper=paper,
        paper_sha256=sha256_of(paper),
        sealed_at=row.closed_at,
    )


@transaction.atomic
def explain_lateness(recall: Recall, *, which: Clock, by: User, reason: str) -> LatenessAnswer:
    """Writes down why a clock was missed. Raises ClockNotMissed, LatenessAnswered, RecallNotRunning (409)."""
    row = running(recall)
    if not clocks_of(row)[which].is_late(clock.now()):
        raise ClockNotMissed
    if row.lateness_answers.filter(clock=which).exists():
        raise LatenessAnswered
    made = LatenessAnswer.objects.create(recall=row, clock=which, reason=reason, by=by, at=clock.now())
    note(row, kind=StepKind.LATENESS_EXPLAINED, by=by, reason=f"{which}: {reason}", subject_id=made.pk)
    return made


@transaction.atomic
def propose_waiver(notice: RecallNotice, *, qty_kg: Decimal, reason: str, by: User) -> RecallWaiver:
    """Why so many kg at a consignee will never be found; another person decides.

    Raises MoreThanOpen, RecallNotRunning (409).
    """
    recall = running(notice.recall)
    row = RecallNotice.objects.select_for_update().get(pk=notice.pk)
    rows = row.waivers.exclude(state=WaiverState.REJECTED)
    waived = rows.aggregate(kg=Sum("qty_kg"))["kg"] or Decimal()
    [line] = [each for each in reconcile(recall).consignees if each.notice.pk == row.pk]
    open_kg = line.outside.unaccounted_kg - waived
    if qty_kg > open_kg:
        raise MoreThanOpen(open_kg=f"{max(open_kg, Decimal()).normalize():f}")
    made = RecallWaiver.objects.create(
        notice=row, qty_kg=qty_kg, reason=reason, proposed_by=by, proposed_at=clock.now()
    )
    told = f"{qty_kg.normalize():f} kg: {reason}"
    note(recall, kind=StepKind.WAIVER_PROPOSED, by=by, reason=told, subject_id=made.pk)
    return made


@transaction.atomic
def decide_waiver(waiver: RecallWaiver, *, action: WaiverAction, by: User, reason: str) -> RecallWaiver:
    """The second person approves or rejects. Raises SamePerson (403), IllegalStep, RecallNotRunning (409)."""
    recall = running(waiver.notice.recall)
    row = RecallWaiver.objects.select_for_update(of=("self",)).get(pk=waiver.pk)
    if by.pk in (row.proposed_by_id, row.decided_by_id):
        raise SamePerson
    row.state = step(WAIVER_STEPS, state=WaiverState(row.state), action=action)
    row.decided_by, row.decided_at, row.decision_reason = by, clock.now(), reason
    row.save(update_fields=["state", "decided_by", "decided_at", "decision_reason"])
    kind = StepKind.WAIVER_APPROVED if action == WaiverAction.APPROVE else StepKind.WAIVER_REJECTED
    note(recall, kind=kind, by=by, reason=reason, subject_id=row.pk)
    return row
