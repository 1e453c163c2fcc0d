"""Certificates and decisions: all but the fresh batches are released by a second person, one is held, one recalled."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from backend.accounts.models import User
from fieldservice.demo import articles
from fieldservice.demo.people import People
from fieldservice.demo.stage import Stage
from fieldservice.demo.works import FRESH, Works, at_ten
from traceability.batch.models import Batch, BatchDecision, CertificateValue, Proposal, ReleaseCertificate
from traceability.batch.rules import BatchAction, BatchStatus, Conclusion, ProposalState
from traceability.product.models import Product
from traceability.product.queries import limits_by_parameter
from traceability.product.rules import Family, limit_in_force

TESTED_AFTER, RELEASED_AFTER = timedelta(days=1), timedelta(days=2)
RELEASED = "出厂检验合格，准予放行"
HELD = "客户反映袋内有黑点，封存并复检留样"
RECALLED = "复检确认封口不良、返潮，召回处理"
HELD_DAYS_AGO, RECALLED_DAYS_AGO = 9, 58
BASES = {
    Family.EDIBLE: "GB/T 5461-2016",
    Family.FOOD_PROCESSING: "GB/T 5461-2016",
    Family.INDUSTRIAL: "GB/T 5462-2015",
}
OWN_STANDARD = "企业标准 Q/YC 0001-2025（演示）"
# What an incoming lot is tested for: parameter, unit, lowest and highest value, step, method.
INCOMING: Mapping[str, tuple[str, str, str, str, str, str]] = {
    articles.RAW: ("nacl", "g/100g", "95.8", "97.4", "0.1", "GB/T 13025.5"),
    articles.IODATE: ("assay", "%", "99.1", "99.8", "0.1", "GB 26402"),
    articles.ANTICAKING: ("assay", "%", "99.0", "99.6", "0.1", "GB 25581"),
    articles.FILM: ("thickness", "µm", "78", "84", "1", "GB/T 6672"),
    articles.WOVEN_BAG: ("mass_per_area", "g/m²", "88", "94", "1", "GB/T 8946"),
}
METHODS = {"moisture": "GB/T 13025.3 (140 °C)", "nacl": "GB/T 13025.5"}


@dataclass(frozen=True)
class Desk:
    """The laboratory's two testers and the two people who decide."""

    tester: User
    reviewer: User
    releaser: User
    director: User


def inspect(stage: Stage, *, works: Works, people: People) -> None:
    """Tests and releases all batches but the fresh ones."""
    desk = _desk(people)
    fresh = set(works.packed[-len(FRESH) :])
    tested = [batch for batch in works.everything() if batch not in fresh]
    _certify(stage, tested, desk=desk)
    _release(tested, desk=desk)


def block(stage: Stage, *, works: Works, people: People) -> None:
    """One batch held and one recalled, after they were shipped."""
    desk = _desk(people)
    _hold(stage, _sold(works, days_ago=72), desk=desk)
    _recall(stage, _sold(works, days_ago=160), desk=desk)


def _desk(people: People) -> Desk:
    return Desk(people["laboratory1"], people["laboratory2"], people["qc1"], people["director"])


def _sold(works: Works, *, days_ago: int) -> Batch:
    """An edible packed batch about that old."""
    newest = works.packed[-1].produced_on
    old = [b for b in works.packed if (newest - b.produced_on).days >= days_ago]
    return next(batch for batch in reversed(old) if batch.product.family == Family.EDIBLE)


def _certify(stage: Stage, batches: list[Batch], *, desk: Desk) -> None:
    certificates = [
        ReleaseCertificate(
            batch=batch,
            report_no=f"JY-{batch.produced_on:%Y%m}-{number:04d}",
            inspection_basis=BASES.get(Family(batch.product.family), OWN_STANDARD),
            conclusion=Conclusion.CONFORMING,
            tested_by=desk.tester,
            reviewed_by=desk.reviewer,
            issued_on=batch.produced_on + TESTED_AFTER,
        )
        for number, batch in enumerate(batches, start=1)
    ]
    ReleaseCertificate.objects.bulk_create(certificates)
    products = {batch.product.pk: batch.product for batch in batches}
    usual = {id: _usual(product, stage=stage) for id, product in products.items()}
    CertificateValue.objects.bulk_create(
        value for certificate in certificates for value in _values(stage, certificate, usual=usual)
    )


