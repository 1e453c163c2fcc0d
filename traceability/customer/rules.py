"""Kinds and tiers of customers, and what a coordinate must say of itself. Pure."""

from backend.core.choices import Code


class CustomerKind(Code):
    DESIGNATED_WHOLESALER = "designated_wholesaler"
    RETAILER = "retailer"
    FOOD_MAKER = "food_maker"
    INDUSTRIAL = "industrial"
    OTHER = "other"


class Tier(Code):
    """Key customers come first (rule 47); the order of the members is the order of service."""

    KEY = "key"
    MAJOR = "major"
    STANDARD = "standard"


class Datum(Code):
    """WGS-84 and GCJ-02 lie about 500 m apart in China: a coordinate without its datum is refused."""

    WGS84 = "WGS-84"
    GCJ02 = "GCJ-02"
