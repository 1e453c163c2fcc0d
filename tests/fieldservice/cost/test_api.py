"""Cost lines over HTTP: exact amounts, receipts, duplicates, corrections, who sees what, and sums."""

from datetime import timedelta
from decimal import Decimal

import pytest

from backend.core import clock
from backend.core.attachment import keep_photo
from backend.core.ids import uuid7
from fieldservice.cost.models import CostLine
from tests import factories
from tests.fieldservice.cost import pictures


@pytest.fixture(autouse=True)
def _policy(db):
    factories.make_cost_policy()


def body(**fields):
    """A taxi ride of 48.90 today, below the limit of 100."""
    return {
        "id": str(uuid7()),
        "made_at": clock.now().isoformat(),
        "category": "transport",
        "spent_on": clock.today().isoformat(),
        "net_cny": "44.86",
        "tax_cny": "4.04",
        "gross_cny": "48.90",
    } | fields


def amounts(net: str, tax: str = "0.00") -> dict[str, str]:
    return {"net_cny": net, "tax_cny": tax, "gross_cny": str(Decimal(net) + Decimal(tax))}


def photo_of(client, data: bytes) -> str:
    return keep_photo(data, by_id=client.user.pk).sha256


def test_a_line_is_kept_as_stated_and_sent_again_changes_nothing(sign_in):
    phone = sign_in("technician")
    visit = factories.make_visit(phone.user)
    line = body(visit=str(visit.pk), note="高铁站到客户")
    first = phone.post("costs", line)
    again = phone.post("costs", line)
    assert first.status == again.status == 201 and first.json == again.json
    assert first.json["gross_cny"] == "48.90" and first.json["duplicate_of"] is None
    row = CostLine.objects.get()
    assert (row.net_cny, row.tax_cny, row.gross_cny) == (Decimal("44.86"), Decimal("4.04"), Decimal("48.90"))
    assert row.visit_id == visit.pk and row.device.user == phone.user
    assert phone.get(f"costs/{line['id']}").json == first.json


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"gross_cny": "48.91"}, "amounts_do_not_add_up"),
        ({"gross_cny": "48.900"}, "invalid_input"),
        ({"net_cny": "44.861"}, "invalid_input"),
        ({"gross_cny": 48.9, "net_cny": "４４.86"}, "invalid_input"),
        ({"net_cny": "-1", "tax_cny": "49.90"}, "invalid_input"),
        ({"net_cny": "0", "tax_cny": "0", "gross_cny": "0"}, "invalid_input"),
        ({"net_cny": True}, "invalid_input"),
        ({"category": "bribe"}, "invalid_input"),
        ({"receipt": "0" * 64}, "invalid_input"),
        ({"spent_on": "2026-02-30"}, "invalid_input"),
        ({"amount": "1"}, "invalid_input"),
        ({"visit": "018f0000-0000-7000-8000-000000000001"}, "not_found"),
    ],
)
def test_a_wrong_line_is_refused_and_nothing_is_kept(sign_in, fields, code):
    answer = sign_in("technician").post("costs", body(**fields))
    assert answer.status in (400, 404) and answer.code == code
    assert not CostLine.objects.exists()


def test_the_refusal_says_what_does_not_add_up(sign_in):
    answer = sign_in("technician").post("costs", body(gross_cny="48.91"))
    assert answer.json["detail"] == "44.86 net + 4.04 tax = 48.90, but gross is 48.91 (CNY)."


def test_tomorrow_and_two_years_ago_are_refused(sign_in):
    phone = sign_in("technician")
    tomorrow = clock.today() + timedelta(days=1)
    long_ago = clock.today() - timedelta(days=401)
    assert phone.post("costs", body(spent_on=tomorrow.isoformat())).code == "spent_in_future"
    assert phone.post("costs", body(spent_on=long_ago.isoformat())).code == "spent_too_long_ago"
    assert not CostLine.objects.exists()


def test_a_line_above_the_limit_needs_a_receipt_and_the_refusal_names_limit_and_policy(sign_in):
    phone = sign_in("technician")
    refused = phone.post("costs", body(**amounts("100.01")))
    assert refused.status == 400 and refused.code == "receipt_required"
    assert refused.json["limit_cny"] == "100.00" and "Test rule" in refused.json["detail"]
    assert not CostLine.objects.exists()
    receipt = photo_of(phone, pictures.jpeg(pictures.receipt(1)))
    assert phone.post("costs", body(**amounts("100.01"), receipt=receipt)).status == 201
    assert phone.post("costs", body(**amounts("100.00"))).status == 201


def test_the_limit_is_that_of_the_day_it_was_spent_on(sign_in):
    today = clock.today()
    factories.make_cost_policy(valid_from=today, receipt_required_above_cny=Decimal("20"))
    phone = sign_in("technician")
    yesterday = (today - timedelta(days=1)).isoformat()
    assert phone.post("costs", body(spent_on=yesterday)).status == 201
    assert phone.post("costs", body(spent_on=today.isoformat())).json["limit_cny"] == "20.00"


