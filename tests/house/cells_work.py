"""Work: instruments, visits, readings, costs, cases, signals, photos."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from backend.accounts.rules import Can, Role
from backend.core import clock
from backend.core.ids import uuid7
from backend.core.permissions import Open
from fieldservice.instrument.models import Calibration
from tests.house.cell import Cell
from tests.house.rows_work import picture
from tests.house.world import World


def soon() -> str:
    return (clock.today() + timedelta(days=7)).isoformat()


def now() -> str:
    return clock.now().isoformat()


def new_instrument(world: World, role: Role) -> Any:
    return {
        "serial_no": "MA-NEW",
        "kind": "halogen_moisture_analyser",
        "model_name": "HM-140",
        "parameter": "moisture",
        "unit": "%",
        "range_low": "0",
        "range_high": "100",
        "resolution": "0.01",
        "accuracy_abs": "0.02",
        "accuracy_pct": "0.5",
        "holder": str(world.place.people[Role.TECHNICIAN].pk),
    }


def changed_instrument(world: World, role: Role) -> Any:
    return {"model_name": "HM-141", "holder": None, "is_active": False}


def new_calibration(world: World, role: Role) -> Any:
    return {
        "kind": "calibration",
        "done_on": clock.today().isoformat(),
        "due_on": soon(),
        "certificate_no": "CAL-NEW",
        "expanded_u": "0.02",
        "result": "pass",
    }


def more_calibrations(world: World) -> None:
    for days_ago in (100, 200):
        done_on = clock.today() - timedelta(days=days_ago)
        Calibration.objects.create(
            instrument=world.near["instrument"],
            kind="calibration",
            done_on=done_on,
            due_on=done_on + timedelta(days=365),
            certificate_no=f"CAL-{days_ago}",
            expanded_u=Decimal("0.02"),
            result="pass",
            recorded_by=world.place.colleagues["qc"],
            recorded_at=clock.now(),
        )


INSTRUMENTS = {
    ("GET", "instruments"): Cell(Can.READ_INSTRUMENTS, shows="instrument"),
    ("POST", "instruments"): Cell(Can.MANAGE_INSTRUMENTS, body=new_instrument),
    ("GET", "instruments/{id}"): Cell(Can.READ_INSTRUMENTS, row="instrument"),
    ("PATCH", "instruments/{id}"): Cell(Can.MANAGE_INSTRUMENTS, row="instrument", body=changed_instrument),
    ("GET", "instruments/{id}/calibrations"): Cell(
        Can.READ_INSTRUMENTS, row="instrument", grow=more_calibrations
    ),
    ("POST", "instruments/{id}/calibrations"): Cell(
        Can.MANAGE_INSTRUMENTS, row="instrument", body=new_calibration
    ),
}


def new_visit(world: World, role: Role) -> Any:
    return {
        "kind": "inspection",
        "customer": world.id_of("customer"),
        "site": world.id_of("site"),
        "technician": str(world.place.people[Role.TECHNICIAN].pk),
        "planned_on": soon(),
        "planned_order": 2,
        "purpose": "例行巡检",
        "batches": [world.id_of("batch")],
    }


def changed_visit(world: World, role: Role) -> Any:
    return {
        "technician": str(world.place.colleagues["technician"].pk),
        "planned_on": soon(),
        "planned_order": 3,
        "purpose": "改期",
    }


def new_check(world: World, role: Role) -> Any:
    place = {
        "latitude": "32.06",
        "longitude": "118.79",
        "datum": "WGS-84",
        "accuracy_m": "12.5",
        "provider": "gps",
        "is_mock": False,
    }
    photo = world.id_of("photo", role)
    return {"id": str(uuid7()), "made_at": now(), "place": place, "reason": "门口", "photo": photo}


def new_visit_photo(world: World, role: Role) -> Any:
    photo = world.id_of("photo", role)
    return {"id": str(uuid7()), "made_at": now(), "attachment": photo, "caption": "外包装"}


def new_visit_scan(world: World, role: Role) -> Any:
    return {"scan": world.id_of("scan", role)}


def closing(world: World, role: Role) -> Any:
    signature = world.id_of("photo", role)
    return {"findings": "水分偏高,已封样", "signature": signature, "signed_by_name": "王小明"}


VISITS = {
    ("GET", "visits"): Cell(Can.READ_VISITS, shows="visit"),
    ("POST", "visits"): Cell(Can.PLAN_VISIT, body=new_visit),
    ("GET", "my-day"): Cell(Can.WORK_VISIT, shows="visit"),
    ("GET", "visits/{id}"): Cell(Can.READ_VISITS, row="begun_visit"),
    ("PATCH", "visits/{id}"): Cell(Can.PLAN_VISIT, row="visit", body=changed_visit),
    ("POST", "visits/{id}/check-in"): Cell(Can.WORK_VISIT, row="visit", body=new_check),
    ("POST", "visits/{id}/check-out"): Cell(Can.WORK_VISIT, row="begun_visit", body=new_check),
    ("POST", "visits/{id}/photos"): Cell(Can.WORK_VISIT, row="begun_visit", body=new_visit_photo),
    ("POST", "visits/{id}/scans"): Cell(Can.WORK_VISIT, row="begun_visit", body=new_visit_scan),
    ("POST", "visits/{id}/close"): Cell(Can.WORK_VISIT, row="left_visit", body=closing),
    ("POST", "visits/{id}/cancel"): Cell(
        Can.PLAN_VISIT, row="visit", body=lambda world, role: {"reason": "客户改期"}
    ),
}


def new_reading(world: World, role: Role) -> Any:
    return {
        **measured(world, role),
        "id": str(uuid7()),
        "made_at": now(),
        "visit": world.id_of("begun_visit"),
    }


def measured(world: World, role: Role) -> dict[str, Any]:
    return {
        "batch": world.id_of("batch"),
        "instrument": world.id_of("instrument"),
        "parameter": "moisture",
        "method": "GB/T 13025.3",
        "basis": "wet",
        "unit": "%",
        "replicates": ["0.21", "0.22"],
        "drying_temp_c": "140",
        "sample_g": None,
        "solution_g": None,
        "moisture_pct": "0.2",
        "note": "两次平行",
        "photo": world.id_of("photo", role),
    }


def corrected_reading(world: World, role: Role) -> Any:
    return {**measured(world, role), "id": str(uuid7()), "reason": "读错小数点"}


READINGS = {
    ("GET", "readings"): Cell(Can.READ_READINGS, shows="reading"),
    ("POST", "readings"): Cell(Can.RECORD_READING, body=new_reading),
    ("GET", "readings/{id}"): Cell(Can.READ_READINGS, row="reading"),
    ("POST", "readings/{id}/supersede"): Cell(Can.CORRECT_READING, row="reading", body=corrected_reading),
    ("POST", "readings/{id}/waive"): Cell(
        Can.WAIVE_READING, row="overdue_reading", body=lambda world, role: {"reason": "事后校准合格"}
    ),
}


def new_cost(world: World, role: Role) -> Any:
    """Travel on a visit for the technician, freight of a batch for logistics, who see no visits."""
    spent = {
        "id": str(uuid7()),
        "made_at": now(),
        "batch": world.id_of("batch"),
        "spent_on": clock.today().isoformat(),
        "net_cny": "45.00",
        "tax_cny": "1.35",
        "gross_cny": "46.35",
        "note": "高铁",
        "receipt": world.id_of("photo", role),
        "receipt_code": "032001900104",
        "receipt_no": "12345678",
    }
    if role is Role.LOGISTICS:
        return {**spent, "visit": None, "category": "logistics"}
    return {**spent, "visit": world.id_of("begun_visit"), "category": "transport"}


# Logistics books freight on batches; visits and cases it does not see at all.
SUMS_HIDDEN = frozenset({Role.TECHNICIAN, Role.CLERK, Role.LOGISTICS})

COSTS = {
    ("GET", "costs"): Cell(Can.READ_COSTS, shows="cost"),
    ("POST", "costs"): Cell(Can.RECORD_COST, body=new_cost),
    ("GET", "costs/{id}"): Cell(Can.READ_COSTS, row="cost"),
    ("POST", "costs/{id}/supersede"): Cell(
        Can.RECORD_COST, row="cost", body=lambda world, role: {**new_cost(world, role), "reason": "金额写错"}
    ),
    ("GET", "visits/{id}/costs/total"): Cell(
        Can.READ_COSTS, row="visit", status={Role.LOGISTICS: 404}, hidden_from=SUMS_HIDDEN
    ),
    ("GET", "batches/{id}/costs/total"): Cell(Can.READ_COSTS, row="batch"),
    ("GET", "cases/{id}/costs/total"): Cell(
        Can.READ_COSTS, row="case", status={Role.LOGISTICS: 404}, hidden_from=SUMS_HIDDEN
    ),
}


def new_case(world: World, role: Role) -> Any:
    """Dealers know batches by their scans only."""
    about = "scan" if role is Role.DEALER else "batch"
    return {
        "complaint_code": "CAK",
        "customer": world.id_of("customer"),
        about: world.id_of(about, role),
        "title": "结块",
        "description": "整批结块,无法使用",
        "grade": 3,
    }


def linked_visit(world: World, role: Role) -> dict[str, str]:
    return {"id": world.id_of("case"), "visit": world.id_of("begun_visit")}


def far_linked_visit(world: World, role: Role) -> dict[str, str]:
    return {"id": world.far_id_of("case"), "visit": world.far_id_of("begun_visit")}


def booked_cost(world: World, role: Role) -> dict[str, str]:
    return {"id": world.id_of("case"), "cost_line": world.id_of("booked_cost")}


def far_booked_cost(world: World, role: Role) -> dict[str, str]:
    return {"id": world.far_id_of("case"), "cost_line": world.far_id_of("booked_cost")}


CASES = {
    ("GET", "complaint-codes"): Cell(Can.READ_CASES),
    ("GET", "cases"): Cell(Can.READ_CASES, shows="case"),
    ("POST", "cases"): Cell(Can.OPEN_CASE, body=new_case),
    ("GET", "cases/{id}"): Cell(Can.READ_CASES, row="case"),
    ("POST", "cases/{id}/close"): Cell(
        Can.CLOSE_CASE, row="case", body=lambda world, role: {"note": "已换货"}
    ),
    ("POST", "cases/{id}/visits"): Cell(
        Can.EDIT_CASE, row="case", body=lambda world, role: {"visit": world.id_of("visit")}
    ),
    ("DELETE", "cases/{id}/visits/{visit}"): Cell(
        Can.EDIT_CASE, ids=linked_visit, far_ids=far_linked_visit, hidden_from=frozenset({Role.CLERK})
    ),
    ("DELETE", "cases/{id}/costs/{cost_line}"): Cell(
        Can.EDIT_CASE, ids=booked_cost, far_ids=far_booked_cost, hidden_from=frozenset({Role.CLERK})
    ),
    ("POST", "cases/{id}/costs"): Cell(
        Can.EDIT_CASE, row="case", body=lambda world, role: {"cost_line": world.id_of("cost")}
    ),
    ("GET", "signals"): Cell(Can.READ_SIGNALS, shows="signal"),
    ("GET", "signal-policies"): Cell(Can.READ_SIGNALS, shows="signal_policy"),
}

# The photo hangs on a visit: who reads the visit with its photos opens it. Logistics opens its own one.
NO_PHOTOS = frozenset({Role.FINANCE, Role.PRODUCTION, Role.ADMIN, Role.DEALER})

PHOTOS = {
    ("POST", "attachments"): Cell(Can.UPLOAD_PHOTO, photo=lambda world, role: {"photo": picture(40_000)}),
    ("GET", "attachments/{sha256}"): Cell(
        Open.SIGNED_IN,
        row="photo",
        name="sha256",
        status=dict.fromkeys(NO_PHOTOS, 404),
        hidden_from=NO_PHOTOS | {Role.TECHNICIAN, Role.CLERK, Role.LOGISTICS},
    ),
}

# Production reads readings, but visits and so their reports not.
REPORTS_HIDDEN = frozenset({Role.TECHNICIAN, Role.CLERK, Role.DEALER, Role.PRODUCTION})
REPORT = Cell(Can.READ_READINGS, row="begun_visit", status={Role.PRODUCTION: 404}, hidden_from=REPORTS_HIDDEN)
REPORTS = {("GET", "visits/{id}/report"): REPORT, ("GET", "visits/{id}/report.pdf"): REPORT}

CELLS = {**INSTRUMENTS, **VISITS, **READINGS, **COSTS, **CASES, **PHOTOS, **REPORTS}
