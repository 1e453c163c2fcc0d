"""Visits over HTTP: plan, my day, check-in, check-out, photos, scans, close."""

from datetime import timedelta
from decimal import Decimal

import pytest

from backend.core import clock
from backend.core.ids import uuid7
from fieldservice.visit.api import VisitFilters
from fieldservice.visit.models import CheckPoint, Visit, VisitPhoto, VisitPolicy
from fieldservice.visit.rules import FILTERED
from fieldservice.visit.services import link_batch
from tests import factories
from tests.fieldwork import AT_SITE, check, upload, walk

FIVE_KM_OFF = AT_SITE | {"latitude": "32.105000"}
# The site's own coordinate as a Chinese map shows it: 500 m away unless the datum is minded.
ON_THE_MAP = AT_SITE | {"latitude": "32.057934", "longitude": "118.795195", "datum": "GCJ-02"}


@pytest.fixture(autouse=True)
def policy(db):
    return VisitPolicy.objects.get_or_create(
        valid_from="2000-01-01", defaults={"far_m": 500, "source": "Test rule"}
    )[0]


def plan(site, technician, **changes):
    return {
        "kind": "complaint",
        "customer": site.customer_id,
        "site": site.pk,
        "technician": technician.pk,
        "planned_on": clock.today(),
        "purpose": "客户反映返潮结块",
        **changes,
    }


# --- planning


def test_clerk_plans_and_the_technician_finds_it_in_the_day(sign_in):
    clerk, phone = sign_in("clerk"), sign_in("technician")
    batch = factories.make_batch()
    made = clerk.post("visits", plan(factories.make_site(), phone.user, batches=[batch.pk]))
    assert made.status == 201 and made.json["status"] == "planned"
    assert made.json["number"].startswith("V-") and made.json["allowed_actions"] == ["cancel"]
    assert [row["id"] for row in made.json["batches"]] == [str(batch.pk)]
    day = phone.get("my-day").json["items"]
    assert [row["id"] for row in day] == [made.json["id"]]
    assert day[0]["contact"] == {"name": "王小明", "phone": "13812345678"}
    assert day[0]["allowed_actions"] == ["check_in"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"planned_on": clock.today() - timedelta(days=1)}, "/planned_on"),
        ({"planned_on": clock.today() + timedelta(days=400)}, "/planned_on"),
        ({"customer": "018f0000-0000-7000-8000-000000000009"}, "/site"),
        ({"site": "018f0000-0000-7000-8000-000000000009"}, "/site"),
        ({"batches": ["018f0000-0000-7000-8000-000000000009"]}, "/batches/0"),
        ({"purpose": ""}, "/purpose"),
        ({"kind": "party"}, "/kind"),
        ({"status": "closed"}, "/status"),
    ],
)
def test_senseless_plan_is_refused_where_it_is_wrong(sign_in, change, pointer):
    site, technician = factories.make_site(), factories.make_user("technician")
    answer = sign_in("clerk").post("visits", plan(site, technician) | change)
    assert answer.status == 400 and answer.json["errors"][0]["pointer"] == pointer
    assert not Visit.objects.exists()


@pytest.mark.parametrize(
    ("role", "fields"),
    [
        ("technician", {"is_active": False}),
        ("qc", {}),
        ("technician", {"qualified_until": clock.today() - timedelta(days=1)}),
    ],
)
def test_only_an_active_qualified_technician_is_planned(sign_in, role, fields):
    person = factories.make_user(role, **fields)
    answer = sign_in("clerk").post("visits", plan(factories.make_site(), person))
    assert answer.status == 400 and answer.json["errors"][0]["pointer"] == "/technician"
    assert not Visit.objects.exists()


def test_clerk_plans_in_the_own_region_only_and_the_director_anywhere(sign_in):
    west = factories.make_site(factories.make_customer(region_code="west"))
    technician = factories.make_user("technician")
    assert sign_in("clerk").post("visits", plan(west, technician)).json["errors"][0]["pointer"] == "/site"
    assert sign_in("director").post("visits", plan(west, technician)).status == 201


