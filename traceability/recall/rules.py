"""Levels, states, clocks and quantities of a recall. Pure; 食品召回管理办法 sets levels and hours, as dated rows."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from math import ceil
from uuid import UUID

from backend.accounts.rules import Role
from backend.core.choices import Code
from backend.core.errors import DomainError
from backend.core.errors import mark as _

LEVELS = (1, 2, 3)  # 一级 serious harm, 二级 general harm, 三级 false label
NO_KG = Decimal(0)


class RecallState(Code):
    PROPOSED = "proposed"
    APPROVED = "approved"
    ANNOUNCED = "announced"
    CLOSING = "closing"
    CLOSED = "closed"
    DISMISSED = "dismissed"


class RecallAction(Code):
    APPROVE = "approve"
    DISMISS = "dismiss"
    ANNOUNCE = "announce"
    FINISH = "finish"
    REOPEN = "reopen"
    CLOSE = "close"


STEPS: Mapping[tuple[RecallState, RecallAction], RecallState] = {
    (RecallState.PROPOSED, RecallAction.APPROVE): RecallState.APPROVED,
    (RecallState.PROPOSED, RecallAction.DISMISS): RecallState.DISMISSED,
    (RecallState.APPROVED, RecallAction.ANNOUNCE): RecallState.ANNOUNCED,
    (RecallState.ANNOUNCED, RecallAction.FINISH): RecallState.CLOSING,
    (RecallState.CLOSING, RecallAction.REOPEN): RecallState.ANNOUNCED,
    (RecallState.CLOSING, RecallAction.CLOSE): RecallState.CLOSED,
}
# Goods still come back and are handled here; before, nobody was told; after, the dossier is sealed.
RUNNING = (RecallState.ANNOUNCED, RecallState.CLOSING)
OPEN = (RecallState.APPROVED, *RUNNING)


class StepKind(Code):
    """One line of a recall's diary."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    DISMISSED = "dismissed"
    SCOPE_FROZEN = "scope_frozen"
    PLAN_CHANGED = "plan_changed"
    ANNOUNCED = "announced"
    CONSIGNEES_UPDATED = "consignees_updated"
    CONTACTED = "contacted"
    ACKNOWLEDGED = "acknowledged"
    LINK_RENEWED = "link_renewed"
    GOODS_REPORTED = "goods_reported"
    GOODS_CORRECTED = "goods_corrected"
    STOCK_DECLARED = "stock_declared"
    EFFECTIVENESS_CHECKED = "effectiveness_checked"
    TESTED = "tested"
    DISPOSITION_PROPOSED = "disposition_proposed"
    DISPOSITION_APPROVED = "disposition_approved"
    DISPOSITION_REJECTED = "disposition_rejected"
    REGULATOR_TOLD = "regulator_told"
    DISPOSITION_DONE = "disposition_done"
    WAIVER_PROPOSED = "waiver_proposed"
    WAIVER_APPROVED = "waiver_approved"
    WAIVER_REJECTED = "waiver_rejected"
    LATENESS_EXPLAINED = "lateness_explained"
    FINISHED = "finished"
    REOPENED = "reopened"
    CLOSED = "closed"


class Clock(Code):
    """Two clocks: the start runs in hours from knowing the risk, the finish in working days from the announcement."""

    START = "start"
    FINISH = "finish"


class Channel(Code):
    PHONE = "phone"
    SMS = "sms"
    MAIL = "mail"
    VISIT = "visit"
    LETTER = "letter"


class ContactOutcome(Code):
    REACHED = "reached"
    SENT = "sent"  # the notice went out in writing
    NO_ANSWER = "no_answer"
    WRONG_CONTACT = "wrong_contact"
    REFUSED = "refused"


TOLD = (ContactOutcome.REACHED, ContactOutcome.SENT, ContactOutcome.REFUSED)  # they know of the recall


class NoticeState(Code):
    """Of a consignee's line; the order of the members is the order of work."""

    WAITING = "waiting"  # before the announcement
    UNCONTACTED = "uncontacted"
    NOT_REACHED = "not_reached"
    CONTACTED = "contacted"
    ACKNOWLEDGED = "acknowledged"


class DispositionKind(Code):
    """What becomes of recalled goods. None of them leads back to edible stock as it was (食品安全法 art. 63)."""

    RELABEL = "relabel"
    DOWNGRADE = "downgrade"
    DESTROY = "destroy"
    HARMLESS_TREATMENT = "harmless_treatment"


TOLD_BEFORE = (
    DispositionKind.DESTROY,
    DispositionKind.HARMLESS_TREATMENT,
)  # time and place go to the regulator


class DispositionState(Code):
    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    DONE = "done"


class WaiverState(Code):
    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"


class RiskInFuture(DomainError):
    code, status, title = "risk_known_in_future", 400, _("The risk cannot become known in the future")


