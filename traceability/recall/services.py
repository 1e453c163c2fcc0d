"""A recall from its proposal to the announcement: two people, one frozen scope, every step in the diary."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from backend.accounts.models import User
from backend.core import clock
from backend.core.calendar import add_working_days
from backend.core.errors import DomainError, InvalidInput, SamePerson
from backend.core.errors import mark as _
from backend.core.numbering import next_number
from backend.core.queue import emit
from backend.core.states import step
from traceability.batch.models import Batch, Proposal
from traceability.batch.rules import BatchAction, ProposalState
from traceability.batch.services import accept_proposal, recall_batches
from traceability.dispatch.models import Shipment
from traceability.recall import queries
from traceability.recall.consignees import CHUNK, update_notices
from traceability.recall.diary import note
from traceability.recall.models import (
    Recall,
    RecallBatch,
    RecallCheckPolicy,
    RecallLevelRule,
    RecallNotice,
    RecallPlan,
    RecallScope,
    RecallStart,
)
from traceability.recall.rules import (
    OPEN,
    PLAN_ITEMS,
    STEPS,
    NoticeState,
    PlanIncomplete,
    RecallAction,
    RecallNotRunning,
    RecallState,
    RiskInFuture,
    StepKind,
    missing_items,
    rule_in_force,
    start_due,
)
from traceability.recall.scope import Scope, scope_of, statement
from traceability.recall.token import digest_of, token_of

CLOCK_SLACK = timedelta(minutes=5)
LINK_LASTS = timedelta(days=180)  # own judgement: a recall of level 3 ends after 30 working days
MOST_STARTS = 50
LONGEST_REASON = 500


class PlanSealed(DomainError):
    """What was announced stands."""

    code, status, title = "recall_plan_sealed", 409, _("The plan of an announced recall is not changed")


class RuleConfirmed(DomainError):
    """A later edition is a row of its own."""

    code, status, title = "recall_rule_confirmed", 409, _("This row is confirmed already")


@dataclass(frozen=True)
class RecallData:
    """A recall as it is proposed. `risk_known_at`: when the house learnt of the risk; the first clock runs from it."""

    starts: tuple[UUID, ...]
    level: int
    cause: str
    risk_known_at: datetime
    is_drill: bool = False
    is_label_only: bool = False
    proposal_id: UUID | None = None


@transaction.atomic
def confirm_level_rule(
    row: RecallLevelRule,
    *,
    by: User,
    document: str,
    start_h: int,
    complete_working_days: int,
    valid_from: date,
) -> RecallLevelRule:
    """Makes an edition's row count from its first day; older recalls keep theirs. Raises RuleConfirmed (409)."""
    # Conditional: of two who confirm at once, one wins.
    won = RecallLevelRule.objects.filter(pk=row.pk, needs_confirmation=True).update(
        needs_confirmation=False,
        start_h=start_h,
        complete_working_days=complete_working_days,
        valid_from=valid_from,
        confirmed_by=by,
        confirmed_at=clock.now(),
        confirmed_document=document,
    )
    if not won:
        raise RuleConfirmed
    return queries.level_rules().get(pk=row.pk)


@transaction.atomic
def confirm_check_policy(
    row: RecallCheckPolicy, *, by: User, document: str, share_pct: Decimal, valid_from: date
) -> RecallCheckPolicy:
    """Makes a share count from its first day. Raises RuleConfirmed (409), InvalidInput (400)."""
    if RecallCheckPolicy.objects.filter(level=row.level, valid_from=valid_from).exclude(pk=row.pk).exists():
        raise InvalidInput(errors={"valid_from": _("This level has a row of that day.")})
    won = RecallCheckPolicy.objects.filter(pk=row.pk, needs_confirmation=True).update(
        needs_confirmation=False,
        share_pct=share_pct,
        valid_from=valid_from,
        confirmed_by=by,
        confirmed_at=clock.now(),
        confirmed_document=document,
    )
    if not won:
        raise RuleConfirmed
    return queries.check_policies().get(pk=row.pk)


