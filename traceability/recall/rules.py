"""Levels, states, clocks and quantities of a recall. Pure; 食品召回管理办法 sets levels and hours, as dated rows."""

from collections.abc import Mapping
from decimal import Decimal

from backend.core.choices import Code

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
