"""When sightings of one code are too far apart."""

from datetime import UTC, datetime, timedelta

import pytest

from traceability.customer.position import Position, to_gcj02
from traceability.customer.rules import Datum
from traceability.scan.far_away import FarAway, Sighting, is_far_away

RULE = FarAway(window=timedelta(hours=24), far_m=300_000, places=3, apart_m=80_000, regions=3)
NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)
NANJING, GUANGZHOU = (32.06, 118.79), (23.13, 113.26)  # 1,130 km
BEIJING, TIANJIN, SHIJIAZHUANG, LANGFANG = (39.90, 116.40), (39.09, 117.20), (38.04, 114.51), (39.52, 116.70)


def at(place=None, *, hours=0.0, region=None, blur_m=0.0, datum=Datum.WGS84):
    position = Position(*place, datum) if place else None
    return Sighting(at=NOON + timedelta(hours=hours), position=position, blur_m=blur_m, region=region)


def test_two_places_far_apart_in_a_day():
    assert is_far_away(at(NANJING), [at(GUANGZHOU, hours=-23.9)], rule=RULE)
    assert is_far_away(at(NANJING), [at(GUANGZHOU, hours=24)], rule=RULE)


def test_more_than_the_window_apart_is_a_journey():
    assert not is_far_away(at(NANJING), [at(GUANGZHOU, hours=-24.1), at(GUANGZHOU, hours=24.1)], rule=RULE)


def test_three_neighbouring_provinces_in_a_day():
    """Their capitals lie 110 to 270 km apart: two of them are a day's drive, three are not."""
    assert not is_far_away(at(BEIJING), [at(SHIJIAZHUANG, hours=-5)], rule=RULE)
    assert is_far_away(at(BEIJING), [at(SHIJIAZHUANG, hours=-5), at(TIANJIN, hours=-9)], rule=RULE)


def test_three_places_of_which_two_are_near_each_other_are_two():
    assert not is_far_away(at(BEIJING), [at(LANGFANG, hours=-5), at(TIANJIN, hours=-9)], rule=RULE)


def test_three_places_within_two_days_are_two_days():
    assert not is_far_away(at(BEIJING), [at(SHIJIAZHUANG, hours=-20), at(TIANJIN, hours=20)], rule=RULE)


def test_the_same_shop_again_and_again_is_one_place():
    assert not is_far_away(at(NANJING), [at(NANJING, hours=-hour / 10) for hour in range(40)], rule=RULE)


def test_the_datum_is_respected():
    """Chinese maps show a place some 500 m off; here the rule is finer than that."""
    rule = FarAway(timedelta(hours=24), far_m=100, places=3, apart_m=80, regions=3)
    on_map = at(to_gcj02(*NANJING), datum=Datum.GCJ02)
    assert not is_far_away(at(NANJING), [on_map], rule=rule)
    assert is_far_away(at(NANJING), [at(to_gcj02(*NANJING))], rule=rule)


def test_a_blurred_fix_proves_only_what_is_left_of_the_distance():
    assert not is_far_away(at(NANJING), [at(GUANGZHOU, blur_m=900_000)], rule=RULE)


def test_colleagues_of_three_regions_in_a_day_without_a_place():
    others = [at(region="east", hours=-3), at(region="south", hours=-2)]
    assert is_far_away(at(region="north"), others, rule=RULE)
    assert not is_far_away(at(region="south"), others, rule=RULE)
    assert not is_far_away(at(region=None), others, rule=RULE)


def test_regions_seen_before_and_after_count_only_within_one_window():
    around = [at(region="east", hours=-20), at(region="south", hours=20)]
    assert not is_far_away(at(region="north"), around, rule=RULE)
    late = [at(region="east", hours=-10), at(region="south", hours=14)]
    assert is_far_away(at(region="north"), late, rule=RULE)


@pytest.mark.parametrize("others", [[], [at()], [at(GUANGZHOU)]])
def test_without_a_place_nothing_is_far(others):
    assert not is_far_away(at(), others, rule=RULE)
