"""Cases over HTTP: intake, scope, what each role sees, closing, links and exact costs."""

from decimal import Decimal

import pytest

from backend.core import clock
from backend.core.ids import uuid7
from fieldservice.case.api import CaseFilters
from fieldservice.case.models import Case, CaseCost, CaseVisit
from fieldservice.case.rules import FILTERED
from tests import factories
from traceability.batch.models import Batch


def complaint(customer, **fields):
    return {"complaint_code": "CAK", "customer": str(customer.pk), "description": "整批结块"} | fields


def test_a_complaint_gets_number_region_and_grade_and_the_batch_counts_it(sign_in):
    clerk, batch = sign_in("clerk"), factories.make_batch(code="YS20260301A01")
    customer = factories.make_customer(region_code="east")
    answer = clerk.post("cases", complaint(customer, batch=str(batch.pk)))
    assert answer.status == 201
    case = answer.json
    assert case["number"].startswith("C-") and case["kind"] == "complaint" and case["status"] == "open"
    assert case["region"] == "east" and case["grade"] == 1 and case["batch_code"] == "YS20260301A01"
    assert Case.objects.get().opened_by == clerk.user
    assert Batch.objects.get(pk=batch.pk).open_case_count == 1


def test_the_title_is_the_codes_name_in_the_callers_language_unless_given(sign_in):
    clerk, batch = sign_in("clerk"), factories.make_batch(code="YS20260301A01")
    customer = factories.make_customer(region_code="east")
    id = clerk.post("cases", complaint(customer, batch=str(batch.pk))).json["id"]
    assert clerk.get(f"cases/{id}").json["title"] == "caking, lumps · YS20260301A01"
    assert clerk.get(f"cases/{id}", Accept_Language="zh-CN").json["title"] == "结块/板结 · YS20260301A01"
    given = clerk.post("cases", complaint(customer, title="袋装结块，客户要求换货")).json
    assert given["title"] == "袋装结块，客户要求换货"


def test_a_wrong_complaint_is_refused_and_nothing_is_kept(sign_in):
    clerk, near = sign_in("clerk", regions=["east"]), factories.make_customer(region_code="east")
    far = factories.make_customer(region_code="west")
    assert clerk.post("cases", complaint(near, complaint_code="XXX")).code == "invalid_input"
    assert clerk.post("cases", complaint(near, grade=5)).code == "invalid_input"
    assert clerk.post("cases", complaint(near, batch=str(uuid7()))).status == 404
    assert clerk.post("cases", complaint(far)).status == 404
    assert sign_in("qc").post("cases", complaint(near)).status == 403
    assert not Case.objects.exists()


def test_a_dealer_opens_for_the_own_customer_only_and_sees_no_investigation(sign_in):
    customer, other = factories.make_customer(), factories.make_customer()
    dealer = sign_in(factories.make_dealer(customer))
    answer = dealer.post("cases", complaint(customer))
    assert answer.status == 201
    assert not {"evidence", "visits", "costs_total"} & set(answer.json)
    assert dealer.post("cases", complaint(other)).status == 404
    factories.make_case(customer, kind="quality")
    factories.make_case(other)
    assert [row["id"] for row in dealer.get("cases").json["items"]] == [answer.json["id"]]


def scanned(client, code):
    return client.post("scans", {"id": str(uuid7()), "raw": code, "made_at": clock.now().isoformat()}).json


def test_a_dealer_reports_the_batch_it_scanned(sign_in):
    customer, batch = factories.make_customer(), factories.make_batch(code="YS20260301A01")
    dealer = sign_in(factories.make_dealer(customer))
    scan = scanned(dealer, "YS20260301A01")
    assert "id" not in scan["batch"]
    answer = dealer.post("cases", complaint(customer, scan=scan["id"]))
    assert answer.status == 201 and answer.json["batch_code"] == "YS20260301A01"
    assert Case.objects.get().batch == batch and Batch.objects.get(pk=batch.pk).open_case_count == 1


