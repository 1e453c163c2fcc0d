"""The record of a closed recall: everything as data, the same as a paper, and the digest that seals it.

Names of private persons are masked: the record goes to the regulator and stays for years.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from backend.accounts.models import User
from backend.accounts.rules import mask_name
from backend.core.clock import FACTORY_ZONE
from backend.core.pdf import Paper, pdf
from traceability.customer.rules import CustomerKind
from traceability.recall import queries
from traceability.recall.clocks import clocks_of
from traceability.recall.effect import effect_of
from traceability.recall.models import (
    ContactAttempt,
    GoodsReport,
    LatenessAnswer,
    Recall,
    RecallNotice,
    RecallWaiver,
)
from traceability.recall.reckoning import Reconciliation, reconcile
from traceability.recall.reconciliation import House, Outside
from traceability.recall.rules import PLAN_ITEMS
from traceability.recall.timing import timing_of

SCHEMA = "saltline.recall.dossier/1"
TEMPLATE = Path(__file__).resolve().parent / "dossier.typ"
Data = dict[str, Any]


def canonical(content: Mapping[str, Any]) -> bytes:
    """The bytes that are sealed: sorted keys, no blanks, texts for numbers and times."""
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


def sha256_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def paper_of(content: Mapping[str, Any], *, sha256: str, made_at: datetime) -> bytes:
    """The content as a Chinese PDF that names the digest of its data."""
    return pdf(Paper(template=TEMPLATE, data={**content, "sha256": sha256}, made_at=made_at))


def content_of(recall: Recall) -> Data:
    """Everything that is known of a recall, as plain data: texts, lists, no floats."""
    found = reconcile(recall)
    content = {
        "schema": SCHEMA,
        "recall": _recall(recall),
        "people": _people(recall),
        "rule": _rule(recall),
        "clocks": _clocks(recall),
        "plan": {name: getattr(recall.plan, name) for name in (*PLAN_ITEMS, "notice_en")},
        "scope": _scope(recall),
        "consignees": [_consignee(line.notice, line.outside) for line in found.consignees],
        "contacts": _contacts(recall),
        "goods_reports": _goods_reports(recall),
        "stock": _stock(recall),
        "reconciliation": _reconciliation(found),
        "effectiveness": _effect(recall),
        "timing": asdict(timing_of(recall)),
        "tests": _tests(recall),
        "dispositions": _dispositions(recall),
        "waivers": _waivers(recall),
        "lateness": _lateness(recall),
        "steps": _steps(recall),
    }
    plain: Data = _plain(content)
    return plain


def _plain(value: Any) -> Any:
    """Decimals, times and ids as texts: the bytes must not hang on a library's way of writing them."""
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, datetime):
        return value.astimezone(FACTORY_ZONE).isoformat(timespec="seconds")
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date | UUID):
        return str(value)
    return str(value) if isinstance(value, str) else value


def _name(user: User | None) -> str:
    return user.display_name if user else ""


def _recall(recall: Recall) -> Data:
    names = ("number", "level", "cause", "is_drill", "is_label_only", "state", "risk_known_at", "proposed_at")
    later = ("decided_at", "announced_at", "finished_at", "closed_at", "decision_reason", "finish_due_on")
    return {"id": recall.pk} | {name: getattr(recall, name) for name in (*names, *later)}


def _people(recall: Recall) -> Data:
    steps = ("proposed", "decided", "announced", "finished", "closed")
    return {name: _name(getattr(recall, f"{name}_by")) for name in steps}


def _rule(recall: Recall) -> Data:
    names = ("law_edition", "start_h", "complete_working_days", "criterion_zh", "criterion_en", "source")
    return {name: getattr(recall.level_rule, name) for name in names}


def _clocks(recall: Recall) -> Data:
    return {
        name: {
            "due_at": face.due_at,
            "answered_at": face.answered_at,
            "is_provisional": face.is_provisional,
            "is_late": face.answered_at is not None and face.is_late(face.answered_at),
        }
        for name, face in clocks_of(recall).items()
    }


def _scope(recall: Recall) -> Data:
    batches = [
        {
            "id": line.batch_id,
            "code": line.batch.code,
            "kind": line.batch.kind,
            "product": line.batch.product.name_zh,
            "sku": line.batch.product.sku,
            "produced_on": line.batch.produced_on,
            "expires_on": line.batch.expires_on,
            "qty_kg": line.batch.qty_kg,
            "depth": line.depth,
            "status_before": line.status_before,
            "was_recalled": line.was_recalled,
        }
        for line in queries.batches_of(recall).order_by("batch__code", "id")
    ]
    names = ("sha256", "frozen_at", "query_text", "parameters", "batch_count", "consignee_count")
    kg = ("produced_kg", "shipped_kg")
    return {name: getattr(recall.scope, name) for name in (*names, *kg)} | {"batches": batches}


def name_of(notice: RecallNotice) -> str:
    """The consignee; a private person only by the family name."""
    if notice.customer is None:
        return notice.consignee_name
    is_private = notice.customer.kind == CustomerKind.OTHER
    return mask_name(notice.customer.name) if is_private else notice.customer.name


