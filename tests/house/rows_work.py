"""Rows of the work floor."""

import io
from datetime import timedelta
from decimal import Decimal
from typing import Any

from PIL import Image

from backend.accounts.models import User
from backend.accounts.rules import Role
from backend.core import clock
from backend.core.attachment import keep_photo
from backend.core.models import Attachment
from fieldservice.case.services import book_cost
from fieldservice.quality.models import Signal, SignalPolicy
from fieldservice.reading.models import Replicate
from fieldservice.visit.models import CheckPoint, Visit, VisitPhoto
from fieldservice.visit.services import link_batch
from tests import factories
from tests.house.place import Place
from tests.house.rows_goods import propose
from traceability.batch.services import count_open_case

SENDERS = (Role.TECHNICIAN, Role.CLERK, Role.QC, Role.LOGISTICS)


def picture(number: int) -> bytes:
    """A small JPEG, another one for each number."""
    out = io.BytesIO()
    Image.new("RGB", (32, 32), (number % 256, number // 256 % 256, 90)).save(out, "JPEG")
    return out.getvalue()


def instruments(place: Place, found: dict[str, Any]) -> dict[str, Any]:
    holder = place.people[Role.TECHNICIAN]
    overdue = factories.make_instrument(due_in_days=-5, holder=holder)
    return {"instrument": factories.make_instrument(holder=holder), "overdue_instrument": overdue}


def photos(place: Place, found: dict[str, Any]) -> dict[str, Any]:
    own = {f"photo@{role}": photo_by(place.people[role]) for role in SENDERS}
    return {**own, "photo": own["photo@technician"], "stray_photo": photo_by(place.colleagues["clerk"])}


def photo_by(user: User) -> Attachment:
    return keep_photo(picture(next(factories.numbers)), by_id=user.pk)


def visits(place: Place, found: dict[str, Any]) -> dict[str, Any]:
    technician = place.people[Role.TECHNICIAN]

    def visit(**fields: Any) -> Visit:
        planned_by = place.colleagues["clerk"]
        made = factories.make_visit(technician, site=found["site"], planned_by=planned_by, **fields)
        link_batch(made, batch=found["batch"])
        return made

    begun, left = visit(status="checked_in"), visit(status="checked_out")
    for arrived in (begun, left):
        check(arrived, "in", minutes_ago=60)
    check(left, "out", minutes_ago=5)
    VisitPhoto.objects.create(
        **factories.made_now(technician), visit=begun, attachment=found["photo"], caption="包装"
    )
    return {"visit": visit(), "begun_visit": begun, "left_visit": left}


def check(visit: Visit, kind: str, *, minutes_ago: int) -> None:
    at = clock.now() - timedelta(minutes=minutes_ago)
    CheckPoint.objects.create(
        **factories.made_now(visit.technician, received_at=at),
        visit=visit,
        kind=kind,
        latitude=Decimal("32.06"),
        longitude=Decimal("118.79"),
        datum="WGS-84",
        accuracy_m=Decimal("10"),
        distance_m=12,
    )


def readings(place: Place, found: dict[str, Any]) -> dict[str, Any]:
    about = {"visit": found["begun_visit"], "batch": found["batch"]}
    reading = factories.make_reading(**about, instrument=found["instrument"])
    overdue = factories.make_reading(
        **about,
        instrument=found["overdue_instrument"],
        verdict="inconclusive",
        is_evidential=False,
        reasons=["instrument_out_of_calibration"],
    )
    bad = factories.make_reading(**about, instrument=found["instrument"])
    for made in (reading, overdue, bad):
        for position in (1, 2):
            Replicate.objects.create(reading=made, position=position, value=Decimal("0.55"))
    return {"reading": reading, "overdue_reading": overdue, "bad_reading": bad}


def costs(place: Place, found: dict[str, Any]) -> dict[str, Any]:
    technician, logistics = place.people[Role.TECHNICIAN], place.people[Role.LOGISTICS]
    travel = factories.make_cost(recorded_by=technician, visit=found["begun_visit"])
    freight = factories.make_cost(recorded_by=logistics, category="logistics", batch=found["batch"])
    lab = factories.make_cost(recorded_by=technician, category="testing", visit=found["left_visit"])
    return {"cost": travel, "cost@logistics": freight, "booked_cost": lab}


def cases(place: Place, found: dict[str, Any]) -> dict[str, Any]:
    case = factories.make_case(place.customer, batch=found["batch"], opened_by=place.people[Role.DEALER])
    factories.make_case_visit(case, found["begun_visit"])
    book_cost(case, line=found["booked_cost"])
    quality = factories.make_case(place.customer, kind="quality", complaint_code="MOI", batch=found["batch"])
    factories.make_evidence(quality, found["reading"])
    count_open_case(found["batch"], change=2)
    return {"case": case, "quality_case": quality}


def signals(place: Place, found: dict[str, Any]) -> dict[str, Any]:
    policy = SignalPolicy.objects.create(
        rule="repeated_readings",
        count=2,
        window_days=30,
        valid_from=clock.today() - timedelta(days=next(factories.numbers)),
        source="Test rule",
    )
    batch = factories.make_batch(found["product"])
    signal = Signal.objects.create(
        batch=batch,
        rule="repeated_readings",
        policy=policy,
        proposal=propose(batch, place),
        raised_at=clock.now(),
    )
    signal.readings.add(found["reading"])
    signal.cases.add(found["quality_case"])
    return {"signal": signal, "signal_policy": policy}
