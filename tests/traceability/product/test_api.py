"""Products, packs and limits over HTTP."""

from decimal import Decimal
from urllib.parse import quote

import pytest

from tests.factories import gtin14, make_limit, make_product, make_trade_item
from traceability.product.models import Product, SpecLimit, TradeItem

PRODUCT = {
    "sku": "YS-500",
    "name_zh": "精制食用盐(加碘)",
    "name_en": "refined edible salt",
    "family": "edible",
    "limit_key": "edible_refined",
    "limit_grade": "superior",
    "shelf_life_days": 1095,
    "vat_rate": "0.09",
}
LIMIT = {
    "product_key": "edible_refined",
    "grade": "superior",
    "parameter": "moisture",
    "kind": "max",
    "high": "0.25",
    "unit": "g/100g",
    "basis": "wet",
    "standard": "GB/T 5461",
    "edition": "2026",
    "valid_from": "2026-05-01",
    "source": "paper copy, page 3",
}


def confirm(qc, limit_id, **fields):
    return qc.post(f"limits/{limit_id}/confirm", {"document": "GB/T 5461-2026 p. 3"} | fields)


def test_qc_adds_and_changes_a_product(sign_in):
    qc = sign_in("qc")
    made = qc.post("products", PRODUCT)
    assert made.status == 201 and made.json["vat_rate"] == "0.090" and made.json["is_active"] is True
    address = f"products/{made.json['id']}"
    changed = qc.patch(address, {"shelf_life_days": None, "is_active": False})
    assert changed.json == made.json | {"shelf_life_days": None, "is_active": False}
    assert sign_in("technician").get(address).json == changed.json


def test_article_number_and_family_stay_for_ever(sign_in):
    qc = sign_in("qc")
    made = qc.post("products", PRODUCT)
    assert qc.post("products", PRODUCT | {"name_en": "other"}).code == "sku_taken"
    for field, value in (("family", "industrial"), ("sku", "OTHER")):
        refused = qc.patch(f"products/{made.json['id']}", {field: value})
        assert (refused.status, refused.json["errors"][0]["pointer"]) == (400, f"/{field}")
    assert qc.get(f"products/{made.json['id']}").json == made.json
    assert Product.objects.count() == 1


@pytest.mark.parametrize("role", ["technician", "clerk", "director", "production", "logistics", "auditor"])
def test_only_qc_writes_master_data(sign_in, role):
    client, product, limit = sign_in(role), make_product(), make_limit(needs_confirmation=True)
    assert client.post("products", PRODUCT).status == 403
    assert client.patch(f"products/{product.pk}", {"name_en": "x"}).status == 403
    assert client.post(f"products/{product.pk}/trade-items", {}).status == 403
    assert client.post("limits", LIMIT).status == 403
    assert confirm(client, limit.pk).status == 403
    limit.refresh_from_db()
    assert limit.needs_confirmation and Product.objects.count() == 1 and SpecLimit.objects.count() == 1


@pytest.mark.parametrize(
    "bad",
    [
        {"vat_rate": "1.5"},
        {"shelf_life_days": 0},
        {"shelf_life_days": 10**9},
        {"family": "sugar"},
        {"sku": " "},
        {"colour": "white"},
    ],
)
def test_bad_product_is_refused(sign_in, bad):
    assert sign_in("qc").post("products", PRODUCT | bad).status == 400
    assert not Product.objects.exists()


def test_products_are_filtered_and_paged(sign_in, django_assert_num_queries):
    client = sign_in("clerk")
    salt = make_product(sku="A1", name_zh="日晒盐", family="industrial")
    with django_assert_num_queries(2):
        assert len(client.get("products").json["items"]) == 1
    make_product(sku="B1", is_active=False)
    item = make_trade_item(make_product(sku="C1"))
    with django_assert_num_queries(2):
        assert [row["sku"] for row in client.get("products").json["items"]] == ["A1", "B1", "C1"]
    found = {
        "sku=A1": ["A1"],
        f"name={quote('日晒')}": ["A1"],
        "name=REFINED": ["A1", "B1", "C1"],
        "family=industrial": ["A1"],
        "is_active=false": ["B1"],
        f"gtin={item.gtin}": ["C1"],
    }
    for query, skus in found.items():
        assert [row["sku"] for row in client.get(f"products?{query}").json["items"]] == skus
    assert client.get("products?is_active=perhaps").status == 400
    assert client.get("products?family=sugar").status == 400
    first = client.get("products?limit=2").json
    assert [row["sku"] for row in client.get(f"products?limit=2&cursor={first['next']}").json["items"]] == [
        "C1"
    ]
    assert salt.sku == first["items"][0]["sku"]


