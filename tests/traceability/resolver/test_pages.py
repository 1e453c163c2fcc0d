"""The address printed on our labels: a page for people, a link set for programs, nothing for the curious."""

from datetime import date, timedelta

import pytest

from backend.core import clock
from tests.factories import (
    gtin14,
    make_batch,
    make_containment,
    make_customer,
    make_product,
    make_shipment,
    make_trade_item,
    make_unit,
    make_user,
)
from tests.recalls import make_recall
from traceability.batch.models import Batch
from traceability.label.check_digit import check_digit
from traceability.recall.models import RecallBatch, RecallPlan
from traceability.scan.label_paper import content_of
from traceability.scan.models import LabelProfile

GTIN = "06901234567892"
UNKNOWN_GTIN = gtin14(690123499999)
LOT = f"/01/{GTIN}/10/YS20240315A01"
LINK_SET = "application/linkset+json"
SECRET = "水分超标,待复检"


@pytest.fixture
def salt(db):
    """A released batch of a 0.5 kg bag, made on line L7 of plant P-SECRET."""
    item = make_trade_item(gtin=GTIN)
    return make_batch(
        item.product,
        code="YS20240315A01",
        trade_item=item,
        produced_on=date(2024, 3, 15),
        expires_on=date(2040, 12, 31),
        plant="P-SECRET",
        line="L-SECRET",
        status_reason=SECRET,
    )


