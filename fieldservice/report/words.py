"""The words of the printed reports, as entries of the translation catalogue. Pure."""

from collections.abc import Mapping

from backend.core.errors import mark as _
from fieldservice.reading.rules import Basis, Parameter, Verdict
from fieldservice.visit.rules import CheckFlag, CheckKind, VisitKind, VisitStatus

LABELS: Mapping[str, str] = {
    "title": _("Service visit report"),
    "draft": _("DRAFT: the visit is not closed"),
    "customer": _("Customer"),
    "site": _("Site"),
    "technician": _("Technician"),
    "kind": _("Kind of visit"),
    "planned_on": _("Planned for"),
    "status": _("Status"),
    "purpose": _("Purpose"),
    "presence": _("On site"),
    "batches": _("Batches"),
    "batch": _("Batch"),
    "readings": _("Readings"),
    "late_readings": _("Readings that arrived after the signature"),
    "parameter": _("Parameter"),
    "read": _("As read"),
    "result": _("Result ± U (k = 2)"),
    "limit": _("Limit"),
    "verdict": _("Verdict"),
    "corrected": _("Corrected: counts no more"),
    "findings": _("Findings"),
    "photos": _("Photos"),
    "signature": _("Signature of the customer"),
    "signed_by": _("Signed by"),
    "signed_at": _("Signed at"),
    "instrument": _("Instrument"),
    "calibrated_to": _("calibrated until"),
    "distance": _("{distance} m from the site"),
    "no_readings": _("No readings."),
    "rule": _(
        "Decision rule: ILAC-G8:09/2019 §4.2.3; U combines the instrument's accuracy and its certificate."
    ),
    "zone": _("Times are China Standard Time (UTC+8)."),
    "page": _("Page {page} of {pages}"),
    "late": _("arrived after the signature"),
}
KINDS: Mapping[VisitKind, str] = {
    VisitKind.COMPLAINT: _("Complaint"),
    VisitKind.INSPECTION: _("Inspection"),
    VisitKind.SAMPLING: _("Sampling"),
    VisitKind.RETURN_CHECK: _("Check of returned goods"),
    VisitKind.REVISIT: _("Revisit"),
    VisitKind.RECALL: _("Recall"),
}
STATUSES: Mapping[VisitStatus, str] = {
    VisitStatus.PLANNED: _("Planned"),
    VisitStatus.CHECKED_IN: _("Checked in"),
    VisitStatus.CHECKED_OUT: _("Checked out"),
    VisitStatus.CLOSED: _("Closed"),
    VisitStatus.CANCELLED: _("Cancelled"),
}
CHECKS: Mapping[CheckKind, str] = {CheckKind.IN: _("Check-in"), CheckKind.OUT: _("Check-out")}
FLAGS: Mapping[CheckFlag, str] = {
    CheckFlag.FAR: _("far from the site"),
    CheckFlag.MOCKED: _("position not real"),
    CheckFlag.NO_PLACE: _("no position"),
}
PARAMETERS: Mapping[Parameter, str] = {
    Parameter.MOISTURE: _("Moisture"),
    Parameter.NACL: _("NaCl (screening)"),
    Parameter.CONDUCTIVITY: _("Conductivity"),
}
BASES: Mapping[Basis, str] = {
    Basis.WET: _("wet basis"),
    Basis.DRY: _("dry basis"),
    Basis.SOLUTION: _("of the solution"),
}
VERDICTS: Mapping[Verdict, str] = {
    Verdict.PASS: _("Pass"),
    Verdict.CONDITIONAL_PASS: _("Conditional pass"),
    Verdict.CONDITIONAL_FAIL: _("Conditional fail"),
    Verdict.FAIL: _("Fail"),
    Verdict.INCONCLUSIVE: _("Inconclusive"),
    Verdict.CONSISTENT: _("Consistent"),
    Verdict.SUSPICIOUS: _("Suspicious"),
    Verdict.GROSS_DEVIATION: _("Gross deviation"),
}