class NoLevelRule(DomainError):
    """No confirmed edition of the law says how fast this level must go."""

    code, status, title = "no_recall_rule", 409, _("No confirmed rule for this recall level is in force")


class RecallNotRunning(DomainError):
    """Goods, contacts and disposal belong to a recall between its announcement and its close."""

    code, status, title = "recall_not_running", 409, _("The recall is not running")
    detail = _("It must be announced and not closed; it is “{state}”.")


class ScopeNotFrozen(DomainError):
    """Before the approval there is no scope; GET recalls/preview shows what it would hold."""

    code, status, title = "recall_scope_not_frozen", 409, _("The recall has no scope yet")


class RecallNotClosed(DomainError):
    """The dossier is sealed by the close."""

    code, status, title = "recall_not_closed", 409, _("The recall is not closed yet")


class ScopeTruncated(DomainError):
    """A scope with a hole is no scope."""

    code, status, title = "recall_scope_truncated", 409, _("The scope is larger than one recall can hold")


@dataclass(frozen=True)
class LevelRule:
    """A confirmed row: start within `start_h` hours of knowing the risk, finish in `complete_working_days`."""

    id: UUID
    level: int
    start_h: int
    complete_working_days: int
    valid_from: date
    valid_to: date | None


def rule_in_force(rows: Iterable[LevelRule], *, level: int, on: date) -> LevelRule:
    """The newest edition in force on a day. Raises NoLevelRule (409)."""
    found = [
        row
        for row in rows
        if row.level == level and row.valid_from <= on and (row.valid_to is None or on < row.valid_to)
    ]
    if not found:
        raise NoLevelRule
    return max(found, key=lambda row: row.valid_from)


def scope_digest(ids: Iterable[UUID]) -> str:
    """SHA-256 hex over the sorted ids, one per line: anybody with the list can make it again."""
    return hashlib.sha256("\n".join(sorted(str(id) for id in ids)).encode()).hexdigest()


@dataclass(frozen=True)
class ClockFace:
    """One clock of a recall. `answered_at`: when what it waits for was done; None while it runs."""

    due_at: datetime
    answered_at: datetime | None = None
    is_provisional: bool = False

    def is_late(self, now: datetime) -> bool:
        """Whether it was missed: answered too late, or still open after the hour."""
        return (self.answered_at or now) > self.due_at

    def left_h(self, now: datetime) -> Decimal | None:
        """Hours left with two places, below zero once it is late; None where it is answered."""
        if self.answered_at is not None:
            return None
        seconds = Decimal(int((self.due_at - now).total_seconds()))
        return (seconds / 3600).quantize(Decimal("0.01"))


def start_due(risk_known_at: datetime, *, start_h: int) -> datetime:
    """Hours run through nights and holidays."""
    return risk_known_at + timedelta(hours=start_h)


def contact_state(outcomes: Sequence[ContactOutcome], *, is_acknowledged: bool) -> NoticeState:
    """How far a consignee of an announced recall is told; a later failed call does not undo an earlier one."""
    if is_acknowledged:
        return NoticeState.ACKNOWLEDGED
    if any(outcome in TOLD for outcome in outcomes):
        return NoticeState.CONTACTED
    return NoticeState.NOT_REACHED if outcomes else NoticeState.UNCONTACTED


# The order of work: who knows nothing comes first.
CONTACT_ORDER: Mapping[NoticeState, int] = {
    NoticeState.UNCONTACTED: 0,
    NoticeState.NOT_REACHED: 1,
    NoticeState.WAITING: 2,
    NoticeState.CONTACTED: 3,
    NoticeState.ACKNOWLEDGED: 4,
}


def sample(ids: Iterable[UUID], *, recall_id: UUID, share_pct: Decimal) -> frozenset[UUID]:
    """Which consignees are checked for effect: the same ones for the same recall, and nobody can choose them."""
    ranked = sorted(ids, key=lambda id: hashlib.sha256(f"{recall_id}/{id}".encode()).digest())
    return frozenset(ranked[: ceil(len(ranked) * share_pct / 100)])


PLAN_ITEMS = (
    "producer",
    "goods",
    "cause_and_harm",
    "level_and_flow",
    "notice_zh",
    "duties",
    "disposal_and_cost",
    "expected_effect",
)


class PlanIncomplete(DomainError):
    """A recall is announced with its plan; `missing` names the items."""

    code, status, title = "recall_plan_incomplete", 409, _("The recall plan is not complete")
    detail = _("Missing: {items}")


def missing_items(plan: Mapping[str, str]) -> list[str]:
    """The plan items nobody wrote yet."""
    return [name for name in PLAN_ITEMS if not plan[name].strip()]


class DispositionAction(Code):
    APPROVE = "approve"
    REJECT = "reject"
    REPORT = "report"
    CARRY_OUT = "carry_out"


