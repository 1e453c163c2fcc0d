"""Rows of what batches were made from."""

from typing import Any

from tests import factories
from tests.house.place import Place


def genealogy(place: Place, found: dict[str, Any]) -> dict[str, Any]:
    """A run, a link of its own, a silo that was cleaned and filled, and goods that came back."""
    product, batch = found["product"], found["batch"]
    qc = place.colleagues["qc"]
    refined = factories.make_batch(product, kind="refined")
    silo = factories.make_silo()
    factories.make_silo_cleaning(silo, by=qc)
    factories.make_silo_fill(silo, refined, recorded_by=qc)
    return {
        "link": factories.make_link(factories.make_batch(product), batch, recorded_by=qc),
        "transformation": factories.make_transformation(refined, batch, recorded_by=qc),
        "silo": silo,
        "goods_return": factories.make_return(batch, place.customer, recorded_by=qc),
    }
