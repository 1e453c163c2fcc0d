"""Who received what, and what is left of a batch."""

from decimal import Decimal

import pytest

from backend.core import clock
from tests.factories import make_batch, make_customer, make_link, make_shipment, make_site, make_user
from traceability.dispatch import queries

pytestmark = pytest.mark.django_db


def test_receivers_are_summed_per_customer_and_site():
    batch, site = make_batch(), make_site()
    make_shipment(batch, site.customer, site=site, qty_kg="100", number="S1", shipped_on="2026-03-01")
    make_shipment(batch, site.customer, site=site, qty_kg="50.5", number="S2", shipped_on="2026-03-09")
    make_shipment(batch, site.customer, qty_kg="7", number="S3")
    make_shipment(make_batch(), site.customer, site=site)
    rows = {row["site"]: row for row in queries.receivers_for(make_user("qc"), batch)}
    assert {site_id: row["qty_sum_kg"] for site_id, row in rows.items()} == {
        site.pk: Decimal("150.5"),
        None: Decimal(7),
    }
    assert rows[site.pk]["shipments"] == ["S1", "S2"]
    assert str(rows[site.pk]["first_shipped_on"]) == "2026-03-01"
    assert str(rows[site.pk]["last_shipped_on"]) == "2026-03-09"


def test_clerk_sees_receivers_and_shipments_of_the_own_regions():
    batch, clerk = make_batch(), make_user("clerk", regions=["east"])
    east = make_shipment(batch)
    make_shipment(batch, make_customer(region_code="north"))
    assert list(queries.shipments_for(clerk)) == [east]
    assert [row["customer"] for row in queries.receivers_for(clerk, batch)] == [east.customer_id]
    assert queries.shipments_for(make_user("logistics")).count() == 2


def test_cancelled_shipments_do_not_count():
    batch, by = make_batch(), make_user("logistics")
    make_shipment(
        batch, cancelled_at=clock.now(), cancelled_by=by, cancel_reason="entered twice", recorded_by=by
    )
    assert not queries.receivers_for(by, batch).exists()
    assert queries.shipped_kg([batch.pk]) == {}


def test_what_was_shipped_or_used_is_gone():
    batch = make_batch(qty_kg=Decimal(1000))
    make_shipment(batch, qty_kg="300")
    make_link(batch, make_batch(), qty_kg="200")
    assert queries.stocks([batch], on=clock.today())[batch.pk].gone_kg == Decimal(500)
