"""How a visit is answered: each role gets its own part, customers masked where they are none of its business."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from backend.accounts.authentication import caller
from backend.accounts.models import User
from backend.accounts.rules import Role, mask_name, mask_phone
from backend.core.fields import Out
from backend.core.states import allowed_actions
from fieldservice.visit.models import CheckPoint, RecallTask, Visit, VisitPhoto
from fieldservice.visit.rules import (
    ACTION_RIGHTS,
    FINANCE_FIELDS,
    STEPS,
    CheckFlag,
    CheckKind,
    Contact,
    RecallTaskState,
    VisitAction,
    VisitKind,
    VisitStatus,
    contact_for,
    flags_of,
    is_late,
    is_shown,
)
from traceability.customer.rules import Tier, mask_address, shown_name
from traceability.recall.rules import RecallState
from traceability.scan.rules import Outcome

DEGREES = 9  # digits, 6 of them behind the point


class PersonOut(Out):
    id = serializers.UUIDField()
    display_name = serializers.CharField()


class VisitCustomerOut(Out):
    id = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.CharField(help_text="A private person's is masked for those who need not know it.")
    tier = serializers.ChoiceField(choices=Tier.choices())


class VisitContactOut(Out):
    name = serializers.CharField(source="contact_name")
    phone = serializers.CharField(source="contact_phone")


class VisitSiteOut(Out):
    always = frozenset({"id", "name", "address"})
    id = serializers.UUIDField()
    name = serializers.CharField()
    address = serializers.CharField()
    latitude = serializers.DecimalField(max_digits=DEGREES, decimal_places=6, allow_null=True)
    longitude = serializers.DecimalField(max_digits=DEGREES, decimal_places=6, allow_null=True)
    datum = serializers.CharField(help_text="WGS-84, GCJ-02; blank without a coordinate.")


class CheckOut(Out):
    always = frozenset(
        {
            "id", "kind", "flags", "distance_m", "accuracy_m", "provider", "reason", "photo", "device_at",
            "corrected_at", "received_at", "clock_suspect",
        }
    )  # fmt: skip
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=CheckKind.choices())
    flags = serializers.SerializerMethodField(help_text="Why the office looks twice.")
    distance_m = serializers.IntegerField(allow_null=True, help_text="To the site, both in WGS-84.")
    latitude = serializers.DecimalField(max_digits=DEGREES, decimal_places=6, allow_null=True)
    longitude = serializers.DecimalField(max_digits=DEGREES, decimal_places=6, allow_null=True)
    datum = serializers.CharField(help_text="WGS-84, GCJ-02; blank without a coordinate.")
    accuracy_m = serializers.DecimalField(max_digits=8, decimal_places=1, allow_null=True)
    provider = serializers.CharField()
    reason = serializers.CharField()
    photo = serializers.CharField(source="photo_id", allow_null=True)
    device_at = serializers.DateTimeField()
    corrected_at = serializers.DateTimeField()
    received_at = serializers.DateTimeField()
    clock_suspect = serializers.BooleanField()

    def get_flags(self, check: CheckPoint) -> list[CheckFlag]:
        return check_flags(check)


def check_flags(check: CheckPoint) -> list[CheckFlag]:
    """Why this check-in or check-out is flagged; empty where nothing is odd."""
    return flags_of(is_far=check.is_far, is_mock=check.is_mock, has_place=check.latitude is not None)


class VisitOut(Out):
    always = FINANCE_FIELDS
    id = serializers.UUIDField()
    number = serializers.CharField()
    kind = serializers.ChoiceField(choices=VisitKind.choices())
    status = serializers.ChoiceField(choices=VisitStatus.choices())
    planned_on = serializers.DateField()
    planned_order = serializers.IntegerField()
    purpose = serializers.CharField()
    region = serializers.CharField(source="region_id")
    customer = VisitCustomerOut()
    contact = VisitContactOut(source="customer")
    site = VisitSiteOut()
    technician = PersonOut()
    planned_by = PersonOut()
    checks = CheckOut(many=True)
    flagged = serializers.SerializerMethodField()
    findings = serializers.CharField()
    signed_by_name = serializers.CharField()
    signature = serializers.CharField(source="signature_id", allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    cancelled_at = serializers.DateTimeField(allow_null=True)
    cancel_reason = serializers.CharField()
    allowed_actions = serializers.SerializerMethodField()

    def get_flagged(self, visit: Visit) -> bool:
        return any(check_flags(check) for check in visit.checks.all())

    def get_allowed_actions(self, visit: Visit) -> list[VisitAction]:
        return actions_for(visit, user=caller(self.context["request"]))

    def to_representation(self, visit: Visit) -> dict[str, Any]:
        """The caller's part of the visit."""
        user = caller(self.context["request"])
        role = Role(user.role)
        body = super().to_representation(visit)
        shown = {name: value for name, value in body.items() if is_shown(name, role=role)}
        if role is Role.FINANCE:
            return shown
        is_assigned = visit.technician_id == user.pk
        contact = contact_for(role, is_assigned=is_assigned, status=VisitStatus(visit.status))
        return shown if contact is Contact.OPEN else masked(shown, visit=visit, role=role)


