"""Any address is read or refused; nothing else happens."""

from datetime import date
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import gtin14
from traceability.resolver.link import Link, link_type, read
from traceability.resolver.rules import BadDigitalLink

TODAY = date(2026, 3, 1)
GTIN = "06901234567892"
# What AI (10) may hold and our batch codes may as well.
LOTS = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz./_-", min_size=1, max_size=20)
PARTS = st.sampled_from(
    ["01", "10", "21", "00", "22", "gtin", "lot", GTIN, "%2F", "%", "..", "", "A", "17", "?"]
)


@given(LOTS, st.integers(0, 10**12 - 1))
def test_own_link_is_read_back_exactly(lot, body):
    gtin = gtin14(body + 10**12)
    link = Link(gtin=gtin, lot=lot)
    assert read(link.path, query="", today=TODAY) == link
    assert read(f"{link.path}/21/{quote('S/1', safe='')}", query="17=301231", today=TODAY) == Link(
        gtin=gtin, lot=lot, serial="S/1", expires_on=date(2030, 12, 31)
    )


@given(st.one_of(st.text(max_size=60), st.lists(PARTS, max_size=8).map("/".join)), st.text(max_size=30))
def test_anything_is_read_or_refused(rest, query):
    for first in ("/01/", "/00/", "/gtin/", f"/01/{GTIN}/10/"):
        try:
            link = read(first + rest, query=query, today=TODAY)
        except BadDigitalLink as bad:
            assert bad.params["reason"]
        else:
            assert bool(link.gtin) != bool(link.sscc)
            assert link.path.startswith(("/01/", "/00/")) and "\n" not in link.path


@pytest.mark.parametrize(
    ("given_type", "name"),
    [
        ("gs1:pip", "pip"),
        ("https://ref.gs1.org/voc/recallStatus", "recallStatus"),
        ("http://gs1.org/voc/pip", "pip"),
        ("pip", None),
        ("gs1:", None),
        ("gs1:p ip", None),
        ("https://gs1.org.evil.example/voc/pip", None),
        ("schema:pip", None),
    ],
)
def test_link_types_of_gs1_only(given_type, name):
    assert link_type(given_type) == name