@pytest.mark.parametrize("role", ["technician", "qc", "finance", "auditor", "dealer", "logistics"])
def test_others_plan_nothing(sign_in, role):
    site, technician = factories.make_site(), factories.make_user("technician")
    assert sign_in(role).post("visits", plan(site, technician)).status == 403
    assert not Visit.objects.exists()


def test_planned_visit_is_reassigned_and_leaves_the_first_day(sign_in):
    clerk, first, second = sign_in("clerk"), sign_in("technician"), sign_in("technician")
    visit = factories.make_visit(first.user)
    tomorrow = clock.today() + timedelta(days=1)
    change = {"technician": second.user.pk, "planned_on": tomorrow, "planned_order": 3}
    answer = clerk.patch(f"visits/{visit.pk}", change)
    assert answer.status == 200 and answer.json["technician"]["id"] == str(second.user.pk)
    assert first.get("my-day").json["items"] == []
    assert first.get(f"visits/{visit.pk}").status == 404
    assert len(second.get(f"my-day?on={tomorrow}").json["items"]) == 1


def test_plan_stands_once_the_technician_is_there(sign_in):
    clerk, phone = sign_in("clerk"), sign_in("technician")
    visit = factories.make_visit(phone.user)
    walk(phone, visit, upto="checked_in")
    change = {"technician": factories.make_user("technician").pk}
    assert clerk.patch(f"visits/{visit.pk}", change).code == "visit_started"
    visit.refresh_from_db()
    assert visit.technician_id == phone.user.pk and visit.status == "checked_in"


@pytest.mark.parametrize("role", ["clerk", "director"])
def test_begun_visit_whose_phone_is_lost_is_called_off_and_its_records_stay(sign_in, role):
    office, phone = sign_in(role), sign_in("technician")
    visit = factories.make_visit(phone.user)
    walk(phone, visit, upto="checked_in")
    photo = {"id": uuid7(), "made_at": clock.now().isoformat(), "attachment": upload(phone)}
    assert phone.post(f"visits/{visit.pk}/photos", photo).status == 201
    assert "cancel" in office.get(f"visits/{visit.pk}").json["allowed_actions"]
    assert office.post(f"visits/{visit.pk}/cancel", {"reason": ""}).status == 400
    assert phone.post(f"visits/{visit.pk}/cancel", {"reason": "x"}).status == 403
    answer = office.post(f"visits/{visit.pk}/cancel", {"reason": "手机遗失"})
    assert answer.status == 200 and answer.json["status"] == "cancelled"
    assert answer.json["cancel_reason"] == "手机遗失"
    assert len(answer.json["checks"]) == 1 and len(answer.json["photos"]) == 1
    assert phone.post(f"visits/{visit.pk}/check-out", check()).code == "illegal_step"


def test_visit_is_not_called_off_once_the_technician_has_left(sign_in):
    clerk, phone = sign_in("clerk"), sign_in("technician")
    visit = factories.make_visit(phone.user)
    walk(phone, visit, upto="checked_out")
    assert clerk.post(f"visits/{visit.pk}/cancel", {"reason": "x"}).code == "illegal_step"
    visit.refresh_from_db()
    assert visit.status == "checked_out" and visit.cancel_reason == ""


def test_cancelled_visit_leaves_the_day_and_keeps_its_reason(sign_in):
    clerk, phone = sign_in("clerk"), sign_in("technician")
    visit = factories.make_visit(phone.user)
    assert clerk.post(f"visits/{visit.pk}/cancel", {}).status == 400
    answer = clerk.post(f"visits/{visit.pk}/cancel", {"reason": "客户改期"})
    assert answer.json["status"] == "cancelled" and answer.json["cancel_reason"] == "客户改期"
    assert phone.get("my-day").json["items"] == []
    assert phone.post(f"visits/{visit.pk}/check-in", check()).code == "illegal_step"
    assert not CheckPoint.objects.exists()


# --- my day