def test_a_scan_that_names_no_batch_or_is_somebody_elses_opens_no_case(sign_in):
    customer, batch = factories.make_customer(), factories.make_batch()
    dealer = sign_in(factories.make_dealer(customer))
    own = factories.make_scan(dealer.user, batch=batch)
    nothing, foreign = (
        factories.make_scan(dealer.user),
        factories.make_scan(sign_in("dealer").user, batch=batch),
    )

    def status(**fields):
        return dealer.post("cases", complaint(customer, **fields)).status

    assert status(scan=str(nothing.pk)) == 400
    assert status(scan=str(own.pk), batch=str(batch.pk)) == 400
    assert status(scan=str(foreign.pk)) == status(scan=str(uuid7())) == 404
    assert status(batch=str(batch.pk)) == 404  # dealers name no batch: they could ask which ids exist
    assert not Case.objects.exists()


def test_each_role_sees_its_cases(sign_in):
    near = factories.make_case(factories.make_customer(region_code="east"))
    far = factories.make_case(factories.make_customer(region_code="west"))
    phone = sign_in("technician")
    factories.make_case_visit(far, factories.make_visit(phone.user))

    def seen(client):
        return {row["id"] for row in client.get("cases").json["items"]}

    assert seen(sign_in("clerk", regions=["east"])) == {str(near.pk)}
    assert seen(phone) == {str(far.pk)} and seen(sign_in("technician")) == set()
    for role in ("director", "qc", "finance", "production", "auditor"):
        assert seen(sign_in(role)) == {str(near.pk), str(far.pk)}
    assert sign_in("clerk", regions=["east"]).get(f"cases/{far.pk}").status == 404
    assert sign_in("logistics").get("cases").status == 403


def test_fields_a_role_may_not_see_are_absent(sign_in):
    case = factories.make_case()
    url = f"cases/{case.pk}"
    finance = sign_in("finance").get(url).json
    assert not {"evidence", "description"} & set(finance) and "costs_total" in finance
    production = sign_in("production").get(url).json
    assert not {"customer", "customer_code", "customer_name", "region", "visits"} & set(production)
    assert "evidence" in production
    assert "costs_total" not in sign_in("qc").get(url).json


def test_a_firms_name_is_shown_and_a_private_persons_masked(sign_in):
    firm = factories.make_case()
    person = factories.make_case(factories.make_customer(kind="other", name="欧阳修远"))
    director, qc = sign_in("director"), sign_in("qc")
    assert qc.get(f"cases/{firm.pk}").json["customer_name"] == firm.customer.name
    assert qc.get(f"cases/{person.pk}").json["customer_name"] == "欧***"
    assert director.get(f"cases/{person.pk}").json["customer_name"] == "欧阳修远"


def test_the_detail_shows_the_evidence_and_visits(sign_in):
    case, reading = factories.make_case(kind="quality"), factories.make_reading()
    factories.make_evidence(case, reading)
    factories.make_case_visit(case, reading.visit)
    answer = sign_in("qc").get(f"cases/{case.pk}").json
    (evidence,) = answer["evidence"]
    assert evidence["reading"] == str(reading.pk) and evidence["verdict"] == "fail"
    assert (evidence["value"], evidence["unit"]) == ("0.55", "%") and evidence["superseded_by"] is None
    assert answer["visits"][0]["number"] == reading.visit.number


def test_production_learns_what_was_measured_but_not_on_which_visit(sign_in):
    case, reading = factories.make_case(kind="quality"), factories.make_reading()
    factories.make_evidence(case, reading)
    (evidence,) = sign_in("production").get(f"cases/{case.pk}").json["evidence"]
    assert "visit" not in evidence and evidence["reading"] == str(reading.pk)
    (evidence,) = sign_in("qc").get(f"cases/{case.pk}").json["evidence"]
    assert evidence["visit"] == str(reading.visit_id)


