"""Datum conversion against measured pairs, and distances that do not blame the technician."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceability.customer.position import Position, distance_m, to_gcj02, to_wgs84
from traceability.customer.rules import Datum

CASES = json.loads(Path("tests/data/domain/gcj02_cases.json").read_text())["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_published_pairs_convert_both_ways(case):
    (lat, lon), (map_lat, map_lon) = case["wgs84"], case["gcj02"]
    assert to_gcj02(lat, lon) == pytest.approx((map_lat, map_lon), abs=5e-7)  # 5 cm
    back = to_wgs84(Position(map_lat, map_lon, Datum.GCJ02))
    assert back == pytest.approx((lat, lon), abs=5e-7)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_same_place_in_two_datums_is_no_distance_apart(case):
    satellite = Position(*case["wgs84"], Datum.WGS84)
    on_the_map = Position(*case["gcj02"], Datum.GCJ02)
    mistaken = Position(*case["gcj02"], Datum.WGS84)
    assert distance_m(satellite, on_the_map) < 0.1
    assert distance_m(satellite, mistaken) == pytest.approx(case["offset_m"], abs=2)


@given(st.floats(18, 53), st.floats(74, 134))
def test_inverse_is_exact_all_over_the_mainland(lat, lon):
    mapped = Position(*to_gcj02(lat, lon), Datum.GCJ02)
    assert distance_m(Position(lat, lon, Datum.WGS84), mapped) < 0.1


def test_no_shift_abroad_and_known_distances():
    assert to_gcj02(35.68, 139.69) == (35.68, 139.69)
    nanjing, shanghai = Position(32.06, 118.79, Datum.WGS84), Position(31.23, 121.47, Datum.WGS84)
    assert distance_m(nanjing, shanghai) == pytest.approx(270_000, rel=0.01)
    pole = Position(-90, 0, Datum.WGS84)
    assert distance_m(Position(90, 0, Datum.WGS84), pole) == pytest.approx(20_015_000, rel=0.001)
