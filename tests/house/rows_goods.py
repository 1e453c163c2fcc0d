"""Rows of the goods floor."""

from contextlib import nullcontext
from datetime import date, timedelta
from typing import Any

from backend.accounts.models import User
from backend.core import clock
from backend.core.ids import uuid7
from tests import factories
from tests.house.place import Place
from traceability.batch.models import Batch, BatchDecision, Proposal
from traceability.scan.intake import entry_of
from traceability.scan.models import CodeAlias, LabelProfile, Scan, UnknownCode
from traceability.scan.services import Author, record_scan


def products(place: Place, found: dict[str, Any]) -> dict[str, Any]:
    key = f"key_{place.region}"
    product = factories.make_product(limit_key=key)
    unconfirmed = factories.make_limit(
        product_key=key, parameter="nacl", needs_confirmation=True, valid_from=date(2024, 1, 1)
    )
    return {
        "product": product,
        "trade_item": factories.make_trade_item(product),
        "limit": factories.make_limit(product_key=key),
        "unconfirmed_limit": unconfirmed,
    }


def customers(place: Place, found: dict[str, Any]) -> dict[str, Any]:
    return {"customer": place.customer, "site": factories.make_site(place.customer)}


def batches(place: Place, found: dict[str, Any]) -> dict[str, Any]:
    product = found["product"]
    batch = factories.make_batch(product, trade_item=found["trade_item"])
    tested = factories.make_batch(product, status="quarantine")
    for certified in (batch, tested):
        tester, reviewer = place.colleagues["qc"], place.colleagues["qc_reviewer"]
        factories.make_certificate(certified, tested_by=tester, reviewed_by=reviewer)
    parent = factories.make_batch(product)
    factories.make_link(parent, batch)
    factories.make_link(batch, factories.make_batch(product))
    return {
        "batch": batch,
        "tested_batch": tested,
        "parent_batch": factories.make_batch(product),
        "decided_batch": decided(factories.make_batch(product), place),
        "proposal": propose(factories.make_batch(product), place),
    }


def decided(batch: Batch, place: Place) -> Batch:
    """The batch with one decision on it."""
    BatchDecision.objects.create(
        batch=batch,
        action="release",
        from_status="quarantine",
        to_status="released",
        reason="检验合格",
        by=place.colleagues["qc"],
        at=clock.now(),
    )
    return batch


def propose(batch: Batch, place: Place) -> Proposal:
    """A director's open proposal to hold the batch."""
    return Proposal.objects.create(
        batch=batch,
        action="hold",
        reason="两次水分超标",
        proposed_by=place.colleagues["director"],
        proposed_at=clock.now(),
    )


def shipments(place: Place, found: dict[str, Any]) -> dict[str, Any]:
    return {
        "shipment": factories.make_shipment(
            found["batch"],
            place.customer,
            site=found["site"],
            shipped_on=clock.today() - timedelta(days=10),
            recorded_by=place.colleagues["logistics"],
        )
    }


def scans(place: Place, found: dict[str, Any]) -> dict[str, Any]:
    at = clock.now()
    number = next(factories.numbers)
    unknown = UnknownCode.objects.create(raw=f"XX-{number}", first_seen_at=at, last_seen_at=at)
    alias = CodeAlias.objects.create(code=f"TAG-{number}", batch=found["batch"], note="旧标签")
    profile = LabelProfile.objects.create(
        own_hosts=["id.example.cn"],
        batch_patterns=[r"YS\d{8}[A-Z]\d{2}"],
        valid_from=date(2026, 1, number % 28 + 1),
    )
    mine = {f"scan@{role}": make_scan(user, found["batch"]) for role, user in place.people.items()}
    own = mine["scan@technician"]
    return {**mine, "scan": own, "unknown_code": unknown, "alias": alias, "label_profile": profile}


def make_scan(user: User, batch: Batch) -> Scan:
    """A typed scan that found the batch, made as the API makes it."""
    at = clock.now()
    item = {
        "id": str(uuid7()),
        "raw": batch.code,
        "made_at": at.isoformat(),
        "place": {"latitude": "32.06", "longitude": "118.79", "datum": "WGS-84", "accuracy_m": "12.0"},
    }
    entry = entry_of(item, stamp=lambda made_at: clock.stamp(made_at=made_at, sent_at=None, received_at=at))
    record_scan(entry, by=Author(user=user, device_id=None, audit=nullcontext))
    return Scan.objects.get(pk=entry.id)
