"""What a scan can come to, and what the caller may do next. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from backend.accounts.rules import Can
from backend.core.choices import Code
from backend.core.errors import mark as _
from traceability.batch.rules import STEPS, BatchAction, BatchStatus


class Outcome(Code):
    """One answer for every code. `ambiguous`, `unknown` and `invalid` never name a batch.

    `suspicious` names one only where its number is certain and another fact contradicts it.
    """

    OK = "ok"
    HELD = "held"
    RECALLED = "recalled"
    EXPIRED = "expired"
    AMBIGUOUS = "ambiguous"
    UNKNOWN = "unknown"
    INVALID = "invalid"
    SUSPICIOUS = "suspicious"


class ScanSource(Code):
    """`text`: read by the phone; `photo`: read by us from a picture; `typed`: by hand."""

    TEXT = "text"
    PHOTO = "photo"
    TYPED = "typed"


class UnknownState(Code):
    OPEN = "open"
    SETTLED = "settled"
    DISMISSED = "dismissed"


class Why(Code):
    """Why a scan came out as it did."""

    RELEASED = "released"
    RECALLED = "recalled"
    ON_HOLD = "on_hold"
    FROM_OTHER_SYSTEM = "from_other_system"
    NOT_RELEASED = "not_released"
    DESTROYED = "destroyed"
    PAST_BEST_BEFORE = "past_best_before"
    LABEL_EXPIRY_DIFFERS = "label_expiry_differs"
    PRODUCT_DIFFERS = "product_differs"
    NUMBERS_DIFFER = "numbers_differ"
    SEVERAL_BATCHES = "several_batches"
    SEVERAL_IN_UNIT = "several_in_unit"
    UNIT_EMPTY = "unit_empty"
    TWO_READINGS = "two_readings"
    BATCH_NUMBER_MISSING = "batch_number_missing"
    READ_NOT_CONFIRMED = "read_not_confirmed"
    BATCH_NOT_REGISTERED = "batch_not_registered"
    GTIN_NOT_REGISTERED = "gtin_not_registered"
    PALLET_NOT_REGISTERED = "pallet_not_registered"
    CODE_NOT_REGISTERED = "code_not_registered"
    CODE_BROKEN = "code_broken"
    SERIAL_NOT_ISSUED = "serial_not_issued"
    SERIAL_WITHDRAWN = "serial_withdrawn"
    SERIAL_DIFFERS = "serial_differs"
    SERIAL_MISREAD = "serial_misread"
    SEEN_FAR_AWAY = "seen_far_away"


WHY_TEXTS: Mapping[Why, str] = {
    Why.RELEASED: _("Quality control has released the batch."),
    Why.RECALLED: _("The batch is recalled."),
    Why.ON_HOLD: _("Quality control holds the batch."),
    Why.FROM_OTHER_SYSTEM: _("The batch comes from another system and was never judged here."),
    Why.NOT_RELEASED: _("The batch is not released yet."),
    Why.DESTROYED: _("Our records say that this batch was destroyed."),
    Why.PAST_BEST_BEFORE: _("The best-before date has passed."),
    Why.LABEL_EXPIRY_DIFFERS: _("The date on the label is not the date of the batch."),
    Why.PRODUCT_DIFFERS: _("The batch number belongs to another product than the label names."),
    Why.NUMBERS_DIFFER: _("The batch number typed is not the one in the code."),
    Why.SEVERAL_BATCHES: _("Batches of several products carry this number."),
    Why.SEVERAL_IN_UNIT: _("Several batches lie in this unit."),
    Why.UNIT_EMPTY: _("The unit is registered, but nothing is entered as its contents."),
    Why.TWO_READINGS: _("The code can be read in two ways."),
    Why.BATCH_NUMBER_MISSING: _("The code names the product but not the batch; the batch number is needed."),
    Why.READ_NOT_CONFIRMED: _("The code was hard to read; scan it again or compare it with the print."),
    Why.BATCH_NOT_REGISTERED: _("No batch with this number is registered."),
    Why.GTIN_NOT_REGISTERED: _("The trade number is not one of ours."),
    Why.PALLET_NOT_REGISTERED: _("No pallet with this number is registered."),
    Why.CODE_NOT_REGISTERED: _("The code is not registered."),
    Why.CODE_BROKEN: _("The code contradicts itself or is incomplete."),
    Why.SERIAL_NOT_ISSUED: _("The code of this bag was never issued by us."),
    Why.SERIAL_WITHDRAWN: _("The code of this bag was withdrawn."),
    Why.SERIAL_DIFFERS: _("The code of this bag belongs to another batch than its label names."),
    Why.SERIAL_MISREAD: _("A character of the bag's code is wrong."),
    Why.SEEN_FAR_AWAY: _("The code of this bag was seen in places no bag gets between in that time."),
}


@dataclass(frozen=True, slots=True)
class Words:
    word: str
    sentence: str


VERDICTS: Mapping[Outcome, Words] = {
    Outcome.OK: Words(_("Released"), _("The batch is released.")),
    Outcome.HELD: Words(_("On hold"), _("Do not sell or use the goods until quality control decides.")),
    Outcome.RECALLED: Words(_("Recalled"), _("Stop. Set the goods aside and report how much is there.")),
    Outcome.EXPIRED: Words(_("Out of date"), _("Do not sell the goods: their date has passed.")),
    Outcome.AMBIGUOUS: Words(_("Not certain"), _("The code does not settle which batch this is.")),
    Outcome.UNKNOWN: Words(_("Unknown"), _("We do not know this code. Quality control has been told.")),
    Outcome.INVALID: Words(_("Not valid"), _("The code is broken. Scan it again or type the batch number.")),
    Outcome.SUSPICIOUS: Words(_("Suspicious"), _("The label contradicts our records. Set the goods aside.")),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    outcome: Outcome
    why: tuple[Why, ...]


# The first outcome of this order that any reason leads to is the verdict: the danger first.
PRECEDENCE = (Outcome.RECALLED, Outcome.SUSPICIOUS, Outcome.HELD, Outcome.EXPIRED, Outcome.OK)
_LEADS_TO: Mapping[Why, Outcome] = {
    Why.RECALLED: Outcome.RECALLED,
    # Goods that were destroyed on paper and stand in a shop: relabelled, diverted or never destroyed.
    Why.DESTROYED: Outcome.SUSPICIOUS,
    Why.LABEL_EXPIRY_DIFFERS: Outcome.SUSPICIOUS,
    Why.PRODUCT_DIFFERS: Outcome.SUSPICIOUS,
    Why.SERIAL_DIFFERS: Outcome.SUSPICIOUS,
    Why.SERIAL_NOT_ISSUED: Outcome.SUSPICIOUS,
    Why.SERIAL_WITHDRAWN: Outcome.SUSPICIOUS,
    # A truck may carry the phone too: a hint for people, it stops nothing by itself.
    Why.SEEN_FAR_AWAY: Outcome.SUSPICIOUS,
    Why.ON_HOLD: Outcome.HELD,
    # Goods outside the works before their release: the same to the field as a hold.
    Why.NOT_RELEASED: Outcome.HELD,
    Why.FROM_OTHER_SYSTEM: Outcome.HELD,
    Why.PAST_BEST_BEFORE: Outcome.EXPIRED,
    Why.RELEASED: Outcome.OK,
}
_OF_STATUS: Mapping[BatchStatus, Why] = {
    BatchStatus.QUARANTINE: Why.NOT_RELEASED,
    BatchStatus.RELEASED: Why.RELEASED,
    BatchStatus.HELD: Why.ON_HOLD,
    BatchStatus.RECALLED: Why.RECALLED,
    BatchStatus.DESTROYED: Why.DESTROYED,
}


def verdict(
    status: BatchStatus,
    *,
    expires_on: date | None,
    label_expiry: date | None,
    on: date,
    is_history: bool = False,
    beside: tuple[Why, ...] = (),
) -> Verdict:
    """What holding goods of this batch on day `on` means; every reason is named, the gravest first.

    Goods are good on their best-before day itself. Where the batch carries no date the label's counts.
    `beside`: reasons that others than the batch gave.
    """
    why_status = _OF_STATUS[status]
    if is_history and why_status in (Why.ON_HOLD, Why.NOT_RELEASED):
        why_status = Why.FROM_OTHER_SYSTEM  # nobody here held it
    reasons = [why_status, *beside]
    if expires_on and label_expiry and expires_on != label_expiry:
        reasons.append(Why.LABEL_EXPIRY_DIFFERS)
    last_day = expires_on or label_expiry
    if last_day and last_day < on:
        reasons.append(Why.PAST_BEST_BEFORE)
    why = tuple(sorted(reasons, key=lambda reason: PRECEDENCE.index(_LEADS_TO[reason])))
    return Verdict(outcome=_LEADS_TO[why[0]], why=why)


def suspected(found: Verdict, reason: Why) -> Verdict:
    """The verdict with one more reason to be suspicious; a recall stays the gravest."""
    if found.outcome in (Outcome.RECALLED, Outcome.SUSPICIOUS):
        return Verdict(found.outcome, (*found.why, reason))
    return Verdict(Outcome.SUSPICIOUS, (reason, *found.why))


class NextAction(Code):
    QUARANTINE_GOODS = "quarantine_goods"
    CHOOSE_CANDIDATE = "choose_candidate"
    ENTER_BATCH_NUMBER = "enter_batch_number"
    SCAN_AGAIN = "scan_again"
    PHOTOGRAPH_LABEL = "photograph_label"
    RECORD_READING = "record_reading"
    START_VISIT = "start_visit"
    OPEN_CASE = "open_case"
    RECORD_SHIPMENT = "record_shipment"
    HOLD_BATCH = "hold_batch"
    RELEASE_BATCH = "release_batch"
    PROPOSE_HOLD = "propose_hold"
    PROPOSE_RECALL = "propose_recall"
    LIST_RECEIVERS = "list_receivers"
    SETTLE_UNKNOWN_CODE = "settle_unknown_code"


ACTION_TEXTS: Mapping[NextAction, str] = {
    NextAction.QUARANTINE_GOODS: _("Set the goods aside"),
    NextAction.CHOOSE_CANDIDATE: _("Choose the batch"),
    NextAction.ENTER_BATCH_NUMBER: _("Type the batch number"),
    NextAction.SCAN_AGAIN: _("Scan again"),
    NextAction.PHOTOGRAPH_LABEL: _("Photograph the label"),
    NextAction.RECORD_READING: _("Record a reading"),
    NextAction.START_VISIT: _("Add to a visit"),
    NextAction.OPEN_CASE: _("Open a case"),
    NextAction.RECORD_SHIPMENT: _("Record a shipment"),
    NextAction.HOLD_BATCH: _("Hold the batch"),
    NextAction.RELEASE_BATCH: _("Release the batch"),
    NextAction.PROPOSE_HOLD: _("Propose a hold"),
    NextAction.PROPOSE_RECALL: _("Propose a recall"),
    NextAction.LIST_RECEIVERS: _("See who received it"),
    NextAction.SETTLE_UNKNOWN_CODE: _("Settle the code"),
}
_UNSURE = frozenset({Outcome.AMBIGUOUS, Outcome.UNKNOWN, Outcome.INVALID})
_UNSAFE = frozenset({Outcome.HELD, Outcome.RECALLED, Outcome.EXPIRED, Outcome.SUSPICIOUS})
# Advice that needs no right → the outcomes it belongs to.
_ADVICE: tuple[tuple[NextAction, frozenset[Outcome]], ...] = (
    (NextAction.QUARANTINE_GOODS, _UNSAFE),
    (NextAction.CHOOSE_CANDIDATE, frozenset({Outcome.AMBIGUOUS})),
    (NextAction.ENTER_BATCH_NUMBER, _UNSURE),
    (NextAction.SCAN_AGAIN, _UNSURE),
)
# What can be done with a batch in hand, the right it needs, and the batch's states it is possible in.
_WITH_BATCH: tuple[tuple[NextAction, Can, frozenset[BatchStatus]], ...] = (
    (NextAction.RECORD_READING, Can.RECORD_READING, frozenset(BatchStatus)),
    (NextAction.START_VISIT, Can.WORK_VISIT, frozenset(BatchStatus)),
    (NextAction.OPEN_CASE, Can.OPEN_CASE, frozenset(BatchStatus)),
    (NextAction.RECORD_SHIPMENT, Can.RECORD_SHIPMENT, frozenset({BatchStatus.RELEASED})),
    (NextAction.HOLD_BATCH, Can.HOLD_BATCH, frozenset(s for s, a in STEPS if a is BatchAction.HOLD)),
    (NextAction.RELEASE_BATCH, Can.RELEASE_BATCH, frozenset(s for s, a in STEPS if a is BatchAction.RELEASE)),
    (NextAction.PROPOSE_HOLD, Can.PROPOSE_HOLD, frozenset(s for s, a in STEPS if a is BatchAction.HOLD)),
    (NextAction.PROPOSE_RECALL, Can.PROPOSE_HOLD, frozenset(s for s, a in STEPS if a is BatchAction.RECALL)),
    (NextAction.LIST_RECEIVERS, Can.READ_RECEIVERS, frozenset(BatchStatus)),
)
# A batch of another system's history is neither released nor shipped here.
_OWN_ONLY = frozenset({NextAction.RELEASE_BATCH, NextAction.RECORD_SHIPMENT})


def next_actions(
    outcome: Outcome,
    *,
    status: BatchStatus | None,
    rights: Collection[Can],
    has_candidates: bool = False,
    is_history: bool = False,
    is_reported: bool = False,
) -> tuple[NextAction, ...]:
    """What the caller may do now. `status` is None where the scan names no batch."""
    found = [
        action
        for action, outcomes in _ADVICE
        if outcome in outcomes and (action is not NextAction.CHOOSE_CANDIDATE or has_candidates)
    ]
    if outcome in (Outcome.SUSPICIOUS, Outcome.INVALID) and Can.UPLOAD_PHOTO in rights:
        found.append(NextAction.PHOTOGRAPH_LABEL)
    if status is not None:
        shippable = outcome is Outcome.OK
        found += [
            action
            for action, can, states in _WITH_BATCH
            if can in rights
            and status in states
            and (shippable or action is not NextAction.RECORD_SHIPMENT)
            and not (is_history and action in _OWN_ONLY)
        ]
    if is_reported and Can.SETTLE_UNKNOWN_CODE in rights:
        found.append(NextAction.SETTLE_UNKNOWN_CODE)
    return tuple(found)
