"""The demo's salt works: believable, the same every time, and every label scans."""

import io
import json
import subprocess
from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import transaction
from django.db.models import Count, F, Sum
from django.test import override_settings

from backend.accounts.models import User
from backend.accounts.rules import Role
from backend.core import clock
from backend.core.ids import uuid7
from fieldservice.case.models import Case
from fieldservice.cost.models import CostLine
from fieldservice.demo.seed import fill
from fieldservice.demo.works import WET_DAYS_AGO
from fieldservice.instrument.models import Instrument
from fieldservice.quality.models import Signal
from fieldservice.reading.models import Reading
from fieldservice.visit.models import CheckPoint, RecallTask, Visit
from tests import factories
from tests.jobs import run_jobs
from traceability.balance.models import Finding, StockCount
from traceability.batch.models import Batch, Proposal
from traceability.customer.models import Customer
from traceability.dispatch.models import LogisticUnit, ShipmentLine, ShipmentReceipt
from traceability.epcis.models import EventDue, TraceEvent
from traceability.genealogy.models import MadeFrom, Transformation
from traceability.recall.models import GoodsReport, Recall, RecallNotice
from traceability.scan.label_paper import content_of
from traceability.serial.models import SerialRange
from traceability.serial.rules import Span
from traceability.serial.services import codes_of
from traceability.trace.queries import walk
from traceability.trace.rules import Direction

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("demo")]
ROWS = (
    Batch, Customer, ShipmentLine, MadeFrom, Instrument, Visit, CheckPoint, Reading, CostLine, Case,
    Transformation, LogisticUnit, ShipmentReceipt, StockCount, RecallNotice, RecallTask, GoodsReport, TraceEvent,
)  # fmt: skip


def figures():
    """What must be equal between two demos, whatever their day and ids."""
    return {
        "rows": {model.__name__: model.objects.count() for model in ROWS},
        "customers": list(Customer.objects.order_by("code").values_list("code", "name", "tier", "region")),
        "kg": ShipmentLine.objects.aggregate(kg=Sum("qty_kg"))["kg"],
        "gross": CostLine.objects.aggregate(cny=Sum("gross_cny"))["cny"],
        "verdicts": Counter(Reading.objects.values_list("verdict", flat=True)),
        "means": sorted(Reading.objects.values_list("mean", flat=True)),
        "statuses": Counter(Batch.objects.values_list("status", flat=True)),
        "complaints": sorted(Case.objects.values_list("complaint_code", "status", "customer__code")),
    }


@pytest.fixture(scope="module")
def demos(django_db_setup, django_db_blocker, tmp_path_factory):
    """Two demos, 40 days apart, the second beside rows of somebody else; it stays for this module's tests."""
    found = []
    with django_db_blocker.unblock(), override_settings(MEDIA_ROOT=tmp_path_factory.mktemp("media")):
        for now in (clock.now() - timedelta(days=40), clock.now()):
            with transaction.atomic():
                factories.make_user("technician", username="stranger") if found else None
                fill(now=now)
                found.append(figures())
                if len(found) == 2:
                    yield found
                transaction.set_rollback(True)


def test_it_is_a_believable_works(demos):
    rows = demos[1]["rows"]
    assert 290 <= rows["Batch"] <= 320 and rows["Customer"] == 60
    assert rows["ShipmentLine"] > 400 and rows["MadeFrom"] > 500
    assert 150 <= rows["Visit"] <= 260 and rows["Reading"] >= 120 and rows["CostLine"] >= 250
    assert len(set(Batch.objects.values_list("plant", flat=True))) == 2
    assert len(set(Customer.objects.values_list("province", flat=True))) >= 10
    assert User.objects.filter(role="technician").exclude(username="stranger").count() == 8
    assert {row["tier"] for row in Customer.objects.values("tier")} == {"key", "major", "standard"}
    oldest = Batch.objects.order_by("produced_on").first().produced_on
    assert timedelta(days=540) <= clock.today() - oldest <= timedelta(days=600)
    assert not Batch.objects.filter(produced_on__gt=clock.today()).exists()
    assert not Batch.objects.filter(status_at__gt=clock.now()).exists()


def test_two_demos_on_different_days_are_the_same_works(demos):
    first, second = demos
    assert first == second


def test_no_more_is_shipped_or_used_than_was_made(demos):
    for batch in Batch.objects.annotate(kg=Sum("shipment_lines__qty_kg")).exclude(kg=None):
        assert batch.kg <= batch.qty_kg, batch
    for batch in Batch.objects.annotate(kg=Sum("children_links__qty_kg")).exclude(kg=None):
        assert batch.kg <= batch.qty_kg, batch


def test_a_packed_batch_reaches_back_to_raw_salt_and_packaging(demos):
    batch = Batch.objects.filter(product__sku="refined_edible_iodised", status="released").first()
    kinds = Counter(link.parent.kind for link in batch.parent_links.all())
    assert kinds == {"refined": 1, "additive": 2, "packaging": 1}
    refined = batch.parent_links.get(parent__kind="refined").parent
    assert {link.parent.kind for link in refined.parent_links.filter(kind="used")} == {"raw"}


