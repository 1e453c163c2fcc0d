"""Cost categories and exact sums. Pure."""

from backend.core.choices import Code


class CostCategory(Code):
    """Rule 37: labour 人工, logistics 物流, testing 检测; travel 差旅 by kind."""

    LABOUR = "labour"
    LOGISTICS = "logistics"
    TESTING = "testing"
    TRANSPORT = "transport"
    LODGING = "lodging"
    MEALS = "meals"
    OTHER = "other"
