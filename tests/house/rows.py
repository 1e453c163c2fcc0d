"""The rows of one place, by noun: enough that every operation has something to work on."""

from typing import Any

from tests.house.place import Place
from tests.house.rows_accounts import accounts
from tests.house.rows_goods import products

MAKERS = (accounts, products)


def make_rows(place: Place) -> dict[str, Any]:
    """Noun → row. A later maker may use the nouns of the earlier ones."""
    found: dict[str, Any] = {}
    for make in MAKERS:
        found.update(make(place, found))
    return found
