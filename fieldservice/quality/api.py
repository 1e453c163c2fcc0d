"""Signals and their dated policies over HTTP."""

from typing import Any

import django_filters
from django.urls import path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.accounts.rules import Can
from backend.core.endpoint import Endpoint, operation
from backend.core.fields import Measured, Out
from backend.core.paging import Filters, IdFilter
from fieldservice.case.queries import judged_verdict
from fieldservice.quality import queries
from fieldservice.quality.rules import SignalRule
from fieldservice.reading.models import Reading
from fieldservice.reading.rules import Parameter, Verdict
from traceability.batch.rules import ProposalState


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


class SignalOut(Out):
    id = serializers.UUIDField()
    rule = serializers.ChoiceField(choices=SignalRule.choices())
    policy = SignalPolicyOut()
    batch = serializers.UUIDField(source="batch_id")
    batch_code = serializers.CharField(source="batch.code")
    proposal = serializers.UUIDField(source="proposal_id")
    proposal_state = serializers.ChoiceField(source="proposal.state", choices=ProposalState.choices())
    raised_at = serializers.DateTimeField()
    readings = SignalReadingOut(many=True)
    cases = SignalCaseOut(many=True)


class SignalFilters(Filters):
    batch = IdFilter(field_name="batch_id")
    rule = django_filters.ChoiceFilter(choices=SignalRule.choices())
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
        """Signals with their evidence, the newest first; the hold each proposes is decided at its proposal."""
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
