"""Products, their packs, and the dated limits."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import django_filters
from django.db.models import Q, QuerySet
from django.urls import path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.accounts.authentication import caller
from backend.accounts.rules import Can
from backend.core.endpoint import Endpoint, operation
from backend.core.fields import Choice, Day, Exact, Flag, Id, In, Out, Text, Whole
from backend.core.paging import DayFilter, Filters, FlagFilter, TextFilter, get_or_404
from traceability.product import queries, services
from traceability.product.models import Product, SpecLimit
from traceability.product.rules import CompareMode, Family, LimitData, LimitKind, PackLevel, ProductData

LONGEST_SHELF_LIFE_DAYS = 36_500
LEAST_KG = Decimal("0.001")


class ProductIn(In):
    sku = Text(max_length=40)
    name_zh = Text(max_length=100)
    name_en = Text(max_length=100)
    family = Choice(choices=Family.choices())
    limit_key = Text(max_length=40, allow_blank=True, default="", help_text="`product_key` of its limits.")
    limit_grade = Text(max_length=40, allow_blank=True, default="")
    shelf_life_days = Whole(
        min_value=1,
        max_value=LONGEST_SHELF_LIFE_DAYS,
        allow_null=True,
        default=None,
        help_text="Salt may carry none.",
    )
    vat_rate = Exact(max_digits=4, decimal_places=3, min_value=0, max_value=1, allow_null=True, default=None)


class ProductChangeIn(In):
    name_zh = Text(max_length=100, required=False)
    name_en = Text(max_length=100, required=False)
    limit_key = Text(max_length=40, allow_blank=True, required=False)
    limit_grade = Text(max_length=40, allow_blank=True, required=False)
    shelf_life_days = Whole(min_value=1, max_value=LONGEST_SHELF_LIFE_DAYS, allow_null=True, required=False)
    vat_rate = Exact(
        max_digits=4, decimal_places=3, min_value=0, max_value=1, allow_null=True, required=False
    )
    is_active = Flag(required=False)


class ProductOut(Out):
    id = serializers.UUIDField()
    sku = serializers.CharField()
    name_zh = serializers.CharField()
    name_en = serializers.CharField()
    family = serializers.ChoiceField(choices=Family.choices())
    limit_key = serializers.CharField()
    limit_grade = serializers.CharField()
    shelf_life_days = serializers.IntegerField(allow_null=True)
    vat_rate = serializers.DecimalField(max_digits=4, decimal_places=3, allow_null=True)
    is_active = serializers.BooleanField()


class TradeItemIn(In):
    gtin = Text(max_length=14, help_text="8, 12, 13 or 14 digits; kept with 14.")
    level = Choice(choices=PackLevel.choices())
    net_kg = Exact(max_digits=12, decimal_places=3, min_value=LEAST_KG)
    contains = Id(source="contains_id", allow_null=True, default=None, help_text="The pack inside.")
    contains_count = Whole(min_value=1, max_value=1_000_000, allow_null=True, default=None)


class TradeItemChangeIn(In):
    level = Choice(choices=PackLevel.choices(), required=False)
    net_kg = Exact(max_digits=12, decimal_places=3, min_value=LEAST_KG, required=False)
    contains = Id(source="contains_id", allow_null=True, required=False)
    contains_count = Whole(min_value=1, max_value=1_000_000, allow_null=True, required=False)


class TradeItemOut(Out):
    id = serializers.UUIDField()
    product = serializers.UUIDField(source="product_id")
    gtin = serializers.CharField()
    level = serializers.ChoiceField(choices=PackLevel.choices())
    net_kg = serializers.DecimalField(max_digits=12, decimal_places=3)
    contains = serializers.UUIDField(source="contains_id", allow_null=True)
    contains_count = serializers.IntegerField(allow_null=True)


class LimitIn(In):
    product_key = Text(max_length=40)
    grade = Text(max_length=40, allow_blank=True, default="", help_text="Empty: for every grade.")
    parameter = Text(max_length=40)
    kind = Choice(choices=LimitKind.choices())
    low = Exact(max_digits=14, decimal_places=6, allow_null=True, default=None)
    high = Exact(max_digits=14, decimal_places=6, allow_null=True, default=None)
    unit = Text(max_length=20, allow_blank=True, default="")
    basis = Text(max_length=20, allow_blank=True, default="", help_text="wet, dry, as_I …")
    standard = Text(max_length=60)
    edition = Text(max_length=20, allow_blank=True, default="")
    compare_mode = Choice(choices=CompareMode.choices(), default=CompareMode.FULL_VALUE.value)
    decimals = Whole(
        min_value=0,
        max_value=6,
        allow_null=True,
        default=None,
        help_text="Digits of the printed limit, for `rounded`.",
    )
    valid_from = Day()
    valid_to = Day(allow_null=True, default=None, help_text="First day on which it no longer holds.")
    source = Text(max_length=300)  # type: ignore[assignment]  # a column of ours; DRF moves declared fields away
    note = Text(max_length=300, allow_blank=True, default="")


class ConfirmLimitIn(In):
    document = Text(max_length=200, help_text="What was read: standard, edition, page.")
    valid_from = Day(required=False, help_text="The day it came into force, where the row's is wrong.")


class EndLimitIn(In):
    valid_to = Day(help_text="First day on which it no longer holds.")


class WithdrawLimitIn(In):
    reason = Text(max_length=200)


class LimitOut(Out):
    id = serializers.UUIDField()
    product_key = serializers.CharField()
    grade = serializers.CharField()
    parameter = serializers.CharField()
    kind = serializers.ChoiceField(choices=LimitKind.choices())
    low = serializers.DecimalField(max_digits=14, decimal_places=6, allow_null=True)
    high = serializers.DecimalField(max_digits=14, decimal_places=6, allow_null=True)
    unit = serializers.CharField()
    basis = serializers.CharField()
    standard = serializers.CharField()
    edition = serializers.CharField()
    compare_mode = serializers.ChoiceField(choices=CompareMode.choices())
    decimals = serializers.IntegerField(allow_null=True)
    valid_from = serializers.DateField()
    valid_to = serializers.DateField(allow_null=True)
    source_status = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # a column of ours, as above
    note = serializers.CharField()
    needs_confirmation = serializers.BooleanField()
    confirmed_by = serializers.CharField(
        source="confirmed_by.display_name", default=None, allow_null=True, help_text="Display name."
    )
    confirmed_at = serializers.DateTimeField(allow_null=True)
    confirmed_document = serializers.CharField()


class ProductFilters(Filters):
    sku = TextFilter()
    name = TextFilter(method="by_name", help_text="Part of the Chinese or English name.")
    family = django_filters.ChoiceFilter(choices=Family.choices())
    gtin = TextFilter(field_name="trade_items__gtin")
    is_active = FlagFilter()

    def by_name(self, rows: QuerySet[Product], name: str, value: str) -> QuerySet[Product]:
        return rows.filter(Q(name_zh__icontains=value) | Q(name_en__icontains=value))


class LimitFilters(Filters):
    product_key = TextFilter()
    grade = TextFilter()
    parameter = TextFilter()
    standard = TextFilter()
    needs_confirmation = FlagFilter()
    in_force_on = DayFilter(method="held_on")

    def held_on(self, rows: QuerySet[SpecLimit], name: str, value: Any) -> QuerySet[SpecLimit]:
        return rows.filter(queries.limits_in_force(value))


class Products(Endpoint):
    filterset_class = ProductFilters
    ordering = "sku"

    @operation(Can.READ_PRODUCTS, gives=ProductOut, page=True)
    def get(self, request: Request) -> Response:
        """Products."""
        return self.page(queries.products())

    @operation(Can.MANAGE_PRODUCTS, takes=ProductIn, gives=ProductOut, status=201)
    def post(self, request: Request) -> Response:
        """Add a product."""
        return self.answer(services.create_product(ProductData(**self.read())))


class ProductDetail(Endpoint):
    @operation(Can.READ_PRODUCTS, gives=ProductOut)
    def get(self, request: Request, id: UUID) -> Response:
        """One product."""
        return self.answer(get_or_404(queries.products(), id=id))

    @operation(Can.MANAGE_PRODUCTS, takes=ProductChangeIn, gives=ProductOut)
    def patch(self, request: Request, id: UUID) -> Response:
        """Change a product; article number and family stay for ever."""
        product = get_or_404(queries.products(), id=id)
        return self.answer(services.change_product(product, **self.read()))


class ProductTradeItems(Endpoint):
    ordering = "gtin"

    @operation(Can.READ_PRODUCTS, gives=TradeItemOut, page=True)
    def get(self, request: Request, id: UUID) -> Response:
        """Packs of a product, each with its GTIN."""
        return self.page(queries.trade_items_of(get_or_404(queries.products(), id=id)))

    @operation(Can.MANAGE_PRODUCTS, takes=TradeItemIn, gives=TradeItemOut, status=201)
    def post(self, request: Request, id: UUID) -> Response:
        """Add a pack: bag, case or pallet."""
        product = get_or_404(queries.products(), id=id)
        return self.answer(services.add_trade_item(product, services.PackData(**self.read())))


class TradeItemDetail(Endpoint):
    @operation(Can.MANAGE_PRODUCTS, takes=TradeItemChangeIn, gives=TradeItemOut)
    def patch(self, request: Request, id: UUID) -> Response:
        """Correct a pack's level, net kg or content; the GTIN stays for ever."""
        item = get_or_404(queries.trade_items(), id=id)
        return self.answer(services.change_trade_item(item, **self.read()))


