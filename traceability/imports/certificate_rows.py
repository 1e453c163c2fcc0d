"""Release certificates from a file: rows of one report number are its values, judged by the limits as in the API."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from backend.accounts.models import User
from backend.core.errors import DomainError
from backend.core.errors import mark as _
from traceability.batch.certificate import CertificateData, ValueData, record_certificate
from traceability.batch.models import Batch, ReleaseCertificate
from traceability.batch.rules import Conclusion
from traceability.imports.batch_reference import BatchFinder
from traceability.imports.cell import batch_code, choice, day, fault, number, read_cells, refusal, text
from traceability.imports.rules import Column, Outcome, Record, Row, RowFault, Verdict

OF_CERTIFICATE = (
    Column(
        "report_no",
        text(64),
        _("Report number; rows of one number are its values."),
        "COA-0001",
        is_needed=True,
    ),
    Column("batch", batch_code, _("Batch code."), "YS20260301A07", is_needed=True),
    Column("product", text(40), _("Its article number, where several products carry the code."), ""),
    Column(
        "inspection_basis", text(200), _("The standard it was tested by."), "GB/T 5461-2016", is_needed=True
    ),
    Column("conclusion", choice(Conclusion), _("Conclusion."), "conforming", is_needed=True),
    Column("tested_by", text(150), _("Account name of the tester."), "qc1", is_needed=True),
    Column(
        "reviewed_by", text(150), _("Account name of the reviewer, another person."), "qc2", is_needed=True
    ),
    Column("issued_on", day, _("Day of issue."), "2026-03-02", is_needed=True),
)
OF_VALUE = (
    Column("parameter", text(40), _("Parameter."), "moisture", is_needed=True),
    Column("value", number(digits=14, places=6), _("Its value."), "0.21", is_needed=True),
    Column("unit", text(20), _("Unit."), "g/100g", is_needed=True),
    Column("basis", text(20), _("wet, dry, as_I …"), "wet"),
    Column("method", text(60), _("Method."), "GB 5009.42-2016", is_needed=True),
    Column(
        "expanded_u",
        number(digits=14, places=6, least="0"),
        _("Expanded uncertainty, k = 2."),
        "0.02",
        empty=None,
    ),
)
COLUMNS = OF_CERTIFICATE + OF_VALUE
VALUE_FIELDS = ("parameter", "value", "unit", "basis", "method", "expanded_u")


class Desk:
    """What the records speak of, read in a few queries."""

    def __init__(self, records: Sequence[Record]) -> None:
        def named(column: str) -> set[str]:
            return {record.first.cells.get(column, "").strip() for record in records}

        self.batches = BatchFinder(records, columns=("batch",))
        people = User.objects.filter(username__in=named("tested_by") | named("reviewed_by"))
        self.people = {user.username: user for user in people}
        known = ReleaseCertificate.objects.filter(report_no__in=named("report_no")).prefetch_related("values")
        self.known = {row.report_no: row for row in known}


def apply(records: Sequence[Record], *, by: User, skip_bad: bool, is_dry_run: bool) -> list[Verdict]:
    """Certificates are entered; a known report number with other content is a fault."""
    desk = Desk(records)
    return [_judge(record, desk) for record in records]


def _judge(record: Record, desk: Desk) -> Verdict:
    data, batch, faults = _read(record, desk)
    if data is None or batch is None or faults:
        return Verdict(record, Outcome.BAD, tuple(faults))
    known = desk.known.get(data.report_no)
    if known is not None:
        return _known(record, known, data, batch)
    try:
        with transaction.atomic():
            record_certificate(batch, data)
    except DomainError as error:
        return Verdict(record, Outcome.BAD, (refusal(record.first, error),))
    return Verdict(record, Outcome.CREATED)


def _read(record: Record, desk: Desk) -> tuple[CertificateData | None, Batch | None, list[RowFault]]:
    first = record.first
    values, faults = read_cells(first, OF_CERTIFICATE)
    measured = []
    for row in record.rows:
        faults += _other_certificate(row, first)
        value, value_faults = read_cells(row, OF_VALUE)
        faults += value_faults
        measured.append(value)
    if faults:
        return None, None, faults
    batch = desk.batches.find(first, values, column="batch", product="product")
    people = {name: desk.people.get(values[name]) for name in ("tested_by", "reviewed_by")}
    faults = [
        fault(first, name, "unknown_person", _("Unknown account."))
        for name, user in people.items()
        if not user
    ]
    if isinstance(batch, RowFault):
        faults.append(batch)
    if faults or isinstance(batch, RowFault):
        return None, None, faults
    return _data(values, people, measured), batch, []


def _data(
    values: dict[str, Any], people: dict[str, User | None], measured: list[dict[str, Any]]
) -> CertificateData:
    ids = {f"{name}_id": user.pk for name, user in people.items() if user}
    return CertificateData(
        report_no=values["report_no"],
        inspection_basis=values["inspection_basis"],
        conclusion=Conclusion(values["conclusion"]),
        issued_on=values["issued_on"],
        values=tuple(ValueData(**value) for value in measured),
        **ids,
    )


def _other_certificate(row: Row, first: Row) -> list[RowFault]:
    """Rows of one report number say the same of the certificate."""
    if row is first:
        return []
    other = [
        c.name
        for c in OF_CERTIFICATE
        if row.cells.get(c.name, "").strip() != first.cells.get(c.name, "").strip()
    ]
    text = _("Another row of this number says something else.")
    return [fault(row, name, "rows_differ", text) for name in other]


def _known(record: Record, known: ReleaseCertificate, data: CertificateData, batch: Batch) -> Verdict:
    names = ("inspection_basis", "conclusion", "tested_by_id", "reviewed_by_id", "issued_on")
    is_same = known.batch_id == batch.pk and all(
        getattr(known, name) == getattr(data, name) for name in names
    )
    before = {tuple(getattr(value, name) for name in VALUE_FIELDS) for value in known.values.all()}
    given = {tuple(getattr(value, name) for name in VALUE_FIELDS) for value in data.values}
    if is_same and before == given:
        return Verdict(record, Outcome.UNCHANGED)
    text = _("This report number is entered already with other content.")
    return Verdict(record, Outcome.BAD, (fault(record.first, "report_no", "differs", text),))
