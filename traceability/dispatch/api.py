"""Logistic units, shipments and their receipts, sales rules, and who received a batch."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.urls import path
from django.utils.translation import gettext
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.accounts.authentication import caller
from backend.accounts.rules import Can
from backend.core.endpoint import Endpoint, operation
from backend.core.errors import InvalidInput
from backend.core.errors import mark as _
from backend.core.fields import Choice, Day, Exact, Flag, Id, In, Moment, Out, Text, Whole
from backend.core.paging import (
    DayFilter,
    Filters,
    FlagFilter,
    IdFilter,
    MomentFilter,
    TextFilter,
    get_or_404,
)
from traceability.batch.api import BatchRefOut
from traceability.batch.queries import batches_for
from traceability.customer.models import Customer
from traceability.customer.rules import CustomerKind, Tier, shown_name
from traceability.dispatch import packing, queries, receipt, services
from traceability.dispatch.gate import LineData
from traceability.dispatch.models import Shipment, ShipmentReceipt
from traceability.dispatch.rules import (
    TEXTS,
    Refusal,
    ShipmentStatus,
    UnitLevel,
    UnitState,
    shipment_status,
)
from traceability.dispatch.unit_shapes import (
    ContainmentOut,
    LoadIn,
    UnitDetailOut,
    UnitIn,
    UnitOut,
    UnloadIn,
)
from traceability.product.rules import Family

LEAST_KG = Decimal("0.001")
MOST_LINES = 500


class LineIn(In):
    """Kg of a batch, or a packed unit."""

    batch = Id(source="batch_id", required=False)
    qty_kg = Exact(max_digits=14, decimal_places=3, min_value=LEAST_KG, required=False)
    units = Whole(
        min_value=1, max_value=100_000_000, allow_null=True, required=False, help_text="Bags or cases."
    )
    sscc = Text(max_length=18, required=False, help_text="A packed unit: all that lies in it, at any depth.")

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        if "sscc" in data and len(data) > 1:
            raise serializers.ValidationError({"sscc": [_("A unit is named by its number alone.")]})
        if "sscc" not in data and "batch_id" not in data:
            raise serializers.ValidationError({"batch": [_("Either batch or sscc is expected.")]})
        if "batch_id" in data and "qty_kg" not in data:
            raise serializers.ValidationError({"qty_kg": [_("A batch is shipped in kg.")]})
        return data


class ShipmentIn(In):
    number = Text(max_length=40, default="", help_text="Without: the house gives one.")
    customer = Id(source="customer_id")
    site = Id(source="site_id", allow_null=True, default=None)
    shipped_on = Day()
    carrier = Text(max_length=100, allow_blank=True, default="")
    is_monitored = Flag(default=False, help_text="A high-value order, watched until it is received.")
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
    sscc = serializers.CharField(source="unit.sscc", default=None, allow_null=True, help_text="Of its unit.")
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
    is_monitored = serializers.BooleanField()
    status = serializers.SerializerMethodField()
    received_at = serializers.DateTimeField(source="receipt.received_at", default=None, allow_null=True)
    lines = ShipmentLineOut(many=True)
    cancelled_at = serializers.DateTimeField(allow_null=True)
    cancel_reason = serializers.CharField()

    @extend_schema_field(serializers.ChoiceField(choices=ShipmentStatus.choices()))
    def get_status(self, shipment: Shipment) -> str:
        is_received = getattr(shipment, "receipt", None) is not None
        return shipment_status(is_cancelled=shipment.cancelled_at is not None, is_received=is_received)


class RefusedLineOut(Out):
    index = serializers.IntegerField(help_text="From 0, in the order given.")
    batch = serializers.UUIDField(source="batch_id", allow_null=True, help_text="The batch at fault.")
    sscc = serializers.CharField(help_text="Of the unit the line named; empty for a batch.")
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
    is_monitored = FlagFilter()
    status = django_filters.ChoiceFilter(method="by_status", choices=ShipmentStatus.choices())
    sscc = TextFilter(method="by_unit", help_text="Of a unit named in it.")

    def by_cancelled(self, rows: QuerySet[Shipment], name: str, value: bool) -> QuerySet[Shipment]:
        return rows.filter(cancelled_at__isnull=not value)

    def by_status(self, rows: QuerySet[Shipment], name: str, value: str) -> QuerySet[Shipment]:
        return queries.with_status(rows, ShipmentStatus(value))

    def by_unit(self, rows: QuerySet[Shipment], name: str, value: str) -> QuerySet[Shipment]:
        return rows.filter(lines__unit__sscc=value).distinct()


class UnitFilters(Filters):
    sscc = TextFilter(lookup_expr="startswith", help_text="The number or its beginning.")
    level = django_filters.ChoiceFilter(choices=UnitLevel.choices())
    state = django_filters.ChoiceFilter(method="by_state", choices=UnitState.choices())
    batch = IdFilter(field_name="contents__batch", help_text="Lies in the unit itself.")
    parent = TextFilter(method="by_parent", help_text="SSCC of the unit it stands in.")
    packed_from = MomentFilter(field_name="packed_at", lookup_expr="gte")
    packed_to = MomentFilter(field_name="packed_at", lookup_expr="lt")

    def by_state(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return queries.units_in_state(rows, UnitState(value))

    def by_parent(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(stays__parent__sscc=value, stays__valid_to=None)


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

        A line names a batch with its kg, or a packed unit: then everything in it leaves, or nothing of it.

        What left on a day before that of the hold or recall is booked: its paper came late.
        One refused line stops all (409, one error per line), unless `skip_refused`.
        """
        data = self.read()
        skip_refused = data.pop("skip_refused")
        data["lines"] = tuple(LineData(**line) for line in data["lines"])
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


