"""What the addresses of a recall give. Contact data of consignees only to whom the law of the house shows them."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from backend.accounts.authentication import caller
from backend.accounts.rules import MASKED, Role, mask_name, mask_phone
from backend.core import clock
from backend.core.fields import Out
from traceability.batch.api import BatchRefOut
from traceability.batch.rules import BatchKind, BatchStatus
from traceability.customer.rules import CustomerKind, Tier, mask_address, shown_name
from traceability.recall.clocks import clocks_of
from traceability.recall.models import Recall, RecallNotice
from traceability.recall.reconciliation import FindingCode
from traceability.recall.rules import (
    LEVELS,
    BlockerCode,
    Channel,
    Clock,
    ContactOutcome,
    DispositionKind,
    DispositionState,
    NoticeState,
    RecallState,
    StepKind,
    WaiverState,
    sees_contact,
    sees_site,
)


class Kg(serializers.DecimalField):
    """Kg with three places; a sum may be larger than any single one."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=20, decimal_places=3, **options)


class Pct(serializers.DecimalField):
    """Percent with two places; null of nothing."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=9, decimal_places=2, allow_null=True, **options)


def name_by(step: str) -> serializers.CharField:
    """Display name of who took a step; null before."""
    return serializers.CharField(source=f"{step}.display_name", default=None, allow_null=True)


class LevelRuleOut(Out):
    id = serializers.UUIDField()
    level = serializers.IntegerField()
    start_h = serializers.IntegerField(allow_null=True)
    complete_working_days = serializers.IntegerField(allow_null=True)
    criterion_zh = serializers.CharField()
    criterion_en = serializers.CharField()
    law_edition = serializers.CharField()
    valid_from = serializers.DateField()
    valid_to = serializers.DateField(allow_null=True)
    source = serializers.CharField()  # type: ignore[assignment]  # a column of ours; DRF moves declared fields away
    needs_confirmation = serializers.BooleanField(help_text="Rows to be confirmed never count.")
    confirmed_by = name_by("confirmed_by")
    confirmed_at = serializers.DateTimeField(allow_null=True)
    confirmed_document = serializers.CharField()


class CheckPolicyOut(Out):
    id = serializers.UUIDField()
    level = serializers.IntegerField()
    share_pct = serializers.DecimalField(max_digits=5, decimal_places=2)
    valid_from = serializers.DateField()
    source = serializers.CharField()  # type: ignore[assignment]  # a column of ours; DRF moves declared fields away
    needs_confirmation = serializers.BooleanField(
        help_text="Without a confirmed row every consignee is checked."
    )
    confirmed_by = name_by("confirmed_by")
    confirmed_at = serializers.DateTimeField(allow_null=True)
    confirmed_document = serializers.CharField()


class RecallClockOut(Out):
    clock = serializers.ChoiceField(choices=Clock.choices())
    due_at = serializers.DateTimeField()
    answered_at = serializers.DateTimeField(allow_null=True)
    is_late = serializers.BooleanField()
    is_provisional = serializers.BooleanField(
        help_text="The holidays of a year it runs through are not announced."
    )


class RecallClockNowOut(RecallClockOut):
    left_h = serializers.DecimalField(
        max_digits=10,
        decimal_places=2,
        allow_null=True,
        help_text="Below zero once late; null once answered.",
    )


class ScopeHeadOut(Out):
    sha256 = serializers.CharField(help_text="Of the sorted batch ids, one per line.")
    frozen_at = serializers.DateTimeField()
    batch_count = serializers.IntegerField()
    consignee_count = serializers.IntegerField()
    produced_kg = Kg()
    shipped_kg = Kg()


class RecallRuleOut(Out):
    law_edition = serializers.CharField()
    start_h = serializers.IntegerField()
    complete_working_days = serializers.IntegerField()


class RecallStartOut(Out):
    batch = serializers.UUIDField(source="batch_id")
    code = serializers.CharField(source="batch.code")
    product_zh = serializers.CharField(source="batch.product.name_zh")
    product_en = serializers.CharField(source="batch.product.name_en")


class RecallOut(Out):
    id = serializers.UUIDField()
    number = serializers.CharField()
    level = serializers.IntegerField(min_value=LEVELS[0], max_value=LEVELS[-1])
    state = serializers.ChoiceField(choices=RecallState.choices())
    cause = serializers.CharField()
    is_drill = serializers.BooleanField()
    is_label_only = serializers.BooleanField()
    rule = RecallRuleOut(source="level_rule")
    proposal = serializers.UUIDField(source="proposal_id", allow_null=True)
    risk_known_at = serializers.DateTimeField()
    proposed_by = name_by("proposed_by")
    proposed_at = serializers.DateTimeField()
    decided_by = name_by("decided_by")
    decided_at = serializers.DateTimeField(allow_null=True)
    decision_reason = serializers.CharField()
    announced_by = name_by("announced_by")
    announced_at = serializers.DateTimeField(allow_null=True)
    finish_due_on = serializers.DateField(allow_null=True)
    finished_by = name_by("finished_by")
    finished_at = serializers.DateTimeField(allow_null=True)
    closed_by = name_by("closed_by")
    closed_at = serializers.DateTimeField(allow_null=True)
    starts = RecallStartOut(many=True)
    clocks = serializers.SerializerMethodField()
    scope = serializers.SerializerMethodField()

    @extend_schema_field(RecallClockOut(many=True))
    def get_clocks(self, recall: Recall) -> list[dict[str, Any]]:
        return [dict(row) for row in RecallClockOut(clock_rows(recall), many=True).data]

    @extend_schema_field(ScopeHeadOut(allow_null=True))
    def get_scope(self, recall: Recall) -> dict[str, Any] | None:
        scope = getattr(recall, "scope", None)
        return dict(ScopeHeadOut(scope).data) if scope else None


class RecallDetailOut(RecallOut):
    @extend_schema_field(RecallClockNowOut(many=True))
    def get_clocks(self, recall: Recall) -> list[dict[str, Any]]:
        return [dict(row) for row in RecallClockNowOut(clock_rows(recall), many=True).data]


def clock_rows(recall: Recall) -> list[dict[str, Any]]:
    """The clocks as they stand now."""
    now = clock.now()
    return [
        {
            "clock": name,
            "due_at": face.due_at,
            "answered_at": face.answered_at,
            "is_late": face.is_late(now),
            "left_h": face.left_h(now),
            "is_provisional": face.is_provisional,
        }
        for name, face in clocks_of(recall).items()
    ]


class PreviewConsigneeOut(Out):
    customer = serializers.UUIDField(allow_null=True)
    name = serializers.CharField()
    region = serializers.CharField(allow_null=True)
    kg = Kg()
    shipments = serializers.IntegerField()


class RecallPreviewOut(Out):
    batches = serializers.IntegerField()
    by_status = serializers.DictField(child=serializers.IntegerField())
    by_kind = serializers.DictField(child=serializers.IntegerField())
    sha256 = serializers.CharField(help_text="What the digest of the scope would be, as things stand.")
    produced_kg = Kg()
    shipped_kg = Kg()
    consignee_count = serializers.IntegerField()
    consignees = PreviewConsigneeOut(many=True, help_text="Those with the most kg, at most 200.")
    starts = BatchRefOut(many=True)
    start_due_at = serializers.DateTimeField(allow_null=True, help_text="With level and risk_known_at.")
    start_left_h = serializers.DecimalField(max_digits=10, decimal_places=2, allow_null=True)
    finish_working_days = serializers.IntegerField(allow_null=True)


class RecallPlanOut(Out):
    producer = serializers.CharField()
    goods = serializers.CharField()
    cause_and_harm = serializers.CharField()
    level_and_flow = serializers.CharField()
    notice_zh = serializers.CharField()
    notice_en = serializers.CharField()
    duties = serializers.CharField()
    disposal_and_cost = serializers.CharField()
    expected_effect = serializers.CharField()
    missing = serializers.ListField(child=serializers.CharField())
    suggested = serializers.DictField(
        child=serializers.CharField(),
        help_text="Item → a text the figures give; nothing is filled in by itself.",
    )


class ScopeBatchOut(Out):
    batch = BatchRefOut()
    qty_kg = Kg(source="batch.qty_kg")
    depth = serializers.IntegerField(help_text="Steps from the nearest start.")
    status_before = serializers.ChoiceField(choices=BatchStatus.choices())
    was_recalled = serializers.BooleanField()


class ScopeCheckOut(Out):
    sha256 = serializers.CharField()
    sha256_now = serializers.CharField(help_text="Of the same walk today.")
    is_intact = serializers.BooleanField(help_text="The stored list still has the stored digest.")
    added = serializers.ListField(child=serializers.UUIDField(), help_text="Made of recalled goods since.")
    missing = serializers.ListField(child=serializers.UUIDField())


class RecallStepOut(Out):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=StepKind.choices())
    at = serializers.DateTimeField()
    by = name_by("by")
    reason = serializers.CharField()
    subject = serializers.UUIDField(source="subject_id", allow_null=True)


class NoticeCustomerOut(Out):
    id = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=CustomerKind.choices())
    tier = serializers.ChoiceField(choices=Tier.choices())
    province = serializers.CharField()
    contact_name = serializers.CharField(required=False, help_text="Absent or masked by role.")
    contact_phone = serializers.CharField(required=False)


class NoticeSiteOut(Out):
    id = serializers.UUIDField()
    name = serializers.CharField()
    address = serializers.CharField()


class NoticeOut(Out):
    id = serializers.UUIDField()
    recall = serializers.UUIDField(source="recall_id")
    number = serializers.CharField(source="recall.number")
    level = serializers.IntegerField(source="recall.level")
    is_drill = serializers.BooleanField(source="recall.is_drill")
    customer = NoticeCustomerOut(allow_null=True)
    site = NoticeSiteOut(allow_null=True)
    consignee_name = serializers.CharField(help_text="Of history deliveries without a customer of ours.")
    region = serializers.CharField(source="region_id", allow_null=True)
    state = serializers.ChoiceField(choices=NoticeState.choices())
    shipped_kg = Kg()
    shipment_count = serializers.IntegerField()
    sent_at = serializers.DateTimeField(allow_null=True)
    first_contact_at = serializers.DateTimeField(allow_null=True)
    acknowledged_at = serializers.DateTimeField(allow_null=True)
    acknowledged_by_name = serializers.CharField()
    on_hand_kg = Kg(allow_null=True)
    returned_kg = Kg()
    destroyed_kg = Kg()
    consumed_kg = Kg()
    quarantined_kg = Kg()
    open_kg = Kg(help_text="Not accounted for.")

    def to_representation(self, instance: RecallNotice) -> dict[str, Any]:
        return shown_notice(super().to_representation(instance), notice=instance, role=self.role)

    @property
    def role(self) -> Role:
        return Role(caller(self.context["request"]).role)


def shown_notice(fields: dict[str, Any], *, notice: RecallNotice, role: Role) -> dict[str, Any]:
    """A consignee's line as the role may see it."""
    is_clear = sees_contact(role, state=RecallState(notice.recall.state), is_drill=notice.recall.is_drill)
    customer, site = fields["customer"], fields["site"]
    if customer is not None:
        customer["name"] = shown_name(customer["name"], kind=customer["kind"], role=role)
        if role == Role.FINANCE:
            customer = {name: value for name, value in customer.items() if not name.startswith("contact_")}
        elif not is_clear:
            customer["contact_name"] = mask_name(customer["contact_name"])
            customer["contact_phone"] = mask_phone(customer["contact_phone"])
    if site is not None and not (is_clear or sees_site(role)):
        site["address"] = mask_address(site["address"])
    said_by = fields["acknowledged_by_name"]
    name = said_by if is_clear else mask_name(said_by)
    return fields | {"customer": customer, "site": site, "acknowledged_by_name": name}