class DayVisitOut(VisitOut):
    """A visit of one's own day: its page has recall tasks beside the visits, so it has a name of its own."""


class VisitBatchOut(Out):
    id = serializers.UUIDField(source="batch.id")
    code = serializers.CharField(source="batch.code")
    sku = serializers.CharField(source="batch.product.sku")
    name_zh = serializers.CharField(source="batch.product.name_zh")
    name_en = serializers.CharField(source="batch.product.name_en")
    produced_on = serializers.DateField(source="batch.produced_on")


class VisitPhotoOut(Out):
    id = serializers.UUIDField()
    attachment = serializers.CharField(source="attachment_id")
    caption = serializers.CharField()
    corrected_at = serializers.DateTimeField()
    received_at = serializers.DateTimeField()
    late = serializers.SerializerMethodField(help_text="Arrived after the visit had ended.")

    def get_late(self, photo: VisitPhoto) -> bool:
        return is_late(photo.received_at, ended_at=photo.visit.closed_at or photo.visit.cancelled_at)


class VisitScanOut(Out):
    scan = serializers.UUIDField(source="scan_id")
    outcome = serializers.ChoiceField(choices=Outcome.choices(), source="scan.outcome")
    batch = serializers.UUIDField(source="scan.batch_id", allow_null=True)
    corrected_at = serializers.DateTimeField(source="scan.corrected_at")


class VisitDetailOut(VisitOut):
    batches = VisitBatchOut(many=True, source="batch_links")
    photos = VisitPhotoOut(many=True)
    scans = VisitScanOut(many=True, source="scan_links")


class TaskRecallOut(Out):
    id = serializers.UUIDField()
    number = serializers.CharField()
    level = serializers.IntegerField(help_text="1 is the gravest.")
    is_drill = serializers.BooleanField(help_text="A drill: nothing leaves the shelf.")
    state = serializers.ChoiceField(choices=RecallState.choices())
    finish_due_on = serializers.DateField(allow_null=True)
    is_finish_provisional = serializers.BooleanField()


class TaskSiteOut(Out):
    id = serializers.UUIDField()
    name = serializers.CharField()


class RecallTaskOut(Out):
    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=RecallTaskState.choices())
    recall = TaskRecallOut(source="notice.recall")
    notice = serializers.UUIDField(source="notice_id", help_text="The consignee's line of the recall.")
    customer = serializers.SerializerMethodField()
    site = TaskSiteOut(source="notice.site", allow_null=True)
    region = serializers.CharField(source="notice.region_id", allow_null=True)
    shipped_kg = serializers.DecimalField(source="notice.shipped_kg", max_digits=14, decimal_places=3)
    technician = PersonOut(allow_null=True)
    visit = serializers.UUIDField(source="visit_id", allow_null=True)
    opened_at = serializers.DateTimeField()
    taken_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    end_reason = serializers.CharField()

    @extend_schema_field(VisitCustomerOut)
    def get_customer(self, task: RecallTask) -> dict[str, Any]:
        customer = task.notice.customer
        assert customer is not None  # without one there is no task
        role = Role(caller(self.context["request"]).role)
        name = shown_name(customer.name, kind=customer.kind, role=role)
        return {"id": customer.pk, "code": customer.code, "name": name, "tier": customer.tier}


def masked(body: dict[str, Any], *, visit: Visit, role: Role) -> dict[str, Any]:
    """The visit with the customer's person and place hidden, as customer/rules hides them elsewhere."""
    customer, site = visit.customer, visit.site
    hidden = {
        "customer": body["customer"] | {"name": shown_name(customer.name, kind=customer.kind, role=role)},
        "contact": {"name": mask_name(customer.contact_name), "phone": mask_phone(customer.contact_phone)},
        "site": {"id": body["site"]["id"], "name": site.name, "address": mask_address(site.address)},
        "checks": [_without_place(check) for check in body["checks"]],
    }
    return body | hidden


def _without_place(check: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in check.items() if name in CheckOut.always}


def actions_for(visit: Visit, *, user: User) -> list[VisitAction]:
    """The next steps of the state machine this user may take."""
    is_own = visit.technician_id == user.pk
    return [
        action
        for action in allowed_actions(STEPS, state=VisitStatus(visit.status))
        if user.may(ACTION_RIGHTS[action]) and (is_own or action is VisitAction.CANCEL)
    ]