def test_the_evidence_shows_the_verdict_of_qcs_waiver(sign_in):
    case = factories.make_case(kind="quality")
    reading = factories.make_reading(is_evidential=False, verdict="inconclusive")
    factories.make_waiver(reading, verdict="conditional_fail")
    factories.make_evidence(case, reading)
    (evidence,) = sign_in("director").get(f"cases/{case.pk}").json["evidence"]
    assert evidence["verdict"] == "conditional_fail"


def test_quality_or_the_director_closes_a_case_once_with_a_note(sign_in):
    customer, batch = factories.make_customer(), factories.make_batch()
    id = sign_in("clerk").post("cases", complaint(customer, batch=str(batch.pk))).json["id"]
    qc = sign_in("qc")
    assert qc.post(f"cases/{id}/close", {}).status == 400
    assert sign_in("clerk").post(f"cases/{id}/close", {"note": "好了"}).status == 403
    assert Batch.objects.get(pk=batch.pk).open_case_count == 1
    closed = qc.post(f"cases/{id}/close", {"note": "换货，客户满意"})
    assert closed.status == 200 and closed.json["status"] == "closed"
    assert Batch.objects.get(pk=batch.pk).open_case_count == 0
    again = sign_in("director").post(f"cases/{id}/close", {"note": "再关"})
    assert again.status == 409 and again.code == "illegal_step"
    row = Case.objects.get()
    assert row.closed_by == qc.user and row.closing_note == "换货，客户满意"


def test_filters_by_kind_status_batch_and_customer(sign_in):
    one, two = factories.make_case(batch=factories.make_batch()), factories.make_case(kind="quality")
    qc = sign_in("qc")

    def found(query):
        return [row["id"] for row in qc.get(f"cases?{query}").json["items"]]

    assert found("kind=complaint") == found(f"batch={one.batch_id}") == [str(one.pk)]
    assert found(f"customer={two.customer_id}") == [str(two.pk)]
    assert found("status=closed") == [] and found(f"number={two.number}") == [str(two.pk)]
    assert qc.get("cases?status=lost").status == 400


@pytest.mark.parametrize(
    ("role", "barred"), [("production", {"customer"}), ("qc", set()), ("finance", set())]
)
def test_filter_names_only_what_the_role_is_shown(sign_in, role, barred):
    case = factories.make_case(batch=factories.make_batch(), opened_at=clock.now())
    client = sign_in(role)
    asked = {
        "number": case.number, "kind": case.kind, "status": case.status, "complaint_code": case.complaint_code,
        "customer": case.customer_id, "batch": case.batch_id, "opened_from": "2020-01-01T00:00:00Z",
        "opened_to": "2099-01-01T00:00:00Z",
    }  # fmt: skip
    assert set(asked) == set(FILTERED) == set(CaseFilters.base_filters)
    for name, value in asked.items():
        answer = client.get(f"cases?{name}={value}")
        if name in barred:
            assert answer.status == 400 and answer.json["errors"][0]["pointer"] == f"/{name}"
        else:
            assert [row["id"] for row in answer.json["items"]] == [str(case.pk)], name


def test_the_list_of_codes_is_for_people_in_their_language(sign_in):
    codes = sign_in("clerk").get("complaint-codes", Accept_Language="zh-CN").json["items"]
    assert len(codes) == 16 and codes[0]["name"] == "结块/板结"


@pytest.fixture
def ledger(db):
    """A case on a batch with a visit, and what was spent around it."""
    batch = factories.make_batch()
    case = factories.make_case(batch=batch)
    visit = factories.make_visit(customer=case.customer)
    factories.make_case_visit(case, visit)
    return batch, case, visit


def gross(answer):
    return Decimal(answer.json["total"]["gross_cny"])