Range = tuple[str, str, str, str, str, str]


def _usual(product: Product, *, stage: Stage) -> list[Range]:
    """Parameter, unit, range, step and method of what is tested, well inside the limits in force."""
    if product.sku in INCOMING:
        return [INCOMING[product.sku]]
    limits = limits_by_parameter(product, stage.today)
    moisture = limit_in_force(limits.get("moisture", ()), on=stage.today)
    nacl = limit_in_force(limits.get("nacl", ()), on=stage.today)
    most = moisture.high if moisture and moisture.high else Decimal("0.30")
    least = nacl.low if nacl and nacl.low else Decimal("99.10")
    low, high = (_cents(most * share) for share in (Decimal("0.4"), Decimal("0.7")))
    return [
        ("moisture", "g/100g", low, high, "0.01", METHODS["moisture"]),
        (
            "nacl",
            "g/100g",
            _cents(least + Decimal("0.10")),
            _cents(least + Decimal("0.40")),
            "0.01",
            METHODS["nacl"],
        ),
    ]


def _cents(value: Decimal) -> str:
    return str(value.quantize(Decimal("0.01")))


def _values(
    stage: Stage, certificate: ReleaseCertificate, *, usual: Mapping[UUID, list[Range]]
) -> Iterator[CertificateValue]:
    for parameter, unit, low, high, step, method in usual[certificate.batch.product.pk]:
        yield CertificateValue(
            certificate=certificate,
            parameter=parameter,
            value=stage.number(low, high, step=step),
            unit=unit,
            basis="wet" if parameter in METHODS else "",
            method=method,
        )


def _release(batches: list[Batch], *, desk: Desk) -> None:
    decisions = []
    for batch in batches:
        batch.status, batch.status_reason = BatchStatus.RELEASED, RELEASED
        batch.status_at = at_ten(batch.produced_on + RELEASED_AFTER)
        decisions.append(
            _decision(batch, BatchAction.RELEASE, came_from=BatchStatus.QUARANTINE, by=desk.releaser)
        )
    Batch.objects.bulk_update(batches, ["status", "status_reason", "status_at"], batch_size=200)
    BatchDecision.objects.bulk_create(decisions)


def _decision(
    batch: Batch, action: BatchAction, *, came_from: BatchStatus, by: User, proposal: Proposal | None = None
) -> BatchDecision:
    return BatchDecision(
        batch=batch,
        action=action,
        from_status=came_from,
        to_status=batch.status,
        reason=batch.status_reason,
        by=by,
        at=batch.status_at,
        proposal=proposal,
    )


def _hold(stage: Stage, batch: Batch, *, desk: Desk) -> None:
    batch.status, batch.status_reason = BatchStatus.HELD, HELD
    batch.status_at = at_ten(stage.day(HELD_DAYS_AGO))
    batch.save()
    _decision(batch, BatchAction.HOLD, came_from=BatchStatus.RELEASED, by=desk.releaser).save()


def _recall(stage: Stage, batch: Batch, *, desk: Desk) -> None:
    """Proposed by the director, decided by quality control."""
    batch.status, batch.status_reason = BatchStatus.RECALLED, RECALLED
    batch.status_at = at_ten(stage.day(RECALLED_DAYS_AGO))
    batch.save()
    proposal = Proposal.objects.create(
        batch=batch,
        action=BatchAction.RECALL,
        reason="多地客户投诉返潮，建议召回",
        state=ProposalState.ACCEPTED,
        proposed_by=desk.director,
        proposed_at=batch.status_at - timedelta(hours=20),
        decided_by=desk.releaser,
        decided_at=batch.status_at,
        decision_reason=RECALLED,
    )
    _decision(
        batch, BatchAction.RECALL, came_from=BatchStatus.RELEASED, by=desk.releaser, proposal=proposal
    ).save()
