"""Release certificates (出厂检验报告, COA): tested by one person, reviewed by another, true to the limits."""

from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db import IntegrityError, transaction

from backend.accounts.models import User
from backend.accounts.rules import Can
from backend.core import clock
from backend.core.errors import DomainError, InvalidInput, SamePerson
from backend.core.errors import mark as _
from traceability.batch import queries
from traceability.batch.models import Batch, CertificateValue, ReleaseCertificate
from traceability.batch.rules import Conclusion, check_own
from traceability.product.queries import limits_by_parameter
from traceability.product.rules import breaks, limit_in_force


class ReportNoTaken(DomainError):
    code, status, title = "report_no_taken", 409, _("This report number is taken")
    detail = _("A corrected certificate is a new one with its own number; the newest counts.")


class CertificateContradicts(DomainError):
    """The conclusion says conforming, a value says otherwise."""

    code, status, title = "certificate_contradicts_limit", 409, _("A value lies outside the limit in force")
    detail = _("{parameter} {value} {unit} does not conform to {standard} {edition}.")


@dataclass(frozen=True)
class ValueData:
    """One released value; expanded uncertainty with k = 2, in the same unit."""

    parameter: str
    value: Decimal
    unit: str
    method: str
    basis: str = ""
    expanded_u: Decimal | None = None


@dataclass(frozen=True)
class CertificateData:
    report_no: str
    inspection_basis: str
    conclusion: Conclusion
    tested_by_id: UUID
    reviewed_by_id: UUID
    issued_on: date
    values: tuple[ValueData, ...]


@transaction.atomic
def record_certificate(batch: Batch, data: CertificateData) -> ReleaseCertificate:
    """The certificate with its values; the newest one counts for a release.

    Raises SamePerson (403), InvalidInput (400), HistoryBatch, ReportNoTaken, CertificateContradicts (409).
    """
    # Locked as a release locks it: no certificate arrives between its check and its step.
    row = (
        Batch.objects.select_for_update(of=("self",), no_key=True).select_related("product").get(pk=batch.pk)
    )
    check_own(row.code, is_history=row.is_history)
    _check(row, data)
    fields = asdict(data) | {"batch": row}
    del fields["values"]
    try:
        with transaction.atomic():
            made = ReleaseCertificate.objects.create(**fields)
    except IntegrityError as error:
        raise ReportNoTaken from error
    CertificateValue.objects.bulk_create(
        CertificateValue(certificate=made, **asdict(value)) for value in data.values
    )
    return queries.certificates().get(pk=made.pk)


def _check(batch: Batch, data: CertificateData) -> None:
    if data.tested_by_id == data.reviewed_by_id:
        raise SamePerson
    if not batch.produced_on <= data.issued_on <= clock.today():
        raise InvalidInput(
            errors={"issued_on": _("A certificate is issued after the batch was made, not in the future.")}
        )
    parameters = [value.parameter for value in data.values]
    if len(set(parameters)) != len(parameters):
        raise InvalidInput(errors={"values": _("A parameter stands twice.")})
    _check_people(tested_by=data.tested_by_id, reviewed_by=data.reviewed_by_id)
    if data.conclusion == Conclusion.CONFORMING:
        _check_values(batch, data)


def _check_people(**ids: UUID) -> None:
    people = {user.pk: user for user in User.objects.filter(pk__in=ids.values(), is_active=True)}
    unknown = {
        name: _("This person may not test or review.")
        for name, id in ids.items()
        if id not in people or not people[id].may(Can.RECORD_CERTIFICATE)
    }
    if unknown:
        raise InvalidInput(errors=unknown)


def _check_values(batch: Batch, data: CertificateData) -> None:
    """Values in the unit and basis of the limit in force on the day of issue must lie inside it."""
    limits = limits_by_parameter(batch.product, data.issued_on)
    for value in data.values:
        limit = limit_in_force(limits.get(value.parameter, ()), on=data.issued_on)
        if limit is None or (limit.unit, limit.basis) != (value.unit, value.basis):
            continue
        if breaks(limit, value=value.value):
            raise CertificateContradicts(
                parameter=value.parameter,
                value=f"{value.value.normalize():f}",
                unit=value.unit,
                standard=limit.standard,
                edition=limit.edition,
                limit=str(limit.pk),
            )
