"""Shipments, and who received a batch."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.urls import path
from django.utils.translation import gettext
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.accounts.authentication import caller
from backend.accounts.rules import Can
from backend.core.endpoint import Endpoint, operation
from backend.core.fields import Day, Exact, Flag, Id, In, Out, Text, Whole
from backend.core.paging import DayFilter, Filters, FlagFilter, IdFilter, TextFilter, get_or_404
from traceability.batch.api import BatchRefOut
from traceability.batch.queries import batches_for
from traceability.customer.models import Customer
from traceability.customer.rules import Tier, shown_name
from traceability.dispatch import queries, services
from traceability.dispatch.models import Shipment
from traceability.dispatch.rules import TEXTS, Refusal

LEAST_KG = Decimal("0.001")
MOST_LINES = 500


class LineIn(In):
    batch = Id(source="batch_id")
    qty_kg = Exact(max_digits=14, decimal_places=3, min_value=LEAST_KG)
    units = Whole(
        min_value=1, max_value=100_000_000, allow_null=True, default=None, help_text="Bags or cases."
    )


class ShipmentIn(In):
    number = Text(max_length=40, default="", help_text="Without: the house gives one.")
    customer = Id(source="customer_id")
    site = Id(source="site_id", allow_null=True, default=None)
    shipped_on = Day()
    carrier = Text(max_length=100, allow_blank=True, default="")
    lines = serializers.ListField(child=LineIn(), min_length=1, max_length=MOST_LINES)
    skip_refused = Flag(default=False, help_text="Book the lines that may leave and report the others.")


class CancelIn(In):
    reason = Text(max_length=300)


class ShipmentCustomerOut(Out):
    id = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.SerializerMethodField()

    def get_name(self, customer: Customer) -> str:
        role = caller(self.context["request"]).role
        return shown_name(customer.name, kind=customer.kind, role=role)


class ShipmentSiteOut(Out):
    id = serializers.UUIDField()
    name = serializers.CharField()


class ShipmentLineOut(Out):
    id = serializers.UUIDField()
    batch = BatchRefOut()
    qty_kg = serializers.DecimalField(max_digits=14, decimal_places=3)
    units = serializers.IntegerField(allow_null=True)
    recorded_after_hold = serializers.BooleanField(
        help_text="Left before the batch was held, recalled or destroyed, and was entered afterwards."
    )


class ShipmentOut(Out):
    id = serializers.UUIDField()
    number = serializers.CharField()
    customer = ShipmentCustomerOut()
    site = ShipmentSiteOut(allow_null=True)
    shipped_on = serializers.DateField()
    carrier = serializers.CharField()
    lines = ShipmentLineOut(many=True)
    cancelled_at = serializers.DateTimeField(allow_null=True)
    cancel_reason = serializers.CharField()


class RefusedLineOut(Out):
    index = serializers.IntegerField(help_text="From 0, in the order given.")
    batch = serializers.UUIDField(source="batch_id")
    code = serializers.ChoiceField(source="refusal", choices=Refusal.choices())
    detail = serializers.SerializerMethodField()

    def get_detail(self, line: services.RefusedLine) -> str:
        return gettext(TEXTS[line.refusal])


class BookedOut(ShipmentOut):
    refused = RefusedLineOut(many=True)

    def to_representation(self, instance: Any) -> dict[str, Any]:
        refused = RefusedLineOut(instance.refused, many=True).data
        return ShipmentOut(instance.shipment, context=self.context).data | {"refused": refused}


class ReceiverOut(Out):
    customer = serializers.UUIDField()
    customer_code = serializers.CharField()
    customer_name = serializers.SerializerMethodField()
    tier = serializers.ChoiceField(choices=Tier.choices())
    region = serializers.CharField()
    province = serializers.CharField()
    site = serializers.UUIDField(allow_null=True)
    site_name = serializers.CharField(allow_null=True)
    shipments = serializers.ListField(child=serializers.CharField(), help_text="Their numbers.")
    qty_kg = serializers.DecimalField(source="qty_sum_kg", max_digits=20, decimal_places=3)
    first_shipped_on = serializers.DateField()
    last_shipped_on = serializers.DateField()

    def get_customer_name(self, row: dict[str, Any]) -> str:
        role = caller(self.context["request"]).role
        return shown_name(row["customer_name"], kind=row["customer_kind"], role=role)


class ShipmentFilters(Filters):
    number = TextFilter()
    customer = IdFilter()
    site = IdFilter()
    batch = IdFilter(field_name="lines__batch")
    shipped_from = DayFilter(field_name="shipped_on", lookup_expr="gte")
    shipped_to = DayFilter(field_name="shipped_on", lookup_expr="lte")
    is_cancelled = FlagFilter(method="by_cancelled")

    def by_cancelled(self, rows: QuerySet[Shipment], name: str, value: bool) -> QuerySet[Shipment]:
        return rows.filter(cancelled_at__isnull=not value)


class Shipments(Endpoint):
    filterset_class = ShipmentFilters
    ordering = ("-shipped_on", "-id")

    @operation(Can.READ_SHIPMENTS, gives=ShipmentOut, page=True)
    def get(self, request: Request) -> Response:
        """Shipments with their lines, the latest first."""
        return self.page(queries.shipments_for(caller(request)))

    @operation(Can.RECORD_SHIPMENT, takes=ShipmentIn, gives=BookedOut, status=201)
    def post(self, request: Request) -> Response:
        """Book a shipment; a batch on hold, recalled, not released or used up is refused line by line.

        What left on a day before that of the hold or recall is booked: its paper came late.
        One refused line stops all (409, one error per line), unless `skip_refused`.
        """
        data = self.read()
        skip_refused = data.pop("skip_refused")
        data["lines"] = tuple(services.LineData(**line) for line in data["lines"])
        shipment = services.ShipmentData(**data)
        return self.answer(services.record_shipment(shipment, by=caller(request), skip_refused=skip_refused))


class ShipmentDetail(Endpoint):
    @operation(Can.READ_SHIPMENTS, gives=ShipmentOut)
    def get(self, request: Request, id: UUID) -> Response:
        """One shipment."""
        return self.answer(get_or_404(queries.shipments_for(caller(request)), id=id))


class ShipmentCancel(Endpoint):
    @operation(Can.RECORD_SHIPMENT, takes=CancelIn, gives=ShipmentOut)
    def post(self, request: Request, id: UUID) -> Response:
        """Cancel a shipment entered in error; its number is free again."""
        shipment = get_or_404(queries.shipments_for(caller(request)), id=id)
        return self.answer(services.cancel_shipment(shipment, by=caller(request), **self.read()))


class BatchReceivers(Endpoint):
    ordering = ("customer_code", "site")

    @operation(Can.READ_RECEIVERS, gives=ReceiverOut, page=True)
    def get(self, request: Request, id: UUID) -> Response:
        """Who received a batch directly: customer, site, shipments and the kg, as far as shipments are known."""
        user = caller(request)
        return self.page(queries.receivers_for(user, get_or_404(batches_for(user), id=id)))


urlpatterns: list[Any] = [
    path("shipments", Shipments.as_view()),
    path("shipments/<uuid:id>", ShipmentDetail.as_view()),
    path("shipments/<uuid:id>/cancel", ShipmentCancel.as_view()),
    path("batches/<uuid:id>/receivers", BatchReceivers.as_view()),
]
