"""Signals and their dated policies over HTTP."""

from typing import Any

import django_filters
from django.urls import path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.accounts.authentication import caller
from backend.accounts.rules import Can, Role
from backend.core.endpoint import Endpoint, operation
from backend.core.fields import Measured, Out
from backend.core.paging import Filters, IdFilter
from fieldservice.case.queries import judged_verdict
from fieldservice.quality import queries
from fieldservice.quality.rules import SignalRule
from fieldservice.reading.models import Reading
from fieldservice.reading.rules import Parameter, Verdict
from traceability.batch.rules import ProposalState
from traceability.customer.models import Customer
from traceability.customer.rules import shown_name
from traceability.scan.rules import Outcome


class SignalPolicyOut(Out):
    id = serializers.UUIDField()
    rule = serializers.ChoiceField(choices=SignalRule.choices())
    count = serializers.IntegerField()
    window_days = serializers.IntegerField()
    valid_from = serializers.DateField()
    source = serializers.CharField()  # type: ignore[assignment]  # a column of ours; DRF moves declared fields away


class SignalReadingOut(Out):
    id = serializers.UUIDField()
    parameter = serializers.ChoiceField(choices=Parameter.choices())
    verdict = serializers.SerializerMethodField(help_text="QC's waiver's where there is one.")
    value = Measured(source="mean")
    unit = serializers.CharField()
    received_at = serializers.DateTimeField()

    def get_verdict(self, reading: Reading) -> Verdict:
        return judged_verdict(reading)


class SignalCaseOut(Out):
    id = serializers.UUIDField()
    number = serializers.CharField()
    complaint_code = serializers.CharField()
    opened_at = serializers.DateTimeField()


class SignalScanOut(Out):
    id = serializers.UUIDField()
    outcome = serializers.ChoiceField(choices=Outcome.choices())
    serial = serializers.CharField()
    received_at = serializers.DateTimeField()


class SignalCustomerOut(Out):
    id = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.SerializerMethodField(help_text="A private person's is masked.")
    region = serializers.CharField(source="region_id")

    def get_name(self, customer: Customer) -> str:
        return shown_name(customer.name, kind=customer.kind, role=Role(caller(self.context["request"]).role))


class SignalOut(Out):
    id = serializers.UUIDField()
    rule = serializers.ChoiceField(choices=SignalRule.choices())
    policy = SignalPolicyOut(allow_null=True, help_text="null where scans alone raised it.")
    batch = serializers.UUIDField(source="batch_id", allow_null=True)
    batch_code = serializers.CharField(source="batch.code", default=None, allow_null=True)
    proposal = serializers.UUIDField(
        source="proposal_id", allow_null=True, help_text="null: this signal proposes nothing."
    )
    proposal_state = serializers.CharField(
        source="proposal.state", default=None, allow_null=True, help_text="open, accepted or dismissed"
    )
    subject = serializers.CharField(help_text="The unit code, or the batch number with the customer.")
    day = serializers.DateField(allow_null=True)
    customer = SignalCustomerOut(allow_null=True, help_text="Where goods were seen that never went there.")
    raised_at = serializers.DateTimeField()
    readings = SignalReadingOut(many=True)
    cases = SignalCaseOut(many=True)
    scans = SignalScanOut(many=True)


class SignalFilters(Filters):
    batch = IdFilter(field_name="batch_id")
    rule = django_filters.ChoiceFilter(choices=SignalRule.choices())
    customer = IdFilter(field_name="customer_id")
    proposal_state = django_filters.ChoiceFilter(
        field_name="proposal__state", choices=ProposalState.choices()
    )


class SignalPolicyFilters(Filters):
    rule = django_filters.ChoiceFilter(choices=SignalRule.choices())


class Signals(Endpoint):
    filterset_class = SignalFilters
    ordering = ("-raised_at", "-id")

    @operation(Can.READ_SIGNALS, gives=SignalOut, page=True)
    def get(self, request: Request) -> Response:
        """Signals with their evidence, the newest first; a hold one proposes is decided at its proposal."""
        return self.page(queries.signals())


class SignalPolicies(Endpoint):
    filterset_class = SignalPolicyFilters
    ordering = ("-valid_from", "-id")

    @operation(Can.READ_SIGNALS, gives=SignalPolicyOut, page=True)
    def get(self, request: Request) -> Response:
        """The dated rows by which signals are raised."""
        return self.page(queries.signal_policies())


urlpatterns: list[Any] = [
    path("signals", Signals.as_view()),
    path("signal-policies", SignalPolicies.as_view()),
]