@transaction.atomic
def propose_recall(data: RecallData, *, by: User) -> Recall:
    """A recall for another person to decide; no batch changes yet.

    Raises InvalidInput, RiskInFuture (400), NoLevelRule, ScopeTruncated (409).
    """
    if data.risk_known_at > clock.now() + CLOCK_SLACK:
        raise RiskInFuture(errors={"risk_known_at": RiskInFuture.title})
    starts = _starts(data.starts)
    proposal = _proposal(data, starts=starts)
    rule = rule_in_force(
        queries.confirmed_rules(), level=data.level, on=clock.factory_date(data.risk_known_at)
    )
    recall = Recall.objects.create(
        number=next_number("RD" if data.is_drill else "R", on=clock.today()),
        level=data.level,
        level_rule_id=rule.id,
        cause=data.cause,
        is_drill=data.is_drill,
        is_label_only=data.is_label_only,
        risk_known_at=data.risk_known_at,
        start_due_at=start_due(data.risk_known_at, start_h=rule.start_h),
        proposal=proposal,
        proposed_by=by,
        proposed_at=clock.now(),
    )
    RecallStart.objects.bulk_create(RecallStart(recall=recall, batch_id=id) for id in starts)
    RecallPlan.objects.create(recall=recall)
    note(recall, kind=StepKind.PROPOSED, by=by, reason=data.cause)
    return queries.recall_by_id(recall.pk)


def _starts(ids: Sequence[UUID]) -> list[UUID]:
    wanted = list(dict.fromkeys(ids))
    if len(set(Batch.objects.filter(pk__in=wanted).values_list("pk", flat=True))) < len(wanted):
        raise InvalidInput(errors={"batches": _("Unknown batch.")})
    return wanted


def _proposal(data: RecallData, *, starts: Sequence[UUID]) -> Proposal | None:
    """The batch proposal this recall grew out of. Raises InvalidInput (400)."""
    if data.proposal_id is None:
        return None
    rows = Proposal.objects.filter(pk=data.proposal_id, action=BatchAction.RECALL, batch__in=starts)
    found = rows.exclude(state=ProposalState.DISMISSED).first()
    if found is None or data.is_drill:
        raise InvalidInput(errors={"proposal": _("This is no proposal to recall one of these batches.")})
    return found


def locked(recall: Recall) -> Recall:
    """The row as it is now, locked: two may take a step at once, and reports come in from many phones."""
    return Recall.objects.select_for_update(of=("self",)).select_related("level_rule").get(pk=recall.pk)


def running(recall: Recall) -> Recall:
    """The locked row of a recall that is announced and not closed. Raises RecallNotRunning (409)."""
    row = locked(recall)
    if row.state not in (RecallState.ANNOUNCED, RecallState.CLOSING):
        raise RecallNotRunning(state=row.state)
    return row


def take(row: Recall, *, action: RecallAction) -> None:
    """Sets the state a step leads to, unsaved; `row` is locked. Raises IllegalStep (409)."""
    row.state = step(STEPS, state=RecallState(row.state), action=action)


@transaction.atomic
def approve_recall(recall: Recall, *, by: User, reason: str) -> Recall:
    """The second person agrees: the scope is frozen and its batches are recalled (not in a drill).

    Raises SamePerson (403), IllegalStep, ScopeTruncated, TraceTooLarge (409).
    """
    row = locked(recall)
    take(row, action=RecallAction.APPROVE)
    _decide(row, by=by, reason=reason)
    scope = scope_of([start.batch_id for start in row.starts.all()])
    changed = set() if row.is_drill else _recall_goods(row, scope, by=by)
    _freeze(row, scope, changed=changed, by=by)
    note(row, kind=StepKind.APPROVED, by=by, reason=reason)
    update_notices(row)
    emit("recall.approved", recall_id=row.pk)
    return queries.recall_by_id(row.pk)


def _decide(row: Recall, *, by: User, reason: str) -> None:
    if row.proposed_by_id == by.pk:
        raise SamePerson
    row.decided_by, row.decided_at, row.decision_reason = by, clock.now(), reason
    row.save(update_fields=["state", "decided_by", "decided_at", "decision_reason"])


def _recall_goods(row: Recall, scope: Scope, *, by: User) -> set[UUID]:
    """Recalls the batches; the batch proposal behind the recall is accepted with it, where this person may."""
    reason = f"{row.number}: {row.cause}"[:LONGEST_REASON]
    changed = set()
    proposal = row.proposal
    if (
        proposal is not None
        and proposal.state == ProposalState.OPEN
        and proposal.proposed_by_id not in (None, by.pk)
    ):
        accept_proposal(proposal, by=by, reason=reason)
        changed.add(proposal.batch_id)
    return changed | set(recall_batches(scope.depths, by=by, reason=reason))


def _freeze(row: Recall, scope: Scope, *, changed: set[UUID], by: User) -> None:
    RecallBatch.objects.bulk_create(
        (
            RecallBatch(
                recall=row,
                batch_id=id,
                depth=depth,
                status_before=scope.facts[id].status,
                was_recalled=id in changed,
            )
            for id, depth in sorted(scope.depths.items(), key=lambda item: str(item[0]))
        ),
        batch_size=1000,
    )
    frozen = RecallScope.objects.create(
        recall=row,
        sha256=scope.sha256,
        frozen_at=clock.now(),
        query_text=statement(),
        parameters={"starts": sorted(str(id) for id in scope.starts), "direction": "forward"},
        batch_count=len(scope.depths),
        consignee_count=len(scope.consignees),
        produced_kg=scope.produced_kg,
        shipped_kg=scope.shipped_kg,
    )
    note(row, kind=StepKind.SCOPE_FROZEN, by=by, reason=f"SHA-256 {frozen.sha256}")