class RecallContactOut(Out):
    id = serializers.UUIDField()
    at = serializers.DateTimeField()
    channel = serializers.ChoiceField(choices=Channel.choices())
    outcome = serializers.ChoiceField(choices=ContactOutcome.choices())
    person = serializers.CharField(help_text="王** for roles that may not see it.")
    on_hand_kg = Kg(allow_null=True)
    note = serializers.CharField()
    by = name_by("by")
    recorded_at = serializers.DateTimeField()

    def to_representation(self, instance: Any) -> dict[str, Any]:
        shown = super().to_representation(instance)
        role = caller(self.context["request"]).role
        if role in MASKED or role == Role.TECHNICIAN:
            shown["person"] = mask_name(shown["person"])
        return shown


class NoticeGoodsOut(Out):
    batch = serializers.CharField()
    product_zh = serializers.CharField(source="product.zh")
    product_en = serializers.CharField(source="product.en")
    produced_on = serializers.DateField()
    shipped_kg = Kg(source="kg")


class NoticeMessageOut(Out):
    link = serializers.CharField(help_text="For this consignee alone.")
    expires_at = serializers.DateTimeField()
    text_zh = serializers.CharField(help_text="To be sent by the office; log the contact then.")
    text_en = serializers.CharField()
    goods = NoticeGoodsOut(many=True)