def test_a_line_counts_once_by_whatever_ways_it_is_linked(sign_in, ledger):
    batch, case, visit = ledger
    both = factories.make_cost(visit=visit, batch=batch, net_cny="33.33")
    factories.make_cost(visit=visit, net_cny="0.10")
    lab = factories.make_cost(batch=None, net_cny="800.00", tax_cny="48.00", category="testing")
    freight = factories.make_cost(batch=batch, net_cny="120.00", category="logistics")
    factories.make_cost(net_cny="999.00")
    director = sign_in("director")
    for line in (both, both, lab):
        assert director.post(f"cases/{case.pk}/costs", {"cost_line": str(line.pk)}).status == 200
    total = director.get(f"cases/{case.pk}/costs/total")
    assert gross(total) == Decimal("881.43")
    assert {row["category"]: row["amount"]["gross_cny"] for row in total.json["by_category"]} == {
        "testing": "848.00",
        "transport": "33.43",
    }
    assert gross(director.get(f"batches/{batch.pk}/costs/total")) == Decimal("1001.43")
    director.post(f"cases/{case.pk}/costs", {"cost_line": str(freight.pk)})
    assert gross(director.get(f"cases/{case.pk}/costs/total")) == Decimal("1001.43")
    assert gross(director.get(f"batches/{batch.pk}/costs/total")) == Decimal("1001.43")


def test_two_cases_on_one_batch_share_a_visit_and_the_batch_counts_it_once(sign_in, ledger):
    batch, _case, visit = ledger
    factories.make_case_visit(factories.make_case(batch=batch), visit)
    factories.make_cost(visit=visit, net_cny="50.00")
    assert gross(sign_in("finance").get(f"batches/{batch.pk}/costs/total")) == Decimal("50.00")


def test_a_line_booked_on_one_case_does_not_count_on_another_by_its_visit(sign_in, ledger):
    _batch, case, visit = ledger
    line, other = factories.make_cost(visit=visit, net_cny="60.00"), factories.make_case()
    director = sign_in("director")
    assert director.post(f"cases/{other.pk}/costs", {"cost_line": str(line.pk)}).status == 200
    assert gross(director.get(f"cases/{other.pk}/costs/total")) == Decimal("60.00")
    assert gross(director.get(f"cases/{case.pk}/costs/total")) == 0


def test_a_visit_of_two_cases_counts_on_the_one_it_was_linked_to_first(sign_in, ledger):
    batch, case, visit = ledger
    later = factories.make_case(batch=factories.make_batch())
    factories.make_case_visit(later, visit)
    factories.make_cost(visit=visit, net_cny="50.00")
    factories.make_cost(
        visit=visit, batch=later.batch, net_cny="3.00"
    )  # the first case is about another batch
    finance = sign_in("finance")
    assert gross(finance.get(f"cases/{case.pk}/costs/total")) == Decimal("50.00")
    assert gross(finance.get(f"cases/{later.pk}/costs/total")) == Decimal("3.00")
    assert gross(finance.get(f"batches/{batch.pk}/costs/total")) == Decimal("50.00")


def test_a_clerk_sums_the_lines_of_the_own_regions_only(sign_in, ledger):
    batch, case, visit = ledger
    far_customer = factories.make_customer(region_code="west")
    far = factories.make_visit(customer=far_customer)
    factories.make_case_visit(factories.make_case(far_customer, batch=batch), far)
    factories.make_cost(visit=visit, net_cny="5.00")
    factories.make_cost(visit=far, net_cny="600.00")
    factories.make_cost(visit=far, batch=batch, net_cny="7000.00")
    freight = factories.make_user("logistics", regions=["west"])
    factories.make_cost(batch=batch, recorded_by=freight, net_cny="80000.00")
    factories.make_case_visit(case, far)
    east, west = sign_in("clerk", regions=["east"]), sign_in("clerk", regions=["west"])
    assert gross(east.get(f"batches/{batch.pk}/costs/total")) == Decimal("5.00")
    assert gross(east.get(f"cases/{case.pk}/costs/total")) == Decimal("5.00")
    assert gross(west.get(f"batches/{batch.pk}/costs/total")) == Decimal("87600.00")
    assert gross(sign_in("finance").get(f"batches/{batch.pk}/costs/total")) == Decimal("87605.00")