def test_packs_carry_their_gtin_and_add_up(sign_in):
    qc, product = sign_in("qc"), make_product()
    address = f"products/{product.pk}/trade-items"
    bag = qc.post(address, {"gtin": "6901234567892", "level": "bag", "net_kg": "0.5"})
    assert (bag.status, bag.json["gtin"]) == (201, "06901234567892")
    case = {
        "gtin": "16901234567899",
        "level": "case",
        "net_kg": "10",
        "contains": bag.json["id"],
        "contains_count": 20,
    }
    assert qc.post(address, case | {"contains_count": 21}).code == "pack_mismatch"
    made = qc.post(address, case)
    assert made.status == 201
    assert [row["gtin"] for row in qc.get(address).json["items"]] == ["06901234567892", "16901234567899"]
    wrong = qc.patch(f"trade-items/{made.json['id']}", {"net_kg": "11"})
    assert wrong.code == "pack_mismatch"
    right = qc.patch(f"trade-items/{made.json['id']}", {"net_kg": "12", "contains_count": 24})
    assert right.json == made.json | {"net_kg": "12.000", "contains_count": 24}


@pytest.mark.parametrize("gtin", ["6901234567893", "123", "０6901234567892", "06901234567892 x"])
def test_gtin_with_a_wrong_check_digit_is_refused(sign_in, gtin):
    product = make_product()
    body = {"gtin": gtin, "level": "bag", "net_kg": "0.5"}
    assert sign_in("qc").post(f"products/{product.pk}/trade-items", body).status == 400
    assert not TradeItem.objects.exists()


def test_gtin_belongs_to_one_pack_for_ever(sign_in):
    qc, item = sign_in("qc"), make_trade_item(gtin=gtin14(690123456789))
    body = {"gtin": item.gtin, "level": "bag", "net_kg": "1"}
    assert qc.post(f"products/{make_product().pk}/trade-items", body).code == "gtin_taken"
    assert qc.patch(f"trade-items/{item.pk}", {"gtin": "96385074"}).status == 400
    unknown = {
        "gtin": "96385074",
        "level": "case",
        "net_kg": "1",
        "contains": product_id(),
        "contains_count": 2,
    }
    assert qc.post(f"products/{item.product_id}/trade-items", unknown).status == 400
    assert list(TradeItem.objects.values_list("gtin", flat=True)) == [item.gtin]


def product_id() -> str:
    return "018f0000-0000-7000-8000-00000000dead"


def test_trade_items_of_an_unknown_product_are_404(sign_in):
    qc = sign_in("qc")
    assert qc.get(f"products/{product_id()}/trade-items").status == 404
    assert qc.post(f"products/{product_id()}/trade-items", {}).status == 404


def test_trade_items_are_listed_at_one_query_count(sign_in, django_assert_num_queries):
    qc, item = sign_in("qc"), make_trade_item()
    address = f"products/{item.product_id}/trade-items"
    with django_assert_num_queries(3):
        qc.get(address)
    make_trade_item(item.product), make_trade_item(item.product)
    with django_assert_num_queries(3):
        assert len(qc.get(address).json["items"]) == 3


def test_new_limit_judges_only_after_qc_confirmed_it(sign_in):
    qc = sign_in("qc")
    made = qc.post("limits", LIMIT)
    assert made.status == 201 and made.json["needs_confirmation"] is True
    assert made.json["confirmed_by"] is None and made.json["source_status"] == "entered"
    done = confirm(qc, made.json["id"])
    assert done.status == 200 and done.json["needs_confirmation"] is False
    assert done.json["confirmed_by"] == qc.user.display_name
    assert done.json["confirmed_document"] == "GB/T 5461-2026 p. 3" and done.json["confirmed_at"]
    assert qc.get(f"limits/{made.json['id']}").json == done.json
    assert confirm(qc, made.json["id"]).code == "limit_already_confirmed"


def test_confirmation_needs_a_document(sign_in):
    limit = make_limit(needs_confirmation=True)
    qc = sign_in("qc")
    assert qc.post(f"limits/{limit.pk}/confirm").status == 400
    assert qc.post(f"limits/{limit.pk}/confirm", {"document": " "}).status == 400
    limit.refresh_from_db()
    assert limit.needs_confirmation


