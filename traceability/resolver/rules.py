"""What of a batch the public learns, and what to do with it. Pure.

No status of the works but the recall is told: a hold is a suspicion that is being looked at, and nobody's business.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from backend.core.choices import Code
from backend.core.errors import DomainError
from backend.core.errors import mark as _
from traceability.batch.rules import BatchStatus


class BadDigitalLink(DomainError):
    """The address contradicts itself: misread, mistyped or not made by us. `reason` says where."""

    code, status, title = "bad_digital_link", 400, _("This code is not complete or not right")
    detail, texts = _("{reason}"), ("reason",)


class LinkTypeUnknown(DomainError):
    code, status, title = "link_type_unknown", 404, _("There is no link of this type")


class PublicState(Code):
    """The gravest first. `ask`: the pack contradicts our records; it may be no goods of ours."""

    RECALLED = "recalled"
    ASK = "ask"
    NO_RECALL = "no_recall"


@dataclass(frozen=True)
class Words:
    """The state in a word, what it means, and what to do."""

    word: str
    sentence: str
    advice: str


WORDS: Mapping[PublicState, Words] = {
    PublicState.RECALLED: Words(
        _("Recalled"),
        _("This batch is being recalled."),
        _(
            "Do not eat, use or sell it. Keep it with its bag and take it back where you bought it, or ask us."
        ),
    ),
    PublicState.ASK: Words(
        _("Ask us first"),
        _("What is printed on the bag does not agree with our records."),
        _("Do not use it before you have asked us. Keep the bag."),
    ),
    PublicState.NO_RECALL: Words(
        _("No recall"),
        _("This batch is not being recalled."),
        _("Keep salt dry and closed. If something is wrong with it, keep the bag and tell us."),
    ),
}


SEVERAL: Mapping[PublicState, str] = {
    PublicState.RECALLED: _("Goods in this unit are being recalled; see below which."),
    PublicState.ASK: _("Some of the goods in this unit do not agree with our records; see below which."),
    PublicState.NO_RECALL: _("None of the batches in this unit is being recalled."),
}


@dataclass(frozen=True)
class PublicBatch:
    """A batch as the public sees it; no plant, line, status reason or receiver."""

    id: UUID
    gtin: str
    code: str
    name_zh: str
    name_en: str
    net_kg: Decimal | None
    produced_on: date
    expires_on: date | None
    state: PublicState
    is_past: bool


def state_of(status: BatchStatus, *, expires_on: date | None, label_expiry: date | None) -> PublicState:
    """Destroyed goods in somebody's hands, and a label with another date than ours, are no goods to trust."""
    if status is BatchStatus.RECALLED:
        return PublicState.RECALLED
    if status is BatchStatus.DESTROYED:
        return PublicState.ASK
    if label_expiry and expires_on and label_expiry != expires_on:
        return PublicState.ASK
    return PublicState.NO_RECALL


def by_gravity(batches: Iterable[PublicBatch]) -> list[PublicBatch]:
    """The gravest first, then by code."""
    order = list(PublicState)
    return sorted(batches, key=lambda batch: (order.index(batch.state), batch.code))