def test_what_a_visit_spent_on_another_batch_is_not_the_cases(sign_in, ledger):
    batch, case, visit = ledger
    factories.make_cost(visit=visit, batch=factories.make_batch(), net_cny="70.00")
    factories.make_cost(visit=visit, batch=batch, net_cny="7.00")
    assert gross(sign_in("finance").get(f"cases/{case.pk}/costs/total")) == Decimal("7.00")


def test_a_corrected_line_stays_on_its_case_with_its_new_amount(sign_in, ledger):
    _batch, case, _visit = ledger
    director = sign_in("director")
    old = factories.make_cost(net_cny="100.00")
    director.post(f"cases/{case.pk}/costs", {"cost_line": str(old.pk)})
    new = factories.make_cost(net_cny="90.00", supersedes=old, first=old, correction_reason="抄错")
    assert gross(director.get(f"cases/{case.pk}/costs/total")) == Decimal("90.00")
    newest = factories.make_cost(net_cny="80.00", supersedes=new, first=old, correction_reason="抄错")
    assert gross(director.get(f"cases/{case.pk}/costs/total")) == Decimal("80.00")
    refused = director.post(f"cases/{case.pk}/costs", {"cost_line": str(new.pk)})
    assert refused.status == 409 and refused.code == "line_superseded"
    assert director.post(f"cases/{case.pk}/costs", {"cost_line": str(newest.pk)}).status == 200


def test_a_line_is_booked_on_one_case(sign_in, ledger):
    _batch, case, _visit = ledger
    line, director = factories.make_cost(), sign_in("director")
    director.post(f"cases/{case.pk}/costs", {"cost_line": str(line.pk)})
    refused = director.post(f"cases/{factories.make_case().pk}/costs", {"cost_line": str(line.pk)})
    assert refused.status == 409 and refused.code == "booked_elsewhere"
    assert line.case_link.case == case


def test_a_visit_linked_in_error_is_taken_back_and_the_history_names_who(sign_in, ledger):
    _batch, case, _visit = ledger
    clerk, wrong = sign_in("clerk"), factories.make_visit(customer=case.customer)
    factories.make_cost(visit=wrong, net_cny="9.00")
    linked = clerk.post(f"cases/{case.pk}/visits", {"visit": str(wrong.pk)})
    link = linked.json["visits"][1]["link"]
    assert gross(clerk.get(f"cases/{case.pk}/costs/total")) == Decimal("9.00")
    taken = clerk.delete(f"cases/{case.pk}/visits/{wrong.pk}")
    assert taken.status == 204 and case.visit_links.count() == 1
    assert gross(clerk.get(f"cases/{case.pk}/costs/total")) == 0
    assert clerk.delete(f"cases/{case.pk}/visits/{wrong.pk}").status == 404
    deleted, inserted = sign_in("auditor").get(f"history/casevisit/{link}").json["items"]
    assert (inserted["what"], deleted["what"]) == ("insert", "delete")
    assert inserted["user"] == deleted["user"] == str(clerk.user.pk)
    assert inserted["request_id"] == linked.headers["X-Request-ID"]
    assert deleted["request_id"] == taken.headers["X-Request-ID"]


def test_a_line_booked_in_error_is_taken_back_and_booked_on_the_right_case(sign_in, ledger):
    _batch, case, _visit = ledger
    director, right = sign_in("director"), factories.make_case()
    old = factories.make_cost(net_cny="100.00")
    director.post(f"cases/{case.pk}/costs", {"cost_line": str(old.pk)})
    link = CaseCost.objects.get()
    new = factories.make_cost(net_cny="90.00", supersedes=old, first=old, correction_reason="抄错")
    assert director.delete(f"cases/{right.pk}/costs/{new.pk}").status == 404
    assert director.delete(f"cases/{case.pk}/costs/{new.pk}").status == 204
    assert gross(director.get(f"cases/{case.pk}/costs/total")) == 0
    assert director.post(f"cases/{right.pk}/costs", {"cost_line": str(new.pk)}).status == 200
    assert gross(director.get(f"cases/{right.pk}/costs/total")) == Decimal("90.00")
    lines = sign_in("auditor").get(f"history/casecost/{link.pk}").json["items"]
    assert [line["what"] for line in lines] == ["delete", "insert"]
    assert {line["user"] for line in lines} == {str(director.user.pk)}


