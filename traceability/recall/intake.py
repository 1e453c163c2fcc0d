"""What the addresses of a recall take."""

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from backend.core.fields import Choice, Day, Exact, Flag, Id, In, Moment, Sha256, Text, Whole
from traceability.customer.rules import Datum
from traceability.recall.rules import LEVELS, Channel, Clock, ContactOutcome, DispositionKind
from traceability.recall.services import MOST_STARTS

LEAST_KG = Decimal("0.001")
MOST_LINES = 500


def kg(**options: Any) -> Exact:
    """Kg from 0 on, to the gram."""
    return Exact(max_digits=14, decimal_places=3, min_value=Decimal(0), **options)


class RecallReasonIn(In):
    reason = Text(max_length=500)


class RecallIn(In):
    batches = serializers.ListField(
        child=Id(),
        min_length=1,
        max_length=MOST_STARTS,
        help_text="Where it starts; what was made of them follows.",
    )
    level = Whole(min_value=LEVELS[0], max_value=LEVELS[-1], help_text="1 gravest … 3 false label")
    cause = Text(max_length=1000)
    risk_known_at = Moment(help_text="When the house learnt of the risk: the first clock runs from here.")
    is_drill = Flag(
        default=False, help_text="Everything as in a real recall; no batch changes, nobody is written to."
    )
    is_label_only = Flag(default=False, help_text="The label alone is at fault: the goods may be relabelled.")
    proposal = Id(
        source="proposal_id", allow_null=True, default=None, help_text="The batch proposal it grew out of."
    )


class RecallPlanIn(In):
    producer = Text(max_length=500, required=False, help_text="Name, address, legal representative, contact.")
    goods = Text(max_length=1000, required=False)
    cause_and_harm = Text(max_length=1000, required=False)
    level_and_flow = Text(max_length=1000, required=False)
    notice_zh = Text(max_length=2000, required=False, help_text="What the consignees read.")
    notice_en = Text(max_length=2000, required=False, allow_blank=True)
    duties = Text(max_length=1000, required=False)
    disposal_and_cost = Text(max_length=1000, required=False)
    expected_effect = Text(max_length=1000, required=False)


class LevelRuleConfirmIn(In):
    document = Text(max_length=200, help_text="Where it was read: law, article, page.")
    start_h = Whole(min_value=1, max_value=720)
    complete_working_days = Whole(min_value=1, max_value=250)
    valid_from = Day()


class CheckPolicyConfirmIn(In):
    document = Text(max_length=200)
    share_pct = Exact(max_digits=5, decimal_places=2, min_value=Decimal(0), max_value=Decimal(100))
    valid_from = Day()


class RecallLatenessIn(In):
    clock = Choice(choices=Clock.choices())
    reason = Text(max_length=500)


class RecallContactIn(In):
    at = Moment()
    channel = Choice(choices=Channel.choices())
    outcome = Choice(choices=ContactOutcome.choices())
    person = Text(max_length=64, allow_blank=True, default="", help_text="Who answered.")
    on_hand_kg = kg(allow_null=True, default=None, help_text="What they say is still there.")
    note = Text(max_length=500, allow_blank=True, default="")


class AcknowledgeIn(In):
    name = Text(max_length=64)
    on_hand_kg = kg(help_text="What is still there, all batches together.")


class RecallCheckIn(In):
    channel = Choice(choices=Channel.choices())
    is_effective = Flag()
    note = Text(max_length=500, allow_blank=True, default="")


class RecallWaiverIn(In):
    qty_kg = Exact(max_digits=14, decimal_places=3, min_value=LEAST_KG)
    reason = Text(max_length=500)


class GoodsPlaceIn(In):
    latitude = Exact(max_digits=9, decimal_places=6, min_value=Decimal(-90), max_value=Decimal(90))
    longitude = Exact(max_digits=9, decimal_places=6, min_value=Decimal(-180), max_value=Decimal(180))
    datum = Choice(choices=Datum.choices(), help_text="WGS-84 from the phone, GCJ-02 from Chinese maps.")
    accuracy_m = Exact(max_digits=8, decimal_places=1, min_value=Decimal(0), allow_null=True, default=None)


class GoodsReportIn(In):
    id = Id(help_text="Made by the app; sending it again changes nothing.")
    made_at = Moment(help_text="By the phone's clock.")
    notice = Id(
        source="notice_id", allow_null=True, default=None, help_text="The consignee's line, or its customer."
    )
    customer = Id(source="customer_id", allow_null=True, default=None)
    site = Id(source="site_id", allow_null=True, default=None)
    scan = Id(
        source="scan_id", allow_null=True, default=None, help_text="One of the caller's scans, on site."
    )
    batch = Id(source="batch_id", allow_null=True, default=None, help_text="Where nothing could be scanned.")
    found_kg = kg(allow_null=True, default=None, help_text="Seen there, before anything was done.")
    blocked_kg = kg(
        default=Decimal(0), help_text="Stands locked away there after this visit; the last count holds."
    )
    returned_kg = kg(default=Decimal(0), help_text="Taken back with this report; adds up.")
    destroyed_kg = kg(default=Decimal(0), help_text="Destroyed on the spot; adds up.")
    consumed_kg = kg(default=Decimal(0), help_text="Confirmed as used up; adds up.")
    units = Whole(min_value=0, max_value=100_000_000, allow_null=True, default=None)
    photo = Sha256(allow_null=True, default=None, help_text="From POST attachments.")
    place = GoodsPlaceIn(allow_null=True, default=None)
    note = Text(max_length=500, allow_blank=True, default="")
    supersedes = Id(
        source="supersedes_id", allow_null=True, default=None, help_text="The report this one corrects."
    )


class RecallStockLineIn(In):
    batch = Id(source="batch_id")
    stock_kg = kg()
    retained_kg = kg(default=Decimal(0), help_text="Kept as samples.")
    scrapped_kg = kg(default=Decimal(0))
    note = Text(max_length=500, allow_blank=True, default="")


class RecallStockIn(In):
    lines = serializers.ListField(child=RecallStockLineIn(), min_length=1, max_length=MOST_LINES)


class ReturnTestIn(In):
    batch = Id(source="batch_id", help_text="Of the scope, or a return lot of one.")
    parameter = Text(max_length=40)
    value = Exact(max_digits=14, decimal_places=6, allow_null=True, default=None)
    unit = Text(max_length=20, allow_blank=True, default="")
    method = Text(max_length=60)
    is_conforming = Flag()
    tested_on = Day()
    note = Text(max_length=500, allow_blank=True, default="")


class DispositionIn(In):
    batch = Id(source="batch_id")
    kind = Choice(choices=DispositionKind.choices())
    qty_kg = Exact(max_digits=14, decimal_places=3, min_value=LEAST_KG)
    reason = Text(max_length=500)
    target_product = Id(
        source="target_product_id",
        allow_null=True,
        default=None,
        help_text="Of a downgrade: an industrial product.",
    )
    document = Text(
        max_length=200, allow_blank=True, default="", help_text="Of a downgrade: the regulator's consent."
    )
    planned_at = Moment(allow_null=True, default=None, help_text="Of destroying and harmless treatment.")
    place = Text(max_length=200, allow_blank=True, default="")


class RegulatorToldIn(In):
    at = Moment()
    reference = Text(max_length=200, help_text="Whom, how, under which number.")


class CarriedOutIn(In):
    at = Moment()
    witness = Text(max_length=64)
