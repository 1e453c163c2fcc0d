"""Products, their packs, and the dated limits they are judged by."""

from django.db import models
from django.db.models import Q

from backend.accounts.models import User
from backend.core.history import tracked
from backend.core.ids import uuid7
from traceability.product.rules import CompareMode, Family, LimitKind, PackLevel


@tracked
class Product(models.Model):
    """What is sold or used: a salt, an additive, a packaging material."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    sku = models.CharField(max_length=40, unique=True)
    name_zh = models.CharField(max_length=100)
    name_en = models.CharField(max_length=100)
    family = models.CharField(max_length=20, choices=Family.choices())
    limit_key = models.CharField(max_length=40, blank=True)  # SpecLimit.product_key
    limit_grade = models.CharField(max_length=40, blank=True)  # SpecLimit.grade
    shelf_life_days = models.PositiveIntegerField(null=True, blank=True)  # salt may carry none
    vat_rate = models.DecimalField(max_digits=4, decimal_places=3, null=True, blank=True)
    is_active = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.sku


@tracked
class TradeItem(models.Model):
    """One pack level of a product with its GTIN: bag, case or pallet."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="trade_items")
    gtin = models.CharField(max_length=14, unique=True)
    level = models.CharField(max_length=10, choices=PackLevel.choices())
    net_kg = models.DecimalField(max_digits=12, decimal_places=3)
    contains = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    contains_count = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(gtin__regex=r"^[0-9]{14}$"), name="trade_item_gtin_14_digits"),
            models.CheckConstraint(condition=Q(net_kg__gt=0), name="trade_item_net_kg_positive"),
            models.CheckConstraint(
                condition=Q(contains=None, contains_count=None)
                | Q(contains_count__gt=0, contains__isnull=False),
                name="trade_item_contains_with_count",
            ),
        ]

    def __str__(self) -> str:
        return self.gtin


@tracked
class SpecLimit(models.Model):
    """One dated limit row with its source. Rows that need confirmation never judge.

    A change is a new row from its date on; the old one keeps judging the readings of its days.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    product_key = models.CharField(max_length=40)
    grade = models.CharField(max_length=40, blank=True)
    parameter = models.CharField(max_length=40)
    kind = models.CharField(max_length=16, choices=LimitKind.choices())
    low = models.DecimalField(max_digits=14, decimal_places=6, null=True, blank=True)
    high = models.DecimalField(max_digits=14, decimal_places=6, null=True, blank=True)
    unit = models.CharField(max_length=20, blank=True)
    basis = models.CharField(max_length=20, blank=True)
    standard = models.CharField(max_length=60)
    edition = models.CharField(max_length=20, blank=True)
    compare_mode = models.CharField(
        max_length=12, choices=CompareMode.choices(), default=CompareMode.FULL_VALUE
    )
    decimals = models.PositiveSmallIntegerField(
        null=True, blank=True
    )  # of the printed limit, for rounded mode
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)  # exclusive
    source_status = models.CharField(max_length=60)
    source = models.CharField(max_length=300)
    note = models.CharField(max_length=300, blank=True)
    needs_confirmation = models.BooleanField(default=True)
    confirmed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_document = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [models.Index(fields=["product_key", "parameter", "valid_from"], name="spec_limit_lookup")]
        constraints = [
            models.CheckConstraint(
                condition=Q(low__isnull=False) | Q(high__isnull=False) | Q(kind=LimitKind.PROFILE),
                name="spec_limit_has_a_bound",
            ),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gt=models.F("valid_from")), name="spec_limit_dates"
            ),
            models.CheckConstraint(
                condition=Q(needs_confirmation=True) | ~Q(source=""), name="spec_limit_active_has_source"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_key}/{self.grade}/{self.parameter}"