def test_nothing_is_taken_back_from_a_closed_case(sign_in, ledger):
    _batch, case, visit = ledger
    director, line = sign_in("director"), factories.make_cost()
    director.post(f"cases/{case.pk}/costs", {"cost_line": str(line.pk)})
    Case.objects.update(status="closed", closed_at=clock.now())
    for address in (f"visits/{visit.pk}", f"costs/{line.pk}"):
        refused = director.delete(f"cases/{case.pk}/{address}")
        assert refused.status == 409 and refused.code == "illegal_step"
    assert CaseVisit.objects.count() == CaseCost.objects.count() == 1


def test_duplicates_are_shown_apart(sign_in, ledger):
    _batch, case, visit = ledger
    first = factories.make_cost(visit=visit, net_cny="10.00")
    factories.make_cost(visit=visit, net_cny="10.00", duplicate_of=first, duplicate_by="same_number")
    answer = sign_in("finance").get(f"cases/{case.pk}/costs/total")
    assert gross(answer) == Decimal("10.00") and answer.json["duplicates"]["gross_cny"] == "10.00"


def test_a_visit_or_line_outside_the_clerks_region_cannot_be_linked(sign_in, ledger):
    _batch, case, _visit = ledger
    clerk = sign_in("clerk", regions=["east"])
    far = factories.make_visit(customer=factories.make_customer(region_code="west"))
    line = factories.make_cost(visit=far)
    assert clerk.post(f"cases/{case.pk}/visits", {"visit": str(far.pk)}).status == 404
    assert clerk.post(f"cases/{case.pk}/costs", {"cost_line": str(line.pk)}).status == 404
    assert case.visit_links.count() == 1 and not case.cost_links.exists()
    near = factories.make_visit(customer=case.customer)
    assert clerk.post(f"cases/{case.pk}/visits", {"visit": str(near.pk)}).status == 200
    assert clerk.post(f"cases/{case.pk}/visits", {"visit": str(near.pk)}).status == 200
    assert case.visit_links.count() == 2


def test_a_technician_sums_the_own_lines_only(sign_in, ledger):
    _batch, case, visit = ledger
    phone = sign_in(visit.technician)
    factories.make_cost(visit=visit, recorded_by=visit.technician, net_cny="5.00")
    factories.make_cost(visit=visit, net_cny="6.00")
    assert gross(phone.get(f"cases/{case.pk}/costs/total")) == Decimal("5.00")
    assert sign_in("qc").get(f"cases/{case.pk}/costs/total").status == 403


@pytest.mark.parametrize("cases", [1, 3])
def test_the_list_needs_two_queries_for_any_number_of_cases(sign_in, django_assert_num_queries, cases):
    for _ in range(cases):
        factories.make_case(batch=factories.make_batch())
    director = sign_in("director")
    with django_assert_num_queries(2):
        assert len(director.get("cases").json["items"]) == cases


@pytest.mark.parametrize("links", [1, 3])
def test_the_detail_needs_four_queries_for_any_number_of_links(sign_in, django_assert_num_queries, links):
    case = factories.make_case(kind="quality")
    for _ in range(links):
        reading = factories.make_reading()
        factories.make_evidence(case, reading)
        factories.make_case_visit(case, reading.visit)
    director = sign_in("director")
    with django_assert_num_queries(4):
        assert len(director.get(f"cases/{case.pk}").json["evidence"]) == links
