"""What only shows with several people at once, or in the database itself; and what counts as evidence."""

import threading
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from backend.accounts.made import Made
from backend.core import clock
from backend.core.errors import DomainError
from backend.core.ids import uuid7
from fieldservice.instrument.models import Calibration
from fieldservice.reading import queries, services
from fieldservice.reading.measurement import Measured
from fieldservice.reading.models import Reading
from fieldservice.reading.rules import Basis, Parameter
from tests import factories


def made(user) -> Made:
    return Made(uuid7(), user, None, clock.stamp(made_at=clock.now(), sent_at=None, received_at=clock.now()))


def data(batch, instrument, value="0.55") -> services.ReadingData:
    measured = Measured(Parameter.MOISTURE, Basis.WET, "%", (Decimal(value),), drying_temp_c=Decimal(140))
    return services.ReadingData(measured, batch=batch, method="GB/T 13025.3", instrument=instrument)


@pytest.mark.django_db(transaction=True)
def test_of_four_corrections_at_one_moment_one_stands():
    factories.make_limit()
    visit, batch, meter = factories.make_visit(), factories.make_batch(), factories.make_instrument()
    user = visit.technician
    wrong = services.record_reading(visit, data=data(batch, meter), made=made(user))
    start, codes = threading.Barrier(4), []

    def correct(value: str) -> None:
        start.wait()
        try:
            services.supersede_reading(wrong, data=data(batch, meter, value), made=made(user), reason="抄错")
        except DomainError as refusal:
            codes.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=correct, args=(f"0.2{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == ["reading_corrected"] * 3
    assert Reading.objects.filter(supersedes=wrong).count() == 1


@pytest.mark.django_db
def test_evidence_leaves_out_what_is_corrected_unjudged_or_in_doubt():
    factories.make_limit()
    visit, batch = factories.make_visit(), factories.make_batch()
    meter, overdue = factories.make_instrument(), factories.make_instrument(due_in_days=-1)
    user = visit.technician
    wrong = services.record_reading(visit, data=data(batch, meter), made=made(user))
    right = services.supersede_reading(wrong, data=data(batch, meter, "0.60"), made=made(user), reason="抄错")
    unjudged = services.record_reading(visit, data=data(batch, overdue), made=made(user))
    assert list(queries.out_of_spec(batch)) == [right]
    services.waive_reading(unjudged, by=factories.make_user("qc"), reason="事后校准合格")
    assert set(queries.out_of_spec(batch)) == {right, unjudged}
    assert queries.is_current_evidence(right) and not queries.is_current_evidence(wrong)
    Calibration.objects.create(
        instrument=meter, kind="verification", done_on=clock.today(), due_on=clock.today() + timedelta(days=9),
        certificate_no="F", expanded_u=Decimal("0.02"), result="fail", recorded_by=user,
        recorded_at=clock.now(),
    )  # fmt: skip
    assert list(queries.out_of_spec(batch)) == [unjudged]


@pytest.mark.django_db
def test_judging_the_stored_row_again_gives_the_same():
    factories.make_limit()
    visit, batch, meter = factories.make_visit(), factories.make_batch(), factories.make_instrument()
    entry = data(batch, meter)
    values = (Decimal("2.8"), Decimal("2.9"), Decimal("2.9"))
    entry = replace(entry, measured=replace(entry.measured, unit="g/kg", replicates=values))
    stored = services.record_reading(visit, data=entry, made=made(visit.technician))
    assert services.measured_of(stored) == entry.measured


@pytest.mark.django_db
def test_database_itself_refuses_a_purity_grade_from_the_field_and_a_pass_without_a_limit():
    for fields in (
        {"parameter": "nacl", "verdict": "fail"},
        {"parameter": "nacl", "verdict": "pass", "spec_limit": factories.make_limit()},
        {"verdict": "pass", "spec_limit": None},
        {"verdict": "pass", "is_evidential": False, "spec_limit": factories.make_limit()},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            factories.make_reading(**fields)
    assert not Reading.objects.exists()
