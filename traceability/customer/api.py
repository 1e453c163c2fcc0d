"""Customers and their sites."""

from typing import Any
from uuid import UUID

import django_filters
from django.urls import path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.accounts.authentication import caller
from backend.accounts.rules import Can
from backend.core.endpoint import Endpoint, operation
from backend.core.fields import Choice, Day, Exact, Flag, In, Out, Text
from backend.core.paging import Filters, FlagFilter, TextFilter, get_or_404
from traceability.customer import queries, services
from traceability.customer.rules import (
    CustomerData,
    CustomerKind,
    Datum,
    SiteData,
    Tier,
    shown_customer,
    shown_site,
)


class CustomerIn(In):
    code = Text(max_length=40)
    name = Text(max_length=120)
    kind = Choice(choices=CustomerKind.choices())
    tier = Choice(choices=Tier.choices(), default=Tier.STANDARD.value)
    region = Text(max_length=32, source="region_code")
    province = Text(max_length=40)
    contact_name = Text(max_length=64, allow_blank=True, default="")
    contact_phone = Text(max_length=32, allow_blank=True, default="")
    licence_no = Text(max_length=64, allow_blank=True, default="")
    licence_valid_to = Day(allow_null=True, default=None)
    needs_visit = Flag(default=False, help_text="Remote or elderly customer: go there.")
    is_elderly = Flag(default=False)
    note = Text(max_length=500, allow_blank=True, default="")


class CustomerChangeIn(In):
    name = Text(max_length=120, required=False)
    kind = Choice(choices=CustomerKind.choices(), required=False)
    tier = Choice(choices=Tier.choices(), required=False)
    region = Text(max_length=32, source="region_code", required=False)
    province = Text(max_length=40, required=False)
    contact_name = Text(max_length=64, allow_blank=True, required=False)
    contact_phone = Text(max_length=32, allow_blank=True, required=False)
    licence_no = Text(max_length=64, allow_blank=True, required=False)
    licence_valid_to = Day(allow_null=True, required=False)
    needs_visit = Flag(required=False)
    is_elderly = Flag(required=False)
    note = Text(max_length=500, allow_blank=True, required=False)


class CustomerOut(Out):
    id = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=CustomerKind.choices())
    tier = serializers.ChoiceField(choices=Tier.choices())
    region = serializers.CharField(source="region_id")
    province = serializers.CharField()
    contact_name = serializers.CharField(help_text="王** for roles that may not see it.")
    contact_phone = serializers.CharField(help_text="138****5678 for roles that may not see it.")
    licence_no = serializers.CharField()
    licence_valid_to = serializers.DateField(allow_null=True)
    needs_visit = serializers.BooleanField()
    is_elderly = serializers.BooleanField()
    note = serializers.CharField(required=False, help_text="Absent for roles that may not see the contact.")

    def to_representation(self, instance: Any) -> dict[str, Any]:
        role = caller(self.context["request"]).role
        return shown_customer(super().to_representation(instance), role=role)


class SiteIn(In):
    name = Text(max_length=120)
    address = Text(max_length=200)
    latitude = Exact(
        max_digits=8, decimal_places=6, min_value=-90, max_value=90, allow_null=True, default=None
    )
    longitude = Exact(
        max_digits=9, decimal_places=6, min_value=-180, max_value=180, allow_null=True, default=None
    )
    datum = Choice(choices=Datum.choices(), allow_blank=True, default="")


class SiteChangeIn(In):
    name = Text(max_length=120, required=False)
    address = Text(max_length=200, required=False)
    latitude = Exact(
        max_digits=8, decimal_places=6, min_value=-90, max_value=90, allow_null=True, required=False
    )
    longitude = Exact(
        max_digits=9, decimal_places=6, min_value=-180, max_value=180, allow_null=True, required=False
    )
    datum = Choice(choices=Datum.choices(), allow_blank=True, required=False)
    is_active = Flag(required=False)


