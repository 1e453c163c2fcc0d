import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceability.label.application_identifier import BadElement
from traceability.label.config import InvalidLabelConfig, LabelConfig, OwnUrlRule
from traceability.label.digital_link import link_uri
from traceability.label.parse import parse

GTIN = "06901234567892"
CSET82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
OURS = LabelConfig(
    own_hosts=("t.salt.example.cn",), own_url_rules=(OwnUrlRule("/q", "c"), OwnUrlRule("/s/{token}"))
)


@given(lot=st.text(CSET82, min_size=1, max_size=20), serial=st.text(CSET82, min_size=1, max_size=20))
def test_our_own_links_are_read_back(lot: str, serial: str) -> None:
    uri = link_uri("t.salt.example.cn", ais=[("01", GTIN), ("10", lot), ("21", serial), ("17", "271231")])
    data = parse(uri, config=OURS)
    assert (data.status, data.gtin, data.lot, data.serial) == ("ok", GTIN, lot, serial)
    assert data.exp is not None
    assert parse(f"]Q1{uri}", config=OURS).ais == data.ais


def test_link_with_a_wrong_check_digit_cannot_be_made() -> None:
    with pytest.raises(BadElement):
        link_uri("t.salt.example.cn", ais=[("01", "06901234567893"), ("10", "A")])


def test_link_without_a_key_cannot_be_made() -> None:
    with pytest.raises(BadElement):
        link_uri("t.salt.example.cn", ais=[("10", "A"), ("01", GTIN)])


@pytest.mark.parametrize(
    "url",
    [
        f"https://a/01/{GTIN}",
        f"HTTP://a/b/c/01/{GTIN}/22/T/10/A/21/X",
        f"https://a/01/{GTIN}/235/T",
        "https://a/00/106141412345678908",
        "https://a/414/9501101530003/254/32a%2Fb",
        "https://a/8004/9520ABC",
        f"https://a/00/faux/01/{GTIN}?99=A&&&x=1&y",
        f"https://a:65535/01/{GTIN}?17=271231#top",
        f"https://192.0.2.1/01/{GTIN}",
        f"https://[2001:db8::1]/01/{GTIN}",
    ],
)
def test_foreign_links_are_data_with_a_warning(url: str) -> None:
    data = parse(url, config=OURS)
    assert (data.status, data.kind) == ("warn", "gs1_dl")
    assert data.ais
    assert "foreign_host" in data.warnings


@pytest.mark.parametrize(
    "url",
    [
        f"https://a/01/{GTIN[:-1]}3",
        f"https://a/01/{GTIN}/10/",
        f"https://a/01/{GTIN}/21/X/10/A",
        f"https://a/01/{GTIN}/235/T/10/A",
        f"https://a/01/{GTIN}?10=A",
        f"https://a/01/{GTIN}?21=A",
        f"https://a/01/{GTIN}/10/A?10=A",
        f"https://a/01/{GTIN}?99=A&99=A",
        f"https://a/01/{GTIN}?999=A",
        f"https://a/01/{GTIN}?99=",
        f"https://a/01/{GTIN}?99=A+B",
        f"https://a/01/{GTIN}/10/A%20B",
        f"https://a/01/{GTIN}/10/A%00",
        f"https://a/01/{GTIN}/10/%FF",
        f"https://a/01/{GTIN}/10/{'A' * 21}",
        f"https://a/01/{GTIN}?02={GTIN}&37=1",
        f"https://a/01/{GTIN}?8200=x",
    ],
)
def test_broken_links_are_refused(url: str) -> None:
    data = parse(url, config=OURS)
    assert (data.status, data.kind, data.ais) == ("reject", "gs1_dl", ())


@pytest.mark.parametrize(
    "url",
    [
        "https://a",
        "https://a/",
        "https://a/b",
        "https://a/01",
        "https://a/01/123",
        "https://a/2024/01/15",
        f"https://a/{GTIN}",
        f"https://a/01/{GTIN}/",
        f"https://a/x/{GTIN}/10/A",
        "https://a/01/88327713",
    ],
)
def test_pages_are_only_addresses(url: str) -> None:
    data = parse(url, config=OURS)
    assert (data.status, data.kind, data.gtin) == ("unknown", "url", None)


@pytest.mark.parametrize(
    "host",
    [
        "t.salt.example.cn.evil.example",
        "t.salt.example.cn-evil.example",
        "xt.salt.example.com.t.salt.example.cn.io",
        "t-salt.example.cn",
        "tsalt.example.cn",
        "t.salt.examp1e.cn",
        "t.sa1t.example.cn",
        "t.saIt.example.cn",
        "t.salt.example.com",
        "т.salt.example.cn",
        "t.sаlt.example.cn",
        "t.salt.exаmple.cn",
    ],
)
def test_look_alike_hosts_are_rejected(host: str) -> None:
    data = parse(f"https://{host}/q?c=8Z3K7M2P9QRT", config=OURS)
    assert (data.status, data.kind, data.token) == ("reject", "url", None)


def test_punycode_of_a_look_alike_is_seen_through() -> None:
    label = "sаlt".encode("punycode").decode("ascii")
    data = parse(f"https://t.xn--{label}.example.cn/q?c=8Z3K7M2P9QRT", config=OURS)
    assert data.warnings == ("look_alike_host",)


@pytest.mark.parametrize(
    "host", ["test.salt.example.cn", "www.salt.example.cn", "x.t.salt.example.cn", "weixin.qq.com"]
)
def test_neighbours_and_strangers_are_foreign_and_no_more(host: str) -> None:
    data = parse(f"https://{host}/q?c=8Z3K7M2P9QRT", config=OURS)
    assert (data.status, data.kind, data.token) == ("unknown", "url", None)


def test_own_host_with_a_public_parent_keeps_its_look_alikes() -> None:
    config = LabelConfig(own_hosts=("salt.com.cn",))
    assert parse("https://my-salt.com.cn/x", config=config).status == "reject"


def test_rule_may_carry_a_batch() -> None:
    data = json.loads('{"own_hosts":["s.cn"],"own_url_rules":[{"path":"/b/{token}","field":"batch"}]}')
    read = parse("https://s.cn/b/YS20240315A01", config=LabelConfig.from_json(data))
    assert (read.kind, read.batch, read.token) == ("batch", "YS20240315A01", None)


@pytest.mark.parametrize(
    "rule",
    [
        {"path": "q"},
        {"path": "/q"},
        {"path": "/{token}", "param": "c"},
        {"path": "/q", "param": 1},
        5,
        {"path": "/q", "param": "c", "field": "x"},
    ],
)
def test_rule_that_cannot_work_is_refused_at_once(rule: object) -> None:
    with pytest.raises(InvalidLabelConfig):
        LabelConfig.from_json({"own_url_rules": [rule]})