def test_overlapping_confirmed_limit_is_refused_until_the_old_one_ends(sign_in):
    qc, old = sign_in("qc"), make_limit()
    new = qc.post("limits", LIMIT).json
    refused = confirm(qc, new["id"])
    assert (refused.status, refused.code, refused.json["limit"]) == (409, "limit_overlaps", str(old.pk))
    assert qc.get(f"limits/{new['id']}").json == new
    ended = qc.post(f"limits/{old.pk}/end", {"valid_to": "2026-05-01"})
    assert ended.status == 200 and ended.json["valid_to"] == "2026-05-01"
    assert confirm(qc, new["id"]).status == 200
    # The end may be corrected, but not into the days of the other one.
    assert qc.post(f"limits/{old.pk}/end", {"valid_to": "2026-04-01"}).status == 200
    assert qc.post(f"limits/{old.pk}/end", {"valid_to": "2026-05-02"}).code == "limit_overlaps"
    assert qc.post(f"limits/{old.pk}/end", {"valid_to": "2017-01-01"}).code == "invalid_input"
    assert qc.get(f"limits/{old.pk}").json["valid_to"] == "2026-04-01"


def test_confirmation_may_correct_the_day_it_came_into_force(sign_in):
    qc, limit = sign_in("qc"), make_limit(needs_confirmation=True)
    assert confirm(qc, limit.pk, valid_from="2017-03-01").json["valid_from"] == "2017-03-01"


def test_confirmation_in_error_is_taken_back_with_a_reason(sign_in):
    qc, limit = sign_in("qc"), make_limit(note="old note")
    back = qc.post(f"limits/{limit.pk}/withdraw", {"reason": "wrong page"})
    assert back.json["needs_confirmation"] is True and back.json["note"] == "wrong page; old note"
    assert qc.post(f"limits/{limit.pk}/withdraw", {"reason": "again"}).code == "limit_not_confirmed"
    assert qc.post(f"limits/{limit.pk}/withdraw", {}).status == 400
    assert qc.get(f"limits/{limit.pk}").json == back.json


@pytest.mark.parametrize(
    "bad",
    [
        {"high": None},
        {"low": "0.1"},
        {"kind": "range", "low": "0.3"},
        {"unit": ""},
        {"valid_to": "2026-05-01"},
        {"compare_mode": "rounded"},
        {"high": "1e3"},
        {"high": "123456789.0"},
        {"source": ""},
        {"valid_from": "1999-12-31"},
        {"needs_confirmation": False},
    ],
)
def test_bad_limit_is_refused(sign_in, bad):
    assert sign_in("qc").post("limits", LIMIT | bad).status == 400
    assert not SpecLimit.objects.exists()


def test_limits_are_filtered(sign_in, django_assert_num_queries):
    client = sign_in("technician")
    old = make_limit(valid_to="2026-05-01", confirmed_by=client.user)
    with django_assert_num_queries(2):
        client.get("limits")
    new = make_limit(valid_from="2026-05-01", needs_confirmation=True, high=Decimal("0.25"))
    iodine = make_limit(product_key="iodised_salt", parameter="iodine", standard="GB 26878", grade="mean_25")
    with django_assert_num_queries(2):
        assert len(client.get("limits").json["items"]) == 3
    found = {
        "product_key=iodised_salt": {iodine},
        "parameter=moisture": {old, new},
        "standard=GB 26878": {iodine},
        "grade=superior": {old, new},
        "needs_confirmation=true": {new},
        "needs_confirmation=false": {old, iodine},
        "in_force_on=2026-04-30": {old, iodine},
        "in_force_on=2026-05-01": {new, iodine},
        "in_force_on=2026-05-01&needs_confirmation=false": {iodine},
    }
    for query, rows in found.items():
        ids = {row["id"] for row in client.get(f"limits?{query.replace(' ', '%20')}").json["items"]}
        assert ids == {str(row.pk) for row in rows}, query
    assert client.get("limits?in_force_on=yesterday").status == 400
    assert client.get("limits?needs_confirmation=1").status == 400


def test_dealer_and_finance_read_no_limits(sign_in):
    assert sign_in("dealer").get("limits").status == 403
    assert sign_in("finance").get("limits").status == 403