class SiteOut(Out):
    id = serializers.UUIDField()
    customer = serializers.UUIDField(source="customer_id")
    name = serializers.CharField()
    address = serializers.CharField(help_text="Masked for roles that may not see it.")
    latitude = serializers.DecimalField(
        max_digits=9,
        decimal_places=6,
        allow_null=True,
        required=False,
        help_text="Coordinate and datum are absent for roles that may not see the address.",
    )
    longitude = serializers.DecimalField(max_digits=9, decimal_places=6, allow_null=True, required=False)
    datum = serializers.CharField(required=False, help_text="WGS-84, GCJ-02, or empty without coordinate.")
    is_active = serializers.BooleanField()

    def to_representation(self, instance: Any) -> dict[str, Any]:
        role = caller(self.context["request"]).role
        return shown_site(super().to_representation(instance), role=role)


class CustomerFilters(Filters):
    code = TextFilter()
    name = TextFilter(lookup_expr="icontains", help_text="Part of the name.")
    kind = django_filters.ChoiceFilter(choices=CustomerKind.choices())
    tier = django_filters.ChoiceFilter(choices=Tier.choices())
    region = TextFilter()
    province = TextFilter()
    needs_visit = FlagFilter()


class SiteFilters(Filters):
    is_active = FlagFilter()


class Customers(Endpoint):
    filterset_class = CustomerFilters
    ordering = "code"

    @operation(Can.READ_CUSTOMERS, gives=CustomerOut, page=True)
    def get(self, request: Request) -> Response:
        """Customers in the caller's scope; contacts masked for roles that may not see them."""
        return self.page(queries.customers_for(caller(request)))

    @operation(Can.EDIT_CUSTOMERS, takes=CustomerIn, gives=CustomerOut, status=201)
    def post(self, request: Request) -> Response:
        """Add a customer in one of the own regions."""
        return self.answer(services.create_customer(CustomerData(**self.read()), by=caller(request)))


class CustomerDetail(Endpoint):
    @operation(Can.READ_CUSTOMERS, gives=CustomerOut)
    def get(self, request: Request, id: UUID) -> Response:
        """One customer."""
        return self.answer(get_or_404(queries.customers_for(caller(request)), id=id))

    @operation(Can.EDIT_CUSTOMERS, takes=CustomerChangeIn, gives=CustomerOut)
    def patch(self, request: Request, id: UUID) -> Response:
        """Change a customer; the code stays."""
        customer = get_or_404(queries.customers_for(caller(request)), id=id)
        return self.answer(services.change_customer(customer, by=caller(request), **self.read()))


class CustomerSites(Endpoint):
    filterset_class = SiteFilters

    @operation(Can.READ_CUSTOMERS, gives=SiteOut, page=True)
    def get(self, request: Request, id: UUID) -> Response:
        """Sites of a customer; addresses masked for roles that may not see them."""
        customer = get_or_404(queries.customers_for(caller(request)), id=id)
        return self.page(queries.sites_of(customer))

    @operation(Can.EDIT_CUSTOMERS, takes=SiteIn, gives=SiteOut, status=201)
    def post(self, request: Request, id: UUID) -> Response:
        """Add a site; a coordinate carries its datum."""
        customer = get_or_404(queries.customers_for(caller(request)), id=id)
        return self.answer(services.add_site(customer, SiteData(**self.read())))


class SiteDetail(Endpoint):
    @operation(Can.READ_CUSTOMERS, gives=SiteOut)
    def get(self, request: Request, id: UUID) -> Response:
        """One site."""
        return self.answer(get_or_404(queries.sites_for(caller(request)), id=id))

    @operation(Can.EDIT_CUSTOMERS, takes=SiteChangeIn, gives=SiteOut)
    def patch(self, request: Request, id: UUID) -> Response:
        """Change a site, or close it (`is_active`)."""
        site = get_or_404(queries.sites_for(caller(request)), id=id)
        return self.answer(services.change_site(site, **self.read()))


urlpatterns: list[Any] = [
    path("customers", Customers.as_view()),
    path("customers/<uuid:id>", CustomerDetail.as_view()),
    path("customers/<uuid:id>/sites", CustomerSites.as_view()),
    path("sites/<uuid:id>", SiteDetail.as_view()),
]
