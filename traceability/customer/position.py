"""Where a coordinate lies: GCJ-02 (Chinese maps) to WGS-84 (satellites), and metres between two places. Pure.

The two datums lie 475 to 604 m apart in Chinese cities: compared unconverted, every check-in would look far.
"""

from dataclasses import dataclass
from math import asin, cos, hypot, pi, radians, sin, sqrt

from traceability.customer.rules import Datum

EARTH_RADIUS_M = 6_371_008.8  # mean radius, IUGG
KRASOVSKY_A, KRASOVSKY_E2 = 6_378_245.0, 0.006_693_421_622_965_943  # the ellipsoid GCJ-02 is computed on
MAINLAND = (0.8293, 55.8271, 72.004, 137.8347)  # outside this box the maps do not shift


@dataclass(frozen=True)
class Position:
    """Degrees in `datum`."""

    latitude: float
    longitude: float
    datum: Datum


def distance_m(a: Position, b: Position) -> float:
    """Metres over the ground between two positions, each taken to WGS-84 first."""
    (lat1, lon1), (lat2, lon2) = to_wgs84(a), to_wgs84(b)
    half = sin(radians(lat2 - lat1) / 2) ** 2
    half += cos(radians(lat1)) * cos(radians(lat2)) * sin(radians(lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(half)))


def to_wgs84(position: Position) -> tuple[float, float]:
    """Latitude and longitude in WGS-84; from GCJ-02 by iteration, better than 0.1 m."""
    lat, lon = position.latitude, position.longitude
    if position.datum is Datum.WGS84:
        return lat, lon
    guess_lat, guess_lon = lat, lon
    for _round in range(10):
        mapped_lat, mapped_lon = to_gcj02(guess_lat, guess_lon)
        error_lat, error_lon = mapped_lat - lat, mapped_lon - lon
        guess_lat, guess_lon = guess_lat - error_lat, guess_lon - error_lon
        if hypot(error_lat, error_lon) < 1e-9:
            break
    return guess_lat, guess_lon


def to_gcj02(lat: float, lon: float) -> tuple[float, float]:
    """WGS-84 degrees as Chinese maps show them (published reverse-engineered formula)."""
    south, north, west, east = MAINLAND
    if not (south < lat < north and west < lon < east):
        return lat, lon
    x, y = lon - 105.0, lat - 35.0
    ripple = (20 * sin(6 * x * pi) + 20 * sin(2 * x * pi)) * 2 / 3
    d_lat = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + ripple
    d_lat += (20 * sin(y * pi) + 40 * sin(y / 3 * pi)) * 2 / 3
    d_lat += (160 * sin(y / 12 * pi) + 320 * sin(y * pi / 30)) * 2 / 3
    d_lon = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + ripple
    d_lon += (20 * sin(x * pi) + 40 * sin(x / 3 * pi)) * 2 / 3
    d_lon += (150 * sin(x / 12 * pi) + 300 * sin(x / 30 * pi)) * 2 / 3
    magic = 1 - KRASOVSKY_E2 * sin(radians(lat)) ** 2
    meridian = KRASOVSKY_A * (1 - KRASOVSKY_E2) / (magic * sqrt(magic))
    parallel = KRASOVSKY_A / sqrt(magic) * cos(radians(lat))
    return lat + d_lat / (meridian * pi / 180), lon + d_lon / (parallel * pi / 180)