class Limits(Endpoint):
    filterset_class = LimitFilters

    @operation(Can.READ_LIMITS, gives=LimitOut, page=True)
    def get(self, request: Request) -> Response:
        """Specification limits, dated; those that need confirmation never judge."""
        return self.page(queries.limits())

    @operation(Can.MANAGE_PRODUCTS, takes=LimitIn, gives=LimitOut, status=201)
    def post(self, request: Request) -> Response:
        """Add a limit; it judges from its confirmation on."""
        return self.answer(services.add_limit(LimitData(**self.read(), source_status="entered")))


class LimitDetail(Endpoint):
    @operation(Can.READ_LIMITS, gives=LimitOut)
    def get(self, request: Request, id: UUID) -> Response:
        """One limit."""
        return self.answer(get_or_404(queries.limits(), id=id))


class LimitConfirm(Endpoint):
    @operation(Can.CONFIRM_LIMIT, takes=ConfirmLimitIn, gives=LimitOut)
    def post(self, request: Request, id: UUID) -> Response:
        """Confirm a limit against the document."""
        limit = get_or_404(queries.limits(), id=id)
        return self.answer(services.confirm_limit(limit, by=caller(request), **self.read()))


class LimitEnd(Endpoint):
    @operation(Can.CONFIRM_LIMIT, takes=EndLimitIn, gives=LimitOut)
    def post(self, request: Request, id: UUID) -> Response:
        """End a limit, or correct its end; the days before keep it."""
        limit = get_or_404(queries.limits(), id=id)
        return self.answer(services.end_limit(limit, **self.read()))


class LimitWithdraw(Endpoint):
    @operation(Can.CONFIRM_LIMIT, takes=WithdrawLimitIn, gives=LimitOut)
    def post(self, request: Request, id: UUID) -> Response:
        """Take back a confirmation made in error."""
        limit = get_or_404(queries.limits(), id=id)
        return self.answer(services.withdraw_limit(limit, **self.read()))


urlpatterns: list[Any] = [
    path("products", Products.as_view()),
    path("products/<uuid:id>", ProductDetail.as_view()),
    path("products/<uuid:id>/trade-items", ProductTradeItems.as_view()),
    path("trade-items/<uuid:id>", TradeItemDetail.as_view()),
    path("limits", Limits.as_view()),
    path("limits/<uuid:id>", LimitDetail.as_view()),
    path("limits/<uuid:id>/confirm", LimitConfirm.as_view()),
    path("limits/<uuid:id>/end", LimitEnd.as_view()),
    path("limits/<uuid:id>/withdraw", LimitWithdraw.as_view()),
]