def _consignee(row: RecallNotice, outside: Outside) -> Data:
    return {
        "code": row.customer.code if row.customer else "",
        "name": name_of(row),
        "site": row.site.name if row.site else "",
        "region": row.region_id or "",
        "shipments": row.shipment_count,
        "state": row.state,
        "first_contact_at": row.first_contact_at,
        "acknowledged_at": row.acknowledged_at,
        "on_hand_kg": row.on_hand_kg,
        **_outside(outside),
    }


def _outside(row: Outside) -> Data:
    names = ("unaccounted_kg", "accounted_pct", "recovered_pct")
    return asdict(row) | {name: getattr(row, name) for name in names}


def _house(row: House) -> Data:
    return asdict(row) | {"residual_kg": row.residual_kg}


def _reconciliation(found: Reconciliation) -> Data:
    batches = [
        {"code": line.code, "is_declared": line.is_declared, **_house(line.house), **_outside(line.outside)}
        for line in found.batches
    ]
    return {
        "house": _house(found.house),
        "outside": _outside(found.outside),
        "batches": batches,
        "findings": [asdict(each) for each in found.findings],
    }


def _contacts(recall: Recall) -> list[Data]:
    rows = ContactAttempt.objects.filter(notice__recall=recall).select_related("notice__customer", "by")
    return [
        {
            "consignee": name_of(row.notice),
            "at": row.at,
            "channel": row.channel,
            "outcome": row.outcome,
            "person": mask_name(row.person),
            "on_hand_kg": row.on_hand_kg,
            "by": _name(row.by),
        }
        for row in rows.order_by("at", "id")
    ]


def _goods_reports(recall: Recall) -> list[Data]:
    rows = GoodsReport.objects.filter(recall=recall).select_related(
        "notice__customer", "batch", "recorded_by"
    )
    kg = ("found_kg", "blocked_kg", "returned_kg", "destroyed_kg", "consumed_kg")
    return [
        {
            "id": row.pk,
            "consignee": name_of(row.notice),
            "batch": row.batch.code,
            "at": row.received_at,
            "by": _name(row.recorded_by),
            "scan": row.scan_id,
            "photo": row.photo_id,
            "supersedes": row.supersedes_id,
            **{name: getattr(row, name) for name in kg},
        }
        for row in rows.order_by("received_at", "id")
    ]


def _stock(recall: Recall) -> list[Data]:
    names = ("stock_kg", "retained_kg", "scrapped_kg", "at", "note")
    return [
        {"batch": row.batch.code, "by": _name(row.by)} | {name: getattr(row, name) for name in names}
        for row in queries.declarations_of(recall).order_by("at", "id")
    ]


def _effect(recall: Recall) -> Data:
    found = effect_of(recall)
    return {
        "share_pct": found.share_pct,
        "is_by_policy": found.is_by_policy,
        "sampled": len(found.sampled),
        "checked": found.checked,
        "effective": found.effective,
        "effective_pct": found.effective_pct,
    }


def _tests(recall: Recall) -> list[Data]:
    names = ("parameter", "value", "unit", "method", "is_conforming", "tested_on", "note")
    return [
        {"batch": row.batch.code, "by": _name(row.by)} | {name: getattr(row, name) for name in names}
        for row in queries.tests_of(recall).order_by("at", "id")
    ]


def _dispositions(recall: Recall) -> list[Data]:
    names = ("kind", "qty_kg", "reason", "state", "document", "planned_at", "place", "decision_reason")
    later = ("regulator_told_at", "regulator_reference", "done_at", "witness")
    people = ("proposed_by", "decided_by", "done_by")
    return [
        {"batch": row.batch.code, "target_product": row.target_product.sku if row.target_product else ""}
        | {name: getattr(row, name) for name in (*names, *later)}
        | {name: _name(getattr(row, name)) for name in people}
        for row in queries.dispositions().filter(recall=recall).order_by("proposed_at", "id")
    ]


def _waivers(recall: Recall) -> list[Data]:
    rows = RecallWaiver.objects.filter(notice__recall=recall).select_related(
        "notice__customer", "proposed_by", "decided_by"
    )
    names = ("qty_kg", "reason", "state", "decision_reason")
    return [
        {
            "consignee": name_of(row.notice),
            "proposed_by": _name(row.proposed_by),
            "decided_by": _name(row.decided_by),
        }
        | {name: getattr(row, name) for name in names}
        for row in rows.order_by("proposed_at", "id")
    ]


def _lateness(recall: Recall) -> list[Data]:
    rows = LatenessAnswer.objects.filter(recall=recall).select_related("by").order_by("at")
    return [{"clock": row.clock, "reason": row.reason, "by": _name(row.by), "at": row.at} for row in rows]


def _steps(recall: Recall) -> list[Data]:
    return [
        {"kind": row.kind, "at": row.at, "by": _name(row.by), "reason": row.reason}
        for row in queries.steps_of(recall).order_by("at", "id")
    ]