def test_industrial_salt_never_goes_into_edible_salt(demos):
    links = MadeFrom.objects.select_related("parent__product", "child__product")
    children = {link.child.product.family for link in links if link.parent.product.family == "industrial"}
    assert children == {"industrial"}


def test_edible_salt_goes_to_designated_wholesalers_with_a_licence_only(demos):
    lines = ShipmentLine.objects.filter(batch__product__family="edible").select_related("shipment__customer")
    buyers = {(line.shipment.customer, line.shipment.shipped_on) for line in lines}
    assert {customer.kind for customer, _on in buyers} == {"designated_wholesaler"}
    assert all(customer.licence_valid_to >= on for customer, on in buyers)


def test_one_instrument_is_overdue_and_its_readings_decide_nothing(demos):
    overdue = Reading.objects.filter(reasons__contains=["instrument_out_of_calibration"])
    assert overdue.exists() and not overdue.filter(is_evidential=True).exists()
    assert overdue.values("instrument").distinct().count() == 1


def test_limits_are_confirmed_for_the_demo_and_say_so(demos):
    judged = Reading.objects.filter(verdict="pass").select_related("spec_limit").first()
    assert "演示" in judged.spec_limit.confirmed_document


def test_the_queued_jobs_change_nothing(demos):
    before = figures()
    run_jobs()
    assert figures() == before
    assert not Signal.objects.exists() and not Proposal.objects.filter(state="open").exists()
    open_quality = Case.objects.filter(kind="quality", status="open")
    assert [case.batch.open_case_count for case in open_quality] == [1]


def test_open_cases_are_counted_on_their_batches(demos):
    counted = {b.pk: b.open_case_count for b in Batch.objects.exclude(open_case_count=0)}
    cases = Case.objects.filter(status="open").values("batch").annotate(n=Count("pk"))
    assert counted == {row["batch"]: row["n"] for row in cases}


def test_one_receipt_was_handed_in_twice_from_two_phones(demos):
    line = CostLine.objects.get(duplicate_of__isnull=False)
    assert line.duplicate_by == "similar_photo" and line.recorded_by != line.duplicate_of.recorded_by


def test_every_label_scans_to_its_batch(demos, sign_in):
    expected = {"released": "ok", "held": "held", "recalled": "recalled", "quarantine": "held"}
    packed = list(Batch.objects.filter(kind="packed").select_related("product", "trade_item"))
    assert len(packed) > 150
    phone = sign_in(User.objects.get(username="technician1"))
    made_at = clock.now().isoformat()
    for start in range(0, len(packed), 200):
        some = packed[start : start + 200]
        scans = [
            {
                "id": str(uuid7()),
                "made_at": made_at,
                "source": "text",
                "raw": content_of(batch, pack=None).qr_text,
            }
            for batch in some
        ]
        answer = phone.post("scans", {"scans": scans})
        assert answer.status == 200, answer.json
        assert answer.json["stored"] == len(some)
        for batch, item in zip(some, answer.json["results"], strict=True):
            found = item["scan"]
            assert found["batch"]["code"] == batch.code, found
            assert found["outcome"] == expected[batch.status], found


def seeded():
    out = io.StringIO()
    call_command("seed_demo", stdout=out)
    return out.getvalue().splitlines()


def test_a_second_run_changes_nothing_and_still_says_who_can_sign_in(demos, anonymous):
    lines = seeded()
    assert figures() == demos[1]
    accounts = json.loads(lines[-1].removeprefix("ACCOUNTS "))
    assert {account["role"] for account in accounts} == {role.value for role in Role}
    for account in accounts:
        body = {"username": account["username"], "password": account["password"]}
        device = {"install_id": str(uuid7()), "name": "Test"}
        assert anonymous.post("auth/login", body | {"device": device}).status == 200


def sent_by(line, *, token="-"):
    """What the shell would send for a printed line: the body of its curl."""
    shell = 'curl() { for last; do :; done; printf %s "$last"; }; TOKEN=' + token + "; "
    return json.loads(subprocess.run(["sh", "-c", shell + line], capture_output=True, check=True).stdout)


def test_the_three_lines_lead_from_the_scan_to_a_proposed_hold(demos, anonymous):
    login, scan, reading, *_new = tried()
    asked = sent_by(login.removeprefix("TOKEN=$(").split(" | python3")[0])
    anonymous.token = anonymous.post("auth/login", asked).json["token"]
    answer = anonymous.post("scans", sent_by(scan)).json
    assert answer["outcome"] == "ok" and answer["open_cases"] == 1
    (first,) = anonymous.get(f"my-day?on={clock.today()}").json["items"][:1]
    assert first["kind"] == "revisit" and first["customer"]["tier"] == "key"
    measured = anonymous.post("readings", sent_by(reading))
    assert measured.status == 201 and measured.json["verdict"] == "fail"
    run_jobs()
    proposal = Proposal.objects.get(state="open")
    assert proposal.action == "hold" and proposal.batch.code == answer["batch"]["code"]
    assert Case.objects.get(kind="quality", status="open").evidence.count() == 2