def test_the_same_photo_of_another_employee_is_flagged_and_kept(sign_in):
    one, two = sign_in("technician"), sign_in("technician")
    data = pictures.jpeg(pictures.receipt(1))
    first = one.post("costs", body(receipt=photo_of(one, data)))
    second = two.post("costs", body(receipt=photo_of(two, data), **amounts("30.00")))
    assert first.json["duplicate_of"] is None
    assert second.status == 201
    assert second.json["duplicate_of"] == first.json["id"] and second.json["duplicate_by"] == "same_photo"
    third = one.post("costs", body(receipt=photo_of(one, data)))
    assert third.json["duplicate_of"] == first.json["id"]


@pytest.mark.parametrize(("quality", "scale"), [(60, 1), (30, 1), (85, 0.7), (60, 0.5)])
def test_the_same_receipt_saved_again_is_flagged(sign_in, quality, scale):
    phone = sign_in("technician")
    picture = pictures.receipt(1)
    first = phone.post("costs", body(receipt=photo_of(phone, pictures.jpeg(picture))))
    again = photo_of(phone, pictures.jpeg(picture, quality=quality, scale=scale))
    second = phone.post("costs", body(receipt=again))
    assert second.json["duplicate_of"] == first.json["id"] and second.json["duplicate_by"] == "similar_photo"


def test_another_receipt_is_not_flagged_even_on_the_same_printed_form(sign_in):
    phone = sign_in("technician")
    for seed, form in [(1, 1), (2, 1), (3, 1), (1, 2), (1, 3)]:
        receipt = photo_of(phone, pictures.jpeg(pictures.receipt(seed, form=form)))
        assert phone.post("costs", body(receipt=receipt)).json["duplicate_of"] is None


def test_blank_pictures_are_compared_by_their_bytes_only(sign_in):
    phone = sign_in("technician")
    white, black = (pictures.jpeg(pictures.Image.new("RGB", (90, 90), name)) for name in ("white", "black"))
    assert phone.post("costs", body(receipt=photo_of(phone, white))).json["duplicate_of"] is None
    assert phone.post("costs", body(receipt=photo_of(phone, black))).json["duplicate_of"] is None


def test_the_same_receipt_number_is_flagged_and_the_same_number_of_another_code_is_not(sign_in):
    phone = sign_in("technician")
    first = phone.post("costs", body(receipt_code="011001605111", receipt_no="80100798"))
    same = phone.post("costs", body(receipt_code="011001605111", receipt_no=" 8010 0798"))
    assert same.json["duplicate_of"] == first.json["id"] and same.json["duplicate_by"] == "same_number"
    other = phone.post("costs", body(receipt_code="1200154130", receipt_no="80100798"))
    digital = phone.post("costs", body(receipt_no="24922000000012341234"))
    assert other.json["duplicate_of"] is digital.json["duplicate_of"] is None


def test_clerk_and_finance_find_the_duplicates(sign_in):
    phone = sign_in("technician")
    visit = factories.make_visit(phone.user)
    phone.post("costs", body(receipt_no="24922000000012341234", visit=str(visit.pk)))
    flagged = phone.post("costs", body(receipt_no="24922000000012341234", visit=str(visit.pk))).json["id"]
    for role in ("clerk", "finance"):
        office = sign_in(role)
        assert [row["id"] for row in office.get("costs?duplicates=true").json["items"]] == [flagged]
        assert len(office.get("costs?duplicates=false").json["items"]) == 1
        assert office.get("costs?duplicates=yes").status == 400


def correction(**fields):
    return body(reason="金额抄错", **fields)


def test_a_correction_is_a_new_line_and_both_stay_readable(sign_in):
    phone = sign_in("technician")
    data = pictures.jpeg(pictures.receipt(1))
    old = phone.post("costs", body(receipt=photo_of(phone, data))).json["id"]
    new = phone.post(f"costs/{old}/supersede", correction(receipt=photo_of(phone, data), **amounts("50.00")))
    assert new.status == 201 and new.json["supersedes"] == old and new.json["duplicate_of"] is None
    assert phone.get(f"costs/{old}").json["superseded_by"] == new.json["id"]
    third = phone.post(f"costs/{new.json['id']}/supersede", correction(**amounts("51.00")))
    assert CostLine.objects.get(pk=third.json["id"]).first_id == CostLine.objects.get(pk=old).pk
    assert len(phone.get("costs?superseded=false").json["items"]) == 1


def test_a_line_is_corrected_once(sign_in):
    phone = sign_in("technician")
    old = phone.post("costs", body()).json["id"]
    phone.post(f"costs/{old}/supersede", correction())
    refused = phone.post(f"costs/{old}/supersede", correction())
    assert refused.status == 409 and refused.code == "already_corrected"
    assert CostLine.objects.count() == 2