class PublicNoticeOut(Out):
    number = serializers.CharField()
    is_drill = serializers.BooleanField()
    drill_note = serializers.CharField(help_text="Empty in a real recall.")
    announced_on = serializers.DateField()
    consignee = serializers.CharField()
    notice_zh = serializers.CharField()
    notice_en = serializers.CharField()
    goods = NoticeGoodsOut(many=True)
    what_to_do = serializers.ListField(child=serializers.CharField())
    contact = serializers.CharField()
    acknowledged_at = serializers.DateTimeField(allow_null=True)


class RecallCheckOut(Out):
    id = serializers.UUIDField()
    channel = serializers.ChoiceField(choices=Channel.choices())
    is_effective = serializers.BooleanField()
    note = serializers.CharField()
    by = name_by("by")
    at = serializers.DateTimeField()


class RecallEffectOut(Out):
    share_pct = serializers.DecimalField(max_digits=5, decimal_places=2)
    is_by_policy = serializers.BooleanField(help_text="False: no confirmed policy, everybody is checked.")
    sampled = serializers.IntegerField()
    checked = serializers.IntegerField()
    effective = serializers.IntegerField()
    effective_pct = Pct()
    missing = serializers.ListField(child=serializers.UUIDField(), help_text="Notices still to check.")


class GoodsReportOut(Out):
    id = serializers.UUIDField()
    recall = serializers.UUIDField(source="recall_id")
    notice = serializers.UUIDField(source="notice_id")
    batch = BatchRefOut()
    scan = serializers.UUIDField(source="scan_id", allow_null=True)
    found_kg = Kg(allow_null=True)
    blocked_kg = Kg()
    returned_kg = Kg()
    destroyed_kg = Kg()
    consumed_kg = Kg()
    units = serializers.IntegerField(allow_null=True)
    photo = serializers.CharField(source="photo_id", allow_null=True)
    note = serializers.CharField()
    supersedes = serializers.UUIDField(source="supersedes_id", allow_null=True)
    is_current = serializers.BooleanField(help_text="False: a later report corrects it.")
    recorded_by = name_by("recorded_by")
    made_at = serializers.DateTimeField(source="corrected_at")
    received_at = serializers.DateTimeField()


