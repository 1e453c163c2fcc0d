"""Logistic units as the API takes and gives them."""

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from backend.accounts.authentication import caller
from backend.accounts.queries import region_scope
from backend.core.fields import Choice, Exact, Id, In, Moment, Out, Text, Whole
from traceability.batch.api import BatchRefOut
from traceability.dispatch.models import LogisticUnit
from traceability.dispatch.rules import UnitLevel, UnitState

LEAST_KG = Decimal("0.001")
MOST_CONTENTS = 200


class UnitContentIn(In):
    batch = Id(source="batch_id")
    qty_kg = Exact(max_digits=14, decimal_places=3, min_value=LEAST_KG)
    count = Whole(
        min_value=1, max_value=100_000_000, allow_null=True, default=None, help_text="Bags or cases."
    )


class UnitIn(In):
    sscc = Text(max_length=18, default="", help_text="Without: the house draws one.")
    level = Choice(choices=UnitLevel.choices())
    trade_item = Id(source="trade_item_id", allow_null=True, default=None)
    packed_at = Moment(allow_null=True, default=None, help_text="Without: now.")
    contents = serializers.ListField(
        child=UnitContentIn(),
        max_length=MOST_CONTENTS,
        default=list,
        help_text="What lies in the unit itself, not in units that stand in it.",
    )


class LoadIn(In):
    parent = Text(  # type: ignore[assignment]  # a field of the body
        max_length=18, help_text="SSCC of the unit it is put into."
    )
    at = Moment(allow_null=True, default=None, help_text="Without: now.")


class UnloadIn(In):
    at = Moment(allow_null=True, default=None, help_text="Without: now.")


class UnitContentOut(Out):
    batch = BatchRefOut()
    qty_kg = serializers.DecimalField(max_digits=14, decimal_places=3)
    count = serializers.IntegerField(allow_null=True)


class UnitTotalOut(Out):
    batch = BatchRefOut()
    qty_kg = serializers.DecimalField(max_digits=20, decimal_places=3)
    count = serializers.IntegerField(allow_null=True)

    def to_representation(self, instance: Any) -> dict[str, Any]:
        batch, held = instance
        return super().to_representation({"batch": batch, "qty_kg": held.qty_kg, "count": held.count})


class LeftWithOut(Out):
    """The shipment a unit left with; the customer only where the caller sees it."""

    id = serializers.UUIDField()
    number = serializers.CharField()
    shipped_on = serializers.DateField()
    received_at = serializers.DateTimeField(allow_null=True)
    customer = serializers.UUIDField(allow_null=True)
    customer_code = serializers.CharField(allow_null=True)


def parent_of(unit: LogisticUnit) -> LogisticUnit | None:
    """What the unit stands in; rows come with `open_stays`."""
    return next((stay.parent for stay in unit.open_stays), None)  # type: ignore[attr-defined]  # prefetched


class UnitOut(Out):
    id = serializers.UUIDField()
    sscc = serializers.CharField()
    level = serializers.ChoiceField(choices=UnitLevel.choices())
    trade_item = serializers.UUIDField(source="trade_item_id", allow_null=True)
    gtin = serializers.CharField(source="trade_item.gtin", default=None, allow_null=True)
    packed_at = serializers.DateTimeField()
    packed_by = serializers.CharField(source="packed_by.display_name", help_text="Display name.")
    contents = UnitContentOut(many=True)
    state = serializers.SerializerMethodField()
    parent = serializers.SerializerMethodField(  # type: ignore[assignment]  # a field of the answer
        help_text="SSCC of the unit it stands in."
    )
    shipment = serializers.SerializerMethodField()
    cancelled_at = serializers.DateTimeField(allow_null=True)
    cancel_reason = serializers.CharField()

    @extend_schema_field(serializers.ChoiceField(choices=UnitState.choices()))
    def get_state(self, unit: Any) -> str:
        if unit.cancelled_at is not None:
            return UnitState.CANCELLED
        if unit.left_with is not None:
            return UnitState.SHIPPED
        return UnitState.LOADED if unit.open_stays else UnitState.STANDING

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_parent(self, unit: Any) -> str | None:
        parent = parent_of(unit)
        return parent.sscc if parent else None

    @extend_schema_field(LeftWithOut(allow_null=True))
    def get_shipment(self, unit: Any) -> dict[str, Any] | None:
        if unit.left_with is None:
            return None
        regions = region_scope(caller(self.context["request"]))
        shown = {name: value for name, value in unit.left_with.items() if name != "region"}
        if regions is not None and unit.left_with["region"] not in regions:
            shown |= {"customer": None, "customer_code": None}
        return shown


class StandingOut(Out):
    sscc = serializers.CharField()
    level = serializers.ChoiceField(choices=UnitLevel.choices())
    parent = serializers.SerializerMethodField(  # type: ignore[assignment]  # a field of the answer
        help_text="SSCC of the unit it stands in."
    )

    def get_parent(self, unit: Any) -> str:
        parent = parent_of(unit)
        return parent.sscc if parent else ""


class UnitDetailOut(UnitOut):
    total = UnitTotalOut(many=True, help_text="Kg per batch in the whole of it.")
    units = StandingOut(many=True, help_text="What stands in it at any depth.")
    units_truncated = serializers.BooleanField(help_text="More units stand in it than are shown.")

    def to_representation(self, instance: Any) -> dict[str, Any]:
        return UnitOut(instance.unit, context=self.context).data | {
            "total": UnitTotalOut(instance.total, many=True).data,
            "units": StandingOut(instance.units, many=True).data,
            "units_truncated": instance.is_truncated,
        }


class ContainmentOut(Out):
    child = serializers.CharField(source="child.sscc")
    parent = serializers.CharField(source="parent.sscc")  # type: ignore[assignment]  # a field of the answer
    valid_from = serializers.DateTimeField()
    valid_to = serializers.DateTimeField(allow_null=True)
    loaded_by = serializers.CharField(source="loaded_by.display_name", help_text="Display name.")
    unloaded_by = serializers.CharField(source="unloaded_by.display_name", default=None, allow_null=True)
