"""The input guard: each class of input that gives 500 on stock Django is a clear 4xx here."""

import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.core.errors import DomainError
from backend.core.problems import document
from backend.core.strict import MAX_BODY_BYTES, UrlGuard, depth, parse_json
from tests import factories

USER = {"username": "n", "password": "long-enough-1", "display_name": "n", "role": "qc"}


@pytest.fixture
def admin(sign_in):
    return sign_in("admin")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"[]", "bad_json"),
        (b"1", "bad_json"),
        (b'"text"', "bad_json"),
        (b"null", "bad_json"),
        (b"{", "bad_json"),
        (b'{"a": NaN}', "bad_json"),
        (b'{"a": Infinity}', "bad_json"),
        (b'{"username": "a", "username": "b"}', "bad_json"),
        (b'{"a": 123456789012345678901234567890}', "bad_json"),
        (b'{"a": 9223372036854775808}', "bad_json"),
        (b'{"a": 1e999999999}', "bad_json"),
        (b'{"a": 0e-999999999}', "bad_json"),
        (b'{"' + b'\\"' * 500_000, "bad_json"),
        (b"\xff\xfe", "bad_json"),
        (b'{"username": "a\\u0000b"}', "bad_text"),
        (b'{"username": "a\\ud800b"}', "bad_text"),
        (b'{"a\\u0000": 1}', "bad_text"),
        ('{"username": "a\u202eb"}'.encode(), "bad_text"),
        (b'{"a":' + b"[" * 21 + b"]" * 21 + b"}", "too_deep"),
        (b"[" * 100_000, "too_deep"),
        (b'{"a": "' + b"x" * MAX_BODY_BYTES + b'"}', "body_too_large"),
    ],
)
def test_bad_body_is_refused_and_changes_nothing(admin, body, code):
    before = admin.get("users").json
    answer = admin.request("POST", "users", body=body)
    assert (answer.status, answer.code) == (413 if code == "body_too_large" else 400, code)
    assert admin.get("users").json == before


@pytest.mark.parametrize(
    ("body", "english", "chinese"),
    [
        (b"[]", "An object is expected.", "应为 JSON 对象。"),
        (b'{"a": NaN}', "NaN and Infinity are not JSON.", "NaN 和 Infinity 不是 JSON。"),
        (b"{", "It cannot be read as JSON.", "无法按 JSON 读取。"),
        (b'{"a": 1, "a": 2}', "A key stands twice in one object.", "同一对象中有重复的键。"),
        (b'{"a": 9223372036854775808}', "A whole number has more than 64 bits.", "整数超过 64 位。"),
        (b'{"a": 1e999999999}', "A number is too large or too small.", "数值过大或过小。"),
    ],
)
def test_reason_of_bad_json_is_said_in_the_callers_language(admin, body, english, chinese):
    for language, text in (("en", english), ("zh-hans", chinese)):
        answer = admin.request("POST", "users", body=body, Accept_Language=language)
        assert (answer.json["detail"], answer.json["reason"]) == (text, text)


def test_only_what_a_refusal_calls_a_text_is_translated():
    class Refused(DomainError):
        code, status, title = "refused_here", 400, "Not found"
        detail, texts = "{why} {name}", ("why",)

    with translation.override("zh-hans"):
        body = document(Refused(why="Not found", name="Not found"), request_id=None)
    assert (body["why"], body["name"], body["detail"]) == ("未找到", "Not found", "未找到 Not found")


@pytest.mark.parametrize(
    "path",
    [
        "users?username=a%00b",
        "users?username=%ff",
        "users/%00",
        "users?username=%E2%80%AE",
        "users?x=" + "y" * 5000,
    ],
)
def test_bad_address_is_refused(admin, path):
    assert admin.get(path).code == "bad_url"


@pytest.mark.parametrize("limit", ["0", "201", "-1", "1e3", "%EF%BC%99", "99999999999999999999", "", "x"])
def test_limit_outside_its_bounds_is_refused(admin, limit):
    answer = admin.get(f"users?limit={limit}")
    assert answer.status == 400 and answer.json["errors"][0]["pointer"] == "/limit"


@pytest.mark.parametrize("cursor", ["x", "cD1h", "cD0lMDA=", "cD0wMDAwMDAwMC0="])
def test_foreign_cursor_is_refused(admin, cursor):
    assert admin.get(f"users?cursor={cursor}").status == 400


def test_unknown_query_parameter_is_refused(admin):
    answer = admin.get("users?rolle=qc")
    assert answer.status == 400 and answer.json["errors"][0]["pointer"] == "/rolle"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", 5),
        ("username", True),
        ("username", None),
        ("regions", "east"),
        ("regions", [1]),
        ("role", 1),
    ],
)
def test_wrong_type_is_refused_not_converted(admin, field, value):
    answer = admin.post("users", {**USER, field: value})
    assert answer.status == 400
    assert answer.json["errors"][0]["pointer"].startswith(f"/{field}")


@pytest.mark.parametrize("spelling", ["15", "1_5", "１５", "{%7B}", "00000000-0000-0000-0000-00000000000g"])
def test_ids_are_uuids_and_nothing_else(admin, spelling):
    assert admin.get(f"users/{spelling}").status == 404


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "application/x-www-form-urlencoded", ""])
def test_other_content_types_are_refused(admin, kind):
    answer = admin.request("POST", "users", body=b"a=b", content_type=kind)
    assert answer.status in (400, 415)


def test_pages_walk_the_whole_list_once(admin):
    for _ in range(7):
        factories.make_user("technician")
    seen, cursor = [], ""
    while True:
        page = admin.get(f"users?limit=3{cursor}").json
        assert len(page["items"]) <= 3
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert len(seen) == len(set(seen)) == 8 and seen == sorted(seen, reverse=True)


def test_security_headers_stand_on_every_answer(admin):
    headers = admin.get("me").headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert headers["X-Request-ID"]


def test_request_id_of_the_client_is_kept_only_where_well_formed(admin):
    assert admin.get("me", X_Request_ID="phone-00001").headers["X-Request-ID"] == "phone-00001"
    assert admin.get("me", X_Request_ID="a b\x1b[31m").headers["X-Request-ID"] != "a b\x1b[31m"


@given(st.binary(max_size=400))
@settings(max_examples=300, deadline=None)
def test_any_bytes_parse_or_are_refused(body):
    try:
        parse_json(body)
    except DomainError as error:
        assert 400 <= error.status < 500


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_url_guard_answers_for_any_text(text):
    assert UrlGuard.is_clean(text) in (True, False)


def test_depth_counts_brackets_outside_strings_only():
    assert depth(b'{"a": "[[[[", "b": [1, {"c": "\\"}}"}]}') == 3