class RecallStockOut(Out):
    id = serializers.UUIDField()
    batch = BatchRefOut()
    stock_kg = Kg()
    retained_kg = Kg()
    scrapped_kg = Kg()
    note = serializers.CharField()
    by = name_by("by")
    at = serializers.DateTimeField()


class HouseOut(Out):
    produced_kg = Kg()
    stock_kg = Kg()
    retained_kg = Kg()
    scrapped_kg = Kg()
    used_kg = Kg(help_text="Went into other batches of the scope.")
    shipped_kg = Kg()
    residual_kg = Kg(help_text="Produced less all the others; 0 within weighing.")


class OutsideOut(Out):
    shipped_kg = Kg()
    returned_kg = Kg()
    destroyed_kg = Kg()
    consumed_kg = Kg()
    quarantined_kg = Kg()
    unaccounted_kg = Kg()
    accounted_pct = Pct()
    recovered_pct = Pct(help_text="Without what was eaten: accounted alone flatters.")


class BatchLineOut(Out):
    batch = serializers.UUIDField(source="batch_id")
    code = serializers.CharField()
    kind = serializers.ChoiceField(choices=BatchKind.choices())
    house = HouseOut()
    outside = OutsideOut()
    is_declared = serializers.BooleanField()


class ConsigneeLineOut(Out):
    notice = serializers.UUIDField(source="notice.pk")
    customer = serializers.UUIDField(source="notice.customer_id", allow_null=True)
    code = serializers.CharField(source="notice.customer.code", default="")
    consignee_name = serializers.CharField(source="notice.consignee_name")
    outside = OutsideOut()


