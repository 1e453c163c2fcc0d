"""What a stored reading says today: its own judgement, QC's waiver, a correction, an instrument that failed since."""

from dataclasses import dataclass
from decimal import Decimal

from fieldservice.reading.models import Reading
from fieldservice.reading.rules import Reason, Verdict
from fieldservice.visit.rules import is_late
from traceability.product.models import SpecLimit


@dataclass(frozen=True)
class Standing:
    """`verdict`, `limit`, `expanded_u`, `p_conform`: the waiver's where there is one. `is_evidence`: counts now."""

    verdict: Verdict
    reasons: tuple[Reason, ...]
    limit: SpecLimit | None
    expanded_u: Decimal | None
    p_conform: Decimal | None
    is_current: bool
    is_evidence: bool
    late: bool


def standing_of(reading: Reading, *, in_doubt: bool) -> Standing:
    """The standing of a row of `queries.readings`; needs no query.

    A verdict does not outlive the instrument's failed check: in doubt, it is inconclusive.
    """
    waiver = getattr(reading, "waiver", None)
    judged = waiver or reading
    is_current = getattr(reading, "superseded_by", None) is None
    counted = reading.is_evidential or waiver is not None
    reasons = tuple(Reason(code) for code in reading.reasons)
    verdict = Verdict(judged.verdict)
    if in_doubt and counted:
        reasons, verdict = (*reasons, Reason.INSTRUMENT_CALIBRATION_FAILED), Verdict.INCONCLUSIVE
    visit = reading.visit
    return Standing(
        verdict=verdict,
        reasons=reasons,
        limit=judged.spec_limit,
        expanded_u=judged.expanded_u,
        p_conform=judged.p_conform,
        is_current=is_current,
        is_evidence=counted and is_current and not in_doubt,
        late=is_late(reading.received_at, ended_at=visit.closed_at or visit.cancelled_at),
    )
