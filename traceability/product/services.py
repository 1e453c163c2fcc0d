"""Products, packs and dated limits: create, change, confirm, end, load from a table."""

import csv
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from backend.accounts.models import User
from backend.core import clock
from backend.core.errors import DomainError, InvalidInput
from backend.core.errors import mark as _
from traceability.product.models import Product, SpecLimit, TradeItem
from traceability.product.rules import (
    LimitData,
    Pack,
    PackLevel,
    ProductData,
    check_dates,
    check_limit,
    check_pack,
    gtin14,
    overlapping,
)
from traceability.product.sheet import BadSheet, Row, limits_of, products_of

SEED = Path(__file__).parent / "seed"


class SkuTaken(DomainError):
    code, status, title = "sku_taken", 409, _("This article number is taken")


class GtinTaken(DomainError):
    code, status, title = "gtin_taken", 409, _("This GTIN is taken")
    detail = _("A GTIN belongs to one pack for ever.")


class LimitOverlaps(DomainError):
    """Two confirmed limits for one product, grade and parameter on one day."""

    code, status, title = "limit_overlaps", 409, _("Another confirmed limit holds on the same days")
    detail = _("End the other one first: {standard} {edition}, from {valid_from}.")


class LimitConfirmed(DomainError):
    code, status, title = "limit_already_confirmed", 409, _("This limit is confirmed already")


class LimitNotConfirmed(DomainError):
    code, status, title = "limit_not_confirmed", 409, _("This limit is not confirmed")


@dataclass(frozen=True)
class Loaded:
    """Rows of a table: new ones, and those that were there already and stay as they are."""

    created: int
    kept: int


@transaction.atomic
def create_product(data: ProductData) -> Product:
    """Raises SkuTaken (409)."""
    try:
        with transaction.atomic():
            return Product.objects.create(**asdict(data))
    except IntegrityError as error:
        raise SkuTaken from error


@transaction.atomic
def change_product(product: Product, **changes: Any) -> Product:
    """Changes names, limit key, shelf life, VAT rate or activity; article number and family stay for ever.

    A product of another family is another product: edible and industrial batches must not meet under one number.
    """
    row = Product.objects.select_for_update().get(pk=product.pk)
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(update_fields=list(changes))
    return row


@dataclass(frozen=True)
class PackData:
    gtin: str
    level: PackLevel
    net_kg: Decimal
    contains_id: UUID | None = None
    contains_count: int | None = None


@transaction.atomic
def add_trade_item(product: Product, data: PackData) -> TradeItem:
    """A pack with its GTIN. Raises BadGtin, PackMismatch, InvalidInput (400), GtinTaken (409)."""
    item = TradeItem(product=product, **asdict(data) | {"gtin": gtin14(data.gtin)})
    _check_item(item)
    try:
        with transaction.atomic():
            item.save(force_insert=True)
    except IntegrityError as error:
        raise GtinTaken from error
    return item


@transaction.atomic
def change_trade_item(item: TradeItem, **changes: Any) -> TradeItem:
    """Corrects level, net kg or content; the GTIN stays for ever. Raises PackMismatch, InvalidInput (400).

    Correct the inner pack first: a pack is checked against what it holds.
    """
    row = TradeItem.objects.select_for_update().get(pk=item.pk)
    for name, value in changes.items():
        setattr(row, name, value)
    _check_item(row)
    row.save(update_fields=list(changes))
    return row


def _check_item(item: TradeItem) -> None:
    inner = TradeItem.objects.filter(pk=item.contains_id).first() if item.contains_id else None
    if item.contains_id and inner is None:
        raise InvalidInput(errors={"contains": _("Unknown pack.")})
    check_pack(_pack(item), inner=_pack(inner) if inner else None, count=item.contains_count)


def _pack(item: TradeItem) -> Pack:
    return Pack(product_id=item.product_id, level=PackLevel(item.level), net_kg=item.net_kg)


@transaction.atomic
def add_limit(data: LimitData) -> SpecLimit:
    """A limit row that judges nothing until it is confirmed. Raises BadBounds, InvalidInput (400)."""
    check_limit(data)
    return SpecLimit.objects.create(**asdict(data), needs_confirmation=True)