class RecallFindingOut(Out):
    code = serializers.ChoiceField(choices=FindingCode.choices())
    subject = serializers.CharField()
    qty_kg = Kg(allow_null=True)


class ReconciliationOut(Out):
    house = HouseOut()
    outside = OutsideOut()
    batches = BatchLineOut(many=True)
    consignees = ConsigneeLineOut(many=True, help_text="Those the caller may read; the totals hold all.")
    findings = RecallFindingOut(many=True)


class ReturnTestOut(Out):
    id = serializers.UUIDField()
    batch = BatchRefOut()
    parameter = serializers.CharField()
    value = serializers.DecimalField(max_digits=14, decimal_places=6, allow_null=True)
    unit = serializers.CharField()
    method = serializers.CharField()
    is_conforming = serializers.BooleanField()
    tested_on = serializers.DateField()
    note = serializers.CharField()
    by = name_by("by")
    at = serializers.DateTimeField()


class DispositionOut(Out):
    id = serializers.UUIDField()
    recall = serializers.UUIDField(source="recall_id")
    batch = BatchRefOut()
    kind = serializers.ChoiceField(choices=DispositionKind.choices())
    qty_kg = Kg()
    reason = serializers.CharField()
    target_product = serializers.UUIDField(source="target_product_id", allow_null=True)
    document = serializers.CharField()
    planned_at = serializers.DateTimeField(allow_null=True)
    place = serializers.CharField()
    state = serializers.ChoiceField(choices=DispositionState.choices())
    proposed_by = name_by("proposed_by")
    proposed_at = serializers.DateTimeField()
    decided_by = name_by("decided_by")
    decided_at = serializers.DateTimeField(allow_null=True)
    decision_reason = serializers.CharField()
    regulator_told_at = serializers.DateTimeField(allow_null=True)
    regulator_reference = serializers.CharField()
    done_at = serializers.DateTimeField(allow_null=True)
    done_by = name_by("done_by")
    witness = serializers.CharField()


class RecallWaiverOut(Out):
    id = serializers.UUIDField()
    recall = serializers.UUIDField(source="notice.recall_id")
    notice = serializers.UUIDField(source="notice_id")
    qty_kg = Kg()
    reason = serializers.CharField()
    state = serializers.ChoiceField(choices=WaiverState.choices())
    proposed_by = name_by("proposed_by")
    proposed_at = serializers.DateTimeField()
    decided_by = name_by("decided_by")
    decided_at = serializers.DateTimeField(allow_null=True)
    decision_reason = serializers.CharField()


class BlockerOut(Out):
    code = serializers.ChoiceField(choices=BlockerCode.choices())
    count = serializers.IntegerField()
    qty_kg = Kg(allow_null=True)
    subjects = serializers.ListField(child=serializers.CharField(), help_text="The first ten.")


