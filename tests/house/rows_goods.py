"""Rows of the goods floor."""

from datetime import date
from typing import Any

from tests import factories
from tests.house.place import Place


def products(place: Place, found: dict[str, Any]) -> dict[str, Any]:
    product = factories.make_product()
    bag = factories.make_trade_item(product)
    limit = factories.make_limit(product_key=f"key_{place.region}")
    unconfirmed = factories.make_limit(
        product_key=f"key_{place.region}",
        parameter="nacl",
        needs_confirmation=True,
        valid_from=date(2024, 1, 1),
    )
    return {"product": product, "trade_item": bag, "limit": limit, "unconfirmed_limit": unconfirmed}