def test_day_holds_own_visits_only_key_customers_first(sign_in):
    phone = sign_in("technician")
    wanted = []
    for tier, order in (("key", 2), ("key", 5), ("major", 1), ("standard", 0)):
        customer = factories.make_customer(tier=tier)
        wanted.append(factories.make_visit(phone.user, customer, planned_order=order))
    factories.make_visit(phone.user, planned_on=clock.today() + timedelta(days=1))
    factories.make_visit()
    found = [row["id"] for row in phone.get("my-day").json["items"]]
    assert found == [str(visit.pk) for visit in wanted]


def test_day_pages_keep_the_order(sign_in):
    phone = sign_in("technician")
    for number in range(5):
        factories.make_visit(phone.user, planned_order=number % 3)
    orders, cursor = [], ""
    while True:
        page = phone.get(f"my-day?limit=2{cursor}").json
        orders += [row["planned_order"] for row in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert orders == [0, 0, 1, 1, 2]


@pytest.mark.parametrize("role", ["clerk", "director", "qc"])
def test_only_technicians_have_a_day(sign_in, role):
    assert sign_in(role).get("my-day").status == 403


# --- check-in and check-out


def test_check_in_at_the_site_is_plain(sign_in):
    phone = sign_in("technician")
    visit = factories.make_visit(phone.user)
    answer = phone.post(f"visits/{visit.pk}/check-in", check())
    assert answer.status == 201 and answer.json["flags"] == [] and answer.json["distance_m"] < 30
    shown = phone.get(f"visits/{visit.pk}").json
    assert shown["status"] == "checked_in" and shown["flagged"] is False
    assert shown["allowed_actions"] == ["check_out"]


@pytest.mark.parametrize(
    ("place", "flags"),
    [
        (FIVE_KM_OFF, ["far"]),
        (AT_SITE | {"is_mock": True}, ["mocked"]),
        (FIVE_KM_OFF | {"is_mock": True}, ["far", "mocked"]),
        (None, ["no_place"]),
    ],
)
def test_odd_check_in_is_taken_and_flagged_for_the_office(sign_in, place, flags):
    phone = sign_in("technician")
    visit, plain = factories.make_visit(phone.user), factories.make_visit(phone.user)
    phone.post(f"visits/{plain.pk}/check-in", check())
    answer = phone.post(f"visits/{visit.pk}/check-in", check(place, reason="客户改在码头"))
    assert answer.status == 201 and answer.json["flags"] == flags
    for role in ("clerk", "director"):
        found = sign_in(role).get("visits?flagged=true").json["items"]
        assert [row["id"] for row in found] == [str(visit.pk)]
        assert found[0]["checks"][0]["reason"] == "客户改在码头"
    assert len(sign_in("clerk").get("visits?flagged=false").json["items"]) == 1


def test_map_coordinate_is_converted_before_anybody_is_blamed(sign_in):
    phone = sign_in("technician")
    visit = factories.make_visit(phone.user)
    answer = phone.post(f"visits/{visit.pk}/check-in", check(ON_THE_MAP))
    assert answer.json["flags"] == [] and answer.json["distance_m"] < 5


def test_distance_policy_of_the_day_counts(sign_in, policy):
    phone = sign_in("technician")
    VisitPolicy.objects.create(valid_from=clock.today(), far_m=10_000, source="Saltpans are wide")
    visit = factories.make_visit(phone.user)
    assert phone.post(f"visits/{visit.pk}/check-in", check(FIVE_KM_OFF)).json["flags"] == []


def test_site_without_a_coordinate_flags_nobody(sign_in):
    phone = sign_in("technician")
    site = factories.make_site(latitude=None, longitude=None, datum="")
    visit = factories.make_visit(phone.user, site=site)
    answer = phone.post(f"visits/{visit.pk}/check-in", check(FIVE_KM_OFF))
    assert answer.json["distance_m"] is None and answer.json["flags"] == []


@pytest.mark.parametrize(
    "place",
    [
        {"latitude": "32.06", "longitude": "118.79"},
        AT_SITE | {"datum": "BD-09"},
        AT_SITE | {"latitude": "91"},
        AT_SITE | {"accuracy_m": "-1"},
    ],
)
def test_place_that_is_none_is_refused(sign_in, place):
    phone = sign_in("technician")
    visit = factories.make_visit(phone.user)
    assert phone.post(f"visits/{visit.pk}/check-in", check(place)).status == 400
    visit.refresh_from_db()
    assert visit.status == "planned" and not CheckPoint.objects.exists()


def test_check_out_before_check_in_is_refused(sign_in):
    phone = sign_in("technician")
    visit = factories.make_visit(phone.user)
    address = f"visits/{visit.pk}/check-out"
    answer = phone.post(address, check())
    assert answer.status == 400 and answer.code == "check_out_before_check_in"
    arrived = clock.now() - timedelta(hours=1)
    phone.post(f"visits/{visit.pk}/check-in", check(at=arrived))
    answer = phone.post(address, check(at=arrived - timedelta(minutes=1)))
    assert answer.status == 400 and answer.code == "check_out_before_check_in"
    visit.refresh_from_db()
    assert visit.status == "checked_in" and CheckPoint.objects.count() == 1


def test_check_in_sent_again_is_one_and_another_one_is_refused(sign_in):
    phone = sign_in("technician")
    visit = factories.make_visit(phone.user)
    body = check()
    first = phone.post(f"visits/{visit.pk}/check-in", body)
    again = phone.post(f"visits/{visit.pk}/check-in", body)
    assert again.json == first.json and again.headers["Idempotent-Replayed"] == "true"
    assert phone.post(f"visits/{visit.pk}/check-in", check()).code == "illegal_step"
    assert CheckPoint.objects.count() == 1


def test_three_times_are_kept_and_a_wrong_clock_is_corrected(sign_in):
    phone = sign_in("technician")
    visit = factories.make_visit(phone.user)
    now = clock.now()
    slow = now - timedelta(hours=2)
    answer = phone.post(f"visits/{visit.pk}/check-in", check(at=slow), X_Sent_At=slow.isoformat())
    assert answer.json["clock_suspect"] is True
    row = CheckPoint.objects.get()
    assert row.device_at == slow and abs(row.corrected_at - now) < timedelta(seconds=20)


def test_another_technician_s_visit_is_not_worked_on(sign_in):
    owner, other = sign_in("technician"), sign_in("technician")
    customer = factories.make_customer()
    visit = factories.make_visit(owner.user, customer)
    factories.make_visit(other.user, customer)
    for step, body in (
        ("check-in", check()),
        ("close", {"findings": "x", "signed_by_name": "y", "signature": upload(other)}),
    ):
        answer = other.post(f"visits/{visit.pk}/{step}", body)
        assert answer.status == 403 and answer.code == "not_your_visit"
    stranger = sign_in("technician")
    assert stranger.post(f"visits/{visit.pk}/check-in", check()).status == 404
    visit.refresh_from_db()
    assert visit.status == "planned"


# --- photos and scans


def photo(sha256, **fields):
    body = check(attachment=sha256, **fields)
    body.pop("place")
    return body


def test_photo_and_scan_hang_on_the_visit_and_bring_its_batch_to_qc(sign_in):
    phone, qc = sign_in("technician"), sign_in("qc")
    visit, batch = factories.make_visit(phone.user), factories.make_batch()
    assert qc.get(f"visits/{visit.pk}").status == 404
    assert phone.post(f"visits/{visit.pk}/photos", photo(upload(phone), caption="结块")).status == 201
    scan = factories.make_scan(phone.user, batch=batch)
    for _ in range(2):
        assert phone.post(f"visits/{visit.pk}/scans", {"scan": scan.pk}).status == 201
    shown = qc.get(f"visits/{visit.pk}").json
    assert [row["id"] for row in shown["batches"]] == [str(batch.pk)]
    assert shown["photos"][0]["caption"] == "结块" and len(shown["scans"]) == 1


def test_scan_of_another_person_or_visit_is_refused(sign_in):
    phone, other = sign_in("technician"), sign_in("technician")
    one, two = factories.make_visit(phone.user), factories.make_visit(phone.user)
    foreign = factories.make_scan(other.user)
    answer = phone.post(f"visits/{one.pk}/scans", {"scan": foreign.pk})
    assert answer.status == 400 and answer.json["errors"][0]["pointer"] == "/scan"
    own = factories.make_scan(phone.user)
    assert phone.post(f"visits/{one.pk}/scans", {"scan": own.pk}).status == 201
    assert phone.post(f"visits/{two.pk}/scans", {"scan": own.pk}).code == "scan_linked_elsewhere"
    assert one.scan_links.count() == 1 and not two.scan_links.exists()


def test_photo_taken_before_the_end_is_kept_however_late_it_arrives(sign_in):
    phone = sign_in("technician")
    visit = factories.make_visit(phone.user)
    early = clock.now()
    walk(phone, visit)
    sha256 = upload(phone, "red")
    answer = phone.post(f"visits/{visit.pk}/photos", photo(sha256, at=early))
    assert answer.status == 201 and answer.json["late"] is True
    answer = phone.post(f"visits/{visit.pk}/photos", photo(sha256))
    assert answer.status == 409 and answer.code == "visit_ended"
    assert VisitPhoto.objects.count() == 1


# --- closing


@pytest.mark.parametrize("missing", ["findings", "signature", "signed_by_name"])
def test_visit_without_report_or_signature_is_not_closed(sign_in, missing):
    phone = sign_in("technician")
    visit = factories.make_visit(phone.user)
    walk(phone, visit, upto="checked_out")
    body = {"findings": "仓库潮湿", "signed_by_name": "王小明", "signature": upload(phone)}
    for wrong in ({}, {missing: "   "}):
        answer = phone.post(
            f"visits/{visit.pk}/close", {k: v for k, v in body.items() if k != missing} | wrong
        )
        assert answer.status == 400 and answer.json["errors"][0]["pointer"] == f"/{missing}"
    visit.refresh_from_db()
    assert visit.status == "checked_out" and visit.closed_at is None


def test_visit_is_closed_after_check_out_only_and_once(sign_in):
    phone = sign_in("technician")
    visit = factories.make_visit(phone.user)
    body = {"findings": "仓库潮湿", "signed_by_name": "王小明", "signature": upload(phone)}
    assert phone.post(f"visits/{visit.pk}/close", body).code == "illegal_step"
    walk(phone, visit, upto="checked_out")
    closed = phone.post(f"visits/{visit.pk}/close", body)
    assert closed.status == 200 and closed.json["status"] == "closed" and closed.json["closed_at"]
    assert closed.json["signature"] == body["signature"] and closed.json["allowed_actions"] == []
    again = phone.post(f"visits/{visit.pk}/close", body | {"findings": "other"})
    assert again.status == 409 and again.code == "illegal_step"
    visit.refresh_from_db()
    assert visit.findings == "仓库潮湿"


# --- who sees what


def test_finance_gets_id_number_and_date_and_nothing_else(sign_in):
    visit = factories.make_visit()
    finance = sign_in("finance")
    assert set(finance.get(f"visits/{visit.pk}").json) == {"id", "number", "planned_on"}
    assert set(finance.get("visits").json["items"][0]) == {"id", "number", "planned_on"}


@pytest.mark.parametrize(
    ("role", "barred"),
    [
        ("finance", {"customer", "technician", "kind", "status", "flagged", "batch"}),
        ("dealer", {"technician", "flagged"}),
        ("qc", set()),
    ],
)
def test_filter_names_only_what_the_role_is_shown(sign_in, role, barred):
    visit, batch = factories.make_visit(), factories.make_batch()
    link_batch(visit, batch=batch)
    client = sign_in(factories.make_dealer(visit.customer) if role == "dealer" else role)
    asked = {
        "number": visit.number, "kind": "complaint", "status": "planned", "technician": visit.technician_id,
        "customer": visit.customer_id, "batch": batch.pk, "planned_from": visit.planned_on,
        "planned_to": visit.planned_on, "flagged": "false",
    }  # fmt: skip
    for name, value in asked.items():
        answer = client.get(f"visits?{name}={value}")
        if name in barred:
            assert answer.status == 400 and answer.json["errors"][0]["pointer"] == f"/{name}"
        else:
            assert [row["id"] for row in answer.json["items"]] == [str(visit.pk)], name


def test_dealer_sees_the_own_visits_without_notes(sign_in):
    phone = sign_in("technician")
    visit = factories.make_visit(phone.user)
    factories.make_visit()
    walk(phone, visit)
    dealer = sign_in(factories.make_dealer(visit.customer))
    rows = dealer.get("visits").json["items"]
    assert [row["id"] for row in rows] == [str(visit.pk)]
    assert not {"findings", "purpose", "checks", "signature", "photos"} & set(
        dealer.get(f"visits/{visit.pk}").json
    )


def test_technician_reads_the_same_customer_s_visits_of_90_days(sign_in):
    phone = sign_in("technician")
    customer = factories.make_customer()
    factories.make_visit(phone.user, customer)
    recent = factories.make_visit(customer=customer, planned_on=clock.today() - timedelta(days=90))
    old = factories.make_visit(customer=customer, planned_on=clock.today() - timedelta(days=91))
    own_old = factories.make_visit(phone.user, planned_on=clock.today() - timedelta(days=300))
    other = factories.make_visit()
    found = {row["id"] for row in phone.get("visits").json["items"]}
    assert str(recent.pk) in found and str(own_old.pk) in found
    assert not {str(old.pk), str(other.pk)} & found
    shown = phone.get(f"visits/{recent.pk}").json
    assert shown["contact"]["phone"] == "138****5678" and "latitude" not in shown["site"]


def test_clerk_of_another_region_sees_nothing(sign_in):
    visit = factories.make_visit()
    west = sign_in("clerk", regions=["west"])
    assert west.get("visits").json["items"] == [] and west.get(f"visits/{visit.pk}").status == 404
    assert west.patch(f"visits/{visit.pk}", {"purpose": "x"}).status == 404
    assert west.post(f"visits/{visit.pk}/cancel", {"reason": "x"}).status == 404
    visit.refresh_from_db()
    assert visit.status == "planned" and visit.purpose == "现场核查"


@pytest.mark.parametrize("role", ["qc", "auditor"])
def test_those_who_check_do_not_see_the_contact(sign_in, role):
    visit = factories.make_visit()
    visit.batch_links.create(batch=factories.make_batch())
    shown = sign_in(role).get(f"visits/{visit.pk}").json
    assert shown["contact"] == {"name": "王**", "phone": "138****5678"}
    assert shown["site"]["address"] == "江苏省****"


@pytest.mark.parametrize("role", ["production", "logistics", "admin"])
def test_roles_without_visits_are_refused(sign_in, role):
    assert sign_in(role).get("visits").status == 403


@pytest.mark.parametrize("count", [1, 3])
def test_lists_cost_the_same_queries_for_one_and_three(sign_in, django_assert_num_queries, count):
    phone, clerk = sign_in("technician"), sign_in("clerk")
    for _ in range(count):
        visit = factories.make_visit(phone.user)
        factories.make_check(visit)
    with django_assert_num_queries(3):
        assert len(clerk.get("visits").json["items"]) == count
    with django_assert_num_queries(4):
        assert len(phone.get("my-day").json["items"]) == count


def test_filters_choose_by_batch_status_and_day(sign_in):
    clerk = sign_in("clerk")
    batch, visit = factories.make_batch(), factories.make_visit()
    visit.batch_links.create(batch=batch)
    factories.make_visit(planned_on=clock.today() + timedelta(days=5))
    for query in (f"batch={batch.pk}", f"planned_to={clock.today()}", f"technician={visit.technician_id}"):
        assert [row["id"] for row in clerk.get(f"visits?{query}").json["items"]] == [str(visit.pk)]
    assert clerk.get("visits?status=closed").json["items"] == []
    assert clerk.get("visits?flagged=maybe").status == 400


def test_coordinates_keep_their_digits(sign_in):
    phone = sign_in("technician")
    visit = factories.make_visit(phone.user)
    phone.post(f"visits/{visit.pk}/check-in", check(ON_THE_MAP))
    row = CheckPoint.objects.get()
    assert (row.latitude, row.datum) == (Decimal(ON_THE_MAP["latitude"]), "GCJ-02")


def test_every_filter_of_the_list_names_the_field_it_speaks_about():
    assert set(FILTERED) == set(VisitFilters.base_filters)
