"""Cases: origin, state, grade, and which parts of one a role does not see. Pure.

(The five-step complaint loop is built on this later.)
"""

from collections.abc import Iterable, Mapping

from backend.accounts.rules import Can, Role, may
from backend.core.choices import Code
from backend.core.errors import InvalidInput
from backend.core.errors import mark as _


class CaseKind(Code):
    COMPLAINT = "complaint"
    QUALITY = "quality"


class CaseStatus(Code):
    OPEN = "open"
    CLOSED = "closed"


class CaseAction(Code):
    CLOSE = "close"
    TAKE_BACK = "take_back"  # a visit or cost line linked in error


STEPS: Mapping[tuple[CaseStatus, CaseAction], CaseStatus] = {
    (CaseStatus.OPEN, CaseAction.CLOSE): CaseStatus.CLOSED,
    (CaseStatus.OPEN, CaseAction.TAKE_BACK): CaseStatus.OPEN,
}

MINOR, MEDIUM, SERIOUS, URGENT = 1, 2, 3, 4  # rule 16; only a person calls a case urgent

# A complaint about the delivery says nothing about the batch.
NOT_ABOUT_GOODS = frozenset({"SRV"})
MOISTURE_CODE, PURITY_CODE = "MOI", "SAL"


def grade_for(severity: str) -> int:
    """Grade of a complaint nobody graded, from its code's default severity ("critical if metal" counts as such)."""
    if severity.startswith("critical"):
        return SERIOUS
    return MINOR if severity == "minor" else MEDIUM


def code_for(parameter: str) -> str:
    """The complaint code that names what an out-of-spec reading measured."""
    return MOISTURE_CODE if parameter == "moisture" else PURITY_CODE


CUSTOMER = frozenset({"customer", "customer_code", "customer_name", "region"})
INVESTIGATION = frozenset({"evidence", "visits"})

# Source: the roles matrix (finance sees sums only, production no customer, the customer its own report).
HIDDEN: Mapping[Role, frozenset[str]] = {
    Role.FINANCE: frozenset({"evidence", "description"}),
    Role.PRODUCTION: CUSTOMER | {"visits"},
    Role.DEALER: INVESTIGATION,
}
# What every role that reads a case gets.
ALWAYS = frozenset(
    {
        "id",
        "number",
        "kind",
        "complaint_code",
        "title",
        "grade",
        "status",
        "batch",
        "batch_code",
        "opened_at",
        "closed_at",
        "closing_note",
    }
)


# Production learns what was measured, not on which visit, as in the readings themselves.
EVIDENCE_HIDDEN: Mapping[Role, frozenset[str]] = {Role.PRODUCTION: frozenset({"visit"})}
EVIDENCE_ALWAYS = frozenset({"reading", "parameter", "verdict", "value", "unit", "at", "superseded_by"})


def hidden_in_evidence(role: str) -> frozenset[str]:
    """Names absent from a case's evidence as this role sees it."""
    return EVIDENCE_HIDDEN.get(Role(role), frozenset())


def hidden_fields(role: str) -> frozenset[str]:
    """Names absent from a case as this role sees it."""
    hidden = HIDDEN.get(Role(role), frozenset())
    return hidden if may(role, Can.READ_COSTS) else hidden | {"costs_total"}


# The field each filter of the list speaks about: who is not shown the field may not ask for it either.
FILTERED: Mapping[str, str] = {
    "kind": "kind",
    "status": "status",
    "complaint_code": "complaint_code",
    "number": "number",
    "batch": "batch",
    "customer": "customer",
    "opened_from": "opened_at",
    "opened_to": "opened_at",
}


def check_filters(names: Iterable[str], *, role: Role) -> None:
    """Raises InvalidInput (400) naming each filter by a field the role is not shown."""
    hidden = hidden_fields(role)
    barred = [name for name in names if FILTERED.get(name) in hidden]
    if barred:
        raise InvalidInput(errors={name: _("Your role cannot filter by this.") for name in barred})
