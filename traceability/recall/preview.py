"""What a recall would hold, before anything is created: from batches, or from a code as it was scanned. Reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from backend.accounts.models import User
from backend.core import clock
from backend.core.errors import DomainError, InvalidInput
from backend.core.errors import mark as _
from backend.core.fields import UUID_TEXT
from backend.core.strict import check_text
from traceability.batch.models import Batch
from traceability.batch.queries import batches_for
from traceability.customer.models import Customer
from traceability.customer.rules import shown_name
from traceability.recall.queries import confirmed_rules
from traceability.recall.rules import LEVELS, ClockFace, LevelRule, rule_in_force, start_due
from traceability.recall.scope import Scope, scope_of
from traceability.trace.queries import scanned_batches
from traceability.trace.rules import CodeAmbiguous, CodeUnresolved

MOST_STARTS = 50
MOST_CONSIGNEES = 200
LONGEST_CODE = 2_000


class CodeNamesNoBatch(DomainError):
    """The code was read but is no single batch; scan it to see what it could be."""

    code, status, title = "code_names_no_batch", 409, _("The code does not name one batch")


@dataclass(frozen=True)
class Asked:
    """The question: ids, or a code; the clock needs level and the time the risk became known."""

    batch_ids: tuple[UUID, ...] = ()
    code: str = ""
    level: int | None = None
    risk_known_at: datetime | None = None


def asked(params: Mapping[str, str]) -> Asked:
    """The query's parameters, each read strictly. Raises InvalidInput (400)."""
    errors: dict[str, object] = {}
    texts = [text for text in params.get("batches", "").split(",") if text]
    if len(texts) > MOST_STARTS or not all(UUID_TEXT.fullmatch(text) for text in texts):
        errors["batches"] = _("At most 50 ids are expected, with commas between.")
    code = params.get("code", "")
    if bool(texts) == bool(code) or len(code) > LONGEST_CODE:
        errors["code"] = _("Give batches or one code.")
    level = params.get("level")
    if level is not None and level not in {str(each) for each in LEVELS}:
        errors["level"] = _("1, 2 or 3 is expected.")
    known = params.get("risk_known_at")
    known_at = clock.read_moment(known)
    if known is not None and known_at is None:
        errors["risk_known_at"] = _("A date and time with zone offset is expected.")
    if errors:
        raise InvalidInput(errors=errors)
    check_text(code)
    ids = tuple(dict.fromkeys(UUID(text) for text in texts))
    return Asked(batch_ids=ids, code=code, level=int(level) if level else None, risk_known_at=known_at)


def preview_of(question: Asked, *, by: User) -> dict[str, Any]:
    """Counts, kg, consignees and the time left. Raises InvalidInput (400), CodeNamesNoBatch, ScopeTruncated (409)."""
    starts = _starts(question, by=by)
    scope = scope_of([batch.pk for batch in starts])
    rule = _rule(question)
    due_at = None
    if rule and question.risk_known_at:
        due_at = start_due(question.risk_known_at, start_h=rule.start_h)
    return {
        "batches": len(scope.depths),
        "by_status": scope.by_status,
        "by_kind": scope.by_kind,
        "sha256": scope.sha256,
        "produced_kg": scope.produced_kg,
        "shipped_kg": scope.shipped_kg,
        "consignee_count": len(scope.consignees),
        "consignees": _consignees(scope, role=by.role),
        "starts": starts,
        "start_due_at": due_at,
        "start_left_h": ClockFace(due_at).left_h(clock.now()) if due_at else None,
        "finish_working_days": rule.complete_working_days if rule else None,
    }


def _starts(question: Asked, *, by: User) -> list[Batch]:
    if question.code:
        return _scanned(question.code, by=by)
    found = list(batches_for(by).filter(pk__in=question.batch_ids))
    if len(found) < len(question.batch_ids):
        raise InvalidInput(errors={"batches": _("Unknown batch.")})
    return found


def _scanned(code: str, *, by: User) -> list[Batch]:
    """The batch a code names, or all batches of the unit it names; no scan is stored."""
    try:
        return scanned_batches(code, aim=None, user=by)
    except (CodeUnresolved, CodeAmbiguous) as error:
        raise CodeNamesNoBatch from error


def _rule(question: Asked) -> LevelRule | None:
    if question.level is None:
        return None
    on = clock.factory_date(question.risk_known_at or clock.now())
    return rule_in_force(confirmed_rules(), level=question.level, on=on)


def _consignees(scope: Scope, *, role: str) -> list[dict[str, Any]]:
    """Those with the most kg first; names as the role may see them."""
    names = {
        row.pk: shown_name(row.name, kind=row.kind, role=role)
        for row in Customer.objects.filter(
            pk__in={line.customer_id for line in scope.sent if line.customer_id}
        )
    }
    found = [
        {
            "customer": lines[0].customer_id,
            "name": names[lines[0].customer_id] if lines[0].customer_id else lines[0].consignee_name,
            "region": lines[0].region_id,
            "kg": sum((line.kg for line in lines), Decimal()),
            "shipments": len({number for line in lines for number in line.numbers}),
        }
        for lines in scope.consignees.values()
    ]
    return sorted(found, key=lambda row: (-row["kg"], row["name"]))[:MOST_CONSIGNEES]  # type: ignore[operator]  # a Decimal