def page(anonymous, path, language="en", **headers):
    headers.setdefault("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
    answer = anonymous.get(path, Accept_Language=language, **headers)
    return answer.status, answer.content.decode()


def test_phone_sees_batch_dates_and_that_there_is_no_recall(anonymous, salt, settings):
    settings.COMPLAINT_CONTACT = "400-000-0000 (8:00-17:00)"
    status, body = page(anonymous, LOT)
    assert status == 200
    for text in (
        "No recall",
        "YS20240315A01",
        "refined edible salt",
        "March 15, 2024",
        "Dec. 31, 2040",
        "0.5 kg",
    ):
        assert text in body, text
    assert "400-000-0000 (8:00-17:00)" in body and 'lang="en"' in body


def test_page_speaks_chinese_first(anonymous, salt):
    status, body = page(anonymous, LOT, language="fr")
    assert status == 200 and 'lang="zh-hans"' in body
    assert "精制食用盐" in body and "2024年3月15日" in body


@pytest.mark.parametrize(
    "path",
    [
        "/01/06901234567892/10/ys20240315a01",
        "/01/6901234567892/10/YS20240315A01",
        "/gtin/6901234567892/lot/YS20240315A01",
        "/GTIN/06901234567892/LOT/YS20240315A01",
        "/01/06901234567892/10/YS20240315A01/",
        "/01/06901234567892/10/YS20240315A01/21/7F3K9",
        "/01/06901234567892/22/2A/10/YS20240315A01",
        "/01/06901234567892/10/%59S20240315A01",
        "/01/06901234567892/10/YS20240315A01?17=401231&utm_source=x",
    ],
)
def test_every_way_to_write_the_link_leads_to_the_batch(anonymous, salt, path):
    status, body = page(anonymous, path)
    assert status == 200 and "YS20240315A01" in body


@pytest.mark.parametrize("digits", ["9638507", "61414100073"])
def test_short_trade_numbers_are_understood(anonymous, digits):
    gtin = digits + check_digit(digits)
    item = make_trade_item(gtin=gtin.zfill(14))
    make_batch(item.product, code="YS-7", trade_item=item)
    assert page(anonymous, f"/01/{gtin}/10/YS-7")[0] == 200


def test_lot_with_a_slash_is_found_encoded_or_not(anonymous, salt):
    make_batch(salt.product, code="YS/7", trade_item=salt.trade_item)
    for path in (f"/01/{GTIN}/10/YS%2F7", f"/01/{GTIN}/10/YS/7"):
        assert "YS/7" in page(anonymous, path)[1]


@pytest.mark.parametrize(
    ("fields", "word", "kind"),
    [
        ({"status": "recalled"}, "Recalled", "recalled"),
        ({"status": "held"}, "No recall", "no_recall"),
        ({"status": "quarantine"}, "No recall", "no_recall"),
        ({"status": "destroyed"}, "Ask us first", "ask"),
    ],
)
def test_recall_is_told_in_a_word_and_a_colour_and_no_hold_is(anonymous, salt, fields, word, kind):
    Batch.objects.filter(pk=salt.pk).update(**fields)
    status, body = page(anonymous, LOT)
    assert status == 200 and f"<h1>{word}</h1>" in body and f"state-{kind}" in body
    assert "hold" not in body.lower()


def test_label_with_another_date_than_ours_is_not_to_be_trusted(anonymous, salt):
    assert "Ask us first" in page(anonymous, f"{LOT}?17=391231")[1]


def test_salt_past_its_date_says_so(anonymous, salt):
    yesterday = clock.today() - timedelta(days=1)
    Batch.objects.filter(pk=salt.pk).update(expires_on=yesterday, produced_on=yesterday)
    assert "Past its date" in page(anonymous, LOT)[1]


def test_nothing_internal_is_on_the_page_or_in_the_link_set(anonymous, salt):
    Batch.objects.filter(pk=salt.pk).update(status="held")
    make_shipment(salt, make_customer(name="秘密客户", code="K-SECRET"))
    pallet = make_unit((salt, "500"))
    for path in (LOT, f"/00/{pallet.sscc}", f"/01/{GTIN}"):
        for accept in ("text/html", LINK_SET):
            body = page(anonymous, path, Accept=accept)[1]
            for secret in ("SECRET", SECRET, "秘密客户", "60000", str(salt.pk), "held"):
                assert secret not in body, (path, accept, secret)


def test_unknown_item_and_unknown_lot_look_alike(anonymous, salt):
    make_batch(salt.product, code="YS-RAW", kind="raw")
    unknown = [
        f"/01/{GTIN}/10/YS20240315A02",
        f"/01/{GTIN}/10/YS20240315",
        f"/01/{GTIN}/10/YS-RAW",
        f"/01/{UNKNOWN_GTIN}/10/YS20240315A01",
        f"/01/{UNKNOWN_GTIN}",
        "/00/369012340000000017",
    ]
    pages = {page(anonymous, path) for path in unknown}
    assert len(pages) == 1
    ((status, body),) = pages
    assert status == 404 and "We do not know this code" in body and "YS" not in body
    told = {
        (answer.status, tuple(sorted((k, v) for k, v in answer.json.items() if k != "request_id")))
        for answer in (anonymous.get(path, Accept=LINK_SET) for path in unknown)
    }
    assert len(told) == 1 and next(iter(told))[0] == 404


@pytest.mark.parametrize(
    "path",
    [
        "/01/06901234567893/10/YS20240315A01",
        "/01/123/10/A",
        "/00/369012340000000018",
        f"/01/{GTIN}/10/" + "A" * 21,
        f"/01/{GTIN}/10/井盐1",
        f"/01/{GTIN}/21/1/10/A",
        f"/01/{GTIN}/10",
        f"/01/{GTIN}?10=YS20240315A01",
        f"/01/{GTIN}/10/A?17=991399",
        f"/01/{GTIN}/10/A%00",
        "/01/<script>/10/A",
    ],
)
def test_wrong_link_is_a_page_with_400(anonymous, salt, path):
    status, body = page(anonymous, path)
    assert status == 400 and "<script>" not in body
    assert anonymous.get(path, Accept=LINK_SET).json["status"] == 400


def test_check_digit_is_named_as_the_reason(anonymous, db):
    body = page(anonymous, "/01/06901234567893/10/YS20240315A01")[1]
    assert "check digit is wrong" in body
    refused = anonymous.get("/01/06901234567893", Accept=LINK_SET)
    assert (refused.status, refused.code) == (400, "bad_digital_link")


def test_program_gets_a_link_set_of_our_own_pages_only(anonymous, salt):
    for path, headers in (
        (LOT, {"Accept": LINK_SET}),
        (f"{LOT}?linkType=all", {}),
        (f"{LOT}?linkType=linkset", {"Accept": "text/html"}),
        ("/gtin/6901234567892/lot/ys20240315a01", {"Accept": "application/json"}),
    ):
        answer = anonymous.get(path, **headers)
        assert answer.status == 200
        (item,) = answer.json["linkset"]
        assert item["anchor"].lower() == f"http://testserver{LOT}".lower()
        links = {name: rows for name, rows in item.items() if name.startswith("https://gs1.org/voc/")}
        assert {name.rpartition("/")[2] for name in links} == {
            "defaultLink",
            "pip",
            "recallStatus",
            "support",
        }
        for rows in links.values():
            assert all(row["href"].startswith(item["anchor"]) and row["title"] for row in rows)
        assert "ref.gs1.org/standards/resolver/linkset-context" in answer.headers["Link"]
        assert "Accept" in answer.headers["Vary"]
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("spelling", ["gs1:{}", "https://gs1.org/voc/{}", "https://ref.gs1.org/voc/{}"])
@pytest.mark.parametrize(
    ("name", "part"), [("pip", ""), ("recallStatus", "#recall"), ("support", "#contact")]
)
def test_link_type_leads_to_its_part_of_our_page(anonymous, salt, spelling, name, part):
    answer = anonymous.get(f"{LOT}?linkType={spelling.format(name)}")
    assert (answer.status, answer.headers["Location"]) == (307, f"{LOT}{part}")


@pytest.mark.parametrize(
    "link_type",
    [
        "gs1:epcis",
        "gs1:",
        "recallStatus",
        "https://evil.example/voc/pip",
        "//evil.example",
        "gs1:pip%0d%0aX: y",
    ],
)
def test_other_link_types_lead_nowhere(anonymous, salt, link_type):
    answer = anonymous.get(f"{LOT}?linkType={link_type}", Accept=LINK_SET)
    assert answer.status in (400, 404) and "Location" not in answer.headers


def test_no_redirect_leaves_the_house(anonymous, salt):
    for path in (
        f"/01/{GTIN}?lot=//evil.example",
        f"/01/{GTIN}?lot=https://evil.example/",
        f"{LOT}?linkType=gs1:pip&url=https://evil.example",
        f"//evil.example/01/{GTIN}?lot=A",
    ):
        answer = anonymous.get(path)
        location = answer.headers.get("Location", "/01/")
        assert location.startswith("/01/") and "evil.example/" not in location.replace("%2F", "%")


@pytest.mark.parametrize(("state", "is_drill"), [("announced", True), ("approved", False)])
def test_drill_and_recall_not_announced_yet_are_told_to_nobody(anonymous, salt, state, is_drill):
    told(salt, make_recall(state=state, is_drill=is_drill))
    assert "破损" not in page(anonymous, LOT, language="zh")[1]


def test_announced_recall_tells_its_notice_in_the_readers_language(anonymous, salt):
    told(salt, make_recall())
    assert "盐中有异物，请勿食用。" in page(anonymous, LOT, language="zh")[1]
    assert "Foreign matter. <b>" not in page(anonymous, LOT)[1]
    assert "Foreign matter. &lt;b&gt;Do not eat.&lt;/b&gt;" in page(anonymous, LOT)[1]


def told(batch, recall):
    """The recall freezes the batch and says so in both languages."""
    Batch.objects.filter(pk=batch.pk).update(status="recalled")
    RecallBatch.objects.create(
        recall=recall, batch=batch, depth=0, status_before="released", was_recalled=not recall.is_drill
    )
    RecallPlan.objects.create(
        recall=recall,
        notice_zh="盐中有异物，请勿食用。外袋破损的也请退回。",
        notice_en="Foreign matter. <b>Do not eat.</b>",
    )


def test_product_alone_asks_for_the_batch_number_without_scripts(anonymous, salt):
    status, body = page(anonymous, f"/01/{GTIN}")
    assert status == 200 and 'name="lot"' in body and "YS20240315A01" not in body and "<script" not in body
    answer = anonymous.get(f"/01/{GTIN}?lot=ys20240315a01")
    assert (answer.status, answer.headers["Location"]) == (307, f"/01/{GTIN}/10/ys20240315a01")


def test_pallet_shows_its_batches_and_the_gravest_state(anonymous, salt):
    bad = make_batch(make_product(), code="YS-BAD", status="recalled")
    pallet, container = make_unit((salt, "5"), (bad, "5")), make_unit(level="container")
    make_containment(pallet, container)
    for unit in (pallet, container):
        status, body = page(anonymous, f"/00/{unit.sscc}")
        assert status == 200 and "<h1>Recalled</h1>" in body
        assert "see below which" in body and "No recall" in body
        assert body.index("YS-BAD</dd>") < body.index("YS20240315A01</dd>")


def test_cancelled_or_empty_pallet_is_unknown(anonymous, salt):
    by = make_user("logistics")
    gone = make_unit((salt, "5"), cancelled_at=clock.now(), cancelled_by=by, cancel_reason="x")
    for unit in (gone, make_unit()):
        assert page(anonymous, f"/00/{unit.sscc}")[0] == 404


def test_address_is_limited_in_a_minute(anonymous, salt, settings):
    settings.RATES = settings.RATES | {"anonymous": "3/min"}
    assert [page(anonymous, LOT)[0] for _ in range(4)] == [200, 200, 200, 429]
    refused = anonymous.get(LOT, Accept=LINK_SET)
    assert (refused.status, refused.code) == (429, "too_many_requests") and refused.headers["Retry-After"]
    assert page(anonymous, f"/01/{UNKNOWN_GTIN}")[0] == 429


def test_signed_in_callers_are_counted_by_address_too(sign_in, salt, settings):
    settings.RATES = settings.RATES | {"anonymous": "2/min"}
    phone = sign_in("technician")
    assert [phone.get(LOT).status for _ in range(3)] == [200, 200, 429]


def test_other_methods_are_405_and_options_tells_any_page_may_ask(anonymous, salt):
    assert anonymous.request("POST", LOT).status == 405
    asked = anonymous.request("OPTIONS", LOT, Origin="https://any.example")
    assert asked.status == 204 and "GET" in asked.headers["Access-Control-Allow-Methods"]
    head = anonymous.request("HEAD", LOT)
    assert head.status == 200 and head.content == b""


def test_resolver_describes_itself(anonymous):
    answer = anonymous.get("/.well-known/gs1resolver")
    assert answer.status == 200 and answer.json["resolverRoot"] == "http://testserver"
    assert answer.json["supportedPrimaryKeys"] == ["00", "01"]
    assert answer.json["supportedLinkType"] == [{"namespace": "https://gs1.org/voc/", "prefix": "gs1:"}]


def test_printed_label_leads_to_the_page(anonymous, salt, settings):
    settings.ALLOWED_HOSTS = ["t.salt.example.cn"]
    LabelProfile.objects.create(own_hosts=["t.salt.example.cn"], valid_from=clock.today())
    link = content_of(salt, pack=None).qr_text
    assert link.startswith("https://t.salt.example.cn/01/")
    status, body = page(anonymous, link.removeprefix("https://t.salt.example.cn"), Host="t.salt.example.cn")
    assert status == 200 and "<h1>No recall</h1>" in body and salt.code in body


@pytest.mark.parametrize("path", [LOT, f"/01/{GTIN}", "/00/369012340000000017"])
def test_page_takes_few_statements_however_many_batches_there_are(
    anonymous, salt, path, django_assert_max_num_queries
):
    for _ in range(5):
        make_batch(salt.product, trade_item=salt.trade_item)
    with django_assert_max_num_queries(3):
        page(anonymous, path)
