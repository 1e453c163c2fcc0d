"""What the phone gets for a scan: one shape for every code, written as plain dictionaries.

No serializer runs here: a scan is the most frequent call of the house. The shape stands in `scan/shapes.py`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.utils.translation import get_language, gettext

from backend.accounts.rules import Can, Role, may
from backend.core.clock import Stamp
from traceability.batch.rules import BatchStatus
from traceability.label.label_data import WARNINGS, LabelData
from traceability.photo.code import Code
from traceability.scan.candidate import REASON_TEXTS, Candidate
from traceability.scan.facts import BatchFact, ProductFact
from traceability.scan.resolution import Resolution
from traceability.scan.rules import ACTION_TEXTS, VERDICTS, WHY_TEXTS, Why, next_actions

Body = dict[str, Any]
# A dealer learns that goods must not be sold, not what goes on inside the works.
_INTERNAL = frozenset({Why.ON_HOLD, Why.FROM_OTHER_SYSTEM, Why.NOT_RELEASED, Why.DESTROYED})


@dataclass(frozen=True, slots=True)
class Told:
    """What an answer is made of. `photo_code` is there for a code read from a photo by us."""

    id: UUID
    stamp: Stamp
    label: LabelData
    resolution: Resolution
    photo_code: Code | None = None
    report_id: UUID | None = None


@lru_cache(maxsize=1024)
def _said(text: str, language: str | None) -> str:
    """`text` in the active language, which is `language`; the catalogue is asked once for each."""
    return gettext(text)


def rights_of(role: str) -> frozenset[Can]:
    return _RIGHTS[role]


_RIGHTS = {role.value: frozenset(can for can in Can if may(role, can)) for role in Role}


def answer(told: Told, *, role: str) -> Body:
    """The answer for a caller of this role; a dealer gets the public part of it."""
    found = told.resolution
    rights = rights_of(role)
    is_public = role == Role.DEALER
    candidates = () if is_public else found.candidates
    words = VERDICTS[found.outcome]
    language = get_language()
    actions = next_actions(
        found.outcome,
        status=found.batch.status if found.batch else None,
        rights=rights,
        has_candidates=bool(candidates),
        is_history=bool(found.batch and found.batch.is_history),
        is_reported=told.report_id is not None,
    )
    body: Body = {
        "id": told.id,
        "outcome": found.outcome.value,
        "verdict": {"word": _said(words.word, language), "sentence": _said(words.sentence, language)},
        "why": [
            {"code": why.value, "text": _said(WHY_TEXTS[why], language)}
            for why in found.why
            if not is_public or why not in _INTERNAL
        ],
        "label": _label(told.label, language),
        "batch": _batch(found.batch, is_public=is_public) if found.batch else None,
        "product": _product(found.product) if found.product else None,
        "candidates": [_candidate(candidate, language) for candidate in candidates],
        "next_actions": [
            {"code": action.value, "text": _said(ACTION_TEXTS[action], language)} for action in actions
        ],
        "report_id": told.report_id,
        "photo_code": _photo_code(told.photo_code) if told.photo_code else None,
        "scanned_at": told.stamp.corrected_at,
        "received_at": told.stamp.received_at,
    }
    if found.batch and not is_public:
        body |= _open_matters(found.batch, rights)
    return body


def _open_matters(batch: BatchFact, rights: Collection[Can]) -> Body:
    """Absent, not null, for who may not read cases or proposals."""
    matters = {}
    if Can.READ_CASES in rights:
        matters["open_cases"] = batch.open_cases
    if Can.READ_PROPOSALS in rights:
        matters["open_proposals"] = batch.open_proposals
    return matters


def _product(product: ProductFact) -> Body:
    return {
        "id": product.id,
        "sku": product.sku,
        "name_zh": product.name_zh,
        "name_en": product.name_en,
    }


def _batch(batch: BatchFact, *, is_public: bool) -> Body:
    public = {
        "code": batch.code,
        "product": _product(batch.product),
        "produced_on": batch.produced_on,
        "expires_on": batch.expires_on,
        "is_recalled": batch.status is BatchStatus.RECALLED,
    }
    return public if is_public else public | {"id": batch.id, "status": batch.status, "plant": batch.plant}


def _candidate(candidate: Candidate, language: str | None) -> Body:
    return {
        "code": candidate.code,
        "batch": _batch(candidate.batch, is_public=False) if candidate.batch else None,
        "reasons": [
            {"code": reason, "text": _said(REASON_TEXTS[reason], language)} for reason in candidate.reasons
        ],
    }


def _label(label: LabelData, language: str | None) -> Body:
    return {
        "kind": label.kind,
        "status": label.status,
        "gtin": label.gtin,
        "content_gtin": label.content_gtin,
        "lot": label.lot or label.batch,
        "serial": label.serial or label.token,
        "sscc": label.sscc,
        "produced_on": label.mfg,
        "expires_on": label.exp,
        "count": label.count,
        "net_kg": label.net_kg,
        "warnings": [{"code": code, "text": _said(WARNINGS[code], language)} for code in label.warnings],
    }


def _photo_code(code: Code) -> Body:
    return {
        "text": code.text,
        "format": code.format,
        "reader": code.reader,
        "is_confirmed": code.confirmed,
        "box": [[round(x, 1), round(y, 1)] for x, y in code.box],
    }