def test_nobody_corrects_the_line_of_another_and_finance_none_at_all(sign_in):
    line = sign_in("technician").post("costs", body()).json["id"]
    assert sign_in("technician").post(f"costs/{line}/supersede", correction()).status == 404
    for role in ("finance", "director", "clerk", "auditor"):
        assert sign_in(role).post(f"costs/{line}/supersede", correction()).status == 403
    assert CostLine.objects.count() == 1


def test_logistics_records_its_transports_and_nothing_else(sign_in):
    van = sign_in("logistics")
    batch = factories.make_batch()
    assert van.post("costs", body(category="logistics", batch=str(batch.pk))).status == 201
    refused = van.post("costs", body(category="lodging"))
    assert refused.status == 403 and refused.code == "category_not_allowed"
    assert len(van.get("costs").json["items"]) == CostLine.objects.count() == 1


def test_each_role_sees_its_lines(sign_in):
    phone = sign_in("technician", regions=["east"])
    far = sign_in("technician", regions=["west"])
    visit = factories.make_visit(phone.user)
    near_id = phone.post("costs", body(visit=str(visit.pk))).json["id"]
    far_id = far.post("costs", body()).json["id"]
    own = sign_in("logistics", regions=["west"])
    van_id = own.post("costs", body(category="logistics")).json["id"]

    def seen(client):
        return {row["id"] for row in client.get("costs").json["items"]}

    assert seen(phone) == {near_id} and seen(far) == {far_id} and seen(own) == {van_id}
    assert seen(sign_in("clerk", regions=["east"])) == {near_id}
    assert seen(sign_in("clerk", regions=["west"])) == {far_id, van_id}
    for role in ("director", "finance", "auditor"):
        assert seen(sign_in(role)) == {near_id, far_id, van_id}
    assert sign_in("clerk", regions=["east"]).get(f"costs/{far_id}").status == 404
    assert sign_in("qc").get("costs").status == 403


def test_filters_by_visit_batch_category_and_day(sign_in):
    phone = sign_in("technician")
    visit, batch = factories.make_visit(phone.user), factories.make_batch()
    yesterday = clock.today() - timedelta(days=1)
    one = phone.post("costs", body(visit=str(visit.pk), spent_on=yesterday.isoformat())).json["id"]
    two = phone.post("costs", body(batch=str(batch.pk), category="testing")).json["id"]

    def found(query):
        return [row["id"] for row in phone.get(f"costs?{query}").json["items"]]

    assert found(f"visit={visit.pk}") == [one] and found(f"batch={batch.pk}") == [two]
    assert found("category=testing") == [two]
    assert found(f"spent_to={yesterday.isoformat()}") == [one]
    assert found(f"spent_from={clock.today().isoformat()}") == [two]


def test_the_total_of_a_visit_is_exact_by_category_and_leaves_duplicates_and_old_versions_out(sign_in):
    phone = sign_in("technician")
    visit = factories.make_visit(phone.user)
    on = {"visit": str(visit.pk)}
    for gross in ("0.10", "0.20", "33.33"):
        phone.post("costs", body(**on, **amounts(gross)))
    night = phone.post("costs", body(**on, category="lodging", **amounts("90.00", "5.40"))).json["id"]
    phone.post(f"costs/{night}/supersede", correction(**on, category="lodging", **amounts("80.00", "4.80")))
    for _ in range(2):
        phone.post("costs", body(**on, **amounts("12.00"), receipt_no="24922000000012341234"))
    phone.post("costs", body(**amounts("77.00")))
    answer = phone.get(f"visits/{visit.pk}/costs/total").json
    assert answer["total"] == {"lines": 5, "net_cny": "125.63", "tax_cny": "4.80", "gross_cny": "130.43"}
    assert [(row["category"], row["amount"]["gross_cny"]) for row in answer["by_category"]] == [
        ("transport", "45.63"),
        ("lodging", "84.80"),
    ]
    assert answer["duplicates"] == {"lines": 1, "net_cny": "12.00", "tax_cny": "0.00", "gross_cny": "12.00"}


def test_the_total_of_a_visit_outside_the_scope_is_not_found(sign_in):
    visit = factories.make_visit()
    assert sign_in("technician").get(f"visits/{visit.pk}/costs/total").status == 404
    assert sign_in("clerk", regions=["west"]).get(f"visits/{visit.pk}/costs/total").status == 404
    empty = sign_in("director").get(f"visits/{visit.pk}/costs/total").json
    assert empty["total"]["gross_cny"] == "0.00" and empty["by_category"] == []


@pytest.mark.parametrize("lines", [1, 3])
def test_the_list_needs_three_queries_for_any_number_of_lines(sign_in, django_assert_num_queries, lines):
    phone = sign_in("technician")
    visit = factories.make_visit(phone.user)
    for _ in range(lines):
        phone.post("costs", body(visit=str(visit.pk)))
    director = sign_in("director")
    with django_assert_num_queries(2):
        assert len(director.get("costs").json["items"]) == lines