DISPOSITION_STEPS: Mapping[tuple[DispositionState, DispositionAction], DispositionState] = {
    (DispositionState.PROPOSED, DispositionAction.APPROVE): DispositionState.APPROVED,
    (DispositionState.PROPOSED, DispositionAction.REJECT): DispositionState.REJECTED,
    (DispositionState.PROPOSED, DispositionAction.REPORT): DispositionState.PROPOSED,
    (DispositionState.APPROVED, DispositionAction.REPORT): DispositionState.APPROVED,
    (DispositionState.APPROVED, DispositionAction.CARRY_OUT): DispositionState.DONE,
}


class WaiverAction(Code):
    APPROVE = "approve"
    REJECT = "reject"


WAIVER_STEPS: Mapping[tuple[WaiverState, WaiverAction], WaiverState] = {
    (WaiverState.PROPOSED, WaiverAction.APPROVE): WaiverState.APPROVED,
    (WaiverState.PROPOSED, WaiverAction.REJECT): WaiverState.REJECTED,
}


class RelabelNotAllowed(DomainError):
    """食品安全法 art. 63: only goods recalled for their label may be sold again, once the label is put right."""

    code, status, title = "relabel_not_allowed", 409, _("Only a recall for the label allows relabelling")


class SafetyNotAssured(DomainError):
    """Relabelled goods go back to people: tests of the returned goods must say that they are safe."""

    code, status, title = "safety_not_assured", 409, _("No conforming test of the returned goods")
    detail = _("At least one test of this batch is needed, and the newest of each parameter must conform.")


class DowngradeOneWay(DomainError):
    """食盐专营办法 art. 19: edible salt may become industrial salt, never the other way round."""

    code, status, title = (
        "downgrade_one_way",
        409,
        _("Only edible salt is downgraded, and only to industrial salt"),
    )


class RegulatorNotTold(DomainError):
    """食品安全法 art. 63: time and place of destruction are reported before."""

    code, status, title = "regulator_not_told", 409, _("The regulator was not told before")
    detail = _("Time and place of destroying or treating recalled goods are reported before it is done.")


def check_relabel(*, is_label_only: bool, newest_tests: Mapping[str, bool]) -> None:
    """`newest_tests`: parameter → conforms. Raises RelabelNotAllowed, SafetyNotAssured (409)."""
    if not is_label_only:
        raise RelabelNotAllowed
    if not newest_tests or not all(newest_tests.values()):
        raise SafetyNotAssured


def check_downgrade(*, is_edible: bool, is_target_industrial: bool) -> None:
    """Raises DowngradeOneWay (409)."""
    if not (is_edible and is_target_industrial):
        raise DowngradeOneWay


def check_told_before(kind: DispositionKind, *, told_at: datetime | None, done_at: datetime) -> None:
    """Raises RegulatorNotTold (409) where goods were destroyed before time and place were reported."""
    if kind in TOLD_BEFORE and (told_at is None or told_at >= done_at):
        raise RegulatorNotTold


class BlockerCode(Code):
    """Why a recall cannot be finished or closed yet."""

    CONSIGNEES_UNLISTED = "consignees_unlisted"
    CONSIGNEES_UNCONTACTED = "consignees_uncontacted"
    GOODS_UNACCOUNTED = "goods_unaccounted"
    WAIVERS_OPEN = "waivers_open"
    CHECKS_MISSING = "checks_missing"
    STOCK_UNDECLARED = "stock_undeclared"
    DISPOSITIONS_OPEN = "dispositions_open"
    GOODS_UNDISPOSED = "goods_undisposed"
    MADE_OF_RECALLED = "made_of_recalled"
    CLOCK_UNANSWERED = "clock_unanswered"


@dataclass(frozen=True)
class Blocker:
    """`count` consignees, batches or rows; `qty_kg` where it is about goods; `subjects`: the first few by name."""

    code: BlockerCode
    count: int
    qty_kg: Decimal | None = None
    subjects: tuple[str, ...] = ()


class RecallNotReady(DomainError):
    """What is open stands in `blockers`, and in GET recalls/{id}/readiness at any time."""

    code, status, title = "recall_not_ready", 409, _("The recall cannot be finished yet")
    detail = _("Open: {open}")


ALWAYS_CLEAR = (Role.CLERK, Role.DIRECTOR)
CLEAR_IN_NEED = (Role.QC, Role.LOGISTICS)  # they call the consignees too


def sees_contact(role: Role, *, state: RecallState, is_drill: bool) -> bool:
    """Whether name and phone of a consignee are shown: QC and logistics see them while a real recall runs."""
    return role in ALWAYS_CLEAR or (role in CLEAR_IN_NEED and state in RUNNING and not is_drill)


def sees_site(role: Role) -> bool:
    """Whether the address is shown outside a running recall: whoever ships there knows it."""
    return role == Role.LOGISTICS


INSTRUCTIONS: Mapping[bool, str] = {
    False: _("Recalled: stop, block the goods, do not sell or use them, report what you find."),
    True: _("Recalled for its label: block the goods and report what you find; they may be relabelled."),
}