@transaction.atomic
def confirm_limit(limit: SpecLimit, *, by: User, document: str, valid_from: date | None = None) -> SpecLimit:
    """Lets the row judge: somebody has read the document. `valid_from` corrects the day it came into force.

    Raises LimitConfirmed, LimitOverlaps (409), InvalidInput (400).
    """
    row, others = _locked(limit)
    if not row.needs_confirmation:
        raise LimitConfirmed
    row.valid_from = valid_from or row.valid_from
    row.needs_confirmation = False
    row.confirmed_by, row.confirmed_at, row.confirmed_document = by, clock.now(), document
    _check_span(row, others)
    row.save()
    return row


@transaction.atomic
def end_limit(limit: SpecLimit, *, valid_to: date) -> SpecLimit:
    """The row holds until the day before `valid_to`; days before keep it. Also corrects a wrong end.

    Raises InvalidInput (400), LimitOverlaps (409).
    """
    row, others = _locked(limit)
    row.valid_to = valid_to
    _check_span(row, others)
    row.save(update_fields=["valid_to"])
    return row


@transaction.atomic
def withdraw_limit(limit: SpecLimit, *, reason: str) -> SpecLimit:
    """Takes back a confirmation made in error: the row judges no more; the reason is added to its note.

    Raises LimitNotConfirmed (409).
    """
    row, _others = _locked(limit)
    if row.needs_confirmation:
        raise LimitNotConfirmed
    row.needs_confirmation = True
    row.confirmed_by, row.confirmed_at, row.confirmed_document = None, None, ""
    row.note = "; ".join(filter(None, (reason, row.note)))[:300]  # newest first; the history keeps all of it
    row.save()
    return row


def _locked(limit: SpecLimit) -> tuple[SpecLimit, list[SpecLimit]]:
    """The row as it is now and the others of its key, all locked in key order: one confirmation at a time."""
    rows = list(
        SpecLimit.objects.select_for_update()
        .filter(product_key=limit.product_key, grade=limit.grade, parameter=limit.parameter)
        .order_by("id")
    )
    return next(row for row in rows if row.pk == limit.pk), [row for row in rows if row.pk != limit.pk]


def _check_span(row: SpecLimit, others: list[SpecLimit]) -> None:
    check_dates(row.valid_from, row.valid_to)
    other = None if row.needs_confirmation else overlapping(row, others=others)
    if other is not None:
        raise LimitOverlaps(
            limit=str(other.pk),
            standard=other.standard,
            edition=other.edition,
            valid_from=other.valid_from.isoformat(),
        )


@transaction.atomic
def load_products(rows: Iterable[Row]) -> Loaded:
    """Products of a table (seed/products_seed.csv); those whose article number exists stay as they are.

    Raises BadSheet (400), and then takes none.
    """
    wanted = {data.sku: data for data in products_of(rows)}
    known = set(Product.objects.filter(sku__in=wanted).values_list("sku", flat=True))
    fresh = [Product(**asdict(data)) for sku, data in wanted.items() if sku not in known]
    _check_lengths(fresh)
    Product.objects.bulk_create(fresh)
    return Loaded(created=len(fresh), kept=len(known))


@transaction.atomic
def load_limits(rows: Iterable[Row]) -> Loaded:
    """Limits of a table (seed/spec_limits.csv), each to be confirmed; rows that exist stay as they are.

    A row exists where product key, grade, parameter, standard and edition are the same. Raises BadSheet (400), and
    then takes none.
    """
    wanted = limits_of(rows)
    names = ("product_key", "grade", "parameter", "standard", "edition")
    known = set(SpecLimit.objects.values_list(*names))
    keys = [tuple(getattr(data, name) for name in names) for data in wanted]
    twice = {"/".join(key): _("This row stands twice.") for key, times in Counter(keys).items() if times > 1}
    if twice:
        raise BadSheet(errors=twice)
    fresh = [
        SpecLimit(**asdict(data), needs_confirmation=True)
        for key, data in zip(keys, wanted, strict=True)
        if key not in known
    ]
    _check_lengths(fresh)
    SpecLimit.objects.bulk_create(fresh)
    return Loaded(created=len(fresh), kept=len(wanted) - len(fresh))


def seed_rows(name: str) -> list[Row]:
    """The lines of a table in seed/: "products_seed.csv", "spec_limits.csv"."""
    with (SEED / name).open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))


def _check_lengths(rows: Iterable[Product | SpecLimit]) -> None:
    faults = {}
    for row in rows:
        try:
            row.clean_fields()
        except ValidationError as error:
            faults[str(row)] = str(error.message_dict)
    if faults:
        raise BadSheet(errors=faults)