def tried():
    return [line.removeprefix("TRY ") for line in seeded() if line.startswith("TRY ")]


def asked_by(line):
    """The address of the last curl of a line, relative to the API."""
    return line.rsplit("{url}/api/v1/", 1)[1].split("'")[0]


def client_of(sign_in, username):
    return sign_in(User.objects.get(username=username))


def test_the_new_lines_show_the_tasks_the_trace_and_the_drill(demos, sign_in):
    _login, _scan, _reading, day, trace, report = tried()
    tasks = client_of(sign_in, "technician1").get(asked_by(day)).json["recall_tasks"]
    assert len(tasks) >= 2 and all(task["state"] == "open" for task in tasks)
    assert {(task["recall"]["level"], task["recall"]["is_drill"]) for task in tasks} == {(2, False)}
    qc = client_of(sign_in, "qc1")
    traced = qc.get(asked_by(trace))
    assert traced.status == 200 and not traced.json["truncated"]
    timed = qc.get(asked_by(report))
    assert timed.status == 200, timed.json


def test_one_recall_runs_at_level_ii_half_closed(demos):
    recall = Recall.objects.get(is_drill=False)
    assert (recall.level, recall.state) == (2, "announced") and recall.decided_by != recall.proposed_by
    assert recall.announced_at < recall.start_due_at and recall.finish_due_on > clock.today()
    notices = RecallNotice.objects.filter(recall=recall)
    assert set(notices.values_list("state", flat=True)) >= {"uncontacted", "contacted", "acknowledged"}
    sums = notices.aggregate(
        shipped=Sum("shipped_kg"),
        counted=Sum(F("returned_kg") + F("consumed_kg") + F("quarantined_kg") + F("destroyed_kg")),
    )
    assert Decimal("0.3") < sums["counted"] / sums["shipped"] < Decimal("0.8")
    states = Counter(RecallTask.objects.filter(notice__recall=recall).values_list("state", flat=True))
    assert states["open"] > 2 and states["done"] > 2 and set(states) == {"open", "done"}
    assert not recall.batches.exclude(batch__status="recalled").exists()
    assert not recall.batches.filter(batch__produced_on=clock.today() - timedelta(days=WET_DAYS_AGO)).exists()


def test_the_recalled_batch_went_on_in_the_silo(demos):
    start = Recall.objects.get(is_drill=False).starts.get().batch
    below = walk([start.pk], direction=Direction.FORWARD)
    assert {edge.kind for edge in below.edges} == {"used", "heel"} and len(below.lots) > 5
    assert set(below.lots) == set(Recall.objects.get(is_drill=False).batches.values_list("batch", flat=True))


def test_one_drill_is_closed_with_a_sealed_report_and_changed_nothing(demos, sign_in):
    drill = Recall.objects.get(is_drill=True)
    assert drill.state == "closed" and drill.finished_by != drill.closed_by
    assert not drill.batches.filter(was_recalled=True).exists()
    assert set(drill.batches.values_list("batch__status", flat=True)) == {"released"}
    assert not RecallTask.objects.filter(notice__recall=drill).exclude(state="done").exists()
    paper = client_of(sign_in, "qc1").get(f"recalls/{drill.pk}/dossier.pdf")
    assert paper.status == 200 and paper.content.startswith(b"%PDF")


def test_the_store_is_balanced_but_for_one_batch(demos):
    finding = Finding.objects.get()
    assert (finding.rule, finding.residual_kg) == ("unaccounted", Decimal(480))
    assert StockCount.objects.count() > 100


def test_pallets_carry_valid_numbers_and_one_is_mixed(demos):
    units = LogisticUnit.objects.annotate(batches=Count("contents"))
    assert Counter(units.values_list("level", "batches")) == {
        ("pallet", 1): 3,
        ("pallet", 2): 1,
        ("container", 0): 1,
    }
    assert ShipmentLine.objects.filter(unit__isnull=False).count() == 1
    assert ShipmentReceipt.objects.count() > 300


def test_a_bags_own_code_scans_to_its_batch(demos, sign_in):
    numbers = SerialRange.objects.get()
    [(_number, code)] = codes_of(numbers, Span(7, 7))
    body = {"id": str(uuid7()), "made_at": clock.now().isoformat(), "source": "text", "raw": code}
    found = client_of(sign_in, "technician1").post("scans", body).json
    assert (found["outcome"], found["batch"]["id"]) == ("ok", str(numbers.batch_id))


def test_the_log_of_events_is_full(demos):
    assert TraceEvent.objects.count() > 2000
    assert not EventDue.objects.exists()


def test_costs_are_exact_and_sum_up(demos, sign_in):
    case = Case.objects.filter(cost_links__isnull=False).first()
    answer = sign_in(User.objects.get(username="director")).get(f"cases/{case.pk}/costs/total").json
    parts = [Decimal(row["amount"]["gross_cny"]) for row in answer["by_category"]]
    assert sum(parts) == Decimal(answer["total"]["gross_cny"]) > 0