class CountIn(In):
    batch = Id(source="batch_id")
    qty_kg = Exact(max_digits=14, decimal_places=3, min_value=Decimal(0))


class ReceiptIn(In):
    received_at = Moment()
    received_by_name = Text(max_length=64)
    lines = serializers.ListField(
        child=CountIn(),
        min_length=1,
        max_length=MOST_LINES,
        allow_null=True,
        default=None,
        help_text="What was counted of each batch; without: all came as it was sent.",
    )
    note = Text(max_length=500, allow_blank=True, default="")


class ComparedOut(Out):
    batch = BatchRefOut()
    sent_kg = serializers.DecimalField(max_digits=20, decimal_places=3)
    received_kg = serializers.DecimalField(max_digits=20, decimal_places=3)
    difference_kg = serializers.DecimalField(
        max_digits=20, decimal_places=3, help_text="Negative: some is missing."
    )


class ReceiptOut(Out):
    id = serializers.UUIDField()
    shipment = serializers.UUIDField(source="shipment_id")
    received_at = serializers.DateTimeField()
    received_by_name = serializers.CharField()
    recorded_by = serializers.CharField(source="recorded_by.display_name", help_text="Display name.")
    recorded_at = serializers.DateTimeField()
    note = serializers.CharField()
    lines = serializers.SerializerMethodField()
    difference_kg = serializers.SerializerMethodField(help_text="Of all batches together.")

    @extend_schema_field(ComparedOut(many=True))
    def get_lines(self, row: ShipmentReceipt) -> Any:
        return ComparedOut(receipt.compared(row), many=True).data

    @extend_schema_field(serializers.DecimalField(max_digits=20, decimal_places=3))
    def get_difference_kg(self, row: ShipmentReceipt) -> str:
        return str(sum((line.difference_kg for line in receipt.compared(row)), Decimal("0.000")))


class Receipt(Endpoint):
    @operation(Can.READ_SHIPMENTS, gives=ReceiptOut)
    def get(self, request: Request, id: UUID) -> Response:
        """What the customer counted beside what was sent; 404 until it is entered."""
        user = caller(request)
        return self.answer(receipt.receipt_of(get_or_404(queries.shipments_for(user), id=id), by=user))

    @operation(Can.RECORD_SHIPMENT, takes=ReceiptIn, gives=ReceiptOut, status=201)
    def post(self, request: Request, id: UUID) -> Response:
        """Enter what came, once and for ever."""
        user = caller(request)
        shipment, data = get_or_404(queries.shipments_for(user), id=id), self.read()
        if data["lines"] is not None:
            data["lines"] = tuple(receipt.CountData(**line) for line in data["lines"])
        return self.answer(receipt.record_receipt(shipment, receipt.ReceiptData(**data), by=user))


class Units(Endpoint):
    filterset_class = UnitFilters
    ordering = ("-packed_at", "-id")

    @operation(Can.READ_SHIPMENTS, gives=UnitOut, page=True)
    def get(self, request: Request) -> Response:
        """Packed units, the latest first."""
        return self.page(queries.units_for(caller(request)))

    @operation(Can.RECORD_SHIPMENT, takes=UnitIn, gives=UnitDetailOut, status=201)
    def post(self, request: Request) -> Response:
        """Register a packed unit under its SSCC, or under one the house draws."""
        data, user = self.read(), caller(request)
        data["contents"] = tuple(packing.ContentData(**content) for content in data["contents"])
        made = packing.pack_unit(packing.UnitData(**data), by=user)
        return self.answer(queries.whole_unit(user, made.sscc))


class UnitDetail(Endpoint):
    @operation(Can.READ_SHIPMENTS, gives=UnitDetailOut)
    def get(self, request: Request, sscc: str) -> Response:
        """One unit: what is in it at any depth, kg per batch, and where it is now."""
        return self.answer(queries.whole_unit(caller(request), sscc))


