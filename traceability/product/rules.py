"""Product families, pack levels, kinds of limits, and which limit row is in force on a day. Pure."""

from backend.core.choices import Code


class Family(Code):
    EDIBLE = "edible"
    FOOD_PROCESSING = "food_processing"
    FEED = "feed"
    INDUSTRIAL = "industrial"
    RAW_MATERIAL = "raw_material"
    ADDITIVE = "additive"
    PACKAGING = "packaging"


class PackLevel(Code):
    BAG = "bag"
    CASE = "case"
    PALLET = "pallet"


class LimitKind(Code):
    """`max_exclusive` is strictly less than; `range` includes both ends; `profile` (sieve curve) never judges."""

    MIN = "min"
    MAX = "max"
    MAX_EXCLUSIVE = "max_exclusive"
    RANGE = "range"
    PROFILE = "profile"


class CompareMode(Code):
    """GB/T 8170: 全数值比较法 compares unrounded, 修约值比较法 rounds half-even to the limit's digits first."""

    FULL_VALUE = "full_value"
    ROUNDED = "rounded"