class ReadinessOut(Out):
    is_ready = serializers.BooleanField()
    blockers = BlockerOut(many=True)


class TimingOut(Out):
    number = serializers.CharField()
    is_drill = serializers.BooleanField()
    level = serializers.IntegerField()
    started_at = serializers.DateTimeField()
    to_scope_min = Pct(help_text="Minutes from the proposal, as all times here; null: not reached.")
    to_announcement_min = Pct()
    to_first_contact_min = Pct()
    to_all_contacted_min = Pct()
    to_all_acknowledged_min = Pct()
    to_finish_min = Pct()
    target_min = serializers.IntegerField(help_text="Scope and quantities within four hours (BRCGS 3.9).")
    is_scope_in_time = serializers.BooleanField(allow_null=True)
    batches = serializers.IntegerField()
    consignees = serializers.IntegerField()
    consignees_told = serializers.IntegerField()
    consignees_acknowledged = serializers.IntegerField()
    accounted_pct = Pct()
    recovered_pct = Pct()
    findings = RecallFindingOut(many=True)


class DossierOut(Out):
    sha256 = serializers.CharField(help_text="Of `content`, as UTF-8.")
    paper_sha256 = serializers.CharField(help_text="Of the PDF.")
    sealed_at = serializers.DateTimeField()
    content = serializers.CharField(help_text="Canonical JSON, exactly as it was sealed.")


class DossierCheckOut(Out):
    is_content_intact = serializers.BooleanField()
    is_paper_intact = serializers.BooleanField()
    is_scope_intact = serializers.BooleanField()
    sha256 = serializers.CharField()
    paper_sha256 = serializers.CharField()
    scope_sha256 = serializers.CharField()


class ListedProductOut(Out):
    id = serializers.UUIDField()
    sku = serializers.CharField()
    name_zh = serializers.CharField()
    name_en = serializers.CharField()


class ListedBatchOut(Out):
    id = serializers.UUIDField(source="batch.pk")
    code = serializers.CharField(source="batch.code")
    code_norm = serializers.CharField(source="batch.code_norm", help_text="As codes are compared.")
    gtin = serializers.CharField(source="batch.trade_item.gtin", default=None, allow_null=True)
    product = ListedProductOut(source="batch.product")
    since = serializers.DateTimeField()
    recall = serializers.UUIDField(source="recall_id", allow_null=True)
    number = serializers.CharField(allow_null=True)
    level = serializers.IntegerField(allow_null=True)
    is_label_only = serializers.BooleanField()
    instructions = serializers.CharField()


class PhoneListOut(Out):
    version = serializers.CharField(help_text="Also the ETag.")
    items = ListedBatchOut(many=True)


class RecallLatenessOut(Out):
    id = serializers.UUIDField()
    clock = serializers.ChoiceField(choices=Clock.choices())
    reason = serializers.CharField()
    by = name_by("by")
    at = serializers.DateTimeField()


class RegulatorGoodsOut(Out):
    product = serializers.CharField()
    sku = serializers.CharField()
    batch = serializers.CharField()
    produced_on = serializers.DateField()
    expires_on = serializers.DateField(allow_null=True)
    produced_kg = Kg()
    shipped_kg = Kg()


class RegulatorReportOut(Out):
    number = serializers.CharField()
    is_drill = serializers.BooleanField()
    level = serializers.IntegerField()
    law_edition = serializers.CharField()
    risk_known_at = serializers.DateTimeField()
    announced_at = serializers.DateTimeField(allow_null=True)
    finish_due_on = serializers.DateField(allow_null=True)
    plan = RecallPlanOut()
    goods = RegulatorGoodsOut(many=True)
    regions = serializers.ListField(child=serializers.CharField(), help_text="Provinces the goods went to.")
    totals = OutsideOut()
    consignees = serializers.IntegerField()
    consignees_told = serializers.IntegerField()
    dispositions = DispositionOut(
        many=True, help_text="Destroying with time and place, to be reported before."
    )
