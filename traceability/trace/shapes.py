"""The shape of a trace's answer, for the API documents. It is written by `trace/answer.py`, not by these."""

from rest_framework import serializers

from backend.core.fields import Out
from traceability.batch.rules import BatchKind, BatchStatus
from traceability.genealogy.rules import LinkKind
from traceability.product.rules import Family
from traceability.trace.rules import Direction


class TraceStartOut(Out):
    id = serializers.UUIDField()
    code = serializers.CharField()
    product = serializers.CharField(help_text="Its sku.")


class TraceProductOut(Out):
    id = serializers.UUIDField()
    sku = serializers.CharField()
    name_zh = serializers.CharField()
    name_en = serializers.CharField()
    family = serializers.ChoiceField(choices=Family.choices())


class TraceLotOut(Out):
    id = serializers.UUIDField()
    code = serializers.CharField()
    kind = serializers.ChoiceField(choices=BatchKind.choices())
    product = serializers.CharField(help_text="The sku of one of `products`.")
    family = serializers.ChoiceField(choices=Family.choices())
    status = serializers.ChoiceField(choices=BatchStatus.choices())
    plant = serializers.CharField()
    supplier_lot = serializers.CharField()
    produced_on = serializers.DateField()
    qty_kg = serializers.DecimalField(max_digits=14, decimal_places=3)
    depth = serializers.IntegerField(help_text="Least number of links from a start; the starts have 0.")
    share = serializers.FloatField(
        allow_null=True,
        help_text=(
            "0 to 1, for ranking only, by the kg of all ways. Backward: the part of the starts' kg that came from this "
            "batch. Forward: the part of this batch that is goods of the starts, at most. null in and beyond a circle, "
            "and where the trace is truncated. A small share is as much part of a recall as a large one."
        ),
    )


class TraceEdgeOut(Out):
    parent = serializers.UUIDField()  # type: ignore[assignment]  # a column of ours; DRF moves declared fields away
    child = serializers.UUIDField()
    qty_kg = serializers.DecimalField(max_digits=14, decimal_places=3, help_text="Of the parent.")
    kind = serializers.ChoiceField(choices=LinkKind.choices())
    made_at = serializers.DateTimeField()


class TraceSentOut(Out):
    number = serializers.CharField(help_text="Of the shipment; of history the delivery's code.")
    shipment = serializers.UUIDField(allow_null=True)
    batch = serializers.UUIDField()
    batch_code = serializers.CharField()
    shipped_on = serializers.DateField()
    qty_kg = serializers.DecimalField(max_digits=14, decimal_places=3)


class TraceConsigneeOut(Out):
    customer = serializers.UUIDField(allow_null=True, help_text="null: a name in an imported history.")
    customer_code = serializers.CharField()
    customer_name = serializers.CharField()
    region = serializers.CharField()
    qty_kg = serializers.DecimalField(max_digits=20, decimal_places=3, help_text="Sum of its shipments.")
    shipments = TraceSentOut(many=True)


class TraceTotalsOut(Out):
    lots = serializers.IntegerField()
    edges = serializers.IntegerField()
    by_kind = serializers.DictField(child=serializers.IntegerField(), help_text="kind → number of batches")
    shipped_kg = serializers.DecimalField(
        max_digits=20, decimal_places=3, required=False, help_text="Of the consignees shown."
    )


class TraceOut(Out):
    direction = serializers.ChoiceField(choices=Direction.choices())
    starts = TraceStartOut(many=True)
    truncated = serializers.BooleanField(
        help_text="true: beyond 200,000 batches the trace was cut off, and there is more than is shown."
    )
    has_circle = serializers.BooleanField(help_text="Batches made from each other: a fault of the data.")
    circle = serializers.ListField(
        child=serializers.CharField(), help_text="Codes of one circle, the first one again at the end."
    )
    products = TraceProductOut(many=True)
    lots = TraceLotOut(many=True, help_text="Nearest first.")
    edges = TraceEdgeOut(many=True)
    consignees = TraceConsigneeOut(
        many=True,
        required=False,
        help_text="Forward only, for those who may read receivers; a clerk gets those of the own regions.",
    )
    totals = TraceTotalsOut()
