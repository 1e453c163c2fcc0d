"""The visit report as JSON: the caller's part of the visit and its readings."""

from typing import Any

from rest_framework import serializers

from backend.core.fields import Out
from fieldservice.reading.answer import ReadingOut
from fieldservice.report.queries import VisitReport
from fieldservice.visit.answer import VisitDetailOut


class SignatureOut(Out):
    signed_by_name = serializers.CharField()
    sha256 = serializers.CharField(help_text="Of the signature's picture as the phone sent it.")
    signed_at = serializers.DateTimeField()


class VisitReportOut(Out):
    is_final = serializers.BooleanField(help_text="Whether the visit is closed and signed.")
    visit = VisitDetailOut()
    readings = ReadingOut(many=True)
    late_readings = ReadingOut(many=True, help_text="Arrived after the customer signed.")
    signature = SignatureOut(allow_null=True, source="signed")

    def to_representation(self, report: VisitReport) -> dict[str, Any]:
        """With the signature only where the caller gets it in the visit."""
        body = super().to_representation(report)
        return body if "signature" in body["visit"] else body | {"signature": None}