@transaction.atomic
def dismiss_recall(recall: Recall, *, by: User, reason: str) -> Recall:
    """The second person disagrees: nothing changes. Raises SamePerson (403), IllegalStep (409)."""
    row = locked(recall)
    take(row, action=RecallAction.DISMISS)
    _decide(row, by=by, reason=reason)
    note(row, kind=StepKind.DISMISSED, by=by, reason=reason)
    return queries.recall_by_id(row.pk)


@transaction.atomic
def change_plan(recall: Recall, *, by: User, items: Mapping[str, str]) -> RecallPlan:
    """Writes items of the plan until the recall is announced. Raises PlanSealed (409)."""
    row = locked(recall)
    if row.state not in (RecallState.PROPOSED, RecallState.APPROVED):
        raise PlanSealed
    plan = RecallPlan.objects.get(recall=row)
    for name, text in items.items():
        setattr(plan, name, text)
    plan.save(update_fields=list(items))
    note(row, kind=StepKind.PLAN_CHANGED, by=by, reason=", ".join(sorted(items)))
    return plan


@transaction.atomic
def announce_recall(recall: Recall, *, by: User, reason: str) -> Recall:
    """Opens the notices: each consignee gets a link the office sends, and the second clock runs.

    Raises PlanIncomplete, IllegalStep (409).
    """
    row = locked(recall)
    take(row, action=RecallAction.ANNOUNCE)
    plan = RecallPlan.objects.get(recall=row)
    missing = missing_items({name: getattr(plan, name) for name in PLAN_ITEMS})
    if missing:
        raise PlanIncomplete(missing=missing, items=", ".join(missing))
    row.announced_by, row.announced_at = by, clock.now()
    due = add_working_days(clock.factory_date(row.announced_at), row.level_rule.complete_working_days or 0)
    row.finish_due_on, row.is_finish_provisional = due.on, due.is_provisional
    row.save(
        update_fields=["state", "announced_by", "announced_at", "finish_due_on", "is_finish_provisional"]
    )
    update_notices(row)
    _open_links(row)
    note(row, kind=StepKind.ANNOUNCED, by=by, reason=reason)
    emit("recall.announced", recall_id=row.pk)
    return queries.recall_by_id(row.pk)


def _open_links(row: Recall) -> None:
    """Gives every consignee without one a link."""
    rows = list(RecallNotice.objects.filter(recall=row))
    for notice in rows:
        if notice.token_digest is None:
            give_link(notice)
        if notice.state == NoticeState.WAITING:
            notice.state = NoticeState.UNCONTACTED
    names = ["token_digest", "link_number", "link_expires_at", "state"]
    RecallNotice.objects.bulk_update(rows, names, batch_size=CHUNK)


def give_link(notice: RecallNotice) -> None:
    """A new link, unsaved; the one before is worth nothing then."""
    notice.link_number += 1
    notice.token_digest = digest_of(token_of(notice.pk, link_number=notice.link_number))
    notice.link_expires_at = clock.now() + LINK_LASTS


@transaction.atomic
def refresh_consignees(recall: Recall, *, by: User) -> Recall:
    """Takes in shipments entered late: consignees and kg that were not known when the scope was frozen.

    Raises RecallNotRunning (409) before the approval and after the close.
    """
    row = locked(recall)
    if row.state not in OPEN:
        raise RecallNotRunning(state=row.state)
    _take_in(row, by=by)
    return queries.recall_by_id(row.pk)


def _take_in(row: Recall, *, by: User) -> None:
    """Brings the lines of a locked, open recall up to date; whoever became known gets a link and a task."""
    changed = update_notices(row)
    if row.state != RecallState.APPROVED:
        _open_links(row)
    if changed:
        note(row, kind=StepKind.CONSIGNEES_UPDATED, by=by, reason=str(changed))
    if changed and row.state != RecallState.APPROVED:
        emit("recall.announced", recall_id=row.pk)  # to those who became known


@transaction.atomic
def take_in_late_shipment(shipment_id: UUID) -> None:
    """Recalled goods turn out to have left: their consignee joins every open recall. Safe to run twice."""
    shipment = Shipment.objects.select_related("recorded_by").get(pk=shipment_id)
    for recall in queries.open_recalls_of(shipment):
        row = locked(recall)
        if row.state in OPEN:
            _take_in(row, by=shipment.recorded_by)