class UnitContainments(Endpoint):
    ordering = ("-valid_from", "-id")

    @operation(Can.READ_SHIPMENTS, gives=ContainmentOut, page=True)
    def get(self, request: Request, sscc: str) -> Response:
        """What the unit stood in and what stood in it, from when to when; the latest first."""
        unit = get_or_404(queries.units_for(caller(request)), sscc=sscc)
        return self.page(queries.containments_of(unit))


class UnitLoad(Endpoint):
    @operation(Can.RECORD_SHIPMENT, takes=LoadIn, gives=UnitDetailOut)
    def post(self, request: Request, sscc: str) -> Response:
        """Put the unit into another one of a higher level."""
        user, data = caller(request), self.read()
        unit = get_or_404(queries.units_for(user), sscc=sscc)
        parent = queries.units_for(user).filter(sscc=data["parent"]).first()
        if parent is None:
            raise InvalidInput(errors={"parent": _("There is no unit with this number.")})
        packing.load_unit(unit, parent=parent, at=data["at"], by=user)
        return self.answer(queries.whole_unit(user, sscc))


class UnitUnload(Endpoint):
    @operation(Can.RECORD_SHIPMENT, takes=UnloadIn, gives=UnitDetailOut)
    def post(self, request: Request, sscc: str) -> Response:
        """Take the unit out of the one it stands in."""
        user = caller(request)
        unit = get_or_404(queries.units_for(user), sscc=sscc)
        packing.unload_unit(unit, at=self.read()["at"], by=user)
        return self.answer(queries.whole_unit(user, sscc))


class UnitCancel(Endpoint):
    @operation(Can.RECORD_SHIPMENT, takes=CancelIn, gives=UnitDetailOut)
    def post(self, request: Request, sscc: str) -> Response:
        """Cancel a unit entered in error: its contents may be packed anew, its number is not used again."""
        user = caller(request)
        unit = get_or_404(queries.units_for(user), sscc=sscc)
        packing.cancel_unit(unit, by=user, reason=self.read()["reason"])
        return self.answer(queries.whole_unit(user, sscc))


class SalesRuleIn(In):
    family = Choice(choices=Family.choices())
    customer_kind = Choice(choices=CustomerKind.choices())
    is_allowed = Flag()
    needs_licence = Flag(default=False, help_text="One that is valid on the day of shipping.")
    valid_from = Day()
    source = Text(max_length=300, help_text="Where you read it.")  # type: ignore[assignment]  # a field of the body


class SalesRuleOut(Out):
    id = serializers.UUIDField()
    family = serializers.ChoiceField(choices=Family.choices())
    customer_kind = serializers.ChoiceField(choices=CustomerKind.choices())
    is_allowed = serializers.BooleanField()
    needs_licence = serializers.BooleanField()
    valid_from = serializers.DateField()
    source = serializers.CharField()  # type: ignore[assignment]  # a field of the answer
    needs_confirmation = serializers.BooleanField(help_text="Such a rule refuses nothing.")


class SalesRuleFilters(Filters):
    family = django_filters.ChoiceFilter(choices=Family.choices())
    customer_kind = django_filters.ChoiceFilter(choices=CustomerKind.choices())
    needs_confirmation = FlagFilter()


class SalesRules(Endpoint):
    filterset_class = SalesRuleFilters
    ordering = ("-valid_from", "-id")

    @operation(Can.READ_SHIPMENTS, gives=SalesRuleOut, page=True)
    def get(self, request: Request) -> Response:
        """Who may be supplied with what, from which day on; the newest rule in force on the day counts."""
        return self.page(queries.sales_rules())

    @operation(Can.CONFIRM_LIMIT, takes=SalesRuleIn, gives=SalesRuleOut, status=201)
    def post(self, request: Request) -> Response:
        """A new rule, in force from its day on; earlier shipments stay as they were judged."""
        return self.answer(services.add_sales_rule(**self.read()))


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
    path("shipments/<uuid:id>/receipt", Receipt.as_view()),
    path("sales-rules", SalesRules.as_view()),
    path("logistic-units", Units.as_view()),
    path("logistic-units/<str:sscc>", UnitDetail.as_view()),
    path("logistic-units/<str:sscc>/containments", UnitContainments.as_view()),
    path("logistic-units/<str:sscc>/load", UnitLoad.as_view()),
    path("logistic-units/<str:sscc>/unload", UnitUnload.as_view()),
    path("logistic-units/<str:sscc>/cancel", UnitCancel.as_view()),
    path("batches/<uuid:id>/receivers", BatchReceivers.as_view()),
]
